import assert from "node:assert/strict";
import fc from "fast-check";
import { property } from "../../../../fuzz/property.ts";
import { encodeI32Constant, encodeName, encodeU32, MalformedModule, Reader } from "./binary.ts";

/** What a reader's method came to: a value and where it stopped, or undefined where it refused. */
function read<T>(bytes: Uint8Array, by: (reader: Reader) => T): { value: T; at: number } | undefined {
  const reader = new Reader(bytes);
  try {
    return { value: by(reader), at: reader.at };
  } catch (error) {
    if (!(error instanceof MalformedModule)) throw error;
    return undefined;
  }
}

/** LEB128 as the specification has it: at most so many bits, and bits beyond them that say nothing else. */
function model(bytes: Uint8Array, bits: number, signed: boolean): { value: bigint; at: number } | undefined {
  const end = bytes.findIndex((byte) => byte < 0x80);
  if (end < 0 || end >= Math.ceil(bits / 7)) return undefined;
  const unsigned = bytes.subarray(0, end + 1).reduce((sum, byte, at) => sum + (BigInt(byte & 127) << BigInt(7 * at)), 0n);
  const value = signed ? BigInt.asIntN(7 * (end + 1), unsigned) : unsigned;
  const fits = signed ? BigInt.asIntN(bits, value) === value : BigInt.asUintN(bits, value) === value;
  return fits ? { value, at: end + 1 } : undefined;
}

/** Mostly long numbers whose last byte is at the edge. */
const numbers = fc
  .tuple(
    fc.array(fc.oneof(fc.constantFrom(0x80, 0xff), fc.integer({ min: 0x80, max: 0xff })), { maxLength: 11 }),
    fc.oneof(fc.constantFrom(0, 1, 0x07, 0x08, 0x0f, 0x10, 0x3f, 0x40, 0x70, 0x77, 0x78, 0x7e, 0x7f), fc.nat(255)),
    fc.uint8Array({ maxLength: 3 }),
  )
  .map(([head, last, rest]) => Uint8Array.from([...head, last, ...rest]));

property("Reader reads numbers as the specification has them, each of its ways alike", 1_000, [numbers], (bytes) => {
  const whole = (found: { value: number; at: number } | undefined) => found && { ...found, value: BigInt(found.value) };
  assert.deepEqual(whole(read(bytes, (reader) => reader.u32())), model(bytes, 32, false));
  assert.deepEqual(
    read(bytes, (reader) => reader.u64()),
    model(bytes, 64, false),
  );
  for (const bits of [32, 33, 64] as const)
    assert.deepEqual(
      read(bytes, (reader) => reader.signed(bits)),
      model(bytes, bits, true),
    );
  assert.deepEqual(whole(read(bytes, (reader) => reader.i32())), model(bytes, 32, true));
  assert.equal(read(bytes, (reader) => reader.skipI64())?.at, model(bytes, 64, true)?.at);
});

property("Reader reads what was written", 300, [fc.nat(2 ** 32 - 1), fc.string({ unit: "binary" })], (number, text) => {
  assert.equal(read(Uint8Array.from(encodeU32(number)), (reader) => reader.u32())?.value, number);
  const constant = Uint8Array.from(encodeI32Constant(number));
  assert.deepEqual(
    read(constant, (reader) => [reader.byte(), reader.i32(), reader.byte(), reader.done]),
    {
      value: [0x41, number | 0, 0x0b, true],
      at: constant.length,
    },
  );
  assert.equal(read(Uint8Array.from(encodeName(text)), (reader) => reader.name())?.value, text.toWellFormed());
});
