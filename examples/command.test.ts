import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { EXAMPLES } from "./run.fixture.ts";

const ROOT = dirname(EXAMPLES);

/** Records go here, and not among those of whoever runs the tests. */
const DATA = mkdtempSync(join(tmpdir(), "glovebox-data-"));
after(() => rmSync(DATA, { recursive: true }));

function glovebox(...args: string[]): { readonly code: number | null; readonly stdout: string; readonly stderr: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(ROOT, "packages/cli/bin/glovebox.js"), ...args], {
    cwd: ROOT,
    env: { ...process.env, GLOVEBOX_DATA: DATA },
    encoding: "utf8",
    maxBuffer: 2 ** 26,
  });
  return { code: status, stdout, stderr };
}

test("glovebox run examples/packages.yaml writes the page, and tells what every step cost", () => {
  const report = ".cache/packages-report.command.html";
  const { code, stdout, stderr } = glovebox("run", "examples/packages.yaml", "--folder", ".", "--input", `report=${report}`, "--json");
  assert.equal(code, 0, stderr);
  const page = readFileSync(join(ROOT, report), "utf8");
  rmSync(join(ROOT, report));
  assert.match(page, /^<!doctype html>[\s\S]*<svg [\s\S]*<\/html>\n$/);
  const result = JSON.parse(stdout) as {
    state: string;
    outputs: Record<string, unknown>;
    steps: { id: string; type: string; state: string; usage?: { wallMs: number; cpuMs: number; peakMemoryBytes: number } }[];
  };
  assert.equal(result.state, "succeeded");
  assert.equal(result.outputs["report"], report);
  for (const { id, type, state, usage } of result.steps) {
    if (type === "tool" || state !== "succeeded") continue;
    // The kernel's account of a thread that is still running may be a tick behind: a guest of a millisecond can show no CPU.
    assert.ok(usage !== undefined && usage.wallMs > 0 && usage.cpuMs >= 0 && usage.peakMemoryBytes > 0, `${id} cost something`);
  }
});

test("glovebox run examples/wasm-integration.yaml prints the chain of processors", () => {
  const { code, stdout } = glovebox("run", "examples/wasm-integration.yaml", "hello world");
  assert.equal(code, 0);
  for (const line of [
    '1. prepare_input → "hello world"',
    '2. wasm_hello_world → "hello world-wasm"',
    '3. final_format → "🦀 Rust + WASM: hello world-wasm ✨"',
    "• module_path: wasm_modules/hello_world.wasm",
    "• input_length: 11",
    "• output_length: 16",
  ]) {
    assert.ok(stdout.includes(line), `${line} is not in\n${stdout}`);
  }
});

test("glovebox run ends with 4 where an example's run failed, and shows the line that did it", () => {
  const undefinedFunction = glovebox("run", "examples/user-script.yaml");
  assert.equal(undefinedFunction.code, 4);
  assert.match(undefinedFunction.stderr, /result = process_data\(inputs\['data'\]\)[\s\S]*NameError: name 'process_data' is not defined/);
  const mixed = glovebox("run", "examples/mixed-backends.yaml", "--folder", "examples/data");
  assert.equal(mixed.code, 4);
  assert.match(mixed.stdout, /badge: 12 items, 1 row skipped-wasm/);
  assert.match(mixed.stderr, /ValueError/);
});

test("glovebox validate finds nothing in any example", () => {
  const files = readdirSync(EXAMPLES)
    .filter((name) => name.endsWith(".yaml"))
    .map((name) => join("examples", name));
  assert.ok(files.length >= 10);
  const { code, stdout, stderr } = glovebox("validate", ...files);
  assert.equal(code, 0, stdout + stderr);
});

test("every example is in the table of the page about them", () => {
  const page = readFileSync(join(EXAMPLES, "README.md"), "utf8");
  for (const name of readdirSync(EXAMPLES)) {
    if (name.endsWith(".yaml") || name.endsWith(".toml")) assert.ok(page.includes(`](${name})`), name);
  }
});
