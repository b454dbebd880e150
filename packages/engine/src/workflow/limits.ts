import type { HostLimits, Limits } from "@glovebox/sandbox";
import type { Layer } from "../policy/policy.ts";
import type { StepLimits } from "./document.ts";
import { record, type Values, whole } from "./fields.ts";
import type { Findings } from "./findings.ts";
import type { Span } from "./source.ts";

const ANY = Number.MAX_SAFE_INTEGER;

/** The keys of `limits`, with the limit that each sets and how many of its units one of the key's is. */
export const LIMIT_KEYS = {
  memory_mb: ["memoryBytes", 2 ** 20],
  cpu_ms: ["cpuMs", 1],
  wall_ms: ["wallMs", 1],
  output_bytes: ["outputBytes", 1],
  log_bytes: ["logBytes", 1],
  input_bytes: ["inputBytes", 1],
  fuel: ["fuel", 1],
} as const satisfies Record<string, readonly [keyof Limits, number]>;

/** The same for what a guest may ask of the host. */
export const HOST_LIMIT_KEYS = {
  host_calls: ["calls", 1],
  host_calls_per_second: ["callsPerSecond", 1],
  log_lines_per_second: ["logLinesPerSecond", 1],
  http_requests: ["httpRequests", 1],
  http_bytes_out: ["httpBytesOut", 1],
  http_bytes_in: ["httpBytesIn", 1],
  http_response_bytes: ["httpResponseBytes", 1],
  http_ms: ["httpMs", 1],
  file_bytes: ["fileBytes", 1],
} as const satisfies Record<string, readonly [keyof HostLimits, number]>;

const FIELDS = {
  memory_mb: whole("MiB of memory above what the guest's runtime starts with", 1, ANY),
  cpu_ms: whole("milliseconds of CPU", 1, ANY),
  wall_ms: whole("milliseconds from start to end, waiting included", 1, ANY),
  output_bytes: whole("bytes of the result", 1, ANY),
  log_bytes: whole("bytes of what the guest prints and logs", 1, ANY),
  input_bytes: whole("bytes of the input", 1, ANY),
  fuel: whole("units of work, about an instruction each; without it, the guest is not metered, and quicker", 1, ANY),
  host_calls: whole("calls of all host functions together, log aside", 0, ANY),
  host_calls_per_second: whole("calls of all host functions in any second, log aside", 0, ANY),
  log_lines_per_second: whole("lines that the guest prints and logs in any second", 0, ANY),
  http_requests: whole("HTTP requests", 0, ANY),
  http_bytes_out: whole("bytes of all request bodies together", 0, ANY),
  http_bytes_in: whole("bytes of all response bodies together, as they are after decoding", 0, ANY),
  http_response_bytes: whole("bytes of one response's body, after decoding", 0, ANY),
  http_ms: whole("milliseconds of one request, from its start to the last byte of the answer", 0, ANY),
  file_bytes: whole("bytes of all granted files together", 0, ANY),
};

export const LIMITS = record("what one attempt may use; every number is a hard bound", FIELDS);

type LimitKey = keyof typeof LIMIT_KEYS;
type HostLimitKey = keyof typeof HOST_LIMIT_KEYS;

/** What a `limits` asks for, as the sandbox names it. */
export interface AskedLimits {
  readonly limits: StepLimits;
  readonly hostLimits: Partial<HostLimits>;
}

export type GivenLimits = { readonly value: Values<typeof FIELDS> } | undefined;

/** Limits as the sandbox names them; those above a ceiling are refused. */
export function readLimits(given: GivenLimits, layers: readonly Layer[], findings: Findings): AskedLimits {
  const limits: Partial<Record<keyof Limits, number>> = {};
  const hostLimits: Partial<Record<keyof HostLimits, number>> = {};
  for (const key of Object.keys(LIMIT_KEYS) as LimitKey[]) {
    const placed = given?.value[key];
    if (placed === undefined) continue;
    const [name, unit] = LIMIT_KEYS[key];
    const excess = excessOver(layers, ({ ceiling }) => ceiling.limits[name], placed.value, unit);
    if (excess === undefined) limits[name] = placed.value * unit;
    else findings.error("limit-above-cap", placed.node, `"${key}" is ${placed.value}, above ${excess}`);
  }
  for (const key of Object.keys(HOST_LIMIT_KEYS) as HostLimitKey[]) {
    const placed = given?.value[key];
    if (placed === undefined) continue;
    const [name, unit] = HOST_LIMIT_KEYS[key];
    const excess = excessOver(layers, ({ ceiling }) => ceiling.hostLimits[name], placed.value, unit);
    if (excess === undefined) hostLimits[name] = placed.value * unit;
    else findings.error("limit-above-cap", placed.node, `"${key}" is ${placed.value}, above ${excess}`);
  }
  return { limits, hostLimits };
}

/**
 * What a document's `defaults` ask for, held against the profile of a step that takes them over. A stricter profile does not lower in
 * silence what the document says.
 */
export function checkInherited(inherited: AskedLimits, own: AskedLimits, layers: readonly Layer[], at: Span, findings: Findings): void {
  const check = (key: string, unit: number, asked: number | undefined, max: MaxOf): void => {
    const excess = asked === undefined ? undefined : excessOver(layers, max, asked / unit, unit);
    if (excess !== undefined && asked !== undefined)
      findings.error("limit-above-cap", at, `the document's default for "${key}" is ${asked / unit}, above ${excess}`);
  };
  for (const key of Object.keys(LIMIT_KEYS) as LimitKey[]) {
    const [name, unit] = LIMIT_KEYS[key];
    if (own.limits[name] === undefined) check(key, unit, inherited.limits[name], ({ ceiling }) => ceiling.limits[name]);
  }
  for (const key of Object.keys(HOST_LIMIT_KEYS) as HostLimitKey[]) {
    const [name, unit] = HOST_LIMIT_KEYS[key];
    if (own.hostLimits[name] === undefined) check(key, unit, inherited.hostLimits[name], ({ ceiling }) => ceiling.hostLimits[name]);
  }
}

/** What a ceiling says of one limit; undefined: nothing. */
type MaxOf = (layer: Layer) => number | undefined;

/** The first ceiling that is exceeded, as the end of a sentence. */
export function excessOver(layers: readonly Layer[], max: MaxOf, value: number, unit: number): string | undefined {
  const layer = layers.find((candidate) => value * unit > (max(candidate) ?? Number.POSITIVE_INFINITY));
  if (layer === undefined) return undefined;
  const allowed = Math.floor((max(layer) ?? 0) / unit);
  return layer.by === "cap" ? `the cap of ${allowed}` : `the ${allowed} that ${layer.words} allows`;
}
