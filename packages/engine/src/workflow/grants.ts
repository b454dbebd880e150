import { checkFileGrants, GloveboxError, type HttpGrant, httpRule } from "@glovebox/sandbox";
import { allowsFile, allowsSecret, httpExcess } from "../policy/ceiling.ts";
import type { Layer } from "../policy/policy.ts";
import type { FileOfFolder, StepGrants } from "./document.ts";
import { list, type Placed, record, required, text, type Values, whole } from "./fields.ts";
import type { Findings } from "./findings.ts";
import { SECRET_NAME } from "./secrets.ts";
import { nearest, quoted } from "./text.ts";
import type { Node } from "./tree.ts";

const AUTH = {
  header: required(text("the header that every request gets; the guest can't set it", 128)),
  secret: required(SECRET_NAME),
  format: text("what the header holds, with {} for the secret; without it, the secret alone", 1_000),
};

const HTTP = {
  allow: required(text("scheme, host, port and path: https://host/path, or https://host/path/* for all below", 8_192)),
  methods: list("in capitals; without it, GET alone", text("a method", 16)),
  auth: record("a secret in a header, which the guest never sees", AUTH),
  addresses: list("addresses that are not public and may be connected to all the same, as CIDR", text("such as 10.0.0.0/8", 64)),
  redirects: whole("redirects that are followed, each checked like a request of its own; without it, none", 0, 20),
};

const FILE = {
  name: required(text("what the guest finds the file as", 255)),
  path: required(text("the file, relative to the folder that the operator names", 4_096)),
};

const FIELDS = {
  http: list("requests that the guest may make", record("one scheme, host and port, below one path", HTTP)),
  secrets: list("secrets that the guest may read as they are; http.auth is better", SECRET_NAME),
  files: list("files that the guest may read, each under a name of its own", record("one file", FILE)),
};

export const GRANTS = record("what the guest may ask of the host; without it, nothing", FIELDS);

export interface GrantsReading {
  /** Secrets that the document declares. */
  readonly declared: ReadonlySet<string>;
  readonly layers: readonly Layer[];
  readonly findings: Findings;
}

/** The grants of a step, as far as they are in order; each that is not has been told of. */
export function readGrants(given: Values<typeof FIELDS>, reading: GrantsReading): StepGrants {
  const http = (given.http?.value ?? []).map(({ value }) => readHttp(value, reading)).filter((grant) => grant !== undefined);
  const secrets = (given.secrets?.value ?? []).filter((name) => checkSecret(name, reading)).map(({ value }) => value);
  const files: FileOfFolder[] = [];
  for (const { value } of given.files?.value ?? []) {
    const file = readFile(value, reading);
    if (file === undefined) continue;
    if (files.some(({ name }) => name.normalize("NFC") === file.name.normalize("NFC")))
      reading.findings.error("grant-invalid", value.name?.node ?? NOWHERE, `two files have the name ${quoted(file.name)}`);
    else files.push(file);
  }
  return {
    ...(http.length === 0 ? {} : { http }),
    ...(secrets.length === 0 ? {} : { secrets: [...new Set(secrets)] }),
    ...(files.length === 0 ? {} : { files }),
  };
}

const NOWHERE = { start: 0, end: 0 };

function readHttp({ allow, methods, auth, addresses, redirects }: Values<typeof HTTP>, reading: GrantsReading): HttpGrant | undefined {
  const { findings, layers } = reading;
  if (allow === undefined || !isWrittenOut(allow, findings)) return undefined;
  const grant: HttpGrant = {
    allow: allow.value,
    ...(methods === undefined ? {} : { methods: methods.value.map(({ value }) => value) }),
    ...(redirects === undefined ? {} : { redirects: redirects.value }),
    ...(addresses === undefined ? {} : { addresses: addresses.value.map(({ value }) => value) }),
  };
  // One part at a time, so that what is wrong is told at its place; an address that is none stands for itself only once.
  const parts: (readonly [at: Node, part: HttpGrant])[] = [
    [allow.node, { allow: allow.value }],
    ...(methods?.value ?? []).map(({ value, node }) => [node, { allow: SOME_HOST, methods: [value] }] as const),
    ...(addresses?.value ?? []).map(({ value, node }) => [node, { allow: SOME_HOST, addresses: [value] }] as const),
  ];
  let wrong = false;
  for (const [at, part] of parts) {
    const why = whyInvalid(part);
    if (why === undefined) continue;
    findings.error("grant-invalid", at, why);
    wrong = true;
  }
  const bound = auth === undefined ? undefined : readAuth(auth.value, reading);
  if (wrong || (auth !== undefined && bound === undefined)) return undefined;
  const rule = httpRule(grant, placeholder);
  for (const { ceiling, words } of layers) {
    const excess = httpExcess(rule, ceiling.http);
    if (excess === undefined) continue;
    const at = { allow, methods, addresses, redirects }[excess.part] ?? allow;
    findings.error("grant-above-cap", at.node, `${words} allows ${excess.words}`);
    return undefined;
  }
  return { ...grant, ...(bound === undefined ? {} : { auth: bound }) };
}

function readAuth({ header, secret, format }: Values<typeof AUTH>, reading: GrantsReading): HttpGrant["auth"] {
  const { findings } = reading;
  if (secret === undefined || header === undefined || !checkSecret(secret, reading)) return undefined;
  const bound = { header: header.value, secret: secret.value };
  const badHeader = whyInvalid({ allow: SOME_HOST, auth: bound });
  if (badHeader !== undefined) findings.error("grant-invalid", header.node, badHeader);
  if (format === undefined) return badHeader === undefined ? bound : undefined;
  const badFormat = whyInvalid({ allow: SOME_HOST, auth: { header: "x-api-key", secret: secret.value, format: format.value } });
  if (badFormat !== undefined) findings.error("grant-invalid", format.node, badFormat);
  return badHeader === undefined && badFormat === undefined ? { ...bound, format: format.value } : undefined;
}

const SOME_HOST = "https://example.com/";
const placeholder = (): string => "placeholder";

/** What the sandbox says of a grant; undefined: it takes it. */
function whyInvalid(grant: HttpGrant): string | undefined {
  try {
    httpRule(grant, placeholder);
    return undefined;
  } catch (error) {
    return reasonOf(error);
  }
}

/** A grant comes from the document as it stands: what a run is given, or a step hands on, can't widen it. */
function isWrittenOut({ value, node }: Placed<string>, findings: Findings): boolean {
  if (!value.includes("${{")) return true;
  findings.error("grant-invalid", node, "a grant is written out: nothing is filled into it");
  return false;
}

function checkSecret(name: Placed<string>, { declared, layers, findings }: GrantsReading): boolean {
  if (!declared.has(name.value)) {
    findings.error("undeclared-secret", name.node, `the document declares no secret ${quoted(name.value)}`, () =>
      nearest(name.value, declared),
    );
    return false;
  }
  const layer = layers.find(({ ceiling }) => !allowsSecret(ceiling, name.value));
  if (layer !== undefined) findings.error("grant-above-cap", name.node, `${layer.words} does not allow the secret ${quoted(name.value)}`);
  return layer === undefined;
}

function readFile({ name, path }: Values<typeof FILE>, { findings, layers }: GrantsReading): FileOfFolder | undefined {
  if (name === undefined || path === undefined || !isWrittenOut(name, findings) || !isWrittenOut(path, findings)) return undefined;
  try {
    checkFileGrants([{ name: name.value, path: "/" }]);
  } catch (error) {
    findings.error("grant-invalid", name.node, reasonOf(error));
    return undefined;
  }
  if (!isBelow(path.value)) {
    const message = `${quoted(path.value)} is no path below the folder that the operator names: names with "/" between them, none of them "." or ".."`;
    findings.error("grant-invalid", path.node, message);
    return undefined;
  }
  const layer = layers.find(({ ceiling }) => !allowsFile(ceiling, path.value));
  if (layer === undefined) return { name: name.value, path: path.value };
  const { files } = layer.ceiling;
  findings.error(
    "grant-above-cap",
    path.node,
    `${layer.words} allows files ${files.length === 0 ? "of no folder" : `below ${files.join(", ")} only`}`,
  );
  return undefined;
}

/** Whether a path names something below a folder, whatever is on the disk. */
export function isBelow(path: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
  if (/[\\\u0000-\u001f\u007f]|^[A-Za-z]:/.test(path)) return false;
  return path.split("/").every((name) => name !== "" && name !== "." && name !== "..");
}

/** The end of "Cannot ⟨verb⟩ ⟨thing⟩: ⟨why⟩". */
function reasonOf(error: unknown): string {
  if (!(error instanceof GloveboxError)) throw error;
  return error.message.replace(/^Cannot grant (?:http "[^"]*"|file): /, "");
}
