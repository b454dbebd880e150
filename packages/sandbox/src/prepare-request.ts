import { createHash, randomBytes } from "node:crypto";
import { encodeHeader } from "./cell/frame.ts";
import type { RunHeader } from "./cell/message.ts";
import { GloveboxError } from "./error.ts";
import { DEFAULT_LIMITS, LIMIT_CAPS, type Limits } from "./limits.ts";
import type { Guest, Request } from "./request.ts";
import { inspectModule } from "./wasm/inspect.ts";

const CODE_BYTES_MAX = 4 * 2 ** 20; // far beyond what a person or a model writes into a step
const IMPORTS_MAX = 256;

/** A request as a cell gets it. */
export interface PreparedRequest {
  readonly kind: RunHeader["kind"];
  readonly limits: Limits;
  readonly inputBytes: number;
  /** SHA-256 of the module; undefined for other guests. */
  readonly module: string | undefined;
  /** The parts of a run frame. `withModule`: the cell has not had this module yet. */
  parts(withModule: boolean): Uint8Array[];
}

/**
 * Checks a request and puts it into bytes. Nothing that a guest wrote is parsed here, but for a module's sections.
 *
 * @throws GloveboxError `REQUEST_INVALID`, `LIMIT_INVALID`, `LIMIT_ABOVE_CAP`, `INPUT_TOO_LARGE`, `MODULE_REFUSED`
 */
export function prepareRequest(request: Request, caps: Limits = LIMIT_CAPS): PreparedRequest {
  const { guest } = request;
  if (typeof request.isolationKey !== "string" || request.isolationKey === "") invalid("isolationKey must be a text that is not empty");
  const limits = mergeLimits(request.limits ?? {}, caps);
  const input = encodeInput(request, guest);
  if (input.length > limits.inputBytes) {
    throw new GloveboxError(
      "INPUT_TOO_LARGE",
      `Cannot run guest: its input has ${input.length} bytes, and ${limits.inputBytes} are allowed`,
    );
  }
  const code = encodeText("code" in guest ? guest.code : guest.kind === "schema" ? JSON.stringify(guest.schema) : "");
  if (code.length > CODE_BYTES_MAX) invalid(`code has ${code.length} bytes, and ${CODE_BYTES_MAX} are allowed`);
  const bytes = guest.kind === "module" ? guest.bytes : undefined;
  if (guest.kind === "module" && !(bytes instanceof Uint8Array)) invalid("a module is given as bytes");
  const module = bytes && createHash("sha256").update(bytes).digest("hex");
  if (bytes && module) acceptModule(bytes, module, guest.kind === "module" ? guest.name : undefined);
  const imports = guest.kind === "python" && guest.imports ? guest.imports : null;
  if (imports && (imports.length > IMPORTS_MAX || imports.some((name) => typeof name !== "string")))
    invalid("imports must be a list of names");
  const seed = request.randomSeed ?? randomBytes(32);
  if (seed.length !== 32) invalid(`randomSeed must have 32 bytes, not ${seed.length}`);
  const header = (moduleBytes: number): RunHeader => ({
    kind: guest.kind,
    filename: ("filename" in guest ? guest.filename : undefined) ?? DEFAULT_FILENAME[guest.kind],
    imports,
    limits,
    clockBaseNs: String(request.clockBaseNs ?? BigInt(Date.now()) * 1_000_000n),
    seed: Buffer.from(seed).toString("hex"),
    sizes: [code.length, input.length, moduleBytes],
    module: module ?? null,
  });
  return {
    kind: guest.kind,
    limits,
    inputBytes: input.length,
    module,
    parts: (withModule) =>
      withModule && bytes ? [encodeHeader(header(bytes.length)), code, input, bytes] : [encodeHeader(header(0)), code, input],
  };
}

const DEFAULT_FILENAME = { python: "step.py", javascript: "step.js", typescript: "step.ts", schema: "schema", module: "module" } as const;

function invalid(what: string): never {
  throw new GloveboxError("REQUEST_INVALID", `Cannot run guest: ${what}`);
}

function encodeText(text: unknown): Uint8Array {
  if (typeof text !== "string") invalid("code must be a text");
  return new TextEncoder().encode(text);
}

function encodeInput({ input }: Request, guest: Guest): Uint8Array {
  if (guest.kind === "module") {
    if (input === undefined) return new Uint8Array();
    if (input instanceof Uint8Array) return input;
    if (typeof input === "string") return new TextEncoder().encode(input);
  } else if (input instanceof Uint8Array) {
    invalid("bytes are an input for modules only");
  }
  const text = JSON.stringify(input ?? (guest.kind === "schema" ? null : {})) as string | undefined;
  if (text === undefined) invalid("input must be a JSON value");
  return new TextEncoder().encode(text);
}

/** The limits asked for, over the defaults. */
function mergeLimits(asked: Partial<Limits>, caps: Limits): Limits {
  const limits: Record<string, number> = { ...DEFAULT_LIMITS };
  for (const [name, value] of Object.entries(asked)) {
    const cap = Object.hasOwn(caps, name) ? caps[name as keyof Limits] : undefined;
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

/** Digests of modules that were looked at and accepted: a module is looked at once, not at every run. The oldest is forgotten first. */
const accepted = new Set<string>();
const ACCEPTED_MAX = 1024;

function acceptModule(bytes: Uint8Array, digest: string, name: string | undefined): void {
  if (accepted.has(digest)) return;
  inspectModule(bytes, name);
  accepted.add(digest);
  if (accepted.size > ACCEPTED_MAX) accepted.delete(accepted.values().next().value as string);
}
