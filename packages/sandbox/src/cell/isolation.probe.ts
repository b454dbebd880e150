import { spawnSync } from "node:child_process";
import { openSync, readdirSync, readFileSync, writeFileSync, writeSync } from "node:fs";
import { connect } from "node:net";

// What native code in a cell could do, tried without Node's permission model by isolation.test.ts: a cell that was taken over would not be
// held by that. What came of each is written to the line, as JSON; an attempt that failed is told by its code.

interface Target {
  readonly parent: number;
  readonly port: number;
  readonly abstractSocket: string;
  readonly secretFile: string;
  readonly rootFile: string;
  readonly runtimes: string;
}

const LINE = 3;
const target = JSON.parse(process.argv[2] as string) as Target;

function tried(attempt: () => unknown): unknown {
  try {
    return attempt() ?? "done";
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? (error as Error).name;
  }
}

function connected(to: { port: number; host: string } | { path: string }): Promise<string> {
  return new Promise((resolve) => {
    try {
      const socket = connect(to, () => resolve("connected"));
      socket.on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.name));
    } catch (error) {
      resolve((error as NodeJS.ErrnoException).code ?? "thrown");
    }
  });
}

function started(file: string, args: readonly string[]): unknown {
  const { status, error } = spawnSync(file, args, { stdio: "inherit" });
  return (error as NodeJS.ErrnoException | undefined)?.code ?? status;
}

const found = {
  user: process.getuid?.(),
  becomesRoot: tried(() => process.setuid?.(0)),
  environment: Object.keys(process.env),
  parentEnvironment: tried(() => readFileSync(`/proc/${target.parent}/environ`).length > 0),
  parentMemory: tried(() => openSync(`/proc/${target.parent}/mem`, "r+") > 0),
  parentSignal: tried(() => process.kill(target.parent, 0)),
  otherProcesses: tried(() => readdirSync("/proc").filter((name) => /^\d+$/.test(name)).length > 1),
  passwords: tried(() => readFileSync("/etc/passwd").length > 0),
  secretFile: tried(() => readFileSync(target.secretFile, "utf8")),
  runtimes: tried(() => readFileSync(`${target.runtimes}/runtimes.json`).length > 0),
  writesRuntimes: tried(() => writeFileSync(`${target.runtimes}/process-cell.mjs`, "", { flag: "a" })),
  writesTemporary: tried(() => writeFileSync(`${target.secretFile}.written`, "")),
  writesRoot: tried(() => writeFileSync(target.rootFile, "")),
  root: tried(() => readdirSync("/").sort()),
  shell: started("/bin/sh", ["-c", "exit 7"]),
  anotherNode: started(process.execPath, ["--version"]),
  memory: tried(() => Buffer.alloc(2 ** 31 - 1, 1).length > 0),
  loopback: await connected({ port: target.port, host: "127.0.0.1" }),
  abstractSocket: await connected({ path: target.abstractSocket }),
};
writeSync(LINE, JSON.stringify(found));
process.exit(0);
