import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeUtf8, GuestMemory } from "./memory.ts";

const SIZE = 65_536;

function make() {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 4 });
  return { memory, guest: new GuestMemory(memory) };
}

const INSIDE: readonly [address: number, length: number][] = [
  [0, 0],
  [0, SIZE],
  [SIZE, 0],
  [SIZE - 1, 1],
];
const OUTSIDE: readonly [address: number, length: number][] = [
  [SIZE, 1],
  [0, SIZE + 1],
  [SIZE - 1, 2],
  [-1, 1],
  [-1, 0],
  [0, -1],
  [1, -1],
  [-1, -1],
  [0xffff_ffff, 1],
  [0xffff_fff0, 0x10],
  [0x8000_0000, 0x8000_0000],
  [-0x8000_0000, -0x8000_0000],
];

test("bytes() and view() give what lies in memory, and nothing of what doesn't", () => {
  const { guest } = make();
  for (const [address, length] of INSIDE) {
    assert.equal(guest.bytes(address, length)?.length, length);
    assert.equal(guest.view(address, length)?.byteLength, length);
  }
  for (const [address, length] of OUTSIDE) {
    assert.equal(guest.bytes(address, length), undefined, `${address}, ${length}`);
    assert.equal(guest.view(address, length), undefined, `${address}, ${length}`);
  }
});

test("bytes() and view() are of the memory as it is now, also after it grew", () => {
  const { memory, guest } = make();
  assert.equal(guest.bytes(0, 1)?.length, 1);
  memory.grow(1);
  const bytes = guest.bytes(SIZE, SIZE);
  assert.ok(bytes);
  bytes[0] = 7;
  assert.equal(guest.view(SIZE, 1)?.getUint8(0), 7);
  assert.equal(new Uint8Array(memory.buffer)[SIZE], 7);
});

test("untilNul() copies up to a bound, and never past the end", () => {
  const { memory, guest } = make();
  const all = new Uint8Array(memory.buffer);
  all.set([1, 2, 3, 0], 100);
  const copy = guest.untilNul(100, 3);
  assert.deepEqual(copy, Uint8Array.of(1, 2, 3));
  all[100] = 9;
  assert.deepEqual(copy, Uint8Array.of(1, 2, 3));
  assert.equal(guest.untilNul(100, 2), undefined, "too long");
  assert.deepEqual(guest.untilNul(103, 10), new Uint8Array(0));
  all.fill(1, SIZE - 10);
  for (const address of [SIZE - 10, SIZE - 1, SIZE, -1, -0x8000_0000])
    assert.equal(guest.untilNul(address, 100), undefined, String(address));
});

test("decodeUtf8() refuses what isn't UTF-8 rather than make it another text", () => {
  assert.equal(decodeUtf8(Uint8Array.of(0xc3, 0xbc)), "ü");
  assert.equal(decodeUtf8(Uint8Array.of(0xef, 0xbb, 0xbf, 0x61)), "\ufeffa");
  for (const bytes of [[0xff], [0xc3], [0xed, 0xa0, 0x80], [0xc0, 0x80], [0xf4, 0x90, 0x80, 0x80]]) {
    assert.equal(decodeUtf8(Uint8Array.from(bytes)), undefined, bytes.join());
  }
});
