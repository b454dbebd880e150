import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  chownSync,
  closeSync,
  cpSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { getPriority, tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { GloveboxError } from "../error.ts";
import { findRuntimes } from "../runtimes/installed.ts";
import { Sandbox } from "../sandbox.ts";
import { innermost } from "./innermost.ts";
import { chooseIsolation, type Isolation } from "./isolation.ts";
import { launch } from "./launch.ts";
import { withLibraries } from "./programs.ts";
import { ISOLATION_LEVELS, type IsolationLevel, NOBODY } from "./wrap.ts";

const { folder } = findRuntimes();
const DATA_BYTES_MAX = 2 ** 30;
const INHERITED = 40;
const PERL = "/usr/bin/perl";
const EPERM = 1;
const ENOSYS = 38;

function choose(level: IsolationLevel): Isolation | string {
  try {
    return chooseIsolation(level, { folder, dataBytesMax: DATA_BYTES_MAX });
  } catch (error) {
    return (error as Error).message;
  }
}

/** Starts one of our programs as a cell would be, but on Node's defaults, and returns what it wrote to its line. */
async function probe(isolation: Isolation, program: string, args: readonly string[]): Promise<string> {
  const place = { ...isolation.place, files: [...isolation.place.files, program] };
  const child = launch({ ...isolation, place }, [process.execPath, "--no-warnings", program, ...args]);
  child.ref();
  const pieces: Buffer[] = [];
  child.line.on("data", (piece: Buffer) => pieces.push(piece));
  const [code, signal] = (await once(child, "close")) as [number | null, string | null];
  assert.equal(code, 0, `the probe ended with ${signal ?? code}: ${Buffer.concat(pieces)}`);
  return Buffer.concat(pieces).toString();
}

function status(processId: number): ReadonlyMap<string, string> {
  const lines = readFileSync(`/proc/${processId}/status`, "utf8").split("\n");
  return new Map(lines.map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1).trim()]));
}

function isAlive(processId: number): boolean {
  try {
    return !/^[ZX]/.test(status(processId).get("State") ?? "Z");
  } catch {
    return false;
  }
}

async function until(condition: () => boolean, what: string): Promise<void> {
  for (let tries = 0; tries < 500; tries++) {
    if (condition()) return;
    await sleep(20);
  }
  assert.fail(`never: ${what}`);
}

/** The outermost process of the only cell that a process has. */
function cellOf(parent: number): number {
  const children = readFileSync(`/proc/${parent}/task/${parent}/children`, "latin1").trim().split(" ").map(Number);
  const [cell, ...more] = children.filter((id) => readFileSync(`/proc/${id}/cmdline`, "latin1").includes("process-cell.mjs"));
  assert.ok(cell !== undefined && more.length === 0, `cells among ${children}`);
  return cell;
}

const onLinux = process.platform === "linux" ? {} : { skip: "wrappers are Linux's" };

for (const level of ISOLATION_LEVELS) {
  const chosen = process.platform === "linux" ? choose(level) : "wrappers are Linux's";
  const options = typeof chosen === "string" ? { skip: chosen } : {};
  const isolation = chosen as Isolation;
  const wrapped = level !== "none";

  describe(`a cell under ${level}`, options, () => {
    const server = createServer((socket) => socket.end());
    const abstractServer = createServer((socket) => socket.end());
    const abstractSocket = `\0glovebox-${process.pid}-${level}`;
    const secrets = mkdtempSync(join(tmpdir(), "glovebox-secret-"));
    const secretFile = join(secrets, "secret");
    let found: Record<string, unknown>;

    before(async () => {
      writeFileSync(secretFile, "canary");
      chmodSync(secrets, 0o755);
      await once(server.listen(0, "127.0.0.1"), "listening");
      await once(abstractServer.listen(abstractSocket), "listening");
      const { port } = server.address() as AddressInfo;
      const program = fileURLToPath(new URL("isolation.probe.ts", import.meta.url));
      // Without wrappers, a program of ours is where it is: nobody may be able to go there.
      const place = wrapped ? isolation.place : { ...isolation.place, nobody: false };
      const rootFile = wrapped ? "/written" : join(secrets, "written");
      const target = { parent: process.pid, port, abstractSocket, secretFile, rootFile, runtimes: folder };
      found = JSON.parse(await probe({ ...isolation, place }, program, [JSON.stringify(target)])) as Record<string, unknown>;
    });
    after(() => {
      server.close();
      abstractServer.close();
      rmSync(secrets, { recursive: true });
    });

    test("has no environment, and what it reads", () => {
      // Bubblewrap tells where it is.
      assert.deepEqual(found["environment"], level === "bubblewrap" ? ["PWD"] : []);
      assert.equal(found["runtimes"], true);
    });

    test(`${wrapped ? "can't" : "can"} read and signal its parent`, () => {
      assert.equal(found["parentEnvironment"], wrapped ? "ENOENT" : true);
      assert.equal(found["parentMemory"], wrapped ? "ENOENT" : true);
      assert.equal(found["parentSignal"], level === "bubblewrap" ? "ENOSYS" : wrapped ? "ESRCH" : true);
      assert.equal(found["otherProcesses"], wrapped ? "ENOENT" : true);
    });

    test(`${wrapped ? "can't" : "can"} reach servers of this machine`, () => {
      assert.equal(found["loopback"], level === "bubblewrap" ? "ENOSYS" : wrapped ? "ENETUNREACH" : "connected");
      assert.equal(found["abstractSocket"], level === "bubblewrap" ? "ENOSYS" : wrapped ? "ECONNREFUSED" : "connected");
    });

    test(`${wrapped ? "sees nothing but" : "sees more files than"} what it is made of`, () => {
      assert.equal(found["passwords"], wrapped ? "ENOENT" : true);
      assert.equal(found["secretFile"], wrapped ? "ENOENT" : "canary");
    });

    test(`${wrapped ? "can't" : "can"} write files`, () => {
      for (const what of ["writesRuntimes", "writesRoot"]) if (wrapped) assert.match(String(found[what]), /^E(ROFS|ACCES)$/, what);
      assert.equal(found["writesTemporary"], wrapped ? "ENOENT" : "done");
    });

    test(`${level === "bubblewrap" ? "can't" : "can"} start a process`, () => {
      assert.equal(found["shell"], wrapped ? (level === "bubblewrap" ? "EPERM" : "ENOENT") : 7);
      assert.equal(found["anotherNode"], level === "bubblewrap" ? "EPERM" : 0);
    });

    test("holds no more memory of its own than it may", () => {
      assert.match(String(found["memory"]), /^(ERR_MEMORY_ALLOCATION_FAILED|RangeError|Error)$/);
    });

    if (wrapped) {
      test("is nobody, and can't become root", () => {
        assert.equal(found["user"], NOBODY);
        assert.match(String(found["becomesRoot"]), /^E(PERM|INVAL|NOSYS)$/);
      });
    }

    test("is seen from outside: its own process, without capabilities, in namespaces of its own", async () => {
      await using sandbox = new Sandbox({ cells: 1, isolation: level });
      assert.equal(sandbox.isolation, level);
      await sandbox.run({ guest: { kind: "python", code: "" }, isolationKey: "a" });
      const outermost = cellOf(process.pid);
      const cell = innermost(outermost) as number;
      assert.equal(readFileSync(`/proc/${cell}/cmdline`, "latin1").split("\0")[0], process.execPath);
      assert.equal(cell === outermost, !wrapped);
      const fields = status(cell);
      assert.equal(fields.get("NoNewPrivs"), "1");
      assert.equal(fields.get("Seccomp"), level === "bubblewrap" && isolation.filter ? "2" : status(process.pid).get("Seccomp"));
      if (wrapped) {
        for (const set of ["CapEff", "CapPrm", "CapInh", "CapAmb"]) assert.equal(fields.get(set), "0000000000000000", set);
        for (const kind of ["pid", "net", "ipc", "mnt", "uts"])
          assert.notEqual(readlinkSync(`/proc/${cell}/ns/${kind}`), readlinkSync(`/proc/self/ns/${kind}`), kind);
      }
      if (isolation.place.nobody && wrapped) assert.equal(fields.get("Uid"), Array(4).fill(NOBODY).join("\t"));
      assert.equal(readFileSync(`/proc/${cell}/oom_score_adj`, "utf8").trim(), "1000");
      assert.equal(getPriority(cell), getPriority() + 5);
      const limits = readFileSync(`/proc/${cell}/limits`, "utf8");
      assert.match(limits, /Max core file size +0 +0 /);
      assert.match(limits, /Max open files +64 +64 /);
      assert.match(limits, /Max cpu time +7200 +7200 /);
      assert.match(limits, /Max data size +3221225472 +3221225472 /);
      assert.match(limits, /Max address space +549755813888 +549755813888 /);
    });

    test("uses CPU that is seen from outside", async () => {
      await using sandbox = new Sandbox({ cells: 1, isolation: level });
      const guest = { kind: "python" as const, code: "while True: pass" };
      const { outcome } = await sandbox.run({ guest, limits: { cpuMs: 200, wallMs: 60_000 }, isolationKey: "a" });
      assert.deepEqual({ ...outcome, used: 0 }, { kind: "exhausted", limit: "cpu", used: 0, max: 200 });
    });

    test("has nothing open but its line, and does not outlive a parent that was killed though its guest loops", async (t) => {
      const program = fileURLToPath(new URL("process.orphan-parent.ts", import.meta.url));
      // A descriptor that whoever started the parent left open, past those that Node looks at.
      const secret = openSync(secretFile, "r");
      const given = Array.from({ length: INHERITED - 3 }, () => "ignore" as const);
      const parent = spawn(process.execPath, [program, level], { stdio: ["ignore", "pipe", "inherit", ...given, secret] });
      t.after(() => parent.kill("SIGKILL"));
      closeSync(secret);
      await new Promise((resolve) => parent.stdout?.once("data", resolve)); // says that its guest has been entered
      const outermost = cellOf(parent.pid as number);
      const cell = innermost(outermost) as number;
      assert.equal(readlinkSync(`/proc/${parent.pid}/fd/${INHERITED}`), secretFile);
      const open = readdirSync(`/proc/${cell}/fd`).map((number) => readlinkSync(`/proc/${cell}/fd/${number}`));
      assert.deepEqual(
        open.filter((path) => !/^(\/dev\/null|(socket|pipe):.*|anon_inode:.*)$/.test(path)),
        [],
      );
      assert.equal(open.filter((path) => path.startsWith("socket:")).length, 1); // its line
      const ended = once(parent, "close");
      parent.kill("SIGKILL");
      await ended;
      await until(() => !isAlive(cell) && !isAlive(outermost), "the cell ended after its parent was killed");
    });

    if (wrapped) {
      const perl = existsSync(PERL) && process.arch === "x64" ? withLibraries([PERL]) : undefined;
      const withPerl = perl ? {} : { skip: "perl makes the system calls, and is not installed" };
      test("makes no namespaces, and can't escape the end of its outermost process", withPerl, async () => {
        const program = join(secrets, "escape.pl");
        // unshare(CLONE_NEWUSER), prctl(PR_SET_PDEATHSIG, 0), and on for ever.
        const calls = 'syscall(272, 0x10000000); print $line $! + 0, "\\n"; syscall(157, 1, 0); 1 while 1';
        writeFileSync(program, `open(my $line, ">&=", 3); select($line); $| = 1; ${calls}`);
        const files = [...new Set([...isolation.place.files, ...(perl as string[]), program])];
        const child = launch({ ...isolation, place: { ...isolation.place, files } }, [PERL, program]);
        child.ref();
        const ended = once(child, "close").then(([code]) => assert.fail(`perl ended with ${code}`));
        const [told] = (await Promise.race([once(child.line, "data"), ended])) as [Buffer];
        ended.catch(() => {}); // it will, below
        assert.equal(Number(told), level === "bubblewrap" ? ENOSYS : EPERM);
        const inner = innermost(child.pid as number) as number;
        assert.equal(readFileSync(`/proc/${inner}/comm`, "utf8"), "perl\n");
        child.kill("SIGKILL");
        await until(() => !isAlive(inner), "it ended with its outermost process");
      });
    }

    test("ends with its outermost process", async () => {
      await using sandbox = new Sandbox({ cells: 1, spare: 0, isolation: level });
      const run = (code: string) => sandbox.run({ guest: { kind: "python", code }, isolationKey: "a" });
      await run("");
      const running = run("while True: pass");
      await sleep(50);
      const outermost = cellOf(process.pid);
      const cell = innermost(outermost) as number;
      process.kill(outermost, "SIGKILL");
      const { outcome } = await running;
      assert.equal(outcome.kind === "trapped" && outcome.trap, "cell_died", JSON.stringify(outcome));
      await until(() => !isAlive(cell), "the cell ended with its outermost process");
    });
  });
}

describe("chooseIsolation()", onLinux, () => {
  test("notes what worked, and tries again when something is different", (t) => {
    const copy = mkdtempSync(join(tmpdir(), "glovebox-runtimes-"));
    t.after(() => rmSync(copy, { recursive: true }));
    cpSync(folder, copy, { recursive: true });
    rmSync(join(copy, "isolation.json"), { force: true });
    const options = { folder: copy, dataBytesMax: DATA_BYTES_MAX };
    const { level } = chooseIsolation("strongest", options);
    if (level === "none") return t.skip("nothing works here");
    const note = JSON.parse(readFileSync(join(copy, "isolation.json"), "utf8")) as { situation: string; working: { level: string }[] };
    assert.deepEqual(
      note.working.map((each) => each.level),
      [level],
    );
    // A note that claims what isn't so is believed while the situation is the same, and no longer.
    const claims = (situation: string) =>
      writeFileSync(join(copy, "isolation.json"), JSON.stringify({ situation, files: ["/nowhere"], working: note.working }));
    claims(note.situation);
    assert.deepEqual(chooseIsolation("strongest", options).place.files, ["/nowhere"]);
    claims("another boot");
    assert.notDeepEqual(chooseIsolation("strongest", options).place.files, ["/nowhere"]);
  });

  test("tries again after a cell that did not start", async (t) => {
    const copy = mkdtempSync(join(tmpdir(), "glovebox-runtimes-"));
    t.after(() => rmSync(copy, { recursive: true }));
    cpSync(folder, copy, { recursive: true });
    writeFileSync(join(copy, "process-cell.mjs"), "process.exit(1)");
    await using sandbox = new Sandbox({ cells: 1, spare: 0, runtimes: copy });
    if (sandbox.isolation === "none") return t.skip("nothing works here");
    assert.equal(existsSync(join(copy, "isolation.json")), true);
    const failed = (error: unknown) => error instanceof GloveboxError && error.code === "CELL_START_FAILED";
    await assert.rejects(sandbox.run({ guest: { kind: "python", code: "" }, isolationKey: "a" }), failed);
    assert.equal(existsSync(join(copy, "isolation.json")), false);
  });

  test("refuses a level that does not work, with the reason", (t) => {
    const refused = (reason: RegExp) => (error: unknown) =>
      error instanceof GloveboxError && error.code === "ISOLATION_UNAVAILABLE" && reason.test(error.message);
    assert.throws(() => new Sandbox({ home: "thread", isolation: "bubblewrap" }), refused(/they are threads/));
    const copy = mkdtempSync(join(tmpdir(), "glovebox-runtimes-"));
    t.after(() => rmSync(copy, { recursive: true }));
    cpSync(folder, copy, { recursive: true });
    rmSync(join(copy, "isolation.json"), { force: true });
    rmSync(join(copy, "empty"), { recursive: true }); // nowhere to be, and nowhere to mount a root
    const options = { folder: copy, dataBytesMax: DATA_BYTES_MAX };
    for (const level of ISOLATION_LEVELS.filter((each) => each !== "none" && typeof choose(each) !== "string"))
      assert.throws(() => chooseIsolation(level, options), refused(new RegExp(`Cannot isolate cells with ${level}: .`)));
    assert.equal(existsSync(join(copy, "isolation.json")), false);
  });

  const asRoot = process.getuid?.() === 0 ? {} : { skip: "only root can be another user; the tests above are for whoever runs them" };
  test("works for a user without privileges", asRoot, (t) => {
    const user = { uid: 12_345, gid: 12_345 };
    const readable = spawnSync(process.execPath, ["--version"], { cwd: fileURLToPath(new URL("..", import.meta.url)), ...user });
    if (readable.error) return t.skip("another user can't read these sources");
    const copy = mkdtempSync(join(tmpdir(), "glovebox-runtimes-"));
    t.after(() => rmSync(copy, { recursive: true }));
    cpSync(folder, copy, { recursive: true, filter: (path) => !path.endsWith("isolation.json") });
    for (const path of [copy, ...readdirSync(copy).map((name) => join(copy, name))]) chownSync(path, user.uid, user.gid);
    const levels = ISOLATION_LEVELS.filter((level) => typeof choose(level) !== "string");
    const program = `
      import { Sandbox } from ${JSON.stringify(new URL("../sandbox.ts", import.meta.url).href)};
      for (const isolation of ${JSON.stringify(levels)}) {
        await using sandbox = new Sandbox({ cells: 1, spare: 0, isolation, runtimes: ${JSON.stringify(copy)} });
        const { outcome } = await sandbox.run({ guest: { kind: "javascript", code: "return 42" }, isolationKey: "a" });
        console.log(sandbox.isolation, outcome.output);
      }`;
    const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module-typescript", "-e", program], {
      encoding: "utf8",
      ...user,
    });
    assert.equal(stdout, levels.map((level) => `${level} 42\n`).join(""), stderr);
  });

  test("warns once where it comes down to none", () => {
    const program = `
      import { chooseIsolation } from ${JSON.stringify(new URL("isolation.ts", import.meta.url).href)};
      const options = { folder: "/proc", dataBytesMax: 1 };
      console.log(chooseIsolation("strongest", options).level, chooseIsolation("strongest", options).level);
      console.log(chooseIsolation("none", options).level);`;
    const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module-typescript", "-e", program], { encoding: "utf8" });
    assert.equal(stdout, "none none\nnone\n");
    assert.equal(stderr.match(/GLOVEBOX_WEAK_ISOLATION/g)?.length, 1, stderr);
  });
});
