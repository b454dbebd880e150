import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { folderWith, glovebox, ROOT } from "./command.fixture.ts";

const PYTHON = `import json, no_such_module
import glovebox
answer = glovebox.http_request("https://api.example.com/v1/rates")
while True:
    eval(answer.text)
`;

const ADVICE =
  "This is advice from a look at the text, and nothing is allowed because of it. What it does not find may be there all the same: the sandbox is what holds code.";

test("inspect says what code imports, needs and does, and suggests what a step would need; it ends with 0 whatever it finds", async (t) => {
  const cwd = folderWith(t, { "step.py": PYTHON });
  assert.deepEqual(await glovebox(["inspect", "step.py"], { cwd }), {
    code: 0,
    signal: null,
    stderr: "",
    stdout: `step.py: python, 3 findings (1 high)
step.py:1:14: medium: imports what is not there: no_such_module [import-missing]
step.py:4:1: medium: a loop that nothing in it ends: while [unbounded-loop]
step.py:5:5: high: runs code that is made at run time: eval [dynamic-code]
  imports   json, no_such_module (missing), glovebox
  http      GET https://api.example.com/v1/rates
  what a step would need, if you want this code to have what it asks for:
    imports:
      - json
    grants:
      http:
        - allow: https://api.example.com/v1/rates

${ADVICE}
`,
  });
});

test("inspect --json prints one document, of a workflow with every step and the grants that each has", async (t) => {
  const code = PYTHON.replace(/^(?=.)/gm, "      ");
  const cwd = folderWith(t, {
    "w.yaml": `steps:
  - id: a
    type: code
    language: python
    imports: [json]
    grants: { http: [{ allow: "https://api.example.com/v1/*" }] }
    code: |
${code}  - { id: b, type: tool, tool: read_text, with: { file: a.txt } }
`,
  });
  const { code: exit, stdout, stderr } = await glovebox(["inspect", "w.yaml", "--json"], { cwd });
  assert.deepEqual([exit, stderr], [0, ""]);
  const { version, file, advice, notes, inspections } = JSON.parse(stdout);
  assert.deepEqual([version, file, advice, notes.length, inspections.length], [1, "w.yaml", ADVICE, 1, 1]);
  const [{ name, findings, needs, suggestion }] = inspections;
  assert.equal(name, 'step "a" (python)');
  assert.deepEqual(
    findings.map(({ code: found, at }: { code: string; at: object }) => [found, at]),
    [
      ["import-missing", { line: 8, column: 20 }],
      ["unbounded-loop", { line: 11, column: 7 }],
      ["dynamic-code", { line: 12, column: 11 }],
    ],
  );
  assert.equal(needs.http[0].granted, true);
  assert.deepEqual(suggestion, { yaml: "" });
});

test("inspect ends with 1 where a file can't be read or parsed, and with 2 for wrong options", async (t) => {
  const cwd = folderWith(t, {
    "a.py": "a = (",
    "a.ts": "interface {",
    "a.txt": "return 1",
    "a.yaml": "steps: [{ id: a, type: nothing }]",
    "deep.js": "[".repeat(100_000),
  });
  writeFileSync(join(cwd, "a.wasm"), "no module");
  const cases: readonly (readonly [args: string[], code: number, says: RegExp])[] = [
    [["a.py"], 1, /^a\.py:1:5: does not parse as python: '\(' was never closed$/m],
    [["a.ts"], 1, /^a\.ts:1:11: does not parse as typescript: Unexpected token/m],
    [["a.wasm"], 1, /^a\.wasm:0x0: no module: no WebAssembly module/m],
    [["a.yaml"], 1, /unknown-value/],
    [["deep.js"], 1, /does not parse as javascript: Not enough stack space/],
    [["none.py"], 1, /^error: Cannot read none\.py: it does not exist$/m],
    [["."], 1, /Cannot inspect \./],
    [["a.txt"], 1, /^error: Cannot inspect a\.txt: .*--language/m],
    [["a.txt", "--language", "python"], 0, /^a\.txt: python, 0 findings$/m],
    [["a.txt", "--language", "cobol"], 2, /^error: Cannot inspect as "cobol"/m],
    [["a.py", "--allow"], 2, /unknown option/],
    [[], 2, /missing required argument/],
  ];
  for (const [args, expected, says] of cases) {
    const { code, stdout, stderr } = await glovebox(["inspect", ...args], { cwd });
    assert.equal(code, expected, args.join(" "));
    assert.match(stdout + stderr, says);
  }
});

test("inspect drives no terminal with what it quotes", async (t) => {
  const cwd = folderWith(t, { "a.py": 'import glovebox\nglovebox.http_request("https://a\\x1b[31m.example.com/" + x)\n' });
  const { code, stdout } = await glovebox(["inspect", "a.py"], { cwd });
  assert.equal(code, 0);
  assert.ok(!stdout.includes("\u001b"), JSON.stringify(stdout));
});

test("inspect tells what a module of the examples is made of", async () => {
  const { code, stdout } = await glovebox(["inspect", "guests/modules/word_count/word_count.wasm"], { cwd: ROOT });
  assert.equal(code, 0);
  assert.match(stdout, /^ {2}module {4}wasi, \d+ functions, [\d,]+ instructions, 2 pages of memory at first, no maximum$/m);
});
