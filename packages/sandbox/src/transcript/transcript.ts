import { createHmac } from "node:crypto";
import { LIMIT_CAPS, type Limits } from "../limits.ts";
import { areReadings, type ClockReadings } from "./clock.ts";

/**
 * All that one attempt got from outside, besides its guest and its input: enough to run it again without asking anyone. It is JSON, and no
 * secret of the attempt's is in it. docs/records.md has it field by field.
 */
export interface Transcript {
  readonly guest: {
    readonly kind: TranscriptKind;
    /** SHA-256 of the code as UTF-8, of the schema as JSON, or of the module. Hexadecimal, as all digests here. */
    readonly sha256: string;
    /** SHA-256 of what it was started with besides: names, allow-lists, arguments, packages, directories. */
    readonly startSha256: string;
  };
  /** Digests of the frozen runtime's files, joined by `+`; for a module `module`. Metered runtimes are other files. */
  readonly runtime: string;
  /** SHA-256 of the input's bytes. */
  readonly inputSha256: string;
  readonly limits: Limits;
  /** What the clock started from, nanoseconds since the Unix epoch, in decimal digits. */
  readonly clockBaseNs: string;
  /**
   * What the guest saw of its clock. `fuel`: it ran on what the guest spent, and nothing has to be known of it. `unknown`: the guest was
   * stopped before its cell had told, or looked more often than is kept.
   */
  readonly clock: ClockReadings | "fuel" | "unknown";
  /** 32 bytes, in hexadecimal digits. */
  readonly randomSeed: string;
  /** All host calls but `log`, in order. */
  readonly calls: readonly TranscriptCall[];
  /** Granted files as the guest saw them. */
  readonly files: readonly { readonly name: string; readonly content: TranscriptContent }[];
  /** Why the attempt can't be run again from this: calls and files are left out. Missing: it can. */
  readonly incomplete?: Incomplete;
}

type TranscriptKind = "python" | "javascript" | "typescript" | "schema" | "module";

export type Incomplete =
  /** There is more than is kept. */
  | "too_large"
  /** What the guest got held a secret in an encoded form, or in pieces, for which no reference can stand. */
  | "secret";

export interface TranscriptCall {
  /** Such as `http_request`. */
  readonly function: string;
  /** HMAC-SHA-256 of the argument with the key: the guest may have put a secret into it. */
  readonly argument: string;
  readonly argumentBytes: number;
  readonly answer: TranscriptAnswer;
}

export type TranscriptAnswer =
  | { readonly kind: "given"; readonly content: TranscriptContent }
  /** The attempt's input. */
  | { readonly kind: "input" }
  /** `reason` is the operator's, without secrets. */
  | { readonly kind: "refused"; readonly reason: string }
  /** `message` is what the guest heard. */
  | { readonly kind: "failed"; readonly message: string }
  /** The guest was stopped, and never answered. */
  | { readonly kind: "exhausted"; readonly limit: "calls" | "output"; readonly used: number; readonly max: number }
  /** The attempt was over before. */
  | { readonly kind: "unanswered" };

/** Bytes, one part after the other: base64, or a secret in its place. */
export type TranscriptContent = readonly (string | SecretReference)[];

interface SecretReference {
  readonly secret: string;
  /** HMAC-SHA-256 of the value with the key. */
  readonly digest: string;
}

/** Where a guest that is run again does something else than it did. */
export type Divergence =
  /** `call` counts from 0. `found`: the function that it asks for now; `expected`: then; missing: nothing any more, or the same with another argument. */
  | { readonly at: "call"; readonly call: number; readonly found: string; readonly expected?: string }
  /** It has ended, and had asked for more then. */
  | { readonly at: "end"; readonly calls: number; readonly expected: number }
  /** It looked at its clock more often, or less often. */
  | { readonly at: "clock" };

/** How a guest is to be recorded. */
export interface RecordRequest {
  /** 32 bytes, the installation's. With it digests say nothing to those who don't have it. */
  readonly key: TranscriptKey;
  /** Bytes of what the guest is answered and of its granted files that are kept. Default 16 MiB; what has more can't be run again. */
  readonly bytesMax?: number;
}

/** What a guest is to be run again from. */
export interface ReplayRequest {
  /** Any value: it is checked in every part. */
  readonly transcript: unknown;
  /** The one that it was recorded with. */
  readonly key: TranscriptKey;
}

/** What came of running a guest again, besides how it ended. */
export interface ReplayReport {
  /** Missing: it did what it had done, as far as the host could see. */
  readonly divergence?: Divergence;
  /** The frozen runtime is the one that it had then. */
  readonly sameRuntime: boolean;
}

/** With whose key: 32 bytes, the installation's. */
export type TranscriptKey = Uint8Array;

export function argumentDigest(key: TranscriptKey, hostFunction: string, argument: Uint8Array): string {
  return createHmac("sha256", key).update(`argument\0${hostFunction}\0`).update(argument).digest("hex");
}

export function secretDigest(key: TranscriptKey, name: string, value: string): string {
  return createHmac("sha256", key).update(`secret\0${name}\0`).update(value).digest("hex");
}

/** The secrets whose values a replay of it needs, with the digests that they have to have. */
export function secretsOf({ calls, files }: Transcript): ReadonlyMap<string, string> {
  const secrets = new Map<string, string>();
  const look = (content: TranscriptContent) => {
    for (const part of content) if (typeof part !== "string") secrets.set(part.secret, part.digest);
  };
  for (const { answer } of calls) if (answer.kind === "given") look(answer.content);
  for (const { content } of files) look(content);
  return secrets;
}

const KINDS: ReadonlySet<unknown> = new Set<TranscriptKind>(["python", "javascript", "typescript", "schema", "module"]);
const INCOMPLETE: ReadonlySet<unknown> = new Set<Incomplete>(["too_large", "secret"]);
/** Calls that are kept. */
export const CALLS_MAX = 100_000;
const FILES_MAX = 256;
/** Pieces of what a guest was given at once, secrets and what is between them. */
export const PARTS_MAX = 65_536;

/** Whether a value that anyone may have written is a transcript in every part. Members that are not known are none of its parts. */
export function isTranscript(value: unknown): value is Transcript {
  if (!isRecord(value) || !isRecord(value["guest"]) || !isRecord(value["limits"])) return false;
  const { kind, sha256, startSha256 } = value["guest"];
  const { runtime, inputSha256, limits, clockBaseNs, clock, randomSeed, calls, files, incomplete } = value;
  return (
    KINDS.has(kind) &&
    isHex(sha256) &&
    isHex(startSha256) &&
    isText(runtime) &&
    isHex(inputSha256) &&
    Object.entries(limits).every(([name, limit]) => Object.hasOwn(LIMIT_CAPS, name) && Number.isSafeInteger(limit) && Number(limit) > 0) &&
    typeof clockBaseNs === "string" &&
    /^\d{1,20}$/.test(clockBaseNs) &&
    (clock === "fuel" || clock === "unknown" || areReadings(clock)) &&
    isHex(randomSeed) &&
    isList(calls, CALLS_MAX, isCall) &&
    isList(files, FILES_MAX, (file) => isRecord(file) && isText(file["name"]) && isContent(file["content"])) &&
    (incomplete === undefined || INCOMPLETE.has(incomplete))
  );
}

function isCall(value: unknown): boolean {
  if (!isRecord(value) || !isText(value["function"]) || !isHex(value["argument"]) || !isRecord(value["answer"])) return false;
  if (!isAmount(value["argumentBytes"])) return false;
  const { kind, content, reason, message, limit, used, max } = value["answer"];
  switch (kind) {
    case "given":
      return isContent(content);
    case "input":
    case "unanswered":
      return true;
    case "refused":
      return isText(reason);
    case "failed":
      return isText(message);
    case "exhausted":
      return (limit === "calls" || limit === "output") && isAmount(used) && isAmount(max);
    default:
      return false;
  }
}

function isContent(value: unknown): boolean {
  return isList(value, PARTS_MAX, (part) => isBase64(part) || (isRecord(part) && isText(part["secret"]) && isHex(part["digest"])));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isList(value: unknown, max: number, isItem: (item: unknown) => boolean): boolean {
  return Array.isArray(value) && value.length <= max && value.every(isItem);
}

function isAmount(value: unknown): boolean {
  return typeof value === "number" && Number.isFinite(value) && value >= 0;
}

function isText(value: unknown): boolean {
  return typeof value === "string" && value.length <= 65_536;
}

function isHex(value: unknown): boolean {
  return typeof value === "string" && /^[0-9a-f]{64}$/.test(value);
}

function isBase64(value: unknown): boolean {
  return typeof value === "string" && value.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(value);
}
