import { GloveboxError } from "../error.ts";
import { DEFAULT_HOST_LIMITS, type Grants, HOST_LIMIT_CAPS, type HostLimits } from "../grants.ts";
import type { Request } from "../request.ts";
import { checkFileGrants } from "./files.ts";
import type { HttpTransport } from "./http-client.ts";
import { type HttpRule, httpRule } from "./http-rule.ts";
import { Redactor } from "./redact.ts";

/** Shorter secrets are in every other text, and redacting them would tell which. */
const SECRET_CHARACTERS_MIN = 8;
const SECRET_CHARACTERS_MAX = 65_536;

/** What one attempt may ask for, checked and made ready. */
export interface HostSetup {
  readonly limits: HostLimits;
  readonly http: readonly HttpRule[];
  readonly transport: HttpTransport;
  /** Those that the guest may read, by name. */
  readonly readableSecrets: ReadonlyMap<string, string>;
  readonly files: NonNullable<Grants["files"]>;
  /** All that the attempt uses, by name: those that it may read, and those that are sent for it. */
  readonly secrets: ReadonlyMap<string, string>;
  /** Takes out the attempt's own secrets; undefined where there are none. */
  readonly redactor: Redactor | undefined;
  readonly acceptOutput: Request["acceptOutput"];
}

const NOTHING: HostSetup = {
  limits: DEFAULT_HOST_LIMITS,
  http: [],
  transport: {},
  readableSecrets: new Map(),
  files: [],
  secrets: new Map(),
  redactor: undefined,
  acceptOutput: undefined,
};

/**
 * What a request grants. Nothing of it is repaired: a grant that is not exactly right is none.
 *
 * @throws GloveboxError `GRANT_INVALID`, `LIMIT_INVALID`, `LIMIT_ABOVE_CAP`, `SECRET_INVALID`
 */
export function hostSetup(
  { grants, hostLimits, secrets, acceptOutput, replay }: Request,
  caps: HostLimits = HOST_LIMIT_CAPS,
  transport: HttpTransport = {},
): HostSetup {
  if (!grants && !hostLimits && !acceptOutput) return NOTHING;
  if (replay) return replaySetup(grants ?? {}, secrets);
  for (const name of Object.keys(grants ?? {})) {
    if (name !== "http" && name !== "secrets" && name !== "files") refuse(`there is none of the name "${name}"`);
  }
  const values = new Map<string, string>();
  const valueFor = (name: string): string => {
    const value = secretValue(name, secrets);
    values.set(name, value);
    return value;
  };
  const http = (grants?.http ?? []).map((grant) => httpRule(grant, valueFor));
  const readableSecrets = new Map((grants?.secrets ?? []).map((name) => [name, valueFor(name)]));
  const files = grants?.files ?? [];
  checkFileGrants(files);
  return {
    limits: mergeHostLimits(hostLimits ?? {}, caps),
    http,
    transport,
    readableSecrets,
    files,
    secrets: values,
    redactor: values.size > 0 ? new Redactor(values) : undefined,
    acceptOutput,
  };
}

/** A guest that is run again is granted nothing but what it was told of secrets. */
function replaySetup(grants: Grants, secrets: Request["secrets"]): HostSetup {
  for (const name of Object.keys(grants)) {
    if (name !== "replay") refuse(`"${name}" to a guest that is run again: all that it may have is "replay"`);
  }
  const values = new Map((grants.replay ?? []).map((name) => [name, secretValue(name, secrets)]));
  return { ...NOTHING, secrets: values, redactor: values.size > 0 ? new Redactor(values) : undefined };
}

function refuse(why: string): never {
  throw new GloveboxError("GRANT_INVALID", `Cannot grant: ${why}`);
}

function secretValue(name: string, secrets: Request["secrets"]): string {
  const value = secrets?.get(name);
  if (value === undefined) throw new GloveboxError("SECRET_INVALID", `Cannot grant secret "${name}": it has no value`);
  if (value.length < SECRET_CHARACTERS_MIN || value.length > SECRET_CHARACTERS_MAX) {
    throw new GloveboxError(
      "SECRET_INVALID",
      `Cannot grant secret "${name}": it has ${value.length} characters, and must have ${SECRET_CHARACTERS_MIN} to ${SECRET_CHARACTERS_MAX}`,
    );
  }
  return value;
}

function mergeHostLimits(asked: Partial<HostLimits>, caps: HostLimits): HostLimits {
  const limits: Record<string, number> = { ...DEFAULT_HOST_LIMITS };
  for (const [name, value] of Object.entries(asked)) {
    const cap = Object.hasOwn(caps, name) ? caps[name as keyof HostLimits] : undefined;
    if (cap === undefined) throw new GloveboxError("LIMIT_INVALID", `Cannot set host limit "${name}": there is none of that name`);
    if (value === undefined) continue;
    if (!Number.isSafeInteger(value) || value < 0) {
      throw new GloveboxError("LIMIT_INVALID", `Cannot set host limit "${name}": ${String(value)} is not a whole number`);
    }
    if (value > cap) {
      throw new GloveboxError("LIMIT_ABOVE_CAP", `Cannot set host limit "${name}": ${value} is above the installation's ${cap}`);
    }
    limits[name] = value;
  }
  return limits as unknown as HostLimits;
}
