import { DEFAULT_HOST_LIMITS } from "@glovebox/sandbox";
import { type Applied, appliedNumbers } from "../policy/applied.ts";
import { layersOf, type Policy } from "../policy/policy.ts";
import { type ProfileName, strictest } from "../policy/profile.ts";
import { type SecretUse, secretUses } from "../secrets/uses.ts";
import { defaultLimitsOf, TOOL_OUTPUT_BYTES } from "../steps/limits.ts";
import { isSandboxed } from "../steps/placement.ts";
import type { ToolSignature } from "../tools/tool.ts";
import type { Place, Step, StepGrants, WasmStep, Workflow } from "../workflow/document.ts";
import { HOST_LIMIT_KEYS, LIMIT_KEYS } from "../workflow/limits.ts";
import { type Origin, Origins } from "./origins.ts";

/** What each step of a workflow may do, and by whose word. All of it is JSON; nothing was run for it. */
export interface Explanation {
  readonly workflow: string;
  readonly file: string;
  readonly profile: AskedProfile;
  /** In the order of the document. */
  readonly steps: readonly ExplainedStep[];
}

interface AskedProfile {
  readonly name: ProfileName;
  /** Who asks for it. */
  readonly from: "configuration" | "document" | "step";
}

export interface ExplainedStep {
  readonly id: string;
  readonly type: Step["type"];
  /** The language, the tool, the module or the processor. Missing: nothing needs to be said. */
  readonly uses?: string;
  readonly place: Place;
  /** `host`: with the rights of whoever runs the workflow. */
  readonly runs: "sandbox" | "host";
  readonly profile: AskedProfile;
  /** As they apply, under the names that documents have for them. */
  readonly limits: readonly ExplainedLimit[];
  /** Missing: none. */
  readonly grants?: StepGrants;
  readonly secrets: readonly SecretUse[];
  readonly values: readonly ExplainedValue[];
}

export interface ExplainedLimit {
  /** The unit is in it. */
  readonly key: string;
  readonly value: number;
  readonly from: Applied["from"];
}

/** A value that a step works on. */
export interface ExplainedValue {
  /** Such as `with.file`, `input`. */
  readonly where: string;
  /** What it names, where it names something outside. */
  readonly names?: "path" | "url" | "command";
  readonly from: readonly Origin[];
  /** A sandboxed step decides what a step that runs with more rights than it reaches. */
  readonly confusedDeputy: boolean;
}

/** @param tools that the steps may call, by name */
export function explainWorkflow(workflow: Workflow, policy: Policy, tools: ReadonlyMap<string, ToolSignature>): Explanation {
  const name = strictest([policy.profile, workflow.profile ?? policy.profile]);
  const profile: AskedProfile = { name, from: workflow.profile === undefined ? "configuration" : "document" };
  const origins = new Origins(workflow);
  return {
    workflow: workflow.name,
    file: workflow.file,
    profile,
    steps: workflow.steps.map((step) => {
      const own: AskedProfile = step.profile === undefined ? profile : { name: strictest([name, step.profile]), from: "step" };
      const grants = "grants" in step ? step.grants : undefined;
      return {
        id: step.id,
        type: step.type,
        ...usesOf(step),
        place: step.place,
        runs: isSandboxed(step) ? "sandbox" : "host",
        profile: own,
        limits: isSandboxed(step) ? guestLimits(step, policy, own.name) : hostLimits(step),
        ...(grants === undefined ? {} : { grants }),
        secrets: secretUses(step),
        values: valuesOfStep(step, origins, tools),
      };
    }),
  };
}

function usesOf(step: Step): Pick<ExplainedStep, "uses"> {
  switch (step.type) {
    case "code":
      return { uses: step.language };
    case "tool":
      return { uses: step.tool };
    case "wasm":
      return { uses: step.module };
    case "local":
      return { uses: step.processor };
    case "condition":
      return {};
  }
}

function guestLimits(step: Step, policy: Policy, profile: ProfileName): readonly ExplainedLimit[] {
  const layers = layersOf(policy, profile);
  const { inheritedLimits } = step;
  const own = appliedNumbers("limits", layers, defaultLimitsOf(step.type), step.limits, inheritedLimits);
  const host = appliedNumbers("hostLimits", layers, DEFAULT_HOST_LIMITS, step.hostLimits ?? {}, inheritedLimits);
  const { http, files } = ("grants" in step ? step.grants : undefined) ?? {};
  // What bounds something that was not granted says nothing.
  const told = inKeys(HOST_LIMIT_KEYS, host).filter(
    ({ key }) => (http !== undefined || !key.startsWith("http_")) && (files !== undefined || key !== "file_bytes"),
  );
  return [...inKeys(LIMIT_KEYS, own), ...told, ...timeoutOf(step)];
}

/** Of a step in the host its time and its output alone are bounded. */
function hostLimits(step: Step): readonly ExplainedLimit[] {
  if (step.type !== "tool") return timeoutOf(step);
  const { limits, inheritedLimits = [] } = step;
  const from = (name: "wallMs" | "outputBytes"): Applied["from"] => (inheritedLimits.includes(name) ? "document" : "step");
  return [
    ...(limits.wallMs === undefined ? [] : [{ key: "wall_ms", value: limits.wallMs, from: from("wallMs") }]),
    limits.outputBytes === undefined
      ? { key: "output_bytes", value: TOOL_OUTPUT_BYTES, from: "default" }
      : { key: "output_bytes", value: limits.outputBytes, from: from("outputBytes") },
    ...timeoutOf(step),
  ];
}

function timeoutOf({ timeoutMs, inheritedLimits = [] }: Step): readonly ExplainedLimit[] {
  if (timeoutMs === undefined) return [];
  return [{ key: "timeout_ms", value: timeoutMs, from: inheritedLimits.includes("timeoutMs") ? "document" : "step" }];
}

function inKeys(
  keys: Readonly<Record<string, readonly [name: string, unit: number]>>,
  applied: ReadonlyMap<string, Applied>,
): readonly ExplainedLimit[] {
  return Object.entries(keys).flatMap(([key, [name, unit]]) => {
    const number = applied.get(name);
    return number === undefined ? [] : [{ key, value: number.value / unit, from: number.from }];
  });
}

function valuesOfStep(step: Step, origins: Origins, tools: ReadonlyMap<string, ToolSignature>): readonly ExplainedValue[] {
  if (step.type === "local") return [{ where: "text", from: origins.defaultInput(step), confusedDeputy: false }];
  if (step.type === "tool") {
    const known = new Map(tools.get(step.tool)?.arguments.map((argument) => [argument.name, argument]));
    return Object.entries(step.with ?? {}).map(([name, template]) => {
      const from = origins.template(template);
      const names = known.get(name)?.names;
      const untrusted = from.some((origin) => origin.kind === "step" && origin.untrusted !== undefined);
      return { where: `with.${name}`, ...(names === undefined ? {} : { names }), from, confusedDeputy: names !== undefined && untrusted };
    });
  }
  const literal = [{ kind: "literal" }] as const;
  const { http = [], files = [] } = step.grants ?? {};
  return [
    ...(step.type === "wasm" ? [{ where: "module", names: "path", from: literal, confusedDeputy: false } as const] : []),
    ...http.map((_, index) => ({ where: `grants.http[${index}].allow`, names: "url", from: literal, confusedDeputy: false }) as const),
    ...files.map((_, index) => ({ where: `grants.files[${index}].path`, names: "path", from: literal, confusedDeputy: false }) as const),
    ...(step.type === "wasm" ? startValues(step, origins) : []),
    { where: "input", from: step.input === undefined ? origins.defaultInput(step) : origins.template(step.input), confusedDeputy: false },
  ];
}

/** The guest is the one that reads them: no more is reached by what they name. */
function startValues({ arguments: given = [], environment = {} }: WasmStep, origins: Origins): readonly ExplainedValue[] {
  const named = [
    ...given.map((template, index) => [`arguments[${index}]`, template] as const),
    ...Object.entries(environment).map(([name, template]) => [`environment.${name}`, template] as const),
  ];
  return named.map(([where, template]) => ({ where, from: origins.template(template), confusedDeputy: false }));
}
