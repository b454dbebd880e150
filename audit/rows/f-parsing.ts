import { loadWorkflow, type RunResult, runWorkflow } from "@glovebox/engine";
import { type Check, type Context, contained, ends, javascript, python, type Row } from "../audit.ts";

const SECTION = "F. Parsing and the engine";

/** A document that has to be refused, and soon. */
function refusedDocument(attack: string, text: () => string): Check {
  return {
    section: SECTION,
    attack,
    check: () => {
      const { workflow, problems } = loadWorkflow(text(), { file: "audit.yaml" });
      return workflow === undefined && problems.some(({ severity }) => severity === "error") ? undefined : "it was loaded";
    },
  };
}

async function runDocument({ sandbox }: Context, text: string, input: string | object = {}): Promise<RunResult> {
  const { workflow, problems } = loadWorkflow(text, { file: "audit.yaml" });
  if (!workflow) throw new Error(problems.map(({ message }) => message).join("; "));
  return runWorkflow(workflow, { sandbox, input: input as never });
}

const step = (id: string, rest = "") => `  - { id: ${id}, type: code, language: javascript, code: "return 1"${rest} }`;

export const PARSING_ROWS: readonly (Row | Check)[] = [
  {
    section: SECTION,
    attack: "a result of 10^5 levels",
    run: () => python("import glovebox\nimport os\nos.write(1, b'x')\nreturn eval('[' * 50)"),
    expect: ends(["failed", "exhausted"]),
  },
  {
    section: SECTION,
    attack: "a result with __proto__, constructor, duplicate and a million keys",
    run: () =>
      python(
        "d = {str(i): i for i in range(200_000)}\nd['__proto__'] = {'polluted': 1}\nd['constructor'] = {'prototype': {'polluted': 1}}\nreturn d",
      ),
    expect: contained,
  },
  {
    section: SECTION,
    attack: "numbers that JSON has and JavaScript has not",
    run: () => python("return [10**400, -0.0, 2**64, 1e308]"),
    expect: contained,
  },
  {
    section: SECTION,
    attack: "lone surrogates and NUL in a result",
    run: () => python("return ['\\ud800', '\\x00', '\\udfff' * 1000]"),
    expect: contained,
  },
  {
    section: SECTION,
    attack: "a number of 1e400, parsed",
    run: () => javascript("return JSON.parse('1e400')"),
    expect: ends(["failed", "completed"]),
  },
  refusedDocument(
    "a billion laughs",
    () =>
      `a: &a [x,x,x,x,x,x,x,x,x]\n${"bcdefghi"
        .split("")
        .map((name, i) => `${name}: &${name} [${Array(9).fill(`*${"abcdefghi"[i]}`).join(",")}]`)
        .join("\n")}`,
  ),
  refusedDocument("merge keys", () => "base: &b { id: a }\nsteps:\n  - <<: *b\n    type: code"),
  refusedDocument("a tag that makes functions", () => "name: !!js/function 'function () { return 1 }'\nsteps: []"),
  refusedDocument("a scalar of 10 MB", () => `name: ${"x".repeat(10_000_000)}`),
  refusedDocument("nesting of 100,000", () => `name: ${"[".repeat(100_000)}${"]".repeat(100_000)}`),
  refusedDocument("a cycle and a self edge", () => `steps:\n${step("a", ", depends_on: [b]")}\n${step("b", ", depends_on: [a, b]")}`),
  refusedDocument("duplicate ids", () => `steps:\n${step("a")}\n${step("a")}`),
  refusedDocument(
    "an expression that closes its own parenthesis",
    () => "steps:\n  - { id: a, type: condition, expression: '1 } evil {' , then: [] }\n  - { id: b, type: nothing }",
  ),
  {
    section: SECTION,
    attack: "a diamond of 2^30 paths",
    check: async (context: Context) => {
      const layers = Array.from({ length: 30 }, (_, n) =>
        [0, 1].map((side) => step(`s${n}_${side}`, n === 0 ? "" : `, depends_on: [s${n - 1}_0, s${n - 1}_1], input: {}`)),
      );
      const result = await runDocument(context, `steps:\n${layers.flat().join("\n")}`);
      return result.state === "succeeded" ? undefined : JSON.stringify(result.state);
    },
  },
  {
    section: SECTION,
    attack: "templates that reach for constructors",
    check: async (context: Context) => {
      const text = `inputs: { type: object }\nsteps:\n  - { id: a, type: code, language: javascript, code: "return inputs", input: { x: "\${{ (() => {}).constructor.constructor('return typeof process')() }}" } }`;
      const told = JSON.stringify(await runDocument(context, text));
      return told.includes('"object"') && !told.includes("undefined") ? "the host's process was reached" : undefined;
    },
  },
  {
    section: SECTION,
    attack: "steps named __proto__ and toString",
    check: async (context: Context) => {
      const result = await runDocument(context, `steps:\n${step("toString")}\n${step("constructor", ", depends_on: [toString]")}`);
      return result.state === "succeeded" ? undefined : JSON.stringify(result.state);
    },
  },
  {
    section: SECTION,
    attack: "text of a guest's that is handed to a tool as a path",
    check: async (context: Context) => {
      const text =
        'steps:\n  - { id: a, type: code, language: javascript, code: "return \'../../../../etc/passwd\'" }\n  - { id: b, type: tool, tool: read_text, depends_on: [a], with: { file: "${{ steps.a.output }}" } }';
      const told = JSON.stringify(await runDocument(context, text));
      return told.includes("root:") ? "the file was read" : undefined;
    },
  },
  ...["text", "list"].map((form) => ({
    section: SECTION,
    attack: `a step's output of 4 MB, named 20,000 times in one input (${form})`,
    check: async (context: Context) => {
      const large = 'return "x".repeat(4000000)';
      const names = Array<string>(20_000).fill("${{ steps.a.output }}");
      const input = form === "text" ? `"${names.join("")}"` : `["${names.join('","')}"]`;
      const text = `steps:\n  - { id: a, type: code, language: javascript, code: '${large}' }\n  - { id: b, type: code, language: javascript, depends_on: [a], input: { x: ${input} }, code: return 1 }`;
      const { steps } = await runDocument(context, text);
      const { outcome } = steps[1] ?? {};
      return outcome?.kind === "failed" && outcome.error.name === "INPUT_TOO_LARGE" ? undefined : JSON.stringify(outcome);
    },
  })),
  {
    section: SECTION,
    attack: "200 steps, each with an output of 4 MB",
    check: async (context: Context) => {
      const steps = Array.from(
        { length: 200 },
        (_, n) => `  - { id: s${n}, type: code, language: javascript, code: 'return "x".repeat(4000000)' }`,
      );
      const { cause } = await runDocument(context, `max_concurrency: 1\nsteps:\n${steps.join("\n")}`);
      const outcome = cause?.kind === "step_failed" ? cause.outcome : undefined;
      return outcome?.kind === "failed" && outcome.error.name === "RunTooLarge" ? undefined : JSON.stringify(cause).slice(0, 200);
    },
  },
  { section: SECTION, attack: "the broker and its queues", check: undefined },
  { section: SECTION, attack: "the canvas: markup and scripts in what steps return", check: undefined },
];
