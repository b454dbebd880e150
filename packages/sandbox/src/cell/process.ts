import { spawn } from "node:child_process";
import { accessSync, constants, readFileSync, writeFileSync } from "node:fs";
import type { Socket } from "node:net";
import { setPriority } from "node:os";
import { join } from "node:path";
import { FrameReader } from "./frame.ts";
import type { CellDeath, CellEvents, CellHome, HomeOptions } from "./home.ts";
import { ThreadCpu } from "./schedstat.ts";

const LINE = 3;
const PAGE = 4096;
/** Behind the parent in line for the CPU, by so much that the parent can always end it. */
const NICENESS = 5;

/**
 * V8's stack in a cell, KiB, under a larger one of the operating system. CPython's own limit (runtimes/python/capture.ts) and
 * QuickJS's are reached first, so that recursion is an error of the guest's and not the end of the instance.
 */
const V8_STACK_KIB = 30_000;
const SYSTEM_STACK_KIB = 32_768;

const DESCRIPTORS_MAX = 64;
/** The backstop for a cell that nobody watches any more, seconds of CPU. No attempt may use as much. */
const CPU_SECONDS_MAX = 7200;

/** Node and V8 flags of a cell. SECURITY.md says what each one stops and doesn't. */
function flags({ folder, heapMiB }: HomeOptions): string[] {
  return [
    "--permission",
    `--allow-fs-read=${folder}`,
    "--disable-sigusr1",
    "--disable-proto=delete",
    "--disallow-code-generation-from-strings",
    "--no-addons",
    "--no-warnings",
    "--zero-fill-buffers",
    `--max-heap-size=${heapMiB}`,
    `--stack-size=${V8_STACK_KIB}`,
    "--wasm-max-mem-pages=65536",
    "--wasm-max-table-size=200000",
  ];
}

/**
 * The command that starts `node` under limits of the operating system: no core dumps, few descriptors, a bound on CPU, the stack that V8
 * is told of. On Linux `setpriv` (util-linux) has the kernel kill the cell when its parent dies, however it dies, and forbids new
 * privileges; elsewhere the cell ends when it next reads its line.
 */
function wrapped(command: string[]): string[] {
  const limits = `ulimit -c 0; ulimit -n ${DESCRIPTORS_MAX}; ulimit -t ${CPU_SECONDS_MAX}; ulimit -s ${SYSTEM_STACK_KIB}; exec "$@"`;
  const shell = ["/bin/sh", "-c", limits, "sh", ...command];
  return hasSetpriv() ? ["/usr/bin/setpriv", "--pdeathsig", "KILL", "--no-new-privs", ...shell] : shell;
}

let setpriv: boolean | undefined;
function hasSetpriv(): boolean {
  if (setpriv === undefined) {
    try {
      accessSync("/usr/bin/setpriv", constants.X_OK);
      setpriv = process.platform === "linux";
    } catch {
      setpriv = false; // said by `doctor`
    }
  }
  return setpriv;
}

/** A cell that is a process of its own: what untrusted guests run in. */
export function openProcess(options: HomeOptions, events: CellEvents): CellHome {
  const [command, ...given] = wrapped([process.execPath, ...flags(options), join(options.folder, "process-cell.mjs")]) as [
    string,
    ...string[],
  ];
  const child = spawn(command, given, {
    cwd: join(options.folder, "empty"),
    env: {},
    detached: true, // a terminal's Ctrl-C is for the parent, which ends its cells itself
    stdio: ["ignore", "ignore", "ignore", "pipe"],
  });
  const line = child.stdio[LINE] as Socket;
  const reader = new FrameReader(events.frameBytesMax);
  let cpu: ThreadCpu | undefined;
  let gone = false;
  const end = (death: CellDeath) => {
    if (gone) return;
    gone = true;
    cpu?.[Symbol.dispose]();
    cpu = undefined;
    line.destroy();
    events.onGone(death);
  };
  line.on("data", (piece: Buffer) => {
    const frames = reader.push(piece);
    if (!frames) events.onBroken();
    else for (const frame of frames) events.onFrame(frame);
  });
  line.on("error", () => {}); // the line breaks when the cell ends, which `exit` tells
  child.on("error", (error) => end({ outOfMemory: false, reason: error.message }));
  child.on("exit", (code, signal) => end(deathOf(code, signal)));
  child.unref();
  (line as Socket).unref();

  const id = child.pid;
  if (id !== undefined) {
    cpu = ThreadCpu.open(id, id);
    lowerRank(id);
  }
  return {
    send: (frame) => {
      if (!gone) line.write(frame);
    },
    kill: () => {
      if (!gone) child.kill("SIGKILL");
    },
    cpuMs: () => cpu?.read(),
    residentBytes: () => (gone || id === undefined ? undefined : residentBytes(id)),
  };
}

/** V8 aborts where it can get no memory (SIGABRT, SIGTRAP or SIGILL by platform and build); a signal of ours is SIGKILL. */
function deathOf(code: number | null, signal: NodeJS.Signals | null): CellDeath {
  const aborted = signal === "SIGABRT" || signal === "SIGTRAP" || signal === "SIGILL" || code === 133 || code === 134;
  return { outOfMemory: aborted, reason: signal ? `signal ${signal}` : `exit code ${code}` };
}

/** First in line for the out-of-memory killer, last for the CPU. */
function lowerRank(id: number): void {
  try {
    setPriority(id, NICENESS);
    writeFileSync(`/proc/${id}/oom_score_adj`, "1000");
  } catch {
    // The cell has ended already, or this is no Linux. Both are courtesies to the machine, not bounds on the guest.
  }
}

function residentBytes(id: number): number | undefined {
  try {
    return Number(readFileSync(`/proc/${id}/statm`, "latin1").split(" ")[1]) * PAGE;
  } catch {
    return undefined;
  }
}
