import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import type { GuestReport } from "./outcome.ts";
import type { Guest } from "./request.ts";
import { Sandbox } from "./sandbox.ts";
import { assemble } from "./wasm/assemble.ts";
import { STACK_BYTES } from "./wasm/meter-layout.ts";

const SEED = Uint8Array.from({ length: 32 }, (_, i) => i);
/** 2026-01-02T03:04:05Z */
const CLOCK_BASE_NS = 1_767_323_045_000_000_000n;

const module = (process: string, functions = ""): Guest => ({
  kind: "module",
  bytes: assemble(`(module (memory (export "memory") 2) (tag $e)
    (func (export "allocate") (param i32) (result i32) (i32.const 1024))
    (func (export "deallocate") (param i32 i32))
    (func $process (export "process") (param i32) (result i32) ${process})
    ${functions})`),
});

const SPIN = "(loop (br 0)) (local.get 0)";
/** Keeps the end from being seen by whoever can. */
const CATCHING = "(loop (try (do (call $process (local.get 0)) (drop)) (catch_all)) (br 0)) (local.get 0)";

/** Guests that do a little of everything that could differ from run to run: clocks, chance, hashes, garbage, exceptions, growth. */
const VARIED: Readonly<Record<string, Guest>> = {
  module: module("(drop (memory.grow (i32.const 3))) (memory.fill (i32.const 2000) (i32.const 65) (i32.const 50000)) (local.get 0)"),
  javascript: {
    kind: "javascript",
    code: `const seen = new Map();
      for (let i = 0; i < 3000; i++) { const o = { k: Math.random(), at: Date.now() }; o.self = o; seen.set("k" + (i % 50), o) }
      try { null.x } catch {}
      return [[...seen.values()].map((o) => o.k + o.at).reduce((a, b) => a + b), "x".repeat(1e6).length]`,
  },
  typescript: { kind: "typescript", code: "const n: number[] = inputs.list; return n.map((x): number => x * Math.random())" },
  python: {
    kind: "python",
    code: `import gc, json, random, re, time, uuid
class Node: pass
nodes = []
for i in range(2000):
    n = Node(); n.self = n; n.t = time.time(); n.r = random.random(); nodes.append(n)
del nodes[::2]
gc.collect()
time.sleep(0.002)
words = {str(uuid.uuid4()) for _ in range(100)} | {hash(str(i)) % 97 for i in range(50)}
return [len(words), sum(n.r for n in nodes), time.time(), time.monotonic(), len("x" * 3000000), re.sub("a+", "b", json.dumps(["aa"] * 500))[:9]]`,
  },
};

const times = (count: number, text: (i: number) => string) => Array.from({ length: count }, (_, i) => text(i)).join(" ");
const SUM = times(499, () => "i64.add");
/** Functions `$f` that call themselves, with as much as can be alive over the call. */
const FRAMES: Readonly<Record<string, string>> = {
  locals: `(func $f (result i32) (local ${times(500, () => "i64")})
    ${times(500, (i) => `(local.set ${i} (i64.load (i32.const ${i * 8})))`)} (drop (call $f))
    ${times(500, (i) => `(local.get ${i})`)} ${SUM} i32.wrap_i64)`,
  operands: `(func $f (result i32) ${times(500, (i) => `(i64.load (i32.const ${i * 8}))`)} (drop (call $f)) ${SUM} i32.wrap_i64)`,
  vectors: `(func $f (result i32) ${times(500, (i) => `(v128.load (i32.const ${i * 16}))`)} (drop (call $f))
    ${times(499, () => "i64x2.add")} (i32x4.extract_lane 0))`,
  parameters: `(func $g (param ${times(500, () => "i64")}) (result i32) ${times(500, (i) => `(i64.add (local.get ${i}) (i64.const 1))`)} (drop (call $g))
    ${times(500, (i) => `(local.get ${i})`)} ${SUM} i32.wrap_i64)
    (func $f (result i32) ${times(500, () => "(i64.const 1)")} (call $g))`,
  results: `(func $g (result ${times(500, () => "i64")}) (call $g)) (func $f (result i32) (call $g) ${SUM} i32.wrap_i64)`,
};

const HOMES = ["process", "thread"] as const;
const spent = new Map<string, number>();

for (const home of HOMES) {
  suite(`Sandbox with fuel, in a ${home}`, () => {
    let sandbox: Sandbox;
    const run = (guest: Guest, fuel: number | undefined, input: unknown = "text"): Promise<GuestReport> =>
      sandbox.run({
        guest,
        input: input as string,
        isolationKey: "fuel",
        limits: fuel === undefined ? {} : { fuel },
        clockBaseNs: CLOCK_BASE_NS,
        randomSeed: SEED,
      });
    before(() => {
      sandbox = new Sandbox({ home, cells: 1, warm: "none" });
    });
    after(() => sandbox[Symbol.asyncDispose]());

    for (const [name, guest] of Object.entries(VARIED)) {
      test(`run() spends the same fuel for the same ${name}, run after run and in every kind of cell`, async () => {
        const input = guest.kind === "module" ? "text" : { list: [1, 2, 3] };
        const reports: GuestReport[] = [];
        for (let i = 0; i < 3; i++) reports.push(await run(guest, 1e10, input));
        const [first] = reports as [GuestReport];
        assert.equal(first.outcome.kind, "completed", JSON.stringify(first.outcome));
        const { fuel } = first.usage;
        assert.ok(fuel !== undefined && fuel > 0);
        for (const { outcome, usage } of reports) assert.deepEqual([outcome, usage.fuel], [first.outcome, fuel]);
        assert.equal(spent.get(name) ?? fuel, fuel, "in the other kind of cell");
        spent.set(name, fuel);
        // Exactly enough is enough, and one less is not.
        assert.equal((await run(guest, fuel, input)).outcome.kind, "completed");
        const short = await run(guest, fuel - 1, input);
        assert.ok(short.outcome.kind === "exhausted" && short.outcome.limit === "fuel", JSON.stringify(short.outcome));
      });
    }

    for (const [name, guest] of Object.entries({
      module: module(SPIN),
      "module that catches": module(CATCHING),
      javascript: { kind: "javascript", code: "for (;;) { try { for (;;); } catch {} finally {} }" },
      python: { kind: "python", code: "while True:\n  try:\n    while True: pass\n  except BaseException: pass" },
    } satisfies Record<string, Guest>)) {
      test(`run() ends an endless ${name} where its fuel ends, and the next guest is well`, async () => {
        const { outcome, usage } = await run(guest, 30_000_000);
        assert.ok(outcome.kind === "exhausted", JSON.stringify(outcome));
        // The one that catches calls itself: whichever of the two runs out first, it can't be caught.
        assert.equal(outcome.limit, name === "module that catches" ? "stack" : "fuel");
        if (outcome.limit === "fuel") assert.equal(outcome.max, 30_000_000);
        assert.equal(spent.get(`endless ${name}`) ?? usage.fuel, usage.fuel);
        spent.set(`endless ${name}`, usage.fuel ?? 0);
        const next = await run(module("(local.get 0)"), 1_000, "well");
        assert.deepEqual(next.outcome, { kind: "completed", output: "well" });
      });
    }

    test("run() ends recursion at the same depth as everywhere", async () => {
      const recursing = module("(i32.add (i32.const 1) (call $process (local.get 0)))");
      const [cold, warm] = [await run(recursing, 1e9), await run(recursing, 1e9)];
      assert.ok(cold.outcome.kind === "exhausted" && cold.outcome.limit === "stack", JSON.stringify(cold.outcome));
      assert.deepEqual([warm.outcome, warm.usage.fuel], [cold.outcome, cold.usage.fuel]);
      assert.equal(spent.get("depth") ?? cold.usage.fuel, cold.usage.fuel);
      spent.set("depth", cold.usage.fuel ?? 0);
      const python = await run({ kind: "python", code: "def f(n): return f(n + 1)\nreturn f(0)" }, 1e10);
      assert.ok(python.outcome.kind === "exhausted" && python.outcome.limit === "stack");
      assert.equal(python.outcome.error?.name, "RecursionError", "the language's own limit comes first");
    });

    for (const [name, functions] of Object.entries(FRAMES)) {
      test(`run() counts the stack of functions with many ${name} before V8's is used up`, async () => {
        for (let i = 0; i < 2; i++) {
          const { outcome } = await run(module("(call $f)", functions), 1e10);
          assert.deepEqual(outcome, { kind: "exhausted", limit: "stack", used: STACK_BYTES, max: STACK_BYTES });
        }
      });
    }

    test("run() has a metered guest's clocks go by what it spends and sleeps", async () => {
      const code = "import time\na = time.monotonic_ns()\ntime.sleep(0.25)\nb = time.monotonic_ns()\nreturn [time.time(), b - a]";
      const { outcome } = await run({ kind: "python", code }, 1e10, {});
      assert.ok(outcome.kind === "completed");
      const [now, slept] = outcome.output as [number, number];
      assert.ok(now > Number(CLOCK_BASE_NS) / 1e9 && now < Number(CLOCK_BASE_NS) / 1e9 + 2, String(now));
      assert.ok(slept >= 250_000_000 && slept < 300_000_000, String(slept));
    });

    test("run() meters nothing where there is no limit", async () => {
      const plain = await run({ kind: "python", code: "return 1" }, undefined, {});
      assert.equal(plain.outcome.kind, "completed");
      assert.ok(!("fuel" in plain.usage));
      assert.ok(!("fuel" in (await run(module("(local.get 0)"), undefined)).usage));
    });
  });
}

test("run() refuses fuel that can't be counted", async () => {
  await using sandbox = new Sandbox({ home: "thread", cells: 1, warm: "none", spare: 0 });
  const asking = (fuel: number) => sandbox.run({ guest: module("(local.get 0)"), isolationKey: "fuel", limits: { fuel } });
  await assert.rejects(asking(0), { code: "LIMIT_INVALID" });
  await assert.rejects(asking(1.5), { code: "LIMIT_INVALID" });
  await assert.rejects(asking(9e12), { code: "LIMIT_ABOVE_CAP" });
});
