import assert from "node:assert/strict";
import { test } from "node:test";
import { trap } from "./trap.ts";

/** Imports `m.f`, exports `go`, which calls it and returns 7 if it caught anything and 1 if the call returned. */
function catcher(body: readonly number[], f: () => void): () => unknown {
  const module = Uint8Array.of(
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...[1, 8, 2, 0x60, 0, 0, 0x60, 0, 1, 0x7f],
    ...[2, 7, 1, 1, 0x6d, 1, 0x66, 0, 0],
    ...[3, 2, 1, 1],
    ...[7, 6, 1, 2, 0x67, 0x6f, 0, 1],
    ...[10, 2 + body.length, 1, body.length, ...body],
  );
  return new WebAssembly.Instance(new WebAssembly.Module(module), { m: { f } }).exports["go"] as () => unknown;
}

const CATCH_ALL: Record<string, readonly number[]> = {
  // try (call 0) catch_all (return 7) end, 1
  catch_all: [0, 0x06, 0x40, 0x10, 0, 0x19, 0x41, 7, 0x0f, 0x0b, 0x41, 1, 0x0b],
  // block (try_table (catch_all 0) (call 0) end, return 1) end, 7
  "try_table (catch_all)": [0, 0x02, 0x40, 0x1f, 0x40, 1, 2, 0, 0x10, 0, 0x0b, 0x41, 1, 0x0f, 0x0b, 0x41, 7, 0x0b],
};

for (const [name, body] of Object.entries(CATCH_ALL)) {
  test(`trap() is not caught by ${name}, which does catch what JavaScript throws`, () => {
    const throwing = () => {
      throw new WebAssembly.RuntimeError("made by hand");
    };
    assert.equal(catcher(body, throwing)(), 7);
    assert.throws(catcher(body, trap), WebAssembly.RuntimeError);
  });

  test(`trap() is not caught by ${name} after it went through frames of JavaScript`, () => {
    const through = () => {
      try {
        trap();
      } finally {
        Math.abs(1);
      }
    };
    assert.throws(catcher(body, through), WebAssembly.RuntimeError);
  });
}
