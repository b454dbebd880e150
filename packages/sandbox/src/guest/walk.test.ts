import assert from "node:assert/strict";
import { test } from "node:test";
import { ERRNO } from "./errno.ts";
import { FileSystem } from "./filesystem.ts";
import type { Directory } from "./node.ts";

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

/** Whatever a guest makes, moves and links below its directory: no path leads it to anything that is not below it. */
test("walk() that is confined never leaves the directory, in any tree with any links", (context) => {
  const seed = Number(process.env["GLOVEBOX_SEED"] ?? Date.now() % 2 ** 31);
  const rounds = Number(process.env["GLOVEBOX_ROUNDS"] ?? 400);
  context.diagnostic(`GLOVEBOX_SEED=${seed}`);
  let state = seed;
  const random = (below: number): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 8) % below;
  };
  const PARTS = ["a", "b", "c", "..", "..", ".", "", "inside", "secret"];
  const path = () => {
    const parts = Array.from({ length: 1 + random(5) }, () => PARTS[random(PARTS.length)]);
    return (random(8) === 0 ? "/" : "") + parts.join("/") + (random(5) === 0 ? "/" : "");
  };
  let [found, refused] = [0, 0];
  for (let round = 0; round < rounds; round++) {
    const { files, outside, inside } = make();
    const isBelow = (directory: Directory): boolean => {
      for (let at: Directory | undefined = directory; at && at !== at.parent; at = at.parent) if (at === inside) return true;
      return false;
    };
    for (let step = 0; step < 60; step++) {
      const follow = random(2) === 0;
      const act = random(8);
      const [one, two] = [path(), path()];
      if (act === 0) files.makeDirectory(inside, one, 0o755, true);
      else if (act === 1) files.symlink(one, inside, two, true);
      else if (act === 2) files.open(inside, one, OPEN, { confined: true, follow });
      else if (act === 3) files.rename(inside, one, inside, two, true);
      else if (act === 4) files.link(inside, one, inside, two, { confined: true, follow });
      else if (act === 5) files.unlink(inside, one, true);
      else if (act === 6) files.removeDirectory(inside, one, true);
      const node = files.lookUp(inside, one, { confined: true, follow });
      if (node === -ERRNO.ENOTCAPABLE) refused++;
      if (typeof node === "number") continue;
      found++;
      const above =
        node.kind === "directory"
          ? [node]
          : [...directoriesOf(files.root)].filter((directory) => [...directory.entries.values()].includes(node));
      assert.ok(above.length > 0 && above.every(isBelow), `${one} with seed ${seed}`);
    }
    assert.deepEqual([...outside.entries.keys()], ["inside", "secret"], `with seed ${seed}`);
    const secret = outside.entries.get("secret");
    assert.ok(secret?.kind === "file" && secret.size === 6 && secret.links === 1, `with seed ${seed}`);
  }
  assert.ok(found > rounds && refused > rounds, `${found} found and ${refused} refused: the paths are none`);
});

function* directoriesOf(directory: Directory): Generator<Directory> {
  yield directory;
  for (const entry of directory.entries.values()) if (entry.kind === "directory") yield* directoriesOf(entry);
}
