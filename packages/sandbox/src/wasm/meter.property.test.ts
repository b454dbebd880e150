import assert from "node:assert/strict";
import { property } from "../../../../fuzz/property.ts";
import { COUNTED, countModule } from "./count.fixture.ts";
import { meterModule } from "./meter.ts";
import { FUEL_MAX, filled, readMeter } from "./meter-layout.ts";
import { programs } from "./program.fixture.ts";
import { OWN_EXPORTS } from "./rewrite.ts";

type Called = (a: number, b: number) => number;

const FUEL = FUEL_MAX - 1;

interface Ran {
  readonly outcome: string;
  readonly fuel: number;
  readonly stackLeft: bigint;
}

/** Calls every function of one instance in turn, whatever they do to its memory. */
function runAll(bytes: Uint8Array<ArrayBuffer>, inputs: readonly (readonly [number, number])[]): Ran[] {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes));
  const meter = exports[OWN_EXPORTS.meter] as WebAssembly.Global | undefined;
  const memory = exports["memory"] as WebAssembly.Memory;
  return Object.keys(exports)
    .filter((name) => /^f\d/.test(name))
    .flatMap((name) =>
      inputs.map(([a, b]) => {
        if (meter) meter.value = filled(FUEL);
        let outcome: string;
        try {
          outcome = String((exports[name] as Called)(a, b));
        } catch (error) {
          outcome = error instanceof Error ? error.message : String(error);
        }
        const bytes = Buffer.from(memory.buffer);
        outcome += ` ${bytes.length} ${bytes.subarray(0, 2048).toString("base64")}`;
        const counted = exports[COUNTED] as WebAssembly.Global | undefined;
        if (counted) {
          const fuel = Number(counted.value as bigint);
          counted.value = 0n;
          return { outcome, fuel, stackLeft: 0n };
        }
        const value = (meter?.value as bigint | undefined) ?? 0n;
        return { outcome, fuel: meter ? FUEL - readMeter(value).fuel : 0, stackLeft: value & 0xf_ffffn };
      }),
    );
}

const INPUTS = [
  [0, 0],
  [1, -1],
  [7, 3],
] as const;

const seen = { completed: 0, trapped: 0, thrown: 0 };

property(
  "meterModule() leaves what programs do as it is, and they spend the same whenever they run",
  400,
  [programs],
  ({ bytes, throws }) => {
    const plain = runAll(bytes, INPUTS);
    const metered = runAll(Uint8Array.from(meterModule(bytes)), INPUTS);
    assert.deepEqual(
      metered.map((run) => run.outcome),
      plain.map((run) => run.outcome),
    );
    const again = runAll(Uint8Array.from(meterModule(bytes)), INPUTS);
    assert.deepEqual(again, metered);
    const counted = runAll(countModule(bytes), INPUTS);
    metered.forEach(({ outcome, fuel }, i) => {
      const executed = (counted[i] as Ran).fuel;
      assert.equal((counted[i] as Ran).outcome, outcome);
      // An exception leaves stretches that were charged as a whole; a trap leaves the last one uncharged.
      if (/^-?\d+ /.test(outcome)) assert.ok(throws ? fuel >= executed : fuel === executed, `${fuel} for ${executed}`);
    });
    for (const { outcome, stackLeft } of metered) {
      if (/^-?\d+ /.test(outcome)) {
        seen.completed++;
        assert.equal(stackLeft, filled(0) & 0xf_ffffn, "all of the stack was given back");
      } else if (outcome.includes("WebAssembly.Exception")) seen.thrown++;
      else seen.trapped++;
    }
  },
  () => assert.ok(Math.min(...Object.values(seen)) > 0, JSON.stringify(seen)),
);
