import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { type Json, type Outcome, Sandbox } from "@glovebox/sandbox";
import { build, MODULES } from "../guests/modules/build.js";
import { EXAMPLES } from "./run.fixture.ts";

const sandbox = new Sandbox({ home: "process", warm: "none", cells: 1 });
const folder = mkdtempSync(join(tmpdir(), "glovebox-modules-"));
after(async () => {
  await sandbox[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

const TREEMAP = join(EXAMPLES, "wasm_modules/treemap.wasm");

async function draw(input: Json): Promise<Outcome> {
  const guest = { kind: "module", bytes: readFileSync(TREEMAP), name: "treemap.wasm" } as const;
  return (await sandbox.run({ guest, input, isolationKey: "treemap" })).outcome;
}

async function svgOf(input: Json): Promise<string> {
  const outcome = await draw(input);
  assert.ok(outcome.kind === "completed" && typeof outcome.output === "string", JSON.stringify(outcome));
  return outcome.output;
}

interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

function rectanglesOf(svg: string): Rectangle[] {
  const place = /<rect x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)"[^>]*class="t\d"/g;
  return Array.from(svg.matchAll(place), ([, x, y, width, height]) => ({
    x: Number(x),
    y: Number(y),
    width: Number(width),
    height: Number(height),
  }));
}

test("treemap.wasm is what its sources compile to", () => {
  const output = join(folder, "treemap.wasm");
  build("../../examples/wasm_modules/treemap.wasm", output);
  assert.ok(readFileSync(output).equals(readFileSync(TREEMAP)), "compile it again: node_modules/.bin/node guests/modules/build.js");
});

test("the examples' copies of hello_world are those of the guests, which are compiled again in their own test", () => {
  for (const name of ["hello_world.wasm", "hello_world_buffer.wasm"]) {
    assert.ok(`hello_world/${name}` in MODULES);
    const original = readFileSync(join(dirname(EXAMPLES), "guests/modules/hello_world", name));
    assert.ok(readFileSync(join(EXAMPLES, "wasm_modules", name)).equals(original), name);
  }
});

test("treemap.wasm draws tiles in proportion to their values, inside of the picture and side by side", async () => {
  const values = [400, 250, 120, 90, 60, 40, 25, 10, 5];
  const tiles = values.map((value, i) => ({ label: `tile ${i}`, detail: String(value), value }));
  const svg = await svgOf({ width: 1000, height: 500, title: "values", groups: [{ label: "all", detail: "", tone: 0, tiles }] });
  const rectangles = rectanglesOf(svg);
  assert.equal(rectangles.length, values.length);
  // Each tile gives two units of its width and height to the gaps around it, and the group's heading takes its part.
  const areas = rectangles.map(({ width, height }) => (width + 2) * (height + 2));
  const total = areas.reduce((sum, area) => sum + area, 0);
  for (const [i, value] of values.entries()) assert.ok(Math.abs((areas[i] ?? 0) / total - value / 1_000) < 0.002, `tile ${i}`);
  for (const [i, a] of rectangles.entries()) {
    assert.ok(a.x >= 0 && a.y >= 0 && a.x + a.width <= 1_000 && a.y + a.height <= 500);
    for (const b of rectangles.slice(i + 1)) {
      assert.ok(a.x + a.width <= b.x || b.x + b.width <= a.x || a.y + a.height <= b.y || b.y + b.height <= a.y, "tiles overlap");
    }
  }
});

test("treemap.wasm escapes every text, and replaces what XML and UTF-8 can't hold", async () => {
  const evil = `</title><script>alert("1" + '2')</script>&\u0000\ud800😀`;
  const svg = await svgOf({
    width: 900,
    height: 300,
    title: evil,
    groups: [{ label: evil, detail: evil, tiles: [{ label: evil, detail: evil, about: evil, value: 1 }] }],
  });
  assert.doesNotMatch(svg, /<script|<\/title><\/|\0/);
  const escaped = "&lt;/title&gt;&lt;script&gt;alert(&quot;1&quot; + &#39;2&#39;)&lt;/script&gt;&amp;\ufffd\ufffd😀";
  assert.equal(svg.split(`<title>${escaped}</title>`).length, 3, "the picture's title and the tile's");
});

test("treemap.wasm draws nothing of what has no size", async () => {
  const tiles = [0, -5, "7", null].map((value) => ({ label: "x", value }));
  for (const groups of [[], [{ label: "a" }], [{ label: "a", tiles }], "none", null]) {
    assert.deepEqual(rectanglesOf(await svgOf({ width: 400, height: 300, groups })), [], JSON.stringify(groups));
  }
});

test("treemap.wasm ends with a message where its input is not what it draws", async () => {
  for (const [input, message] of [
    ["", /not JSON at character 0: a value is expected/],
    ['{"width": 100', /not JSON at character 13: a comma is expected/],
    ['{"a": 1} 2', /not JSON at character 9: there is more than one value/],
    ["[".repeat(10_000), /it nests too deeply/],
    [{ width: 1e9, height: 300 }, /width and height must be from 50 to 20000/],
  ] as const) {
    const outcome = await draw(input);
    assert.notEqual(outcome.kind, "completed");
    assert.match(JSON.stringify(outcome), message);
  }
});
