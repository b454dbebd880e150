import assert from "node:assert/strict";
import { after, test } from "node:test";
import type { Guest } from "../request.ts";
import { Sandbox } from "../sandbox.ts";
import { zip } from "../wheel.fixture.ts";

const sandbox = new Sandbox({ cells: 1, spare: 0 });
after(() => sandbox[Symbol.asyncDispose]());

const TINY = {
  name: "tiny-1.0-py3-none-any.whl",
  bytes: zip([
    { name: "tiny/__init__.py", content: "import json\nfrom .inner import answer\n__version__ = '1.0'\n" },
    { name: "tiny/inner.py", content: "def answer():\n    return 42\n\ndef fail():\n    raise ValueError('in the package')\n" },
    { name: "tiny/data.txt", content: "data of the package\n" },
    { name: "lonely.py", content: "import tiny\nVALUE = tiny.answer() + 1\n" },
    { name: "tiny-1.0.dist-info/METADATA", content: "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n" },
  ]),
};

async function run(code: string, rest: Partial<Extract<Guest, { kind: "python" }>> = {}, limits = {}) {
  const { outcome } = await sandbox.run({ guest: { kind: "python", code, packages: [TINY], ...rest }, limits, isolationKey: "packages" });
  return outcome;
}

test("a wheel's modules are imported, with their data and their metadata", async () => {
  assert.deepEqual(await run("import tiny, lonely\nreturn [tiny.answer(), lonely.VALUE, tiny.__version__]"), {
    kind: "completed",
    output: [42, 43, "1.0"],
  });
  const resources = "import importlib.resources, importlib.metadata\n";
  assert.deepEqual(
    await run(
      `${resources}return [importlib.resources.files("tiny").joinpath("data.txt").read_text(), importlib.metadata.version("tiny")]`,
    ),
    {
      kind: "completed",
      output: ["data of the package\n", "1.0"],
    },
  );
});

test("a wheel's modules may be imported whatever the list says, and import what they need", async () => {
  assert.deepEqual(await run("import tiny\nreturn tiny.answer()", { imports: [] }), { kind: "completed", output: 42 });
  const refused = await run("import json", { imports: ["math"] });
  assert.ok(refused.kind === "failed" && refused.error.name === "ImportError", JSON.stringify(refused));
});

test("an error in a package shows where", async () => {
  const outcome = await run("import tiny.inner\ntiny.inner.fail()");
  assert.ok(outcome.kind === "failed" && outcome.error.line === 2, JSON.stringify(outcome));
  assert.match(outcome.error.traceback, /packages\/tiny-1\.0-py3-none-any\.whl\/tiny\/inner\.py", line 5, in fail\n {4}raise ValueError/);
});

test("packages are there for the attempt that has them, can't be written, and shadow nothing of the standard library", async () => {
  const gone = await run("import tiny", { packages: [] });
  assert.ok(gone.kind === "failed" && gone.error.name === "ModuleNotFoundError", JSON.stringify(gone));
  const write = await run(`open("/packages/${TINY.name}", "ab")`);
  assert.ok(write.kind === "failed" && write.error.name === "OSError", JSON.stringify(write));
  const json = { name: "json-1-py3-none-any.whl", bytes: zip([{ name: "json.py", content: "loads = None" }]) };
  assert.deepEqual(await run("import json\nreturn json.loads('[1]')", { packages: [json] }), { kind: "completed", output: [1] });
});

test("an entry that becomes more than it says is the guest's own trouble, in its own memory", async () => {
  const content = Buffer.concat([Buffer.from("X = 1\n"), Buffer.alloc(200_000_000, "#")]);
  const bytes = zip([{ name: "bomb.py", content, size: 1000, localSize: 1000 }]);
  const outcome = await run("import bomb", { packages: [{ name: "bomb-1-py3-none-any.whl", bytes }] }, { memoryBytes: 32 * 2 ** 20 });
  assert.ok(outcome.kind === "exhausted" && outcome.limit === "memory", JSON.stringify(outcome));
  assert.deepEqual(await run("import tiny\nreturn tiny.answer()"), { kind: "completed", output: 42 });
});

test("packages count as input", async () => {
  await assert.rejects(run("return 1", {}, { inputBytes: 100 }), { code: "INPUT_TOO_LARGE" });
});
