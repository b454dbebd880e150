import { firstKey } from "../fields.ts";
import type { Findings } from "../findings.ts";
import { nearest, quoted } from "../text.ts";
import { type MapNode, typeName } from "../tree.ts";

/** Step types of the design that nothing runs yet. */
const NOT_BUILT: ReadonlySet<string> = new Set([
  "llm",
  "agent",
  "loop",
  "parallel",
  "workflow",
  "http_request",
  "transform",
  "validate",
  "fan_out",
  "aggregate",
  "gate",
  "notify",
  "decide",
  "plan",
]);

/** The type of a step, which decides the keys that it may have. Undefined: refused, and that has been said. */
export function readStepType<T extends string>(map: MapNode, label: string, types: readonly T[], findings: Findings): T | undefined {
  const node = map.entries.get("type")?.value;
  if (node === undefined) findings.error("missing-key", firstKey(map), `${label} needs the key "type": one of ${types.join(", ")}`);
  else if (node.kind !== "scalar" || typeof node.value !== "string") {
    findings.error("wrong-type", node, `"type" must be one of ${types.join(", ")}, not ${typeName(node)}`);
  } else {
    const { value } = node;
    const known = types.find((type) => type === value);
    if (known !== undefined) return known;
    if (NOT_BUILT.has(value)) findings.error("not-built-yet", node, `steps of type "${value}" are not built yet`);
    else
      findings.error("unknown-value", node, `"type" must be one of ${types.join(", ")}, not ${quoted(value)}`, () => nearest(value, types));
  }
  return undefined;
}
