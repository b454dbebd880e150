import type { GivenDirectory } from "./cell/attempt.ts";
import { encodeHeader } from "./cell/frame.ts";
import type { RunHeader } from "./cell/message.ts";
import { GloveboxError } from "./error.ts";
import { freshBytes } from "./fresh-bytes.ts";
import { givenStart, sizeOf } from "./given.ts";
import { HOST_LIMIT_CAPS, type HostLimits } from "./grants.ts";
import type { GrantedFile } from "./host/files.ts";
import type { HttpTransport } from "./host/http-client.ts";
import { type HostSetup, hostSetup } from "./host/setup.ts";
import { type KnownModule, knownModule } from "./known-module.ts";
import { DEFAULT_LIMITS, LIMIT_CAPS, type Limits } from "./limits.ts";
import { METERED } from "./pool.ts";
import type { Guest, Request } from "./request.ts";
import { checkKey, checkSame, checkSecrets, digestOf, filesOf, readTranscript, sha256 } from "./transcript/prepare.ts";
import type { TranscriptHead } from "./transcript/recording.ts";
import type { RecordRequest, Transcript, TranscriptKey } from "./transcript/transcript.ts";
import { inspectModule, type ModuleKind } from "./wasm/inspect.ts";
import { type AcceptedPackages, acceptPackages } from "./wheel.ts";

const CODE_BYTES_MAX = 4 * 2 ** 20; // far beyond what a person or a model writes into a step
const IMPORTS_MAX = 256;
/** What the argument of a host call may have besides a body or an output: the head of a request. */
const CALL_BYTES_BESIDES = 128 * 1024;
/** Where a Python guest finds its packages. */
const PACKAGES_PATH = "/packages";
const NO_BYTES = new Uint8Array();
const encoder = new TextEncoder();

/** A request as a cell gets it. */
export interface PreparedRequest {
  readonly kind: RunHeader["kind"];
  readonly limits: Limits;
  readonly input: Uint8Array;
  readonly clockBaseNs: bigint;
  /** What it may ask the host for. */
  readonly host: HostSetup;
  /** Bytes that the argument of one host call may have. */
  readonly callBytesMax: number;
  /** What a cell keeps the module by; undefined for other guests. */
  readonly module: string | undefined;
  readonly record: { readonly head: Omit<TranscriptHead, "runtime">; readonly request: RecordRequest } | undefined;
  readonly replay: PreparedReplay | undefined;
  /** The parts of a run frame. `withModule`: the cell has not had this module yet. */
  parts(withModule: boolean, files: readonly GrantedFile[]): Uint8Array[];
}

interface PreparedReplay {
  readonly transcript: Transcript;
  readonly key: TranscriptKey;
  readonly files: readonly GrantedFile[];
}

/**
 * Checks a request and puts it into bytes. Nothing that a guest wrote is parsed here, but for a module's sections.
 *
 * @throws GloveboxError `REQUEST_INVALID`, `LIMIT_INVALID`, `LIMIT_ABOVE_CAP`, `INPUT_TOO_LARGE`, `MODULE_REFUSED`,
 *   `TRANSCRIPT_INVALID`, `REPLAY_INCOMPLETE`, `REPLAY_MISMATCH`, and those of hostSetup()
 */
export function prepareRequest(
  request: Request,
  caps: Limits = LIMIT_CAPS,
  host: { readonly caps?: HostLimits | undefined; readonly transport?: HttpTransport | undefined } = {},
): PreparedRequest {
  const { guest } = request;
  if (typeof request.isolationKey !== "string" || request.isolationKey === "") invalid("isolationKey must be a text that is not empty");
  const key = checkKeys(request);
  const transcript = request.replay && readTranscript(request.replay.transcript);
  const limits = mergeLimits({ ...transcript?.limits, ...request.limits }, caps);
  const module = guest.kind === "module" ? knownModule(guest.bytes) : undefined;
  const moduleKind = module && acceptModule(module, guest.kind === "module" ? guest.name : undefined);
  const moduleKey = module && (limits.fuel === undefined ? module.digest : module.digest + METERED);
  const input = encodeInput(request, guest, moduleKind);
  const start = guest.kind === "module" ? givenStart(guest) : undefined;
  if (guest.kind === "module" && guest.stdout !== undefined && moduleKind !== "wasi")
    invalid(`stdout is what a WASI command writes to: this module is of kind "${moduleKind}"`);
  const packages = guest.kind === "python" && guest.packages ? acceptPackages(guest.packages) : undefined;
  const directories = packages ? [packageDirectory(packages)] : (start?.directories ?? []);
  const given = input.length + sizeOf(directories);
  if (given > limits.inputBytes) {
    throw new GloveboxError("INPUT_TOO_LARGE", `Cannot run guest: its input has ${given} bytes, and ${limits.inputBytes} are allowed`);
  }
  const code = encodeText("code" in guest ? guest.code : guest.kind === "schema" ? JSON.stringify(guest.schema) : "");
  if (code.length > CODE_BYTES_MAX) invalid(`code has ${code.length} bytes, and ${CODE_BYTES_MAX} are allowed`);
  const imports = guest.kind === "python" && guest.imports ? guest.imports : null;
  if (imports && (imports.length > IMPORTS_MAX || imports.some((name) => typeof name !== "string")))
    invalid("imports must be a list of names");
  const seed = transcript ? Buffer.from(transcript.randomSeed, "hex") : (request.randomSeed ?? freshBytes(32));
  if (seed.length !== 32) invalid(`randomSeed must have 32 bytes, not ${seed.length}`);
  const granted = hostSetup(request, host.caps, host.transport);
  const bodyBytesMax = transcript ? largestArgument(transcript) : granted.http.length > 0 ? granted.limits.httpBytesOut : 0;
  const callBytesMax = Math.max(limits.outputBytes, bodyBytesMax) + CALL_BYTES_BESIDES;
  const clockBaseNs = transcript ? BigInt(transcript.clockBaseNs) : (request.clockBaseNs ?? BigInt(Date.now()) * 1_000_000n);
  const filename =
    ("filename" in guest ? guest.filename : "name" in guest && guest.kind === "outline" ? guest.name : undefined) ??
    DEFAULT_FILENAME[guest.kind];
  const described = directories.map(describeDirectory);
  const inDirectories = directories.flatMap(({ entries }) => entries.flatMap(([, content]) => content ?? []));
  const { kind } = guest;
  const hasTranscript = key !== undefined && kind !== "syntax" && kind !== "outline";
  const head = hasTranscript
    ? {
        guest: {
          kind,
          sha256: module?.digest ?? sha256(code),
          startSha256: digestOf([JSON.stringify([filename, imports, start?.program, packages?.modules, described]), ...inDirectories]),
        },
        inputSha256: sha256(input),
        limits,
        clockBaseNs: String(clockBaseNs),
        randomSeed: Buffer.from(seed).toString("hex"),
      }
    : undefined;
  if (request.replay && !head) invalid(`a guest of kind "${kind}" can't be run again`);
  const replay = transcript && key && head ? preparedReplay(transcript, key, granted, head) : undefined;
  const clock = replay && typeof replay.transcript.clock !== "string" ? replay.transcript.clock : undefined;
  const header = (moduleBytes: number, files: readonly GrantedFile[]): RunHeader => ({
    kind,
    filename,
    imports,
    limits,
    clockBaseNs: String(clockBaseNs),
    seed: Buffer.from(seed).toString("hex"),
    sizes: [code.length, input.length, moduleBytes],
    module: moduleKey ?? null,
    files: files.map(({ name, content }) => [name, content.length]),
    ...(start ? { program: start.program } : {}),
    ...(packages ? { modules: packages.modules } : {}),
    ...(directories.length > 0 ? { directories: described } : {}),
    callBytesMax,
    ...(clock ? { clock } : request.record && limits.fuel === undefined ? { clock: "note" } : {}),
  });
  return {
    kind,
    limits,
    input,
    clockBaseNs,
    host: granted,
    callBytesMax,
    module: moduleKey,
    record: head && request.record && { head, request: request.record },
    replay,
    parts: (withModule, files) => {
      const sent = withModule && module ? module.bytes : NO_BYTES;
      return [encodeHeader(header(sent.length, files)), code, input, sent, ...files.map(({ content }) => content), ...inDirectories];
    },
  };
}

const DEFAULT_FILENAME = {
  python: "step.py",
  javascript: "step.js",
  typescript: "step.ts",
  schema: "schema",
  syntax: "syntax.js",
  module: "module",
  outline: "module",
} as const;

/** The key of what is recorded or run again. */
function checkKeys({ record, replay }: Request): TranscriptKey | undefined {
  if (record && replay) invalid("a guest that is run again is not recorded");
  const asked = record ?? replay;
  return asked && checkKey(asked.key);
}

function preparedReplay(
  transcript: Transcript,
  key: TranscriptKey,
  { secrets }: HostSetup,
  head: Omit<TranscriptHead, "runtime">,
): PreparedReplay {
  checkSame(transcript, head);
  checkSecrets(transcript, key, secrets);
  return { transcript, key, files: filesOf(transcript, secrets) };
}

/** What the guest may send now as it did then. A transcript may say any number. */
function largestArgument({ calls }: Transcript): number {
  return calls.reduce((most, { argumentBytes }) => Math.max(most, Math.min(argumentBytes, HOST_LIMIT_CAPS.httpBytesOut)), 0);
}

function packageDirectory({ packages }: AcceptedPackages): GivenDirectory {
  return { name: PACKAGES_PATH, readOnly: true, entries: packages.map(({ name, bytes }) => [name, bytes]) };
}

function describeDirectory({ name, readOnly, entries }: GivenDirectory): NonNullable<RunHeader["directories"]>[number] {
  return { name, readOnly, entries: entries.map(([path, content]) => [path, content?.length ?? null]) };
}

function invalid(what: string): never {
  throw new GloveboxError("REQUEST_INVALID", `Cannot run guest: ${what}`);
}

function encodeText(text: unknown): Uint8Array {
  if (typeof text !== "string") invalid("code must be a text");
  return encoder.encode(text);
}

function encodeInput({ input }: Request, guest: Guest, moduleKind: ModuleKind | undefined): Uint8Array {
  if (guest.kind === "outline") {
    if (input !== undefined) invalid("a module that is only looked at takes no input");
    if (!(guest.bytes instanceof Uint8Array)) invalid("a module is given as bytes");
    return guest.bytes;
  }
  if (guest.kind === "module") {
    if (input === undefined) return new Uint8Array();
    if (input instanceof Uint8Array) return input;
    if (typeof input === "string" && moduleKind !== "wasi" && moduleKind !== "handler") return encoder.encode(input);
  } else if (input instanceof Uint8Array) {
    invalid("bytes are an input for modules only");
  }
  const text = textOf(input ?? (guest.kind === "schema" ? null : {}));
  if (text === undefined) invalid("input must be a JSON value");
  return encoder.encode(text);
}

/** A value as JSON. What no string can hold is no input that is allowed. */
function textOf(value: unknown): string | undefined {
  try {
    return JSON.stringify(value) as string | undefined;
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new GloveboxError("INPUT_TOO_LARGE", "Cannot run guest: its input is larger than any may be", { cause });
  }
}

/** The limits asked for, over the defaults. */
function mergeLimits(asked: Partial<Limits>, caps: Limits): Limits {
  const limits: Record<string, number> = { ...DEFAULT_LIMITS };
  for (const [name, value] of Object.entries(asked)) {
    const cap = Object.hasOwn(LIMIT_CAPS, name) ? (caps[name as keyof Limits] ?? LIMIT_CAPS[name as keyof Limits]) : undefined;
    if (cap === undefined) throw new GloveboxError("LIMIT_INVALID", `Cannot set limit "${name}": there is none of that name`);
    if (value === undefined) continue;
    if (!Number.isSafeInteger(value) || value < 1) {
      throw new GloveboxError("LIMIT_INVALID", `Cannot set limit "${name}": ${String(value)} is not a positive whole number`);
    }
    if (value > cap) throw new GloveboxError("LIMIT_ABOVE_CAP", `Cannot set limit "${name}": ${value} is above the installation's ${cap}`);
    limits[name] = value;
  }
  return limits as unknown as Limits;
}

/** Kinds of modules that were looked at and accepted, by digest: a module is looked at once, not at every run. The oldest is forgotten first. */
const accepted = new Map<string, ModuleKind>();
const ACCEPTED_MAX = 1024;

function acceptModule({ bytes, digest }: KnownModule, name: string | undefined): ModuleKind {
  const known = accepted.get(digest);
  if (known) return known;
  const { kind } = inspectModule(bytes, name);
  accepted.set(digest, kind);
  if (accepted.size > ACCEPTED_MAX) accepted.delete(accepted.keys().next().value as string);
  return kind;
}
