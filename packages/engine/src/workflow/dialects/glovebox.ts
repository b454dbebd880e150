import { allowsSecret } from "../../policy/ceiling.ts";
import { type Bounds, checkToolAllowed, readProfile } from "../check-ceiling.ts";
import type { CodeStep, ConditionStep, Retry, Step, StepGrants, Template, ToolStep, WasmStep } from "../document.ts";
import { type Draft, type DraftStep, nameOfFile, type Reading } from "../draft.ts";
import { type Placed, readRecord, type Values } from "../fields.ts";
import { readGrants } from "../grants.ts";
import { checkSchema } from "../json-schema.ts";
import { type AskedLimits, checkInherited, readLimits } from "../limits.ts";
import { type ProgramStart, readProgramStart } from "../program-start.ts";
import { DEFAULT_RETRY, readRetry } from "../retry.ts";
import { ReadCollector } from "../templates.ts";
import { quoted } from "../text.ts";
import { type MapNode, type Node, toJson, typeName } from "../tree.ts";
import { codeLine } from "./code-line.ts";
import { CODE, CONDITION, DOCUMENT, EVERY, TOOL, WASM } from "./keys.ts";
import { readStepType } from "./step-type.ts";

/** Enough to use a small machine, few enough that guests at their memory limit still fit it. */
const DEFAULT_CONCURRENCY = 4;

/** What `defaults` of a document says of every step. */
interface Defaults {
  readonly retry: Retry;
  readonly limits: AskedLimits;
  readonly timeoutMs: number | undefined;
}

type Common = Values<typeof EVERY> & Pick<Values<typeof CODE>, "input" | "grants">;
/** What a type of step has beside what all have. */
type Own =
  | Pick<CodeStep, "type" | "language" | "code" | "codeLine" | "imports" | "packages">
  | Pick<ConditionStep, "type" | "expression">
  | (Pick<WasmStep, "type" | "module"> & ProgramStart)
  | Pick<ToolStep, "type" | "tool" | "with">;

/** Reads a document in Glovebox's own dialect. */
export function readGlovebox(root: MapNode, reading: Reading): Draft {
  const { findings, policy, patterns } = reading;
  const values = readRecord(root, DOCUMENT, "the document", findings);
  const defaults = values.defaults?.value;
  if (values.inputs !== undefined) checkSchema(values.inputs.node, findings, patterns);
  const bounds = readProfile(values.profile, policy.profile, "that of the configuration", policy, findings);
  const secrets = values.secrets?.value.map(({ value }) => value) ?? [];
  const declared = new Set(secrets.map(({ name }) => name));
  const reader = new StepReader(reading, bounds, declared, {
    retry: readRetry(defaults?.retry, DEFAULT_RETRY),
    limits: readLimits(defaults?.limits, bounds.layers, findings),
    timeoutMs: defaults?.timeout_ms?.value,
  });
  if (values.steps?.value.length === 0) findings.error("out-of-range", values.steps.key, `"steps" is empty`);
  reader.readAll(values.steps?.value ?? [], undefined);
  const outputs = new ReadCollector(reading);
  if (values.outputs !== undefined) outputs.template(values.outputs.value);
  return {
    steps: reader.steps,
    inputs: values.inputs?.value,
    secrets: declared,
    outputReads: outputs.reads,
    workflow: {
      name: values.name?.value ?? nameOfFile(findings.source.file),
      file: findings.source.file,
      strategy: values.strategy?.value ?? "work_queue",
      failureStrategy: values.failure_strategy?.value ?? "fail_fast",
      maxConcurrency: values.max_concurrency?.value ?? DEFAULT_CONCURRENCY,
      payload: "json",
      ...(values.description === undefined ? {} : { description: values.description.value }),
      ...(values.inputs === undefined ? {} : { inputs: toJson(values.inputs.value) }),
      ...(values.profile === undefined ? {} : { profile: bounds.profile }),
      ...(values.secrets === undefined ? {} : { secrets }),
      ...(values.timeout_ms === undefined ? {} : { timeoutMs: values.timeout_ms.value }),
      ...(values.outputs === undefined ? {} : { outputs: toJson(values.outputs.value) as Readonly<Record<string, Template>> }),
    },
  };
}

class StepReader {
  /** In the order of the file, the steps of branches behind their condition. */
  readonly steps: DraftStep[] = [];
  readonly #reading: Reading;
  /** What holds for a step that asks for no profile of its own. */
  readonly #bounds: Bounds;
  readonly #declared: ReadonlySet<string>;
  readonly #defaults: Defaults;

  constructor(reading: Reading, bounds: Bounds, declared: ReadonlySet<string>, defaults: Defaults) {
    this.#bounds = bounds;
    this.#declared = declared;
    this.#reading = reading;
    this.#defaults = defaults;
  }

  readAll(nodes: readonly Node[], branch: Step["branch"]): void {
    const { findings } = this.#reading;
    for (const node of nodes) {
      if (node.kind === "map") this.#read(node, branch);
      else findings.error("wrong-type", node, `a step must be a mapping, not ${typeName(node)}`);
    }
  }

  #read(map: MapNode, branch: Step["branch"]): void {
    const { findings, modules, tools } = this.#reading;
    const label = labelOf(map);
    const reads = new ReadCollector(this.#reading);
    const type = readStepType(map, label, ["code", "condition", "tool", "wasm"], findings);
    if (type === "code") {
      const values = readRecord(map, CODE, label, findings);
      const { language, code, imports, packages } = values;
      if (packages !== undefined && language !== undefined && language.value !== "python") {
        findings.error("unknown-key", packages.key, `"packages" is a list of Python wheels: ${label} is written in ${language.value}`);
      }
      for (const { value, node } of packages?.value ?? []) {
        if (value.endsWith(".whl")) modules.push({ path: value, span: node, what: "package" });
        else findings.error("unknown-value", node, `a package must be a wheel, a .whl file, not ${quoted(value)}`);
      }
      if (imports !== undefined && language !== undefined && language.value !== "python") {
        findings.error("unknown-key", imports.key, `"imports" is a list of Python modules: ${label} is written in ${language.value}`);
      }
      const own: Own | undefined = code &&
        language && {
          type,
          language: language.value,
          code: code.value,
          codeLine: codeLine(code.node, findings.source),
          ...(imports === undefined ? {} : { imports: imports.value.map(({ value }) => value) }),
          ...(packages === undefined ? {} : { packages: packages.value.map(({ value }) => value) }),
        };
      this.#add(values, own, branch, reads);
    } else if (type === "condition") {
      const values = readRecord(map, CONDITION, label, findings);
      const { expression } = values;
      const own: Own | undefined = expression && { type, expression: reads.expression(expression.node, expression.value, "step") };
      this.#add(values, own, branch, reads);
      for (const side of ["then", "else"] as const) {
        this.readAll(values[side]?.value ?? [], values.id && { condition: values.id.value, side });
      }
    } else if (type === "wasm") {
      const values = readRecord(map, WASM, label, findings);
      const { module } = values;
      if (module !== undefined) modules.push({ path: module.value, span: module.node });
      const start = readProgramStart(values, reads, findings);
      this.#add(values, module && { type, module: module.value, ...start }, branch, reads);
    } else if (type === "tool") {
      const values = readRecord(map, TOOL, label, findings);
      const { tool, with: given } = values;
      if (given !== undefined) reads.template(given.value, true);
      const refused = map.entries.has("with") && given === undefined;
      if (tool !== undefined) tools.push({ name: tool.value, span: tool.node, step: label, given: given?.value, refused });
      this.#add(values, tool && { type, tool: tool.value, with: given === undefined ? {} : toJson(given.value) }, branch, reads, tool);
    } else {
      // Which of its keys are strange can't be told, so only those that every step has are looked at.
      const known = new Map([...map.entries].filter(([name]) => name !== "type" && Object.hasOwn(EVERY, name)));
      const { type: _, ...fields } = EVERY;
      this.#add(readRecord({ ...map, entries: known }, fields, label, findings), undefined, branch, reads);
    }
  }

  /** A tool must be allowed, and every secret that is handed to it. */
  #checkTool(tool: Placed<string>, { reads }: ReadCollector, layers: Bounds["layers"]): void {
    const { findings } = this.#reading;
    checkToolAllowed(tool, layers, findings);
    for (const read of reads) {
      const name = String(read.path[0] ?? "");
      if (read.root !== "secrets" || !read.secrets || !this.#declared.has(name)) continue;
      const layer = layers.find(({ ceiling }) => !allowsSecret(ceiling, name));
      if (layer !== undefined) findings.error("grant-above-cap", read.span, `${layer.words} does not allow the secret ${quoted(name)}`);
    }
  }

  #add(values: Common, own: Own | undefined, branch: Step["branch"], reads: ReadCollector, tool?: Placed<string>): void {
    const { findings, policy, patterns } = this.#reading;
    const { id, depends_on, when, input, output_schema, timeout_ms } = values;
    const dependsOn = (depends_on?.value ?? []).map(({ value, node }) => ({ id: value, span: node }));
    const condition = when && reads.expression(when.node, when.value, "run");
    if (input !== undefined) reads.template(input.value);
    if (output_schema !== undefined) checkSchema(output_schema.value, findings, patterns);
    const bounds = readProfile(values.profile, this.#bounds.profile, "the document's", policy, findings);
    const { layers } = bounds;
    const asked = readLimits(values.limits, layers, findings);
    const inherited = this.#defaults.limits;
    if (values.profile !== undefined) checkInherited(inherited, asked, layers, values.profile.node, findings);
    const grants = values.grants && readGrants(values.grants.value, { declared: this.#declared, layers, findings });
    if (tool !== undefined) this.#checkTool(tool, reads, layers);
    const timeoutMs = timeout_ms?.value ?? this.#defaults.timeoutMs;
    if (id === undefined) return;
    const base = {
      id: id.value,
      place: findings.source.place(id.node),
      dependsOn: dependsOn.map((dependency) => dependency.id),
      needs: values.needs?.value ?? "all",
      retry: readRetry(values.retry, this.#defaults.retry),
      ...limitsOf(asked, inherited, timeout_ms === undefined && timeoutMs !== undefined),
      ...(values.profile === undefined ? {} : { profile: bounds.profile }),
      ...(condition === undefined ? {} : { when: condition }),
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
      ...(input === undefined ? {} : { input: toJson(input.value) }),
      ...(output_schema === undefined ? {} : { outputSchema: toJson(output_schema.value) }),
      ...(branch === undefined ? {} : { branch }),
    };
    this.steps.push({
      id: id.value,
      idSpan: id.node,
      dependsOn,
      branch,
      needs: base.needs,
      reads: reads.reads,
      inputNames: inputNames(input?.value),
      step: own && withGrants({ ...base, ...own }, grants),
    });
  }
}

/** A step's own limits over those of the document, and which of them are only the document's. */
function limitsOf(
  own: AskedLimits,
  inherited: AskedLimits,
  timeoutInherited: boolean,
): Pick<Step, "limits" | "hostLimits" | "inheritedLimits"> {
  const only = (["limits", "hostLimits"] as const).flatMap((kind) =>
    Object.keys(inherited[kind]).filter((name) => !Object.hasOwn(own[kind], name)),
  );
  if (timeoutInherited) only.push("timeoutMs");
  const hostLimits = { ...inherited.hostLimits, ...own.hostLimits };
  return {
    limits: { ...inherited.limits, ...own.limits },
    ...(Object.keys(hostLimits).length === 0 ? {} : { hostLimits }),
    ...(only.length === 0 ? {} : { inheritedLimits: only }),
  };
}

function withGrants(step: Step, grants: StepGrants | undefined): Step {
  if (step.type === "tool" || step.type === "local" || grants === undefined || Object.keys(grants).length === 0) return step;
  return { ...step, grants };
}

function labelOf(map: MapNode): string {
  const id = map.entries.get("id")?.value;
  return id?.kind === "scalar" && typeof id.value === "string" && id.value !== "" ? `step ${quoted(id.value)}` : "this step";
}

function inputNames(input: Node | undefined): DraftStep["inputNames"] {
  if (input === undefined) return undefined;
  return input.kind === "map" ? new Set(input.entries.keys()) : "any";
}
