import type { Request } from "@glovebox/sandbox";
import { type Check, type Context, ends, module, type Row } from "../audit.ts";
import { assemble } from "./c-modules.ts";

const SECTION = "D. WASI";
const QUICK = { cpuMs: 500, wallMs: 3000, memoryBytes: 2 ** 22, logBytes: 20_000, outputBytes: 20_000 };

/** A command that opens `path` below the first preopen (descriptor 3) and traps if that succeeds. */
function opening(path: string, flags = 0, lookup = 0): string {
  const text = [...new TextEncoder().encode(path)].map((byte) => `\\${byte.toString(16).padStart(2, "0")}`).join("");
  return `(module (import "wasi_snapshot_preview1" "path_open" (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
    (memory (export "memory") 1) (data (i32.const 64) "${text}")
    (func (export "_start")
      (if (i32.eqz (call $open (i32.const 3) (i32.const ${lookup}) (i32.const 64) (i32.const ${new TextEncoder().encode(path).length}) (i32.const ${flags}) (i64.const -1) (i64.const -1) (i32.const 0) (i32.const 32))) (then unreachable))))`;
}

function row(attack: string, wat: string, expect: Row["expect"], rest: Partial<Request> = {}): Row {
  return { section: SECTION, attack, run: () => module(assemble(wat), { limits: QUICK, ...rest }), expect };
}

const descriptor = (
  name: string,
  parameters: string,
  call: string,
) => `(module (import "wasi_snapshot_preview1" "${name}" (func $f (param ${parameters}) (result i32)))
  (memory (export "memory") 1) (func (export "_start") (if (i32.eqz (call $f ${call})) (then unreachable))))`;

export const WASI_ROWS: readonly (Row | Check)[] = [
  ...[
    "../etc/passwd",
    "a/../../x",
    "/etc/passwd",
    "..",
    "./../x",
    "etc\0passwd",
    "a\\..\\..\\x",
    "x".repeat(4096),
    "é",
    "/",
    "//etc//passwd",
    "dir/../link/",
    "link/",
  ].map((path) =>
    row(
      `path_open of ${JSON.stringify(path.length > 40 ? `${path.slice(0, 10)}... (${path.length})` : path)}`,
      opening(path),
      ends("completed"),
    ),
  ),
  row("path_open that creates, without a preopen", opening("new", 1), ends("completed")),
  row(
    "fd_renumber onto standard input and output",
    descriptor("fd_renumber", "i32 i32", "(i32.const 99) (i32.const 1)"),
    ends("completed"),
  ),
  row("descriptor 2^31", descriptor("fd_close", "i32", "(i32.const 0x80000000)"), ends("completed")),
  row(
    "descriptors after they were closed",
    `(module (import "wasi_snapshot_preview1" "fd_close" (func $c (param i32) (result i32))) (memory (export "memory") 1) (func (export "_start") (drop (call $c (i32.const 0))) (if (i32.eqz (call $c (i32.const 0))) (then unreachable))))`,
    ends("completed"),
  ),
  row(
    "a seek of 10 GB",
    descriptor("fd_seek", "i32 i64 i32 i32", "(i32.const 1) (i64.const 10000000000) (i32.const 0) (i32.const 32)"),
    ends("completed"),
  ),
  row(
    "poll_oneoff with no subscriptions",
    descriptor("poll_oneoff", "i32 i32 i32 i32", "(i32.const 0) (i32.const 0) (i32.const 0) (i32.const 32)"),
    ends("completed"),
  ),
  row(
    "poll_oneoff that sleeps for 10^12 ns",
    `(module (import "wasi_snapshot_preview1" "poll_oneoff" (func $p (param i32 i32 i32 i32) (result i32))) (memory (export "memory") 1)
      (func (export "_start") (i64.store (i32.const 24) (i64.const 1000000000000)) (i32.store (i32.const 16) (i32.const 1)) (drop (call $p (i32.const 0) (i32.const 128) (i32.const 1) (i32.const 256)))))`,
    ends("exhausted", /"wall"/),
    { limits: { ...QUICK, wallMs: 300 } },
  ),
  row(
    "a flood of standard output",
    `(module (import "wasi_snapshot_preview1" "fd_write" (func $w (param i32 i32 i32 i32) (result i32))) (memory (export "memory") 1)
      (func (export "_start") (i32.store (i32.const 0) (i32.const 64)) (i32.store (i32.const 4) (i32.const 65000)) (loop (drop (call $w (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 32))) (br 0))))`,
    ends("exhausted", /"output"/),
  ),
  row(
    "a flood of standard error, with control sequences",
    `(module (import "wasi_snapshot_preview1" "fd_write" (func $w (param i32 i32 i32 i32) (result i32))) (memory (export "memory") 1) (data (i32.const 64) "\\1b]0;owned\\07\\0a")
      (func (export "_start") (i32.store (i32.const 0) (i32.const 64)) (i32.store (i32.const 4) (i32.const 12)) (loop (drop (call $w (i32.const 2) (i32.const 0) (i32.const 1) (i32.const 32))) (br 0))))`,
    (report) =>
      report.log.some(({ message }) => message.includes("\u001b")) ? "a control sequence came out" : ends("exhausted", /"log"/)(report),
  ),
  {
    section: SECTION,
    attack: "300 fresh runs in a row, no growth of descriptors",
    check: async ({ sandbox }: Context) => {
      const bytes = assemble('(module (memory (export "memory") 1) (func (export "_start")))');
      for (let n = 0; n < 300; n++) {
        const { outcome } = await sandbox.run(module(bytes));
        if (outcome.kind !== "completed") return `run ${n} came to ${JSON.stringify(outcome)}`;
      }
      return undefined;
    },
  },
];
