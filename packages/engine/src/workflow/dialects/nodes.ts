import { layersOf } from "../../policy/policy.ts";
import { checkToolAllowed } from "../check-ceiling.ts";
import type { CodeStep, ConditionStep, ToolStep } from "../document.ts";
import { type Draft, type DraftStep, nameOfFile, type Reading } from "../draft.ts";
import { anyList, anyMapping, anyValue, choice, list, type Placed, readRecord, required, text, type Values } from "../fields.ts";
import { identifier } from "../identifier.ts";
import { checkSchema } from "../json-schema.ts";
import { DEFAULT_RETRY } from "../retry.ts";
import { ReadCollector } from "../templates.ts";
import { quoted } from "../text.ts";
import { type MapNode, type Node, toJson, typeName } from "../tree.ts";
import { codeLine } from "./code-line.ts";
import { RUN } from "./keys.ts";
import { readStepType } from "./step-type.ts";

const TYPES = ["code", "condition", "tool"] as const;
const EXECUTION_MODE = choice("where nodes run", ["direct", "sandbox", "wasm", "browser", "frontend"]);
const DEPENDENCIES = list("nodes that must have succeeded before", identifier("the id of a node"));

const DOCUMENT = {
  ...RUN,
  execution_mode: EXECUTION_MODE,
  nodes: required(anyList("the nodes", { type: "object" })),
};

const NODE = {
  id: required(identifier("names the node")),
  type: required(choice("what the node does", TYPES)),
  name: text("for readers; has no effect", 200),
  description: text("for readers; has no effect", 10_000),
  depends_on: DEPENDENCIES,
  dependencies: DEPENDENCIES,
  execution_mode: EXECUTION_MODE,
  output_schema: anyValue("a JSON Schema that the output must fit"),
};

const CODE = {
  ...NODE,
  code: required(text("runs in the sandbox")),
  language: choice("what the code is written in; python where it is missing", ["python", "javascript", "typescript"]),
  imports: list("Python modules that the code may import", text("a module", 200)),
};

const CONDITION = { ...NODE, expression: required(text("JavaScript that runs in the sandbox")) };

const TOOL = { ...NODE, tool_name: required(text("the tool's name", 200)), tool_args: anyMapping("the tool's arguments") };

type Own =
  | Pick<CodeStep, "type" | "language" | "code" | "codeLine" | "imports">
  | Pick<ConditionStep, "type" | "expression">
  | Pick<ToolStep, "type" | "tool" | "with">;

/** Reads a document of nodes. */
export function readNodes(root: MapNode, reading: Reading): Draft {
  const { findings } = reading;
  const values = readRecord(root, DOCUMENT, "the document", findings);
  if (values.nodes?.value.length === 0) findings.error("out-of-range", values.nodes.key, `"nodes" is empty`);
  const steps: DraftStep[] = [];
  for (const node of values.nodes?.value ?? []) {
    if (node.kind !== "map") {
      findings.error("wrong-type", node, `a node must be a mapping, not ${typeName(node)}`);
      continue;
    }
    const step = readNode(node, values.execution_mode, reading);
    if (step !== undefined) steps.push(step);
  }
  return {
    steps,
    inputs: undefined,
    secrets: new Set(),
    outputReads: [],
    workflow: {
      name: values.name?.value ?? nameOfFile(findings.source.file),
      file: findings.source.file,
      strategy: values.strategy?.value ?? "work_queue",
      failureStrategy: values.failure_strategy?.value ?? "fail_fast",
      maxConcurrency: values.max_concurrency?.value ?? 4,
      payload: "json",
      ...(values.description === undefined ? {} : { description: values.description.value }),
    },
  };
}

function readNode(map: MapNode, documentMode: Placed<Mode> | undefined, reading: Reading): DraftStep | undefined {
  const { findings, tools, policy } = reading;
  const idNode = map.entries.get("id")?.value;
  const label =
    idNode?.kind === "scalar" && typeof idNode.value === "string" && idNode.value !== "" ? `node ${quoted(idNode.value)}` : "this node";
  const reads = new ReadCollector(reading);
  const type = readStepType(map, label, TYPES, findings);
  let values: Values<typeof NODE>;
  let own: Own | undefined;
  if (type === "code") {
    const node = readRecord(map, CODE, label, findings);
    values = node;
    const language = node.language?.value ?? "python";
    if (node.imports !== undefined && language !== "python") {
      findings.error("unknown-key", node.imports.key, `"imports" is a list of Python modules: ${label} is written in ${language}`);
    }
    own = node.code && {
      type,
      language,
      code: node.code.value,
      codeLine: codeLine(node.code.node, findings.source),
      ...(node.imports === undefined ? {} : { imports: node.imports.value.map(({ value }) => value) }),
    };
  } else if (type === "condition") {
    const node = readRecord(map, CONDITION, label, findings);
    values = node;
    own = node.expression && { type, expression: reads.expression(node.expression.node, node.expression.value, "step") };
  } else if (type === "tool") {
    const node = readRecord(map, TOOL, label, findings);
    values = node;
    const { tool_name, tool_args } = node;
    if (tool_args !== undefined) reads.template(tool_args.value);
    const refused = map.entries.has("tool_args") && tool_args === undefined;
    if (tool_name !== undefined) tools.push({ name: tool_name.value, span: tool_name.node, step: label, given: tool_args?.value, refused });
    if (tool_name !== undefined) checkToolAllowed(tool_name, layersOf(policy, policy.profile), findings);
    own = tool_name && { type, tool: tool_name.value, with: tool_args === undefined ? {} : toJson(tool_args.value) };
  } else {
    const { type: _, ...fields } = NODE;
    const known = new Map([...map.entries].filter(([name]) => Object.hasOwn(fields, name)));
    values = readRecord({ ...map, entries: known }, fields, label, findings);
  }
  if (type !== undefined) checkMode(type, values.execution_mode ?? documentMode, label, reading);
  return draftOf(values, own, reads, reading);
}

function draftOf(
  values: Values<typeof NODE>,
  own: Own | undefined,
  reads: ReadCollector,
  { findings, patterns }: Reading,
): DraftStep | undefined {
  const { id, depends_on, dependencies, output_schema } = values;
  if (depends_on !== undefined && dependencies !== undefined) {
    findings.error("duplicate-key", dependencies.key, `"depends_on" and "dependencies" mean the same: one of them is enough`);
  }
  if (output_schema !== undefined) checkSchema(output_schema.value, findings, patterns);
  if (id === undefined) return undefined;
  const dependsOn = ((depends_on ?? dependencies)?.value ?? []).map(({ value, node }) => ({ id: value, span: node as Node }));
  const base = {
    id: id.value,
    place: findings.source.place(id.node),
    dependsOn: dependsOn.map((dependency) => dependency.id),
    needs: "all" as const,
    retry: DEFAULT_RETRY,
    limits: {},
    ...(output_schema === undefined ? {} : { outputSchema: toJson(output_schema.value) }),
  };
  return {
    id: id.value,
    idSpan: id.node,
    dependsOn,
    branch: undefined,
    needs: "all",
    reads: reads.reads,
    inputNames: undefined,
    step: own && { ...base, ...own },
  };
}

type Mode = NonNullable<ReturnType<typeof EXECUTION_MODE.read>>;

/** Where a node runs follows from its type; a mode may only say the same, or be stricter. */
function checkMode(type: (typeof TYPES)[number], mode: Placed<Mode> | undefined, label: string, { findings }: Reading): void {
  if (mode === undefined) return;
  const { value, node } = mode;
  if (value === "browser" || value === "frontend") findings.error("not-built-yet", node, `"execution_mode" ${value} is not built yet`);
  else if (type !== "tool" && value === "direct") {
    findings.error("unknown-value", node, `${label} is ${type === "code" ? "code" : "a condition"}, which always runs in the sandbox`);
  } else if (type === "tool" && value !== "direct") {
    findings.error("not-built-yet", node, `${label} is a tool: tools in the sandbox are not built yet`);
  }
}
