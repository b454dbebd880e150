import { readdirSync, readFileSync } from "node:fs";
import { GloveboxError, type Request } from "@glovebox/sandbox";
import wabt from "wabt";
import { type Check, type Context, contained, ends, module, type Row, TIGHT } from "../audit.ts";

const SECTION = "C. Compiled modules";
const HOSTILE = new URL("../../guests/modules/hostile/", import.meta.url);
const { parseWat } = await wabt();

/** Text into a module that need not be valid. */
export function assemble(text: string): Uint8Array {
  const parsed = parseWat("row.wat", text, { exceptions: true, memory64: true, threads: true, tail_call: true });
  try {
    return Uint8Array.from(parsed.toBinary({}).buffer);
  } finally {
    parsed.destroy();
  }
}

const QUICK = { cpuMs: 300, wallMs: 3000, memoryBytes: 2 ** 22, logBytes: 20_000, outputBytes: 20_000 };

function row(attack: string, wat: string, expect: Row["expect"], rest: Partial<Request> = {}): Row {
  return { section: SECTION, attack, run: () => module(assemble(wat), { limits: QUICK, input: "hello", ...rest }), expect };
}

/** A module that is never run: it is refused by name, before. */
function refused(attack: string, bytes: () => Uint8Array, message: RegExp): Check {
  return {
    section: SECTION,
    attack,
    check: async ({ sandbox }: Context) => {
      try {
        const { outcome } = await sandbox.run(module(bytes(), { limits: TIGHT }));
        const told = JSON.stringify(outcome);
        return outcome.kind === "failed" && /ModuleRefused/.test(told) && message.test(told) ? undefined : `ran: ${told.slice(0, 200)}`;
      } catch (error) {
        if (!(error instanceof GloveboxError) || error.code !== "MODULE_REFUSED") throw error;
        return message.test(error.message) ? undefined : `refused with: ${error.message}`;
      }
    },
  };
}

const command = (imports: string, rest = "") => `(module ${imports} (memory (export "memory") 1) ${rest} (func (export "_start")))`;
const bytesOf =
  (...bytes: number[]) =>
  () =>
    Uint8Array.from(bytes);

/** A command of so many blocks within each other, written by hand: the assembler would take minutes. */
function nested(depth: number): Uint8Array {
  const leb = (value: number): number[] => (value < 128 ? [value] : [(value & 127) | 128, ...leb(value >> 7)]);
  const section = (id: number, contents: readonly number[]) => [id, ...leb(contents.length), ...contents];
  const name = (text: string) => [text.length, ...new TextEncoder().encode(text)];
  const body = [0, ...Array(depth).fill([0x02, 0x40]).flat(), ...Array<number>(depth + 1).fill(0x0b)];
  return Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [1, 0x60, 0, 0]),
    ...section(3, [1, 0]),
    ...section(5, [1, 0, 1]),
    ...section(7, [2, ...name("memory"), 2, 0, ...name("_start"), 0, 0]),
    ...section(10, [1, ...leb(body.length), ...body]),
  ]);
}

export const MODULE_ROWS: readonly (Row | Check)[] = [
  refused(
    "an import of env.emscripten_run_script",
    () => assemble(command('(import "env" "emscripten_run_script" (func (param i32)))')),
    /emscripten_run_script.*not offered/,
  ),
  refused("an import from an unknown namespace", () => assemble(command('(import "host" "anything" (func))')), /not offered/),
  refused("an import named __proto__", () => assemble(command('(import "wasi_snapshot_preview1" "__proto__" (func))')), /not offered/),
  row(
    "sock_*, path_symlink and path_link are refused, and say so",
    `(module (import "wasi_snapshot_preview1" "sock_send" (func $send (param i32 i32 i32 i32 i32) (result i32)))
      (import "wasi_snapshot_preview1" "path_link" (func $link (param i32 i32 i32 i32 i32 i32 i32) (result i32)))
      (memory (export "memory") 1)
      (func (export "_start")
        (if (i32.eqz (call $send (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 8))) (then unreachable))
        (if (i32.eqz (call $link (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 3) (i32.const 0) (i32.const 1))) (then unreachable))))`,
    ends("completed"),
  ),
  ...readdirSync(HOSTILE)
    .sort()
    .map(
      (file): Row => ({
        section: SECTION,
        attack: file.replace(".wat", "").replaceAll("_", " "),
        run: () => module(assemble(readFileSync(new URL(file, HOSTILE), "utf8")), { limits: QUICK, input: "hello" }),
        expect: ({ outcome }) =>
          outcome.kind === "trapped" && (outcome.trap === "cell_died" || outcome.trap === "protocol")
            ? `came to ${outcome.trap}`
            : undefined,
      }),
    ),
  row(
    "memory.grow to 4 GiB, again and again",
    `(module (memory (export "memory") 1) (func (export "_start") (loop (br_if 1 (i32.ne (memory.grow (i32.const 65535)) (i32.const -1))) (br 0))))`,
    ends("exhausted"),
  ),
  refused(
    "an initial memory of 65,536 pages",
    () => assemble('(module (memory (export "memory") 65536) (func (export "_start")))'),
    /pages/,
  ),
  refused("a 64-bit memory", () => assemble('(module (memory (export "memory") i64 1) (func (export "_start")))'), /64-bit|memory/),
  refused("a shared memory", () => assemble('(module (memory (export "memory") 1 1 shared) (func (export "_start")))'), /shared/),
  refused("several memories", () => assemble('(module (memory (export "memory") 1) (memory 1) (func (export "_start")))'), /memor/),
  refused(
    "a table of 10^9",
    () => assemble('(module (memory (export "memory") 1) (table 1000000000 funcref) (func (export "_start")))'),
    /entries|table/,
  ),
  row(
    "table.grow to 10^7, again and again",
    `(module (memory (export "memory") 1) (table 1 funcref) (func (export "_start") (loop (drop (table.grow (ref.null func) (i32.const 10000000))) (br 0))))`,
    ends("exhausted"),
  ),
  refused("60,000 functions", () => assemble(command("", "(func)".repeat(60_000))), /functions/),
  {
    section: SECTION,
    attack: "blocks nested 100,000 deep",
    run: () => module(nested(100_000), { limits: QUICK }),
    expect: ends(["completed", "failed", "exhausted"]),
  },
  refused(
    "exports with control characters and __proto__ in their names, and no known kind",
    () => assemble('(module (memory 1) (func (export "\\1b[2J\\00__proto__")) (func (export "__proto__")))'),
    /fits no|export|memory/,
  ),
  refused("an empty file", bytesOf(), /WebAssembly/),
  refused("a wrong magic number", bytesOf(0, 1, 2, 3, 1, 0, 0, 0), /asm/),
  refused("a wrong version", bytesOf(0, 0x61, 0x73, 0x6d, 9, 0, 0, 0), /version/),
  refused("a component", bytesOf(0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0), /component/),
  refused("a truncated number", bytesOf(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 0xff, 0xff), /byte/),
  refused("a section that reaches past the end", bytesOf(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 0x7f), /past the end/),
  refused("trailing bytes", () => Uint8Array.from([...assemble(command("")), 0xde, 0xad]), /(?:)/),
  row(
    "call_indirect of a wrong type",
    `(module (memory (export "memory") 1) (table 1 funcref) (elem (i32.const 0) $f) (func $f (param i64)) (func (export "_start") (call_indirect (i32.const 0))))`,
    ends("trapped", /indirect_call/),
  ),
  row(
    "random_get of 4 GB",
    `(module (import "wasi_snapshot_preview1" "random_get" (func $r (param i32 i32) (result i32))) (memory (export "memory") 1) (func (export "_start") (if (i32.eqz (call $r (i32.const 0) (i32.const -1))) (then unreachable))))`,
    ends("completed"),
  ),
  row(
    "a pointer of 0xFFFFFFFF and a length that overflows, to every import that takes them",
    `(module (import "wasi_snapshot_preview1" "fd_write" (func $w (param i32 i32 i32 i32) (result i32)))
      (import "wasi_snapshot_preview1" "fd_read" (func $r (param i32 i32 i32 i32) (result i32)))
      (import "wasi_snapshot_preview1" "clock_time_get" (func $c (param i32 i64 i32) (result i32)))
      (memory (export "memory") 1)
      (data (i32.const 0) "\\ff\\ff\\ff\\ff\\ff\\ff\\ff\\7f")
      (func (export "_start")
        (if (i32.eqz (call $w (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 16))) (then unreachable))
        (if (i32.eqz (call $w (i32.const 1) (i32.const -1) (i32.const -1) (i32.const -1))) (then unreachable))
        (if (i32.eqz (call $r (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 65535))) (then unreachable))
        (if (i32.eqz (call $c (i32.const 0) (i64.const 0) (i32.const -4))) (then unreachable))))`,
    ends("completed"),
  ),
  refused(
    "an atomic instruction",
    () => assemble('(module (memory (export "memory") 1) (func (export "_start") (drop (i32.atomic.load (i32.const 0)))))'),
    /(?:)/,
  ),
  row(
    "the memory of the last guest",
    `(module (memory (export "memory") 4) (func (export "_start") (local i32) (loop (if (i32.load (local.get 0)) (then unreachable)) (br_if 0 (i32.lt_u (local.tee 0 (i32.add (local.get 0) (i32.const 4))) (i32.const 262140))))))`,
    ends("completed"),
  ),
  row(
    "an exit with a status, caught",
    `(module (import "wasi_snapshot_preview1" "proc_exit" (func $x (param i32))) (memory (export "memory") 1) (func (export "_start") (call $x (i32.const 7)) unreachable))`,
    ends("failed", /status 7/),
  ),
  {
    section: SECTION,
    attack: "a stack that overflows inside of an import",
    run: () => module(assemble(readFileSync(new URL("deep_recursion_into_the_host.wat", HOSTILE), "utf8")), { limits: TIGHT }),
    expect: contained,
  },
];
