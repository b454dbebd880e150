import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { after, test } from "node:test";
import type { LimitName } from "../limits.ts";
import type { Outcome } from "../outcome.ts";
import { Sandbox } from "../sandbox.ts";
import { assemble } from "../wasm/assemble.ts";
import { encodeName, encodeU32, encodeVector, joinBytes, KIND, SECTION, writeModule } from "../wasm/binary.ts";

const MODULES = new URL("../../../../guests/modules/", import.meta.url);

/** The hostile guests that somebody else has to end. How all others end is in module.test.ts; here it is shown that they leave nothing. */
const ENDED: Readonly<Record<string, LimitName>> = {
  cpu_bomber: "cpu",
  endless_loop: "cpu",
  endless_loop_in_deallocate: "cpu",
  endless_loop_in_start: "cpu",
  log_flood: "log",
};

const sandbox = new Sandbox({ cells: 1, spare: 0, warm: "none" });
after(() => sandbox[Symbol.asyncDispose]());

const HELLO = { kind: "module", bytes: readFileSync(new URL("hello_world/hello_world.wasm", MODULES)), name: "hello_world" } as const;

async function run(name: string): Promise<Outcome> {
  const bytes = assemble(readFileSync(new URL(`hostile/${name}.wat`, MODULES), "utf8"));
  const limits = { cpuMs: 200, memoryBytes: 2 ** 22, logBytes: 20_000, outputBytes: 20_000 };
  const { outcome } = await sandbox.run({ guest: { kind: "module", bytes, name }, input: "hello", limits, isolationKey: "hostile" });
  return outcome;
}

for (const file of readdirSync(new URL("hostile/", MODULES)).sort()) {
  const name = file.replace(".wat", "");
  test(`run() contains guests/modules/hostile/${file}`, async () => {
    const outcome = await run(name);
    const said = JSON.stringify(outcome);
    const limit = ENDED[name];
    if (limit) assert.ok(outcome.kind === "exhausted" && outcome.limit === limit, said);
    else if (outcome.kind === "trapped") assert.ok(outcome.trap !== "cell_died" && outcome.trap !== "protocol", said);
    else assert.ok(outcome.kind !== "cancelled" && outcome.kind !== "refused", said);
    // The next guest of the same key, in the same cell or its replacement.
    const next = await sandbox.run({ guest: HELLO, input: "hello", isolationKey: "hostile" });
    assert.deepEqual(next.outcome, { kind: "completed", output: "hello-wasm" });
    if (name === "traces") assert.deepEqual(await run(name), { kind: "completed", output: "clean" });
  });
}

test("run() refuses a module that its compiler refuses, and says where, as the guest's failure", async () => {
  const bytes = assemble('(module (memory (export "memory") 1) (func (export "_start") i32.add))');
  const { outcome } = await sandbox.run({ guest: { kind: "module", bytes, name: "wrong" }, isolationKey: "hostile" });
  assert.ok(outcome.kind === "failed" && outcome.error.name === "ModuleRefused");
  assert.match(outcome.error.message, /^Cannot load module "/);
});

/**
 * A command of `depth` blocks within each other, each of `arity` values, and one branch to all of them: the compiler checks `depth * arity`
 * values, several times, and keeps them in memory.
 */
function compileBomb(depth: number, arity: number): Uint8Array {
  const type = [0x60, 0, ...encodeU32(arity), ...Array<number>(arity).fill(0x7f)];
  const body = joinBytes([
    [0], // locals
    Array(depth).fill([0x02, 1]).flat(),
    Array(arity).fill([0x41, 0]).flat(),
    [0x41, 0, 0x0e, ...encodeU32(depth - 1)],
    ...Array.from({ length: depth }, (_, label) => encodeU32(label)),
    Array<number>(depth).fill(0x0b),
    Array<number>(arity).fill(0x1a),
    [0x0b],
  ]);
  return writeModule(
    assemble("(module)"),
    [],
    new Map([
      [SECTION.type, encodeVector([[0x60, 0, 0], type])],
      [SECTION.function, Uint8Array.of(1, 0)],
      [SECTION.memory, Uint8Array.of(1, 0, 1)],
      [
        SECTION.export,
        encodeVector([
          [...encodeName("memory"), KIND.memory, 0],
          [...encodeName("_start"), KIND.function, 0],
        ]),
      ],
      [SECTION.code, joinBytes([[1], encodeU32(body.length), body])],
    ]),
  );
}

test("run() counts compiling among what a guest may use: CPU", async () => {
  const guest = { kind: "module", bytes: compileBomb(20_000, 1000) } as const;
  const { outcome } = await sandbox.run({ guest, limits: { cpuMs: 100 }, isolationKey: "hostile" });
  assert.ok(outcome.kind === "exhausted" && outcome.limit === "cpu", JSON.stringify(outcome));
  const small = await sandbox.run({ guest: { kind: "module", bytes: compileBomb(20, 10) }, isolationKey: "hostile" });
  assert.deepEqual(small.outcome, { kind: "completed", output: null }, "it is the size that matters");
});

test("run() counts compiling among what a guest may use: memory of the compiler", {
  skip: process.platform !== "linux" && "not measured",
}, async () => {
  const guest = { kind: "module", bytes: compileBomb(65_000, 1000) } as const;
  const { outcome } = await sandbox.run({ guest, limits: { cpuMs: 60_000, wallMs: 60_000 }, isolationKey: "hostile" });
  assert.ok(outcome.kind === "exhausted" && outcome.limit === "memory", JSON.stringify(outcome));
});
