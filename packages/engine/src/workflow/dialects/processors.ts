import type { Json } from "@glovebox/sandbox";
import { layersOf } from "../../policy/policy.ts";
import { isAnalyzer, LOCAL_PROCESSORS } from "../../steps/processors.ts";
import type { LocalStep, Retry, Step, StepLimits, WasmStep } from "../document.ts";
import { type Draft, type DraftStep, nameOfFile, type Reading } from "../draft.ts";
import { anyList, anyMapping, choice, firstKey, list, number, type Placed, readRecord, record, required, text, whole } from "../fields.ts";
import { identifier } from "../identifier.ts";
import { excessOver } from "../limits.ts";
import { DEFAULT_RETRY } from "../retry.ts";
import { nearest, quoted } from "../text.ts";
import { type MapNode, toJson, typeName } from "../tree.ts";
import { RUN } from "./keys.ts";

const BACKENDS = choice("where the processor runs", ["local", "wasm"]);
const IMPLEMENTATION = text("the name of a local processor", 200);
const INTENTS = ["transform", "analyze"] as const;

const DOCUMENT = {
  ...RUN,
  executor_options: record("how the run is executed", {
    max_concurrency: RUN.max_concurrency,
    timeout_seconds: number("seconds for the whole run", 0.001, 30 * 86_400),
    retry_attempts: whole("how often a failed processor is tried again", 0, 99),
    batch_size: whole("ready processors that are dispatched together", 1, 1_000),
  }),
  wasm: record("WebAssembly", {
    fuel: record("units of work that a module may do, about an instruction each", {
      default: whole("what a module has that does not say; without it such a module is not metered", 1, Number.MAX_SAFE_INTEGER),
      minimum: whole("the least that a module may ask for", 1, Number.MAX_SAFE_INTEGER),
      maximum: whole("the most that a module may ask for", 1, Number.MAX_SAFE_INTEGER),
    }),
  }),
  processors: required(anyList("the processors", { type: "object" })),
};

const PROCESSOR = {
  id: required(identifier("names the processor")),
  backend: BACKENDS,
  type: BACKENDS,
  impl: IMPLEMENTATION,
  processor: IMPLEMENTATION,
  module: text("the module's file, relative to the document's folder", 1_000),
  depends_on: list("processors whose payload this one gets", identifier("the id of a processor")),
  options: anyMapping("what the processor is told"),
};

/** Reads a document of text processors: the payload is one text, which flows along the edges. */
export function readProcessors(root: MapNode, reading: Reading): Draft {
  const { findings } = reading;
  const values = readRecord(root, DOCUMENT, "the document", findings);
  const options = values.executor_options?.value;
  if (values.max_concurrency !== undefined && options?.max_concurrency !== undefined) {
    findings.error("duplicate-key", values.max_concurrency.key, `"max_concurrency" is given here and in "executor_options"`);
  }
  const fuel = new Fuel(values.wasm?.value.fuel?.value ?? {}, reading);
  const retries = options?.retry_attempts?.value ?? 0;
  const retry: Retry =
    retries === 0 ? DEFAULT_RETRY : { ...DEFAULT_RETRY, maxAttempts: retries + 1, on: ["failed", "trapped", "exhausted"] };
  if (values.processors?.value.length === 0) findings.error("out-of-range", values.processors.key, `"processors" is empty`);
  const steps: DraftStep[] = [];
  for (const node of values.processors?.value ?? []) {
    if (node.kind !== "map") findings.error("wrong-type", node, `a processor must be a mapping, not ${typeName(node)}`);
    else {
      const step = readProcessor(node, retry, fuel, reading);
      if (step !== undefined) steps.push(step);
    }
  }
  warnOfMerges(steps, reading);
  const timeout = options?.timeout_seconds?.value;
  return {
    steps,
    inputs: "text",
    secrets: new Set(),
    outputReads: [],
    workflow: {
      name: values.name?.value ?? nameOfFile(findings.source.file),
      file: findings.source.file,
      strategy: values.strategy?.value ?? "work_queue",
      failureStrategy: values.failure_strategy?.value ?? "fail_fast",
      maxConcurrency: values.max_concurrency?.value ?? options?.max_concurrency?.value ?? 4,
      payload: "text",
      ...(values.description === undefined ? {} : { description: values.description.value }),
      ...(timeout === undefined ? {} : { timeoutMs: Math.ceil(timeout * 1_000) }),
      ...(options?.batch_size === undefined ? {} : { batchSize: options.batch_size.value }),
    },
  };
}

function readProcessor(map: MapNode, retry: Retry, fuel: Fuel, reading: Reading): DraftStep | undefined {
  const { findings, modules } = reading;
  const idNode = map.entries.get("id")?.value;
  const label =
    idNode?.kind === "scalar" && typeof idNode.value === "string" && idNode.value !== ""
      ? `processor ${quoted(idNode.value)}`
      : "this processor";
  const values = readRecord(map, PROCESSOR, label, findings);
  const backend = eitherOf(map, values.backend, values.type, ["backend", "type"], label, reading);
  const wanted = backend?.value === "local";
  const implementation = wanted ? eitherOf(map, values.impl, values.processor, ["impl", "processor"], label, reading) : undefined;
  if (backend?.value === "local" && values.module !== undefined) {
    findings.error("unknown-key", values.module.key, `${label} is local: it has no "module"`);
  }
  if (backend?.value === "wasm") {
    for (const stray of [values.impl, values.processor]) {
      if (stray !== undefined) findings.error("unknown-key", stray.key, `${label} is a module: it has no "impl"`);
    }
    if (!map.entries.has("module")) findings.error("missing-key", firstKey(map), `${label} needs the key "module"`);
    if (values.module !== undefined) modules.push({ path: values.module.value, span: values.module.node });
  }
  const intent = intentOf(values.options?.value, reading);
  const own =
    backend?.value === "local"
      ? implementation && localOf(implementation, values.options?.value, map, reading)
      : values.module && { type: "wasm" as const, module: values.module.value };
  if (backend?.value === "wasm") refuseOptions(values.options?.value, [FUEL_LEVEL], label, reading);
  const { id } = values;
  if (id === undefined) return undefined;
  const dependsOn = (values.depends_on?.value ?? []).map(({ value, node }) => ({ id: value, span: node }));
  const base = {
    id: id.value,
    place: findings.source.place(id.node),
    dependsOn: [...new Set(dependsOn.map((dependency) => dependency.id))],
    needs: "all" as const,
    retry,
    limits: backend?.value === "wasm" ? fuel.limitsFor(values.options?.value) : {},
    ...(intent === undefined ? {} : { intent }),
  };
  const step: Step | undefined = own === undefined || backend === undefined ? undefined : { ...base, ...own };
  return { id: id.value, idSpan: id.node, dependsOn, branch: undefined, needs: "all", reads: [], inputNames: "any", step };
}

function localOf(
  name: Placed<string>,
  options: MapNode | undefined,
  map: MapNode,
  reading: Reading,
): Pick<LocalStep, "type" | "processor" | "options"> | undefined {
  const { findings } = reading;
  const known = LOCAL_PROCESSORS.get(name.value);
  if (known === undefined) {
    findings.error("unknown-processor", name.node, `there is no local processor ${quoted(name.value)}`, () =>
      nearest(name.value, LOCAL_PROCESSORS.keys()),
    );
    return undefined;
  }
  refuseOptions(options, known.options, `processor "${known.name}"`, reading);
  for (const option of known.options) {
    const given = options?.entries.get(option);
    if (given === undefined) {
      findings.error("missing-key", map.entries.get("options")?.key ?? name.node, `processor "${known.name}" needs the option "${option}"`);
    } else if (given.value.kind !== "scalar" || typeof given.value.value !== "string") {
      findings.error("wrong-type", given.value, `"${option}" must be a text, not ${typeName(given.value)}`);
    }
  }
  const values: Record<string, Json> = Object.create(null);
  for (const option of known.options) {
    const given = options?.entries.get(option);
    if (given !== undefined) values[option] = toJson(given.value);
  }
  return { type: "local", processor: known.name, options: values };
}

function refuseOptions(options: MapNode | undefined, known: readonly string[], label: string, { findings }: Reading): void {
  for (const [name, { key }] of options?.entries ?? []) {
    if (name === "intent" || known.includes(name)) continue;
    findings.error("unknown-key", key, `${label} has no option ${quoted(name)}`, () => nearest(name, [...known, "intent"]));
  }
}

function intentOf(options: MapNode | undefined, { findings }: Reading): Step["intent"] {
  const node = options?.entries.get("intent")?.value;
  return node === undefined ? undefined : choice("", INTENTS).read(node, `"intent"`, findings);
}

/** One of two keys that mean the same. */
function eitherOf<T>(
  map: MapNode,
  first: Placed<T> | undefined,
  second: Placed<T> | undefined,
  [name, other]: readonly [string, string],
  label: string,
  { findings }: Reading,
): Placed<T> | undefined {
  if (!map.entries.has(name) && !map.entries.has(other))
    findings.error("missing-key", firstKey(map), `${label} needs the key "${name}" (or "${other}")`);
  if (map.entries.has(name) && map.entries.has(other) && second !== undefined) {
    findings.error("duplicate-key", second.key, `"${name}" and "${other}" mean the same: one of them is enough`);
  }
  return first ?? second;
}

/** Where payloads of several dependencies meet, one is taken; whoever wrote the document may not know that. */
function warnOfMerges(steps: readonly DraftStep[], { findings }: Reading): void {
  const transforming = new Set(steps.filter(({ step }) => step !== undefined && transforms(step)).map(({ id }) => id));
  for (const { id, idSpan, dependsOn } of steps) {
    const sources = dependsOn.filter((dependency) => transforming.has(dependency.id));
    const last = sources.at(-1);
    if (sources.length < 2 || last === undefined) continue;
    const names = sources.map((source) => `"${source.id}"`).join(", ");
    findings.warning(
      "payload-ambiguous",
      idSpan,
      `of ${names}, which all transform, processor "${id}" gets the payload of the last one listed, "${last.id}"`,
    );
  }
}

function transforms(step: LocalStep | WasmStep | Step): boolean {
  return step.intent !== "analyze" && (step.type !== "local" || !isAnalyzer(step.processor));
}

/** The option of a module that says how much fuel it has. */
const FUEL_LEVEL = "fuel_level";
const LEVEL = whole("units of fuel", 1, Number.MAX_SAFE_INTEGER);

type FuelBounds = Readonly<Partial<Record<"default" | "minimum" | "maximum", Placed<number>>>>;

/** How much fuel modules have: what each says for itself, within the document's bounds, else the document's default, else they are not metered. */
class Fuel {
  readonly #bounds: FuelBounds;
  readonly #reading: Reading;

  constructor(bounds: FuelBounds, reading: Reading) {
    this.#bounds = bounds;
    this.#reading = reading;
    const { minimum, maximum } = bounds;
    if (minimum && maximum && minimum.value > maximum.value) {
      reading.findings.error("out-of-range", minimum.node, `"minimum" is ${minimum.value}, above the "maximum" of ${maximum.value}`);
    } else if (bounds.default) this.#accepted("default", bounds.default);
  }

  limitsFor(options: MapNode | undefined): StepLimits {
    const given = options?.entries.get(FUEL_LEVEL);
    if (given === undefined) return this.#bounds.default === undefined ? {} : { fuel: this.#bounds.default.value };
    const { value: node, key } = given;
    const level = LEVEL.read(node, `"${FUEL_LEVEL}"`, this.#reading.findings);
    return level !== undefined && this.#accepted(FUEL_LEVEL, { value: level, node, key }) ? { fuel: level } : {};
  }

  #accepted(name: string, { value, node }: Placed<number>): boolean {
    const { findings, policy } = this.#reading;
    const { minimum, maximum } = this.#bounds;
    if (minimum && value < minimum.value) {
      findings.error("out-of-range", node, `"${name}" is ${value}, below the "minimum" of ${minimum.value}`);
      return false;
    }
    if (maximum && value > maximum.value) {
      findings.error("out-of-range", node, `"${name}" is ${value}, above the "maximum" of ${maximum.value}`);
      return false;
    }
    const excess = excessOver(layersOf(policy, policy.profile), ({ ceiling }) => ceiling.limits.fuel, value, 1);
    if (excess === undefined) return true;
    findings.error("limit-above-cap", node, `"${name}" is ${value}, above ${excess}`);
    return false;
  }
}
