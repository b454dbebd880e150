import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { crc32 } from "node:zlib";
import { Sandbox } from "@glovebox/sandbox";
import { runWorkflow } from "../run/run.ts";
import { loadWorkflow } from "../workflow/load.ts";
import { renderProblems } from "../workflow/render.ts";

let sandbox: Sandbox;
let folder: string;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "glovebox-packages-"));
  await writeFile(join(folder, "tiny-1.0-py3-none-any.whl"), wheel("tiny.py", "def double(n):\n    return 2 * n\n"));
  await writeFile(join(folder, "outside-1.0-py3-none-any.whl"), wheel("../outside.py", ""));
  sandbox = new Sandbox({ home: "thread", cells: 1, spare: 0 });
});

after(async () => {
  await sandbox[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

/** A wheel of one file, which is not compressed. */
function wheel(path: string, text: string): Buffer {
  const [name, content] = [Buffer.from(path), Buffer.from(text)];
  const sizes = Buffer.alloc(16);
  sizes.writeUInt32LE(crc32(content), 0);
  sizes.writeUInt32LE(content.length, 4);
  sizes.writeUInt32LE(content.length, 8);
  sizes.writeUInt16LE(name.length, 12);
  const local = Buffer.concat([Buffer.from("504b030414000000000000000000", "hex"), sizes, name, content]);
  const central = Buffer.concat([Buffer.from("504b0102140014000000000000000000", "hex"), sizes, Buffer.alloc(14), name]);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(1, 8);
  end.writeUInt16LE(1, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(local.length, 16);
  return Buffer.concat([local, central, end]);
}

async function run(keys: string) {
  const { workflow, problems, source } = loadWorkflow(`steps:\n  - { id: a, type: code, language: python, ${keys} }\n`, {
    file: join(folder, "w.yaml"),
  });
  assert.equal(renderProblems(problems, source), "");
  assert.ok(workflow);
  const { steps } = await runWorkflow(workflow, { sandbox });
  return steps[0]?.outcome;
}

test("a step imports the packages that it names, also past its list of imports", async () => {
  const code = "code: 'import tiny; return tiny.double(21)'";
  assert.deepEqual(await run(`packages: [tiny-1.0-py3-none-any.whl], ${code}`), { kind: "completed", output: 42 });
  assert.deepEqual(await run(`packages: [./tiny-1.0-py3-none-any.whl], imports: [math], ${code}`), { kind: "completed", output: 42 });
});

test("a package that is not there, or that the sandbox refuses, ends the step and says why", async () => {
  const gone = await run("packages: [gone.whl], code: return 1");
  assert.ok(gone?.kind === "failed" && gone.error.name === "ModuleError", JSON.stringify(gone));
  assert.match(gone.error.message, /^Cannot load package "gone\.whl": it does not exist$/);
  const outside = await run("packages: [outside-1.0-py3-none-any.whl], code: return 1");
  assert.ok(outside?.kind === "failed" && outside.error.name === "PACKAGE_REFUSED", JSON.stringify(outside));
  assert.match(outside.error.message, /leads out of the package/);
});

test("loadWorkflow() finds packages that are no wheels, and packages of other languages", () => {
  const document = `steps:
  - { id: a, type: code, language: python, code: return 1, packages: [tiny.zip] }
  - { id: b, type: code, language: javascript, code: return 1, packages: [tiny.whl] }
`;
  const { problems } = loadWorkflow(document, { file: "w.yaml" });
  assert.deepEqual(
    problems.map(({ code, message }) => [code, message]),
    [
      ["unknown-value", 'a package must be a wheel, a .whl file, not "tiny.zip"'],
      ["unknown-key", '"packages" is a list of Python wheels: step "b" is written in javascript'],
    ],
  );
});
