import assert from "node:assert/strict";
import fc from "fast-check";
import { property } from "../../../../fuzz/property.ts";
import { ERRNO } from "./errno.ts";
import { FileSystem } from "./filesystem.ts";
import type { Directory, Entry } from "./node.ts";

const OPEN = { write: true, create: true, exclusive: false, truncate: true, directory: false, mode: 0o600 };

function make() {
  const files = new FileSystem({ nowNs: () => 0n, quota: { take: () => true, giveBack: () => {} } });
  const outside = files.plantDirectory("/outside", { readOnly: false });
  const inside = files.plantDirectory("/outside/inside", { readOnly: false });
  files.plantFile("/outside/secret", new Uint8Array(6), { readOnly: false });
  return { files, outside, inside };
}

/** A walk by somebody who has read POSIX and not the code: names of directories in a list, and links put in place of themselves. */
class Model {
  readonly #above: Directory[];
  #links = 0;

  constructor(from: Directory) {
    this.#above = [from];
  }

  /** An entry, or why there is none. */
  walk(path: string, follow: boolean): Entry | "outside" | "nothing" {
    if (path === "") return "nothing";
    if (path.startsWith("/")) return "outside";
    const parts = path.split("/").filter((part) => part !== "");
    const slash = path.endsWith("/");
    for (const [at, part] of parts.entries()) {
      const last = at === parts.length - 1;
      if (part === ".") continue;
      if (part === "..") {
        if (this.#above.length === 1) return "outside";
        this.#above.pop();
        continue;
      }
      const entry = this.#here.entries.get(part);
      if (entry === undefined) return "nothing";
      if (entry.kind === "link" && (!last || follow)) {
        if (++this.#links > 40) return "nothing";
        const target = this.walk(entry.target, true);
        if (typeof target === "string") return target;
        if (target.kind !== "directory" && (!last || slash)) return "nothing";
        if (target.kind !== "directory") return target;
      } else if (entry.kind === "directory") this.#above.push(entry);
      else return last && !slash ? entry : "nothing";
    }
    return this.#here;
  }

  get #here(): Directory {
    return this.#above.at(-1) as Directory;
  }
}

const part = fc.constantFrom("a", "a", "a", "b", "b", "c", "..", "..", ".", "", "inside", "secret");
const path = fc
  .tuple(fc.array(part, { minLength: 1, maxLength: 5 }), fc.nat(7), fc.nat(4))
  .map(([parts, absolute, slash]) => (absolute === 7 ? "/" : "") + parts.join("/") + (slash === 4 ? "/" : ""));
const ACTS = ["make", "link", "open", "rename", "hardLink", "unlink", "remove", "look"] as const;
const acts = fc.array(fc.record({ act: fc.constantFrom(...ACTS), one: path, two: path, follow: fc.boolean() }), {
  minLength: 10,
  maxLength: 60,
});

let [found, refused] = [0, 0];

/** Whatever a guest makes, moves and links below its directory: no path leads it to anything that is not below it. */
property(
  "walk() that is confined leads where a simple model says, and never out of its directory, in any tree with any links",
  400,
  [acts],
  (acts) => {
    const { files, outside, inside } = make();
    for (const { act, one, two, follow } of acts) {
      if (act === "make") files.makeDirectory(inside, one, 0o755, true);
      else if (act === "link") files.symlink(one, inside, two, true);
      else if (act === "open") files.open(inside, one, OPEN, { confined: true, follow });
      else if (act === "rename") files.rename(inside, one, inside, two, true);
      else if (act === "hardLink") files.link(inside, one, inside, two, { confined: true, follow });
      else if (act === "unlink") files.unlink(inside, one, true);
      else if (act === "remove") files.removeDirectory(inside, one, true);
      for (const looked of [one, two]) {
        const node = files.lookUp(inside, looked, { confined: true, follow });
        const expected = new Model(inside).walk(looked, follow);
        const got = typeof node !== "number" ? node : node === -ERRNO.ENOTCAPABLE ? "outside" : "nothing";
        assert.ok(
          got === expected,
          `${looked}: ${typeof got === "string" ? got : got.kind}, not ${typeof expected === "string" ? expected : expected.kind}`,
        );
        if (got === "outside") refused++;
        if (typeof node === "number") continue;
        found++;
        assert.ok([...entriesOf(inside)].includes(node), looked);
      }
    }
    assert.deepEqual([...outside.entries.keys()], ["inside", "secret"]);
    const secret = outside.entries.get("secret");
    assert.ok(secret?.kind === "file" && secret.size === 6 && secret.links === 1);
  },
  () => assert.ok(found > 400 && refused > 400, `${found} found and ${refused} refused: the paths are none`),
);

function* entriesOf(directory: Directory): Generator<Entry> {
  yield directory;
  for (const entry of directory.entries.values()) {
    if (entry.kind === "directory") yield* entriesOf(entry);
    else yield entry;
  }
}
