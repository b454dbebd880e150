import assert from "node:assert/strict";
import { after, test } from "node:test";
import type { GivenDirectory } from "../cell/attempt.ts";
import type { Request } from "../request.ts";
import { Sandbox } from "../sandbox.ts";
import { assemble } from "../wasm/assemble.ts";
import type { Preview1Name } from "../wasm/preview1.ts";
import { StillAttempt } from "./chamber.fixture.ts";
import { ERRNO } from "./errno.ts";
import { GuestMemory } from "./memory.ts";
import { preview1 } from "./wasi.ts";
import { RIGHT } from "./wasi-rights.ts";
import { WasiSession } from "./wasi-session.ts";

const CREATE = 1;
const DIRECTORY = 2;
const TRUNCATE = 8;
const FOLLOW = 1;
const [WRITABLE, READ_ONLY] = [3, 4];
const text = (string: string) => new TextEncoder().encode(string);

/** A guest that has a writable directory at 3, a read-only one at 4, and granted files at 5. */
function guest(limits: { memoryBytes?: number } = {}) {
  const memory = new GuestMemory(new WebAssembly.Memory({ initial: 2 }));
  const attempt = new StillAttempt({ memoryBytes: 2 ** 20, ...limits });
  attempt.files.set("granted.txt", text("granted"));
  const entries: GivenDirectory["entries"] = [
    ["file", text("content")],
    ["dir/inner", text("inner")],
  ];
  const directories = [
    { name: "/work", readOnly: false, entries },
    { name: "/fixed", readOnly: true, entries },
  ];
  const start = { input: text(""), collects: true, program: { arguments: [], environment: [], stdout: "json" as const }, directories };
  const session = new WasiSession(attempt, memory, start);
  const call = (name: Preview1Name, ...given: unknown[]): number =>
    (preview1(name) as (...given: unknown[]) => number)(session, memory, ...given);
  let at = 1024;
  /** Puts a path into memory, and gives its address and length. */
  const put = (path: string): [number, number] => {
    const bytes = text(path);
    if (at + bytes.length > 100_000) at = 1024;
    memory.bytes(at, bytes.length)?.set(bytes);
    at += bytes.length;
    return [at - bytes.length, bytes.length];
  };
  const open = (directory: number, path: string, options: { oflags?: number; rights?: bigint; follow?: boolean } = {}): number => {
    const { oflags = 0, rights = 0n, follow = true } = options;
    return call("path_open", directory, follow ? FOLLOW : 0, ...put(path), oflags, rights, 0n, 0, 16);
  };
  const opened = () => memory.view(16, 4)?.getInt32(0, true) ?? -1;
  return { call, put, open, opened, session, attempt, memory };
}

test("`..`, `a/../../x` and absolute paths are refused by every function that takes a path", () => {
  const { call, put, open } = guest();
  for (const path of ["..", "dir/../../x", "/etc/passwd", "/", "/work/file", "./../work/file", "dir/../..", "dir//..//.."]) {
    const given = put(path);
    for (const directory of [WRITABLE, READ_ONLY]) {
      assert.equal(open(directory, path), ERRNO.ENOTCAPABLE, path);
      assert.equal(call("path_filestat_get", directory, 0, ...given, 200), ERRNO.ENOTCAPABLE, path);
      assert.equal(call("path_readlink", directory, ...given, 200, 10, 300), ERRNO.ENOTCAPABLE, path);
    }
    assert.equal(open(WRITABLE, path, { oflags: CREATE, rights: RIGHT.fd_write }), ERRNO.ENOTCAPABLE, path);
    for (const name of ["path_create_directory", "path_remove_directory", "path_unlink_file"] as const) {
      assert.equal(call(name, WRITABLE, ...given), ERRNO.ENOTCAPABLE, `${name} ${path}`);
    }
    assert.equal(call("path_filestat_set_times", WRITABLE, 0, ...given, 0n, 0n, 0), ERRNO.ENOTCAPABLE, path);
    assert.equal(call("path_rename", WRITABLE, ...given, WRITABLE, ...put("new")), ERRNO.ENOTCAPABLE, path);
    assert.equal(call("path_rename", WRITABLE, ...put("file"), WRITABLE, ...given), ERRNO.ENOTCAPABLE, path);
    assert.equal(call("path_link", WRITABLE, 0, ...given, WRITABLE, ...put("new")), ERRNO.ENOTCAPABLE, path);
    assert.equal(call("path_link", WRITABLE, 0, ...put("file"), WRITABLE, ...given), ERRNO.ENOTCAPABLE, path);
    assert.equal(call("path_symlink", ...put("file"), WRITABLE, ...given), ERRNO.ENOTCAPABLE, path);
  }
});

test("links that a guest makes lead nowhere outside: up, absolute, to links, in circles; with a slash behind or without", () => {
  const { call, put, open } = guest();
  const link = (target: string, name: string) => call("path_symlink", ...put(target), WRITABLE, ...put(name));
  assert.equal(link("/etc", "absolute"), ERRNO.ENOTCAPABLE);
  for (const [target, name] of [
    ["..", "up"],
    ["dir/../../x", "across"],
    ["up", "second"],
    ["second/etc", "third"],
    ["../../up", "dir/deep"],
  ] as const) {
    assert.equal(link(target, name), 0, name);
    for (const path of [name, `${name}/`, `dir/../${name}`, `dir/../${name}/`, `${name}/.`, `${name}/../file`]) {
      assert.equal(open(WRITABLE, path), ERRNO.ENOTCAPABLE, path);
      assert.equal(open(WRITABLE, path, { oflags: DIRECTORY }), ERRNO.ENOTCAPABLE, path);
      assert.equal(call("path_filestat_get", WRITABLE, FOLLOW, ...put(path), 200), ERRNO.ENOTCAPABLE, path);
    }
    for (const path of [`${name}/`, name]) {
      assert.notEqual(open(WRITABLE, path, { follow: false }), 0, path);
      assert.notEqual(open(WRITABLE, path, { follow: false, oflags: DIRECTORY }), 0, path);
    }
  }
  link("two", "one");
  link("one", "two");
  for (const path of ["one", "one/", "two/x"]) assert.equal(open(WRITABLE, path), ERRNO.ELOOP, path);
});

test("a link does not lead out of a directory that the guest opened itself", () => {
  const { call, put, open, opened } = guest();
  assert.equal(call("path_symlink", ...put("../file"), WRITABLE, ...put("dir/up")), 0);
  assert.equal(open(WRITABLE, "dir/up"), 0, "inside what was given");
  assert.equal(open(WRITABLE, "dir", { oflags: DIRECTORY, rights: RIGHT.path_open }), 0);
  assert.equal(open(opened(), "up"), ERRNO.ENOTCAPABLE, "outside of where the path starts");
});

test("a read-only directory is not changed, by truncation least of all", () => {
  const { call, put, open, opened, session } = guest();
  const before = session.descriptors.get(READ_ONLY)?.node;
  for (const directory of [READ_ONLY, 5]) {
    const file = directory === 5 ? "granted.txt" : "file";
    assert.equal(open(directory, file, { oflags: TRUNCATE }), ERRNO.ENOTCAPABLE);
    assert.equal(open(directory, file, { oflags: CREATE | TRUNCATE }), ERRNO.ENOTCAPABLE);
    assert.equal(open(directory, "new", { oflags: CREATE }), ERRNO.ENOTCAPABLE);
    for (const right of ["fd_write", "fd_allocate", "fd_filestat_set_size", "fd_filestat_set_times"] as const) {
      assert.equal(open(directory, file, { rights: RIGHT[right] }), ERRNO.ENOTCAPABLE, right);
    }
    assert.equal(call("path_create_directory", directory, ...put("new")), ERRNO.ENOTCAPABLE);
    assert.equal(call("path_unlink_file", directory, ...put(file)), ERRNO.ENOTCAPABLE);
    assert.equal(call("path_remove_directory", directory, ...put("dir")), ERRNO.ENOTCAPABLE);
    assert.equal(call("path_symlink", ...put("file"), directory, ...put("new")), ERRNO.ENOTCAPABLE);
    assert.equal(call("path_filestat_set_times", directory, 0, ...put(file), 1n, 1n, 5), ERRNO.ENOTCAPABLE);
    assert.equal(call("fd_fdstat_set_rights", directory, RIGHT.path_unlink_file, 0n), ERRNO.ENOTCAPABLE);
    // What is opened has no more rights than the directory, and reading is one that it has.
    assert.equal(open(directory, file, { rights: RIGHT.fd_read }), 0);
    assert.equal(call("fd_filestat_set_size", opened(), 0n), ERRNO.ENOTCAPABLE);
  }
  assert.ok(before?.kind === "directory" && [...before.entries.keys()].join() === "file,dir");
});

test("nothing is linked or moved between two directories that were given, or over a read-only file", () => {
  const { call, put } = guest();
  for (const [from, to, errno] of [
    [WRITABLE, READ_ONLY, ERRNO.ENOTCAPABLE],
    [READ_ONLY, WRITABLE, ERRNO.ENOTCAPABLE],
    [5, WRITABLE, ERRNO.ENOTCAPABLE],
    [READ_ONLY, READ_ONLY, ERRNO.ENOTCAPABLE],
  ] as const) {
    assert.equal(call("path_rename", from, ...put("file"), to, ...put("file")), errno);
    assert.equal(call("path_link", from, 0, ...put("file"), to, ...put("new")), errno);
  }
  // Without rights in the way, the files themselves refuse it.
  const { session } = guest();
  const [writable, fixed] = [WRITABLE, READ_ONLY].map((descriptor) => session.descriptors.get(descriptor)?.node);
  assert.ok(writable?.kind === "directory" && fixed?.kind === "directory");
  const { files } = session;
  assert.equal(files.rename(writable, "file", fixed, "file", true), -ERRNO.EXDEV);
  assert.equal(files.link(fixed, "file", writable, "new", { confined: true }), -ERRNO.EXDEV);
  assert.equal(files.rename(fixed, "file", fixed, "dir/inner", true), -ERRNO.EROFS);
  assert.equal(files.link(fixed, "file", fixed, "new", { confined: true }), -ERRNO.EROFS);
  const options = { write: true, create: false, exclusive: false, truncate: true, directory: false, mode: 0o600 };
  assert.equal(files.open(fixed, "file", options, { confined: true }), -ERRNO.EROFS);
});

test("names with a NUL, a backslash, 4096 characters, or a twin in Unicode are none", () => {
  const { open } = guest();
  const create = { oflags: CREATE };
  assert.equal(open(WRITABLE, "a\0b", create), ERRNO.EINVAL);
  assert.equal(open(WRITABLE, "file\0"), ERRNO.EINVAL);
  assert.equal(open(WRITABLE, "a\\b", create), ERRNO.EINVAL);
  assert.equal(open(WRITABLE, "..\\file"), ERRNO.EINVAL);
  assert.equal(open(WRITABLE, "x".repeat(4096), create), ERRNO.ENAMETOOLONG);
  assert.equal(open(WRITABLE, "x/".repeat(2049), create), ERRNO.ENAMETOOLONG);
  assert.equal(open(WRITABLE, "\u00c5", create), 0);
  for (const twin of ["A\u030a", "\u212b"]) assert.equal(open(WRITABLE, twin, create), ERRNO.EILSEQ);
});

test("descriptors are renumbered onto no stream, reused only when they are free, and never numbers beyond the table", () => {
  const { call, open, opened } = guest();
  assert.equal(open(WRITABLE, "file", { rights: RIGHT.fd_read }), 0);
  const file = opened();
  for (const stream of [0, 1, 2]) assert.equal(call("fd_renumber", file, stream), ERRNO.EBADF);
  for (const wrong of [file + 1, 256, 2 ** 31 - 1, -(2 ** 31), -1]) {
    assert.equal(call("fd_renumber", file, wrong), ERRNO.EBADF);
    assert.equal(call("fd_renumber", wrong, file), ERRNO.EBADF);
    assert.equal(call("fd_close", wrong), ERRNO.EBADF);
  }
  assert.equal(call("fd_close", file), 0);
  assert.equal(call("fd_read", file, 0, 0, 100), ERRNO.EBADF);
  assert.equal(open(WRITABLE, "dir/inner", { rights: RIGHT.fd_tell }), 0);
  assert.equal(opened(), file, "the next one's, with its own rights");
  assert.equal(call("fd_read", file, 0, 0, 100), ERRNO.ENOTCAPABLE);
});

test("a million opens, entries or bytes are refused in time, and all is given back", () => {
  const { call, put, open, opened, memory } = guest();
  let made = 0;
  for (; open(WRITABLE, `n${made}`, { oflags: CREATE }) === 0; made++) assert.equal(call("fd_close", opened()), 0);
  assert.ok(made > 4000 && made < 4096, String(made));
  assert.equal(open(WRITABLE, "one more", { oflags: CREATE }), ERRNO.ENOSPC);
  for (let i = 0; i < made; i++) assert.equal(call("path_unlink_file", WRITABLE, ...put(`n${i}`)), 0);
  let descriptors = 0;
  while (open(WRITABLE, "file") === 0) descriptors++;
  assert.equal(open(WRITABLE, "file"), ERRNO.EMFILE);
  assert.equal(descriptors, 256 - 6);
  for (let i = 6; i < 256; i++) assert.equal(call("fd_close", i), 0);
  // Ten gigabytes, in a gap and as a size; a link's target is not free either.
  assert.equal(open(WRITABLE, "big", { oflags: CREATE, rights: RIGHT.fd_write | RIGHT.fd_seek | RIGHT.fd_filestat_set_size }), 0);
  const big = opened();
  assert.equal(call("fd_seek", big, 10_000_000_000n, 0, 100), 0);
  memory.view(200, 8)?.setUint32(4, 1, true);
  assert.equal(call("fd_write", big, 200, 1, 100), ERRNO.ENOSPC);
  assert.equal(call("fd_filestat_set_size", big, 10_000_000_000n), ERRNO.ENOSPC);
  assert.equal(call("fd_filestat_set_size", big, 2n ** 20n), 0);
  assert.equal(call("path_symlink", ...put("t".repeat(4096)), WRITABLE, ...put("link")), ERRNO.ENOSPC);
  assert.equal(call("fd_filestat_set_size", big, 0n), 0);
  assert.equal(call("path_symlink", ...put("t".repeat(4096)), WRITABLE, ...put("link")), 0);
});

test("files and linear memory draw on one account", () => {
  const { call, open, opened, memory } = guest({ memoryBytes: 20 * 65_536 });
  assert.equal(open(WRITABLE, "big", { oflags: CREATE, rights: RIGHT.fd_filestat_set_size }), 0);
  memory.memory.grow(15);
  assert.equal(call("fd_filestat_set_size", opened(), BigInt(6 * 65_536)), ERRNO.ENOSPC);
  assert.equal(call("fd_filestat_set_size", opened(), BigInt(5 * 65_536)), 0);
});

test("a file as it was given is never changed, whatever the guest does to its own", () => {
  const content = text("as it was given");
  const memory = new GuestMemory(new WebAssembly.Memory({ initial: 1 }));
  const directories = [{ name: ".", readOnly: false, entries: [["f", content] as const] }];
  const program = { arguments: [], environment: [], stdout: "json" as const };
  const session = new WasiSession(new StillAttempt(), memory, { input: text(""), collects: true, program, directories });
  const root = session.descriptors.get(3)?.node;
  assert.ok(root?.kind === "directory");
  const node = session.files.lookUp(root, "f");
  assert.ok(typeof node !== "number" && node.kind === "file");
  assert.equal(session.files.write(node, 0, text("changed")), 7);
  assert.equal(session.files.resize(node, 3), 0);
  assert.equal(session.files.resize(node, 100), 0);
  assert.equal(new TextDecoder().decode(content), "as it was given");
});

test("random_get() of 4 GB is refused", () => {
  const { call } = guest();
  assert.equal(call("random_get", 0, -1), ERRNO.EINVAL);
});

const sandbox = new Sandbox({ cells: 1, spare: 0, warm: "none" });
after(() => sandbox[Symbol.asyncDispose]());

const IMPORTS = `
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))`;

function command(body: string, memory = '(memory (export "memory") 2)'): Uint8Array {
  return assemble(`(module ${IMPORTS} ${memory} ${body})`);
}

async function run(bytes: Uint8Array, limits: Request["limits"]) {
  const report = await sandbox.run({ guest: { kind: "module", bytes, stdout: "text" }, limits: limits ?? {}, isolationKey: "attacks" });
  const next = await sandbox.run({ guest: { kind: "module", bytes: FINE }, isolationKey: "attacks" });
  assert.deepEqual(next.outcome, { kind: "completed", output: null });
  return report;
}

const FINE = command('(func (export "_start"))');

test("a sleep of 10^12 ns is counted against the wall limit, and times that have passed are not waited for", async () => {
  const sleep = (timeout: string, absolute: number) =>
    command(`(func (export "_start")
      (i32.store (i32.const 16) (i32.const 1)) (i64.store (i32.const 24) (i64.const ${timeout})) (i32.store16 (i32.const 40) (i32.const ${absolute}))
      (if (call $poll (i32.const 0) (i32.const 64) (i32.const 1) (i32.const 128)) (then unreachable))
      (if (i32.eqz (call $poll (i32.const 0) (i32.const 64) (i32.const 0) (i32.const 128))) (then unreachable)))`);
  for (const timeout of ["1000000000000", "-1"]) {
    const { outcome } = await run(sleep(timeout, 0), { wallMs: 300 });
    assert.ok(outcome.kind === "exhausted" && outcome.limit === "wall", JSON.stringify(outcome));
  }
  const { outcome } = await run(sleep("0", 1), { wallMs: 5000 });
  assert.equal(outcome.kind, "completed");
});

test("a flood of output ends at its limit, of standard output and of standard error, in one line or many", async () => {
  const flood = (descriptor: number, byte: number) =>
    command(`(func (export "_start")
      (memory.fill (i32.const 1024) (i32.const ${byte}) (i32.const 65536))
      (i32.store (i32.const 0) (i32.const 1024)) (i32.store (i32.const 4) (i32.const 65536))
      (loop $again (drop (call $write (i32.const ${descriptor}) (i32.const 0) (i32.const 1) (i32.const 16))) (br $again)))`);
  for (const byte of [0x41, 0x0a]) {
    const out = await run(flood(1, byte), { outputBytes: 1_000_000 });
    assert.ok(out.outcome.kind === "exhausted" && out.outcome.limit === "output", JSON.stringify(out.outcome));
    const errors = await run(flood(2, byte), { logBytes: 100_000 });
    // 100,000 line ends are first of all too many lines.
    const limit = byte === 0x0a ? "lines" : "log";
    assert.ok(errors.outcome.kind === "exhausted" && errors.outcome.limit === limit, JSON.stringify(errors.outcome));
    assert.ok(errors.usage.logBytes <= 200_000, String(errors.usage.logBytes));
  }
});

test("escapes for terminals in what is logged are neutralised", async () => {
  const escapes = "\\1b[2J\\1b]0;owned\\07\\9b31m\\e2\\80\\aetxt";
  const bytes = command(`(data (i32.const 100) "${escapes}")
    (func (export "_start")
      (i32.store (i32.const 0) (i32.const 100)) (i32.store (i32.const 4) (i32.const 24))
      (drop (call $write (i32.const 2) (i32.const 0) (i32.const 1) (i32.const 16))))`);
  const { log } = await run(bytes, {});
  const said = log.map(({ message }) => message).join("");
  assert.match(said, /owned/);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
  assert.doesNotMatch(said, /[\u0000-\u001f\u007f-\u009f\u202a-\u202e]/);
});

test("10,000 fresh runs in one cell leave no descriptor, file or memory behind", async () => {
  const bytes = assemble(`(module
    (import "wasi_snapshot_preview1" "path_open" (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
    (memory (export "memory") 1) (data (i32.const 0) "left")
    (func (export "_start")
      (if (call $open (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 4) (i32.const 5) (i64.const 0) (i64.const 0) (i32.const 0) (i32.const 16))
        (then unreachable))
      (if (i32.ne (i32.load (i32.const 16)) (i32.const 4)) (then unreachable))))`);
  const directories = [{ name: ".", files: {} }];
  for (let i = 0; i < 10_000; i++) {
    const { outcome } = await sandbox.run({ guest: { kind: "module", bytes, directories }, isolationKey: "attacks" });
    assert.deepEqual(outcome, { kind: "completed", output: null }, `run ${i}`);
  }
});
