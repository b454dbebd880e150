import assert from "node:assert/strict";
import { test } from "node:test";
import { ERRNO } from "./errno.ts";
import { FileSystem } from "./filesystem.ts";

const OPEN = { write: true, create: true, exclusive: false, truncate: true, directory: false, mode: 0o600 };

function make() {
  const files = new FileSystem({ nowNs: () => 0n, quota: { take: () => true, giveBack: () => {} } });
  const outside = files.plantDirectory("/outside", { readOnly: false });
  const inside = files.plantDirectory("/outside/inside", { readOnly: false });
  files.plantFile("/outside/secret", new Uint8Array(6), { readOnly: false });
  return { files, outside, inside };
}

test("walk() follows links where they stand, absolute ones from the root, unless it is confined", () => {
  const { files, outside, inside } = make();
  assert.equal(files.symlink("../secret", inside, "up"), 0);
  assert.equal(files.symlink("/outside/inside", outside, "absolute"), 0);
  const secret = files.lookUp(files.root, "/outside/secret");
  assert.ok(typeof secret !== "number");
  assert.equal(files.lookUp(inside, "up", { follow: true }), secret);
  assert.equal(files.lookUp(outside, "absolute/up", { follow: true }), secret);
  assert.equal(files.lookUp(outside, "absolute/../absolute/../secret", { follow: true }), secret);
  assert.equal(files.lookUp(inside, "up", { follow: true, confined: true }), -ERRNO.ENOTCAPABLE);
  assert.equal(files.lookUp(outside, "absolute", { follow: true, confined: true }), -ERRNO.ENOTCAPABLE);
});

test("walk() follows forty links, and no more", () => {
  const { files, inside } = make();
  files.open(inside, "0", OPEN);
  for (let i = 1; i <= 41; i++) assert.equal(files.symlink(`${i - 1}`, inside, `${i}`), 0);
  assert.equal(typeof files.lookUp(inside, "40", { follow: true }), "object");
  assert.equal(files.lookUp(inside, "41", { follow: true }), -ERRNO.ELOOP);
});
