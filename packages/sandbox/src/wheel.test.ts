import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { GloveboxError } from "./error.ts";
import { type ZippedEntry, zip } from "./wheel.fixture.ts";
import { acceptPackages } from "./wheel.ts";

const NAME = "tiny-1.0-py3-none-any.whl";
const FINE: ZippedEntry[] = [
  { name: "tiny/__init__.py", content: "X = 1\n" },
  { name: "tiny/data.txt", content: "data", stored: true },
  { name: "single.py", content: "Y = 2\n" },
  { name: "tiny-1.0.dist-info/METADATA", content: "Name: tiny\n" },
];

function refusal(bytes: Uint8Array, name = NAME): string {
  try {
    acceptPackages([{ name, bytes }]);
  } catch (error) {
    assert.ok(error instanceof GloveboxError && error.code === "PACKAGE_REFUSED", String(error));
    return error.message;
  }
  return "accepted";
}

test("acceptPackages() tells what can be imported", () => {
  assert.deepEqual(acceptPackages([{ name: NAME, bytes: zip(FINE) }]).modules, ["tiny", "single"]);
  assert.deepEqual(acceptPackages([{ name: NAME, bytes: zip(FINE, { comment: "a comment" }) }]).modules, ["tiny", "single"]);
  assert.deepEqual(acceptPackages([{ name: NAME, bytes: zip([]) }]).modules, []);
  assert.deepEqual(acceptPackages([]).modules, []);
});

describe("acceptPackages() refuses", () => {
  const one = (entry: Partial<ZippedEntry>) => zip([...FINE, { name: "more.py", content: "Z = 3\n", ...entry }]);
  const cases: Readonly<Record<string, readonly [bytes: Uint8Array, why: RegExp]>> = {
    "a path that goes up": [one({ name: "../outside.py" }), /leads out of the package/],
    "a path that goes up further in": [one({ name: "a/../../outside.py" }), /leads out of the package/],
    "an absolute path": [one({ name: "/etc/passwd" }), /leads out of the package/],
    "a path with a drive": [one({ name: "C:/x.py" }), /a colon/],
    "a path with backslashes": [one({ name: "..\\x.py" }), /a backslash/],
    "a name with a NUL": [one({ name: "x.py\0.txt" }), /a control character/],
    "an empty name": [one({ name: "" }), /empty or too long/],
    "a long name": [one({ name: "x".repeat(2000) }), /empty or too long/],
    "a name that is no UTF-8": [one({ name: Uint8Array.of(0xff, 0x2e, 0x70, 0x79) }), /no text/],
    "a symbolic link": [one({ attributes: (0o120777 << 16) >>> 0 }), /is a link/],
    "a device": [one({ attributes: (0o020666 << 16) >>> 0 }), /no plain file/],
    "two entries of one name": [one({ name: "single.py" }), /twice/],
    "two entries that differ in case": [one({ name: "SINGLE.py" }), /twice/],
    "a directory of a file's name": [one({ name: "single.py/", content: "" }), /twice/],
    "names that are twins in Unicode": [zip([{ name: "\u00e9.py" }, { name: "e\u0301.py" }]), /twice/],
    "a bomb, by what it says": [one({ content: Buffer.alloc(10_000_000) }), /is said to become 10000000 bytes/],
    "many middling bombs": [
      zip(Array.from({ length: 200 }, (_, i) => ({ name: `f${i}.py`, content: "x", size: 1_000_000, packed: 3 }))),
      /is said to become|more than|not where/,
    ],
    "a stored entry of two sizes": [one({ stored: true, size: 7 }), /two sizes/],
    "another size in the entry itself": [one({ localSize: 7 }), /not where, or not what/],
    "another name in the entry itself": [one({ localName: "mord.py" }), /not where, or not what/],
    "an entry that is elsewhere": [one({ offset: 5 }), /not where, or not what/],
    "an entry behind the end": [one({ offset: 0xffff_0000 }), /not where, or not what/],
    "entries that share their bytes": [one({ name: "single.py2", localName: "single.py2", offset: 0 }), /not where, or not what/],
    "an encrypted entry": [one({ flags: 1 }), /encrypted/],
    "a compression that Python does not have": [one({ method: 14 }), /method 14/],
    "compiled code": [one({ name: "tiny/speed.cpython-314-x86_64-linux-gnu.so" }), /compiled for some machine/],
    "fewer entries than it says": [zip(FINE, { count: 5 }), /malformed/],
    "more entries than it says": [zip(FINE, { count: 3 }), /malformed/],
    "the 64-bit format": [zip(FINE, { count: 0xffff }), /64-bit/],
    "too many entries": [zip(FINE, { count: 9000 }), /9000 entries/],
    "no zip file": [new TextEncoder().encode("PK, but nothing else"), /no zip file/],
    "nothing at all": [new Uint8Array(), /no zip file/],
    "bytes behind the end": [Uint8Array.from([...zip(FINE), 0]), /no zip file/],
    "bytes in front": [Uint8Array.from([0, ...zip(FINE)]), /does not stand before its end/],
  };
  for (const [what, [bytes, why]] of Object.entries(cases)) {
    test(what, () => assert.match(refusal(bytes), why));
  }

  test("entries of which one is inside of the other", () => {
    const inner = zip([{ name: "a.py", content: "A = 1", stored: true }]);
    const outer = zip([
      { name: "b.py", content: inner, stored: true },
      { name: "a.py", content: "A = 1", stored: true, offset: 34 },
    ]);
    assert.match(refusal(outer), /share bytes/);
  });

  test("names that are no wheel's, names given twice, and more wheels than anybody has", () => {
    for (const name of ["tiny.zip", "../tiny.whl", "a/b.whl", ".whl", "tiny\0.whl", "", "x".repeat(300)]) {
      assert.match(refusal(zip(FINE), name), /not that of a wheel/, name);
    }
    const given = { name: NAME, bytes: zip(FINE) };
    assert.throws(() => acceptPackages([given, given]), /two of the name/);
    assert.throws(() => acceptPackages(Array.from({ length: 33 }, (_, i) => ({ ...given, name: `p${i}.whl` }))), /33, and 32 are allowed/);
  });
});

test("acceptPackages() takes any bytes for what they are", () => {
  const whole = zip(FINE);
  let state = 11;
  const random = (below: number) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 8) % below;
  };
  for (let round = 0; round < 5000; round++) {
    const bytes = whole.slice(0, round % 3 === 0 ? random(whole.length) : whole.length);
    for (let i = random(4); i >= 0 && bytes.length > 0; i--) bytes[random(bytes.length)] = random(3) === 0 ? 0xff : random(256);
    refusal(bytes);
  }
});
