import assert from "node:assert/strict";
import fc from "fast-check";
import { property } from "../../../../fuzz/property.ts";
import type { GivenDirectory } from "../cell/attempt.ts";
import { PREVIEW1, type Preview1Name } from "../wasm/preview1.ts";
import { StillAttempt } from "./chamber.fixture.ts";
import { GuestMemory } from "./memory.ts";
import type { Directory, Entry } from "./node.ts";
import { preview1 } from "./wasi.ts";
import { RIGHT } from "./wasi-rights.ts";
import { WasiSession } from "./wasi-session.ts";

const [WRITABLE, READ_ONLY] = [3, 4];
/** Nothing that takes or gives paths has a place above this. */
const MEMORY_BYTES = 2 * 65_536;
const ERRNO_MAX = 76;
const QUOTA_BYTES = 40_000;
const text = (string: string) => new TextEncoder().encode(string);

/** A guest that has a writable directory and a read-only one of the same content. */
function guest() {
  const memory = new GuestMemory(new WebAssembly.Memory({ initial: MEMORY_BYTES / 65_536 }));
  const attempt = new StillAttempt({ memoryBytes: QUOTA_BYTES, outputBytes: 1_000, logBytes: 1_000 });
  const entries: GivenDirectory["entries"] = [
    ["a", text("content")],
    ["b/c", text("inner")],
  ];
  const directories = [
    { name: "/work", readOnly: false, entries },
    { name: "/fixed", readOnly: true, entries },
  ];
  const program = { arguments: ["program"], environment: [["A", "b"] as const], stdout: "json" as const };
  const session = new WasiSession(attempt, memory, { input: text("input"), collects: true, program, directories });
  const rootOf = (descriptor: number) => session.descriptors.get(descriptor)?.node as Directory;
  return { session, memory, writable: rootOf(WRITABLE), fixed: rootOf(READ_ONLY) };
}

type Guest = ReturnType<typeof guest>;

/** An errno, or that the guest was ended. */
function call({ session, memory }: Guest, name: Preview1Name, values: readonly (number | bigint)[]): number | "ended" {
  let errno: unknown;
  try {
    errno = (preview1(name) as (...given: unknown[]) => unknown)(session, memory, ...values);
  } catch (error) {
    assert.ok(
      error instanceof WebAssembly.RuntimeError && session.ended && session.ended.kind !== "fault",
      `${name} threw ${String(error)}`,
    );
    return "ended";
  }
  assert.ok(Number.isInteger(errno) && (errno as number) >= 0 && (errno as number) <= ERRNO_MAX, `${name} returned ${String(errno)}`);
  return errno as number;
}

function* below(directory: Directory): Generator<readonly [string, Entry]> {
  for (const [name, entry] of directory.entries) {
    yield [name, entry];
    if (entry.kind === "directory") for (const [path, inner] of below(entry)) yield [`${name}/${path}`, inner];
  }
}

/** All of a directory that a guest could see a change of. */
function snapshot(directory: Directory): string {
  return [...below(directory)]
    .map(([path, entry]) => {
      const content = entry.kind === "file" ? Buffer.from(entry.content.subarray(0, entry.size)).toString("hex") : "";
      return [path, entry.inode, entry.kind, entry.mode, entry.links, entry.modifiedNs, entry.accessedNs, content].join();
    })
    .join("\n");
}

const part = fc.constantFrom("a", "a", "b", "b", "b", "c", "c", "d", "..", ".", "", "é");
const path = fc
  .tuple(fc.array(part, { minLength: 1, maxLength: 4 }), fc.nat(19))
  .map(([parts, absolute]) => (absolute === 0 ? "/" : "") + parts.join("/"));
const descriptor = fc.oneof({ weight: 4, arbitrary: fc.constantFrom(WRITABLE, WRITABLE, READ_ONLY) }, fc.integer({ min: 0, max: 9 }));
const bit = fc.nat(1);
const rights = fc.constantFrom(0n, 0n, 0n, 0n, RIGHT.fd_read, RIGHT.fd_read, RIGHT.fd_read | RIGHT.fd_write, RIGHT.path_open, -1n);
const PATH_CALLS = [
  ...(["path_open", "path_open", "path_open", "path_symlink", "path_symlink", "path_link", "path_rename"] as const),
  ...(["path_create_directory", "path_remove_directory", "path_unlink_file", "path_filestat_set_times"] as const),
] as const;
const acts = fc.array(
  fc.record({
    name: fc.oneof({ weight: 12, arbitrary: fc.constantFrom(...PATH_CALLS) }, fc.constantFrom("fd_renumber", "fd_close")),
    from: descriptor,
    to: descriptor,
    one: path,
    two: path,
    follow: bit,
    oflags: fc.constantFrom(0, 0, 0, 1, 1, 1, 2, 9, 8, 5, 15),
    base: rights,
    inheriting: rights,
  }),
  { minLength: 5, maxLength: 40, size: "max" },
);

const seen = { told: 0, opened: 0, refused: 0 };

property(
  "no path and no descriptor leads a guest out of the directory that it was given, nor changes what is read-only",
  200,
  [acts],
  (acts) => {
    const made = guest();
    const { session, memory, writable, fixed } = made;
    const before = snapshot(fixed);
    const ofFixed = new Set([fixed.inode, ...[...below(fixed)].map(([, { inode }]) => inode)]);
    /** Those that a descriptor may be for, once they were in the writable directory: they may have been removed since. */
    const ofWritable = new Set<number>([writable.inode]);
    const put = (path: string, at: number): readonly [number, number] => {
      const bytes = text(path);
      memory.bytes(at, bytes.length)?.set(bytes);
      return [at, bytes.length];
    };
    for (const { name, from, to, one, two, follow, oflags, base, inheriting } of acts) {
      const [first, second] = [put(one, 1_000), put(two, 2_000)];
      const given: Record<typeof name, readonly (number | bigint)[]> = {
        path_open: [from, follow, ...first, oflags, base, inheriting, 0, 16],
        path_symlink: [...first, from, ...second],
        path_link: [from, follow, ...first, to, ...second],
        path_rename: [from, ...first, to, ...second],
        path_create_directory: [from, ...first],
        path_remove_directory: [from, ...first],
        path_unlink_file: [from, ...first],
        path_filestat_set_times: [from, follow, ...first, 1n, 1n, 5],
        fd_renumber: [from, to],
        fd_close: [from],
      };
      const source = session.descriptors.get(from)?.node.inode;
      const errno = call(made, name, given[name]);
      for (const [, { inode }] of below(writable)) ofWritable.add(inode);
      if (name === "path_open" && errno === 0) {
        const opened = session.descriptors.get(memory.view(16, 4)?.getInt32(0, true) ?? -1)?.node.inode ?? -1;
        assert.ok((ofFixed.has(source ?? -1) ? ofFixed : ofWritable).has(opened), `opened ${one}`);
        seen.opened++;
      }
      if (errno === 76) seen.refused++;
      for (const directory of [WRITABLE, READ_ONLY]) {
        // It may have been moved, or closed.
        const root = session.descriptors.get(directory)?.node;
        if (root !== writable && root !== fixed) continue;
        if (call(made, "path_filestat_get", [directory, follow, ...first, 200]) !== 0) continue;
        const told = Number(memory.view(208, 8)?.getBigUint64(0, true));
        assert.ok((root === writable ? ofWritable : ofFixed).has(told), `${one} is told of`);
        seen.told++;
      }
      assert.equal(snapshot(fixed), before, `${name} ${one} ${two}`);
    }
  },
  () => assert.ok(seen.told > 100 && seen.refused > 100 && seen.opened > 5, JSON.stringify(seen)),
);

const NAMES = Object.keys(PREVIEW1) as Preview1Name[];
const i32 = fc.oneof(
  { weight: 3, arbitrary: fc.nat(20) },
  { weight: 2, arbitrary: fc.constantFrom(1_000, 1_100, 1_200, 4_096) },
  fc.constantFrom(-1, -(2 ** 31), 2 ** 31 - 1, MEMORY_BYTES, MEMORY_BYTES - 1, MEMORY_BYTES - 8, -4),
  fc.integer(),
);
const i64 = fc.oneof(
  fc.bigInt({ min: 0n, max: 50n }),
  fc.constantFrom(-1n, 2n ** 63n - 1n, -(2n ** 63n), 2n ** 53n),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
);
/** As WebAssembly would pass them. */
const calls = fc.array(
  fc.constantFrom(...NAMES).chain((name) => {
    const [parameters = ""] = PREVIEW1[name].split(">");
    const values = [...parameters].map((letter): fc.Arbitrary<number | bigint> => (letter === "I" ? i64 : i32));
    return fc.record({ name: fc.constant(name), values: fc.tuple(...values) });
  }),
  { maxLength: 30 },
);

property(
  "every function of WASI takes any numbers, and any memory, and returns an errno or ends the guest",
  300,
  [calls, fc.uint8Array({ maxLength: 400 })],
  (calls, garbage) => {
    const made = guest();
    const { session, memory, fixed } = made;
    const before = snapshot(fixed);
    memory.bytes(0, garbage.length)?.set(garbage);
    memory.bytes(1_000, 6)?.set(text("b/../a"));
    for (const { name, values } of calls) {
      if (call(made, name, values) === "ended") break;
    }
    assert.equal(snapshot(fixed), before);
    assert.ok(session.output().length <= session.attempt.limits.outputBytes);
    assert.ok(session.files.nodesUsed <= session.files.bounds.nodesMax);
    const bytes = [...below(made.writable)].reduce(
      (sum, [, entry]) => sum + (entry.kind === "file" && !entry.borrowed ? entry.content.length : 0),
      0,
    );
    assert.ok(bytes <= QUOTA_BYTES, `${bytes} bytes of files`);
  },
);
