import assert from "node:assert/strict";
import { test } from "node:test";
import { assemble } from "./assemble.ts";
import { readSections, writeModule } from "./binary.ts";
import { UnsupportedFeature } from "./code.ts";
import { meterModule } from "./meter.ts";
import { FUEL_MAX, filled, readMeter, STACK_BYTES, STACK_UNIT_BYTES } from "./meter-layout.ts";
import { outlineModule } from "./outline.ts";
import { OWN_EXPORTS } from "./rewrite.ts";

type Called = (...values: (number | bigint)[]) => unknown;

interface Ran {
  readonly value: unknown;
  readonly error: string | undefined;
  readonly fuel: number;
  readonly left: number;
  readonly stackIsOut: boolean;
  /** All of the stack is there again. */
  readonly balanced: boolean;
}

class Guest {
  readonly exports: WebAssembly.Exports;
  readonly meter: WebAssembly.Global;

  constructor(module: string | Uint8Array, imports: WebAssembly.Imports = {}) {
    const bytes = typeof module === "string" ? assemble(`(module ${module})`) : module;
    new WebAssembly.Module(bytes as Uint8Array<ArrayBuffer>);
    this.exports = new WebAssembly.Instance(new WebAssembly.Module(Uint8Array.from(meterModule(bytes))), imports).exports;
    this.meter = this.exports[OWN_EXPORTS.meter] as WebAssembly.Global;
  }

  /** Calls with `fuel` to spend. */
  run(fuel: number, name: string, ...values: (number | bigint)[]): Ran {
    this.meter.value = filled(fuel);
    return this.again(fuel, name, ...values);
  }

  /** Calls with what is left. */
  again(fuel: number, name: string, ...values: (number | bigint)[]): Ran {
    let value: unknown;
    let error: string | undefined;
    try {
      value = (this.exports[name] as Called)(...values);
    } catch (thrown) {
      error = thrown instanceof Error ? thrown.message : String(thrown);
    }
    const word = this.meter.value as bigint;
    const reading = readMeter(word);
    const balanced = (word & 0xf_ffffn) === BigInt(STACK_BYTES / STACK_UNIT_BYTES);
    return { value, error, fuel: fuel - reading.fuel, left: reading.fuel, stackIsOut: reading.stackIsOut, balanced };
  }
}

const COUNTDOWN = `(func $countdown (export "countdown") (param i32) (result i32)
  (loop (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
  (local.get 0))`;
/** local.get, i32.const, i32.sub, local.tee, br_if */
const ROUND = 5;

test("meterModule() charges each round of a loop with its instructions", () => {
  const guest = new Guest(COUNTDOWN);
  const spent = (rounds: number) => guest.run(1_000_000, "countdown", rounds).fuel;
  assert.equal(spent(11) - spent(1), 10 * ROUND);
  assert.equal(spent(10_001) - spent(1), 10_000 * ROUND);
});

test("meterModule() charges the branch that is taken, and what follows in any case", () => {
  const guest = new Guest(`(func (export "f") (param i32) (result i32) (local i32)
    (loop $once)
    (if (local.get 0) (then (local.set 1 (i32.const 7))) (else nop (local.set 1 (i32.add (i32.const 1) (i32.const 2)))))
    (block (br_if 0 (local.get 0)) (local.set 1 (i32.mul (local.get 1) (local.get 1))))
    (local.get 1))`);
  const [taken, other] = [guest.run(1000, "f", 1), guest.run(1000, "f", 0)];
  assert.deepEqual([taken.value, other.value], [7, 9]);
  // const, set against const, const, add, set; and get, get, mul, set that the first one jumps over.
  assert.equal(other.fuel - taken.fuel, 2 + 4);
});

test("meterModule() ends a guest in a trap at the head of a loop, and everything else that is called after", () => {
  const guest = new Guest(`${COUNTDOWN} (func (export "other") (param i32) (result i32) (call $countdown (local.get 0)))`);
  const ended = guest.run(1000, "countdown", 0); // 2^32 rounds
  assert.equal(ended.error, "unreachable");
  assert.ok(ended.left < 0 && ended.left >= -ROUND, String(ended.left));
  for (let i = 0; i < 3; i++) {
    const later = guest.again(1000, "other", 1);
    assert.equal(later.error, "unreachable");
    assert.ok(later.left < 0);
  }
  assert.equal(guest.run(1000, "other", 1).error, undefined);
});

test("meterModule() leaves no fuel before the host gives some", () => {
  const guest = new Guest(COUNTDOWN);
  assert.equal(guest.again(0, "countdown", 1).error, "unreachable");
});

test("meterModule() makes the start function one that the host calls", () => {
  const guest = new Guest(`(global $g (export "g") (mut i32) (i32.const 0)) (start $s)
    (func $s (loop (global.set $g (i32.add (global.get $g) (i32.const 1))) (br_if 0 (i32.lt_u (global.get $g) (i32.const 10)))))`);
  const value = () => (guest.exports["g"] as WebAssembly.Global).value;
  assert.equal(value(), 0);
  assert.equal(guest.run(20, OWN_EXPORTS.start).error, "unreachable");
  assert.equal(guest.run(1000, OWN_EXPORTS.start).error, undefined);
  assert.equal(value(), 10);
});

test("meterModule() ends recursion at the same depth whatever the compiler makes of it", () => {
  const guest = new Guest(`(global $depth (export "depth") (mut i32) (i32.const 0))
    (func $f (export "f") (param i32) (result i32)
      (global.set $depth (i32.add (global.get $depth) (i32.const 1)))
      (if (i32.ge_u (global.get $depth) (local.get 0)) (then (return (i32.const 0))))
      (i32.add (i32.const 1) (call $f (local.get 0))))`);
  const depth = guest.exports["depth"] as WebAssembly.Global;
  guest.meter.value = (1n << 50n) | 3000n;
  assert.throws(() => (guest.exports["f"] as Called)(1_000_000), /unreachable/);
  assert.equal(readMeter(guest.meter.value as bigint).stackIsOut, true);
  const reached = depth.value;
  for (let i = 0; i < 100; i++) {
    depth.value = 0;
    guest.run(1e9, "f", 500); // warm it up
  }
  depth.value = 0;
  guest.meter.value = (1n << 50n) | 3000n;
  assert.throws(() => (guest.exports["f"] as Called)(1_000_000), /unreachable/);
  assert.equal(depth.value, reached);
  depth.value = 0;
  // Sticky, as fuel is.
  assert.throws(() => (guest.exports["f"] as Called)(1), /unreachable/);
  assert.throws(() => (guest.exports["f"] as Called)(1), /unreachable/);
});

test("meterModule() takes more stack for a function with more locals, operands, parameters or results", () => {
  const deep = (wat: string) => {
    const guest = new Guest(`(global $n (export "n") (mut i32) (i32.const 0)) ${wat} (func (export "go") (call $start))`);
    guest.meter.value = (1n << 50n) | 3000n;
    assert.throws(() => (guest.exports["go"] as Called)(), /unreachable/);
    return (guest.exports["n"] as WebAssembly.Global).value as number;
  };
  const count = "(global.set $n (i32.add (global.get $n) (i32.const 1)))";
  const start = "(func $start (call $f))";
  const small = deep(`(func $f ${count} (call $f)) ${start}`);
  assert.ok(deep(`(func $f (local ${"i64 ".repeat(100)}) ${count} (call $f)) ${start}`) < small / 4);
  assert.ok(deep(`(func $f ${count} ${"(i32.const 1)".repeat(100)} (call $f) ${"drop ".repeat(100)}) ${start}`) < small / 4);
  const many = "i32 ".repeat(100);
  const passing = `(func $f (param ${many}) ${count} ${"(i32.const 1)".repeat(100)} (call $f))
    (func $start ${"(i32.const 1)".repeat(100)} (call $f))`;
  assert.ok(deep(passing) < small / 8);
  const returning = `(func $f (result ${many}) ${count} (call $f)) (func $start (call $f) ${"drop ".repeat(100)})`;
  assert.ok(deep(returning) < small / 6);
});

test("meterModule() gives back the stack of a tail call before it is made", () => {
  const guest = new Guest(`(table 2 funcref) (elem (i32.const 0) $g) (type $t (func (param i32) (result i32)))
    (func $f (export "f") (param i32) (result i32)
      (if (i32.eqz (local.get 0)) (then (return (i32.const 42))))
      (return_call $g (i32.sub (local.get 0) (i32.const 1))))
    (func $g (param i32) (result i32)
      (if (i32.eqz (local.get 0)) (then (return (i32.const 43))))
      (return_call_indirect (type $t) (i32.sub (local.get 0) (i32.const 1)) (i32.const 1)))
    (elem (i32.const 1) $f)`);
  const ran = guest.run(1e9, "f", 1_000_001);
  assert.deepEqual([ran.value, ran.error, ran.balanced], [43, undefined, true]);
  assert.ok(ran.fuel > 10_000_000);
  assert.equal(guest.run(1000, "f", 1_000_000).error, "unreachable");
});

test("meterModule() charges bulk operations by their size, unsigned, before they are done", () => {
  const guest = new Guest(`(memory (export "memory") 2) (data "abcdefgh") (table $t 100 funcref) (elem func $f $f $f)
    (func $f)
    (func (export "fill") (param i32) (memory.fill (i32.const 0) (i32.const 9) (local.get 0)))
    (func (export "copy") (param i32) (memory.copy (i32.const 8) (i32.const 0) (local.get 0)))
    (func (export "init") (param i32) (memory.init 0 (i32.const 0) (i32.const 0) (local.get 0)))
    (func (export "tablefill") (param i32) (table.fill $t (i32.const 0) (ref.null func) (local.get 0)))
    (func (export "tablecopy") (param i32) (table.copy $t $t (i32.const 0) (i32.const 0) (local.get 0)))
    (func (export "tableinit") (param i32) (table.init $t 0 (i32.const 0) (i32.const 0) (local.get 0)))`);
  const more = (name: string, size: number) => guest.run(1_000_000, name, size).fuel - guest.run(1_000_000, name, 0).fuel;
  assert.equal(more("fill", 80_000), 10_000);
  assert.equal(more("copy", 80_000), 10_000);
  assert.equal(more("init", 8), 1);
  assert.equal(more("tablefill", 100), 100);
  assert.equal(more("tablecopy", 100), 100);
  assert.equal(more("tableinit", 3), 3);
  // 2^32-1 bytes are many, not -1; and nothing was written before they were charged.
  const memory = new Uint8Array((guest.exports["memory"] as WebAssembly.Memory).buffer);
  memory.fill(0);
  assert.equal(guest.run(1_000_000, "fill", -1).error, "unreachable");
  assert.equal(guest.run(5_000, "fill", 80_000).error, "unreachable");
  assert.equal(memory.indexOf(9), -1);
});

test("meterModule() charges growth by its size, of which no more counts than can be given", () => {
  const guest = new Guest(`(memory 1 100) (table $t 1 200 funcref)
    (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
    (func (export "growtable") (param i32) (result i32) (table.grow $t (ref.null func) (local.get 0)))`);
  const none = guest.run(1e9, "grow", 0).fuel;
  const grown = guest.run(1e9, "grow", 10);
  assert.deepEqual([grown.value, grown.fuel - none], [1, 10 * 1024]);
  const refused = guest.run(1e9, "grow", -1);
  assert.deepEqual([refused.value, refused.fuel - none], [-1, 65_536 * 1024]);
  const tableNone = guest.run(1e9, "growtable", 0).fuel;
  assert.equal(guest.run(1e9, "growtable", 50).fuel - tableNone, 50);
  assert.equal(guest.run(1e9, "growtable", -1).fuel - tableNone, 10_000_000);
});

/** Spends on `n` rounds and then throws. */
const THROWING = `(tag $e (param i32)) ${COUNTDOWN}
  (func $throwing (param i32) (drop (call $countdown (local.get 0))) (throw $e (i32.const 5)))`;

/** Bodies that end with 5 on the stack after `$throwing` has thrown it. */
const LEGACY: Readonly<Record<string, string>> = {
  catch: "(try (result i32) (do (call $throwing (local.get 0)) (i32.const 0)) (catch $e))",
  catch_all: "(try (result i32) (do (call $throwing (local.get 0)) (i32.const 0)) (catch_all (i32.const 5)))",
  rethrow: `(try (result i32)
    (do (try (result i32) (do (call $throwing (local.get 0)) (i32.const 0)) (catch_all (rethrow 0))))
    (catch $e))`,
  delegate: `(try $l (result i32)
    (do (try (result i32) (do (call $throwing (local.get 0)) (i32.const 0)) (delegate $l)))
    (catch $e))`,
  "a throw of its own": "(try (result i32) (do (call $none (local.get 0)) (throw $e (i32.const 5))) (catch $e))",
};

for (const [name, body] of Object.entries(LEGACY)) {
  test(`meterModule() keeps count over an exception: ${name}`, () => {
    const guest = new Guest(`${THROWING} (func $none (param i32) (drop (call $countdown (local.get 0))))
      (func (export "f") (param i32) (result i32) (local i32) (local.set 1 ${body}) (i32.add (local.get 1) (call $countdown (i32.const 1))))`);
    checkCaught(guest);
  });
}

/** What was spent before the exception counts, and the stack of those that it ended is there again. */
function checkCaught(guest: Guest): void {
  const [few, many] = [guest.run(1e9, "f", 10), guest.run(1e9, "f", 1010)];
  assert.deepEqual([few.value, few.error, few.balanced], [5, undefined, true]);
  assert.equal(many.fuel - few.fuel, 1000 * ROUND);
  assert.equal(guest.run(3000, "f", 1010).error, "unreachable");
}

// The text format of the library that tests are assembled with has no try_table.
const [PARAM, CALL_THROWING] = [
  [0x20, 0],
  [0x10, 1],
];
const TRY_TABLE: Readonly<Record<string, readonly number[]>> = {
  "to a block": [0x02, 0x7f, 0x1f, 0x40, 1, 0, 0, 0, ...PARAM, ...CALL_THROWING, 0x0b, 0x41, 0, 0x0b, 0x0b],
  "to a block that is also reached without": [
    ...[0x02, 0x7f, 0x1f, 0x40, 1, 0, 0, 0],
    ...[...PARAM, 0x45, 0x04, 0x40, 0x41, 9, 0x0c, 2, 0x0b],
    ...[...PARAM, ...CALL_THROWING, 0x0b, 0x41, 0, 0x0b, 0x0b],
  ],
  "to a loop": [
    // A second round, with the exception's value, leaves.
    ...[0x41, 0, 0x03, 1, 0x21, 1, 0x20, 1, 0x04, 0x40, 0x20, 1, 0x0f, 0x0b],
    ...[0x1f, 0x40, 1, 0, 0, 0, ...PARAM, ...CALL_THROWING, 0x0b, 0x41, 0, 0x0b, 0x0b],
  ],
  "to the function's own label": [0x1f, 0x40, 1, 0, 0, 0, ...PARAM, ...CALL_THROWING, 0x0b, 0x41, 0, 0x0b],
  "by reference, thrown again": [
    ...[0x02, 0x7f, 0x1f, 0x40, 1, 0, 0, 0],
    ...[0x02, 0x69, 0x1f, 0x40, 1, 3, 0, ...PARAM, ...CALL_THROWING, 0x0b, 0x00, 0x0b, 0x0a],
    ...[0x0b, 0x41, 0, 0x0b, 0x0b],
  ],
};

const HAS_TRY_TABLE = WebAssembly.validate(
  Uint8Array.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0, 10, 8, 1, 6, 0, 0x1f, 0x40, 0, 0x0b, 0x0b]),
);

for (const [name, body] of Object.entries(TRY_TABLE)) {
  const skip = HAS_TRY_TABLE ? false : "this line's compiler has no try_table yet";
  test(`meterModule() keeps count over an exception that try_table sends ${name}`, { skip }, () => {
    const module = assemble(`(module ${THROWING} (func (export "f") (param i32) (result i32) (local i32) i32.const 0))`);
    checkCaught(new Guest(withBody(module, [1, 1, 0x7f, ...body])));
  });
}

/** Replaces the last function's body. */
function withBody(module: Uint8Array, body: readonly number[]): Uint8Array {
  const { sections, types } = outlineModule(module);
  const code = sections.find((section) => section.id === 10);
  assert.ok(code);
  assert.equal(types[1], "i>i"); // which the loop's block names
  const bodies: Uint8Array[] = [];
  for (let at = code.start + 1; at < code.end; ) {
    const size = module[at] as number;
    bodies.push(module.subarray(at, at + 1 + size));
    at += 1 + size;
  }
  const contents = [bodies.length, ...bodies.slice(0, -1).flatMap((one) => [...one]), body.length, ...body];
  return Uint8Array.from([...module.subarray(0, code.start - 2), 10, contents.length, ...contents, ...module.subarray(code.end)]);
}

test("meterModule() does not let a guest catch its end", () => {
  const guest = new Guest(
    `(func $spin (loop (br 0))) (func (export "f") (result i32) (try (result i32) (do (call $spin) (i32.const 1)) (catch_all (i32.const 2))))`,
  );
  const ended = guest.run(10_000, "f");
  assert.equal(ended.error, "unreachable");
  assert.ok(ended.left < 0);
});

test("meterModule() keeps count over calls out and back in", () => {
  const back: { call: (n: number) => number } = { call: () => 0 };
  const guest = new Guest(
    `(import "env" "out" (func $out (param i32) (result i32))) ${COUNTDOWN}
     (func (export "f") (param i32) (result i32) (call $out (local.get 0)))`,
    { env: { out: (n: number) => back.call(n) } },
  );
  back.call = (n) => (guest.exports["countdown"] as Called)(n) as number;
  const [few, many] = [guest.run(1e6, "f", 10), guest.run(1e6, "f", 1010)];
  assert.equal(many.fuel - few.fuel, 1000 * ROUND);
  assert.equal(many.balanced, true);
  back.call = () => 0;
  assert.ok(guest.run(1e6, "f", 1).fuel > 100, "an imported function costs more than one of its own");
});

test("meterModule() tells within one round what a guest has spent that ended in a trap of its own", () => {
  const guest = new Guest(`(func (export "f") (param i32) (result i32)
    (loop (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))) (i32.div_s (i32.const 1) (local.get 0)))`);
  const ran = guest.run(1e6, "f", 1000);
  assert.equal(ran.error, "divide by zero");
  assert.ok(ran.fuel > 999 * ROUND && ran.fuel < 1000 * ROUND + 50, String(ran.fuel));
});

test("meterModule() keeps values on the stack at the ends of blocks, of every type and number", () => {
  const guest = new Guest(`(func (export "f") (param i32) (result f64) (local f64)
    f64.const 1.5
    i64.const 7
    (block (param i64) (result i64 f32)
      f32.const 2.5
      (br_if 0 (local.get 0))
      drop
      drop
      i64.const 70
      f32.const 25)
    (if (param i64 f32) (result f64) (i32.eq (local.get 0) (i32.const 2))
      (then f64.promote_f32 f64.const 1000 f64.add return)
      (else f64.promote_f32 local.set 1 drop local.get 1))
    f64.add)`);
  assert.deepEqual(
    [0, 1, 2].map((n) => guest.run(1000, "f", n).value),
    [26.5, 4, 1002.5],
  );
});

test("meterModule() charges moving many values", () => {
  const many = "i32 ".repeat(800);
  const loop = (types: string, values: string) => `(func (export "f") (param i32) ${values}
    (loop ${types === "" ? "" : `(param ${types})`} (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))) ${values === "" ? "" : "drop ".repeat(800)}))`;
  const round = (guest: Guest) => (guest.run(1e6, "f", 11).fuel - guest.run(1e6, "f", 1).fuel) / 10;
  assert.equal(round(new Guest(loop("", ""))), ROUND);
  assert.equal(round(new Guest(loop(many, "(i32.const 1)".repeat(800)))), ROUND + 100);
});

test("meterModule() makes the same bytes of the same module", () => {
  const bytes = assemble(`(module ${THROWING} (memory 1) (func (export "f") (memory.fill (i32.const 0) (i32.const 0) (i32.const 5))))`);
  assert.deepEqual(meterModule(bytes), meterModule(bytes.slice()));
});

const REFUSED: readonly (readonly [string, string | readonly (readonly [section: number, bytes: readonly number[]])[], RegExp])[] = [
  ["atomic instructions", "(memory 1) (func (drop (i32.atomic.load (i32.const 0))))", /i32\.atomic\.load|threads/],
  ["a shared memory that nothing looks at", "(memory 1 1 shared)", /a shared memory \(threads\)/],
  ["a memory of 64 bits that is looked at", "(memory i64 1) (func (drop (i32.load (i64.const 0))))", /a 64-bit memory \(memory64\)/],
  ["an imported memory of 64 bits", '(import "m" "m" (memory i64 1))', /a 64-bit memory \(memory64\)/],
  ["a table of 64 bits", [[4, [1, 0x70, 4, 1]]], /a 64-bit table \(memory64\)/],
  ["two memories that nothing looks at", [[5, [2, 0, 1, 0, 1]]], /several memories \(multi-memory\)/],
];
for (const [what, module, message] of REFUSED) {
  test(`meterModule() refuses ${what}, by name, though V8 would take it`, () => {
    const bytes =
      typeof module === "string" ? assemble(`(module ${module})`) : writeModule(assemble("(module)"), [], bytesOfSections(module));
    assert.ok(WebAssembly.validate(bytes as Uint8Array<ArrayBuffer>));
    assert.throws(
      () => meterModule(bytes),
      (error) => error instanceof UnsupportedFeature && message.test(error.message),
    );
  });
}

function bytesOfSections(sections: readonly (readonly [number, readonly number[]])[]): Map<number, Uint8Array> {
  return new Map(sections.map(([id, contents]) => [id, Uint8Array.from(contents)]));
}

test("meterModule() keeps the value that a table's entries start with", () => {
  const text = `(module (func (export "seven") (result i32) (i32.const 7))
    (func (export "at") (param i32) (result i32) (call_indirect (result i32) (local.get 0))))`;
  const own = writeModule(assemble(text), readSections(assemble(text)), bytesOfSections([[4, [1, 0x40, 0, 0x70, 0, 3, 0xd2, 0, 0x0b]]]));
  const guest = new Guest(own);
  assert.equal(guest.run(1000, "at", 2).value, 7);
  assert.match(guest.run(1000, "at", 3).error ?? "", /out of bounds/);
});

test("meterModule() refuses a function that would become too large for memory and compiler, before it does", () => {
  const guest = assemble("(module (func (loop)))");
  const [code] = outlineModule(guest).sections.filter((section) => section.id === 10);
  assert.ok(code);
  const leb = (value: number) => [(value & 127) | 128, ((value >> 7) & 127) | 128, ((value >> 14) & 127) | 128, value >> 21];
  const loops = Uint8Array.from({ length: 3 * 500_000 }, (_, i) => [0x03, 0x40, 0x0b][i % 3] as number);
  const size = 1 + loops.length + 1;
  const module = [...guest.subarray(0, code.start - 2), 10, ...leb(size + 5), 1, ...leb(size), 0];
  const bytes = new Uint8Array(module.length + loops.length + 1);
  bytes.set(module);
  bytes.set(loops, module.length);
  bytes[bytes.length - 1] = 0x0b;
  assert.ok(WebAssembly.validate(bytes));
  assert.throws(() => meterModule(bytes), /over 400000 branches/);
});

test("readMeter() reads what filled() made, up to FUEL_MAX", () => {
  for (const fuel of [0, 1, 1_000_000, FUEL_MAX]) assert.deepEqual(readMeter(filled(fuel)), { fuel, stackIsOut: false });
});
