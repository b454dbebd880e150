import { globSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { assemble } from "./assemble.ts";

const GUESTS = new URL("../../../../guests/", import.meta.url);
/** A larger one is changed mostly where nothing is. */
const BYTES_MAX = 40_000;

/** The small programs of guests/, compiled. */
const MODULES: readonly Uint8Array<ArrayBuffer>[] = globSync("{modules,wasi}/**/*.{wasm,wat}", { cwd: GUESTS })
  .sort()
  .map((file) => {
    const url = new URL(file, GUESTS);
    return file.endsWith(".wat") ? assemble(readFileSync(url, "utf8")) : Uint8Array.from(readFileSync(url));
  })
  .filter(({ length }) => length <= BYTES_MAX);

/** Where, how much of what is there goes, and what comes in its place. */
const byte = fc.oneof(
  { weight: 3, arbitrary: fc.nat(255) },
  // What numbers, sections, types and instructions are made of.
  fc.constantFrom(0, 1, 2, 3, 4, 10, 0x0b, 0x10, 0x11, 0x20, 0x3f, 0x40, 0x41, 0x60, 0x6f, 0x70, 0x7b, 0x7f, 0x80, 0xfc, 0xfd, 0xff),
);
const change = fc.record({
  at: fc.oneof(fc.nat(200), fc.nat()),
  less: fc.oneof({ weight: 3, arbitrary: fc.constant(1) }, fc.nat(4), fc.nat(50)),
  more: fc.oneof({ weight: 3, arbitrary: byte.map((only) => [only]) }, fc.array(byte, { maxLength: 6 })),
});

/** For tests: modules of guests/ with a few bytes changed: in place most often, so that many are still modules. */
export const mutants: fc.Arbitrary<Uint8Array<ArrayBuffer>> = fc
  .tuple(
    fc.constantFrom(...MODULES),
    fc.oneof({ weight: 2, arbitrary: fc.array(change, { maxLength: 1 }) }, fc.array(change, { maxLength: 5 })),
  )
  .map(([module, changes]) => {
    let bytes: Uint8Array = module;
    for (const { at, less, more } of changes) {
      const from = at % (bytes.length + 1);
      bytes = Buffer.concat([bytes.subarray(0, from), Uint8Array.from(more), bytes.subarray(from + less)]);
    }
    return Uint8Array.from(bytes);
  });
