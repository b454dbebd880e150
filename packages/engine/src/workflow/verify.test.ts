import assert from "node:assert/strict";
import { after, suite, test } from "node:test";
import { type Request, Sandbox } from "@glovebox/sandbox";
import type { ToolSignature } from "../tools/tool.ts";
import { loadWorkflow } from "./load.ts";
import { renderProblems } from "./render.ts";
import { checkWorkflow } from "./verify.ts";

const TOOLS = new Map<string, ToolSignature>([
  [
    "mail",
    {
      name: "mail",
      description: "Sends a letter.",
      arguments: [
        { name: "to", type: "string", required: true },
        { name: "copies", type: "integer", required: false },
        { name: "weight", type: "number", required: false },
        { name: "urgent", type: "boolean", required: false },
        { name: "lines", type: "list", required: false },
        { name: "stamp", type: "object", required: false },
        { name: "note", type: "any", required: false },
      ],
    },
  ],
]);

suite("checkWorkflow()", () => {
  // The guests here are our own checker and what it parses: a thread is enough.
  const sandbox = new Sandbox({ home: "thread", warm: "none", cells: 1, spare: 0 });
  after(() => sandbox[Symbol.asyncDispose]());
  const requests: Request[] = [];
  const counted = {
    run(request: Request) {
      requests.push(request);
      return sandbox.run(request);
    },
  };

  async function said(text: string): Promise<string> {
    requests.length = 0;
    const loaded = loadWorkflow(text, { file: "w.yaml" });
    const problems = await checkWorkflow(loaded, {
      sandbox: counted,
      isolationKey: "test",
      moduleExists: (path) => Promise.resolve(path === "there.wasm"),
      tools: TOOLS,
    });
    return renderProblems(problems, loaded.source);
  }

  const mail = (id: string, given: string): string => `  - { id: ${id}, type: tool, tool: mail, with: { ${given} } }\n`;

  test("finds what is wrong with expressions at its place, all of them in one guest", async () => {
    const text = [
      "steps:",
      '  - { id: a, type: tool, tool: mail, with: { to: "${{ 1 + }}", note: "n = ${{ run.id) (1 }}, ${{ ...x }}" } }',
      '  - { id: b, type: tool, tool: mail, with: { to: x }, when: "1; 2" }',
      "  - id: c",
      "    type: condition",
      "    expression: |",
      "      steps.a.output > 1 &&",
      "        steps.b.output > > 2",
      "  - { id: d, type: condition, expression: 'await run.id' }",
      "  - { id: e, type: condition, expression: '1); throw 1; (2' }",
      "  - { id: f, type: condition, expression: '${{  }}' }",
      "  - { id: g, type: condition, expression: '1 /* fine */ // too' }",
      '  - { id: h, type: condition, expression: "\\"abc" }',
      "",
    ].join("\n");
    assert.equal(
      await said(text),
      [
        "w.yaml:2:57: error: the expression does not parse: it ends too early [expression-syntax]",
        '    2 |   - { id: a, type: tool, tool: mail, with: { to: "${{ 1 + }}", note: "n = ${{ run.id) (1 }}, ${{ ...x }}" } }',
        "      |                                                         ^",
        "w.yaml:2:85: error: the expression does not parse: unexpected token ')' [expression-syntax]",
        '    2 |   - { id: a, type: tool, tool: mail, with: { to: "${{ 1 + }}", note: "n = ${{ run.id) (1 }}, ${{ ...x }}" } }',
        "      |                                                                                     ^",
        "w.yaml:2:98: error: the expression does not parse: unexpected token in expression: '...' [expression-syntax]",
        '    2 |   - { id: a, type: tool, tool: mail, with: { to: "${{ 1 + }}", note: "n = ${{ run.id) (1 }}, ${{ ...x }}" } }',
        "      |                                                                                                  ^",
        "w.yaml:3:63: error: the expression does not parse: unexpected token ';' [expression-syntax]",
        '    3 |   - { id: b, type: tool, tool: mail, with: { to: x }, when: "1; 2" }',
        "      |                                                               ^",
        "w.yaml:8:26: error: the expression does not parse: unexpected token in expression: '>' [expression-syntax]",
        "    8 |         steps.b.output > > 2",
        "      |                          ^",
        "w.yaml:9:50: error: the expression does not parse: unexpected identifier 'run' [expression-syntax]",
        "    9 |   - { id: d, type: condition, expression: 'await run.id' }",
        "      |                                                  ^",
        "w.yaml:10:45: error: the expression does not parse: unexpected token ')' [expression-syntax]",
        "   10 |   - { id: e, type: condition, expression: '1); throw 1; (2' }",
        "      |                                             ^",
        "w.yaml:11:47: error: the expression is empty [expression-syntax]",
        "   11 |   - { id: f, type: condition, expression: '${{  }}' }",
        "      |                                               ^",
        "w.yaml:13:45: error: the expression does not parse: unexpected end of string [expression-syntax]",
        '   13 |   - { id: h, type: condition, expression: "\\"abc" }',
        "      |                                             ^",
        "",
      ].join("\n"),
    );
    assert.equal(requests.length, 1);
  });

  test("parses expressions and runs none of them", async () => {
    assert.equal(
      await said(
        "steps:\n  - { id: a, type: condition, expression: '(() => { for (;;); })()' }\n  - { id: b, type: condition, expression: 'run.id.x.y.z()' }\n",
      ),
      "",
    );
  });

  test("survives expressions that are nested too deeply for the guest's parser", async () => {
    assert.match(
      await said(`steps:\n  - { id: a, type: condition, expression: "${"(".repeat(9_999)}" }\n`),
      /^w\.yaml:2:\d+: error: .* \[(expression-syntax|not-checked)\]\n/,
    );
  });

  test("finds the patterns of schemas that are no regular expressions", async () => {
    const text =
      "inputs: { properties: { a: { pattern: '(' }, b: { pattern: '^(a+)+$' } }, patternProperties: { '[': {} } }\nsteps:\n" +
      mail("a", "to: x");
    assert.equal(
      await said(text),
      [
        "w.yaml:1:39: error: the pattern is no regular expression: expecting ')' [pattern-syntax]",
        "    1 | inputs: { properties: { a: { pattern: '(' }, b: { pattern: '^(a+)+$' } }, patternProperties: { '[': {} } }",
        "      |                                       ^~~",
        "w.yaml:1:96: error: the pattern is no regular expression: unexpected end [pattern-syntax]",
        "    1 | inputs: { properties: { a: { pattern: '(' }, b: { pattern: '^(a+)+$' } }, patternProperties: { '[': {} } }",
        "      |                                                                                                ^~~",
        "",
      ].join("\n"),
    );
  });

  test("finds modules that are not there", async () => {
    const text = "steps:\n  - { id: a, type: wasm, module: there.wasm }\n  - { id: b, type: wasm, module: ../gone.wasm }\n";
    assert.equal(
      await said(text),
      [
        'w.yaml:3:34: error: the module "../gone.wasm" does not exist [missing-module]',
        "    3 |   - { id: b, type: wasm, module: ../gone.wasm }",
        "      |                                  ^~~~~~~~~~~~",
        "",
      ].join("\n"),
    );
  });

  test("finds unknown tools, and arguments that are unknown, missing or of another type", async () => {
    const text = `steps:\n  - { id: a, type: tool, tool: mial }\n${mail("b", "too: x")}${mail("c", "to: 1, copies: 1.5, weight: x, urgent: 1, lines: {}, stamp: [], note: ~")}`;
    assert.equal(
      await said(text),
      [
        'w.yaml:2:32: error: step "a" uses the tool "mial", which does not exist [unknown-tool]',
        "    2 |   - { id: a, type: tool, tool: mial }",
        "      |                                ^~~~",
        '      = did you mean "mail"?',
        'w.yaml:3:32: error: tool "mail" needs the argument "to" [missing-argument]',
        "    3 |   - { id: b, type: tool, tool: mail, with: { too: x } }",
        "      |                                ^~~~",
        'w.yaml:3:46: error: tool "mail" takes no argument "too" [unknown-argument]',
        "    3 |   - { id: b, type: tool, tool: mail, with: { too: x } }",
        "      |                                              ^~~",
        '      = did you mean "to"?',
        ...["to", "copies", "weight", "urgent", "lines", "stamp"].flatMap((name, index) => {
          const line =
            "  - { id: c, type: tool, tool: mail, with: { to: 1, copies: 1.5, weight: x, urgent: 1, lines: {}, stamp: [], note: ~ } }";
          const wanted = ["a text", "a whole number", "a number", "true or false", "a list", "a mapping"][index];
          const given = ["the number 1", "the number 1.5", "a text", "the number 1", "a mapping", "a list"][index];
          const length = [1, 3, 1, 1, 2, 2][index] ?? 0;
          const at = line.indexOf(`${name}: `) + name.length + 2;
          return [
            `w.yaml:4:${at + 1}: error: "${name}" must be ${wanted}, not ${given} [wrong-type]`,
            `    4 | ${line}`,
            `      | ${" ".repeat(at)}^${"~".repeat(length - 1)}`,
          ];
        }),
        "",
      ].join("\n"),
    );
    assert.equal(requests.length, 0, "a document without expressions needs no guest");
  });

  test("leaves arguments with templates to the run", async () => {
    assert.equal(await said(`steps:\n${mail("a", 'to: x, copies: "${{ 1 + 1 }}", lines: "${{ run.inputs }}"')}`), "");
  });

  test("says the loader's problems too, in the order of the file", async () => {
    const codes = [
      ...(await said(`nmae: x\nsteps:\n${mail("a", "to: 1, x: '${{ ; }}'")}${mail("a", "to: x")}`)).matchAll(/^w.*\[(.*)\]$/gm),
    ].map(([, code]) => code);
    assert.deepEqual(codes, ["unknown-key", "wrong-type", "unknown-argument", "expression-syntax", "duplicate-id"]);
  });

  test("says so where the guest that parses does not come to its end", async () => {
    const loaded = loadWorkflow("steps:\n  - { id: a, type: condition, expression: '1 + 1' }\n", { file: "w.yaml" });
    const aborted = AbortSignal.abort();
    const problems = await checkWorkflow(loaded, {
      sandbox,
      isolationKey: "test",
      moduleExists: () => Promise.resolve(true),
      tools: TOOLS,
      signal: aborted,
    });
    assert.deepEqual(
      problems.map(({ code, message }) => [code, message]),
      [["not-checked", "the expressions of the document could not be checked: the guest that parses them ended as cancelled"]],
    );
  });
});
