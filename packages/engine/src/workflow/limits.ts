import type { Limits } from "@glovebox/sandbox";
import type { StepLimits } from "./document.ts";
import { notBuilt, record, type Values, whole } from "./fields.ts";
import type { Findings } from "./findings.ts";

const ANY = Number.MAX_SAFE_INTEGER;

/** The keys of `limits`, with the limit that each sets and how many of its units one of the key's is. */
const LIMIT_KEYS = {
  memory_mb: ["memoryBytes", 2 ** 20],
  cpu_ms: ["cpuMs", 1],
  wall_ms: ["wallMs", 1],
  output_bytes: ["outputBytes", 1],
  log_bytes: ["logBytes", 1],
  input_bytes: ["inputBytes", 1],
} as const satisfies Record<string, readonly [keyof Limits, number]>;

const FIELDS = {
  memory_mb: whole("MiB of memory above what the guest's runtime starts with", 1, ANY),
  cpu_ms: whole("milliseconds of CPU", 1, ANY),
  wall_ms: whole("milliseconds from start to end, waiting included", 1, ANY),
  output_bytes: whole("bytes of the result", 1, ANY),
  log_bytes: whole("bytes of what the guest prints and logs", 1, ANY),
  input_bytes: whole("bytes of the input", 1, ANY),
  fuel: notBuilt("guests are bounded by cpu_ms and wall_ms"),
};

export const LIMITS = record("what one attempt may use; every number is a hard bound", FIELDS);

/** Limits as the sandbox names them; those above their cap are refused. */
export function readLimits(given: { readonly value: Values<typeof FIELDS> } | undefined, caps: Limits, findings: Findings): StepLimits {
  const limits: Partial<Record<keyof Limits, number>> = {};
  for (const key of Object.keys(LIMIT_KEYS) as (keyof typeof LIMIT_KEYS)[]) {
    const placed = given?.value[key];
    if (placed === undefined) continue;
    const [name, unit] = LIMIT_KEYS[key];
    const value = placed.value * unit;
    const cap = caps[name];
    if (value <= cap) limits[name] = value;
    else findings.error("limit-above-cap", placed.node, `"${key}" is ${placed.value}, above the cap of ${Math.floor(cap / unit)}`);
  }
  return limits;
}
