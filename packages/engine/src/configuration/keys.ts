import { METHODS } from "../policy/builtin.ts";
import { PROFILES } from "../policy/profile.ts";
import { choice, type Field, flag, list, record, required, text, whole } from "../workflow/fields.ts";
import type { Findings } from "../workflow/findings.ts";
import { LIMITS } from "../workflow/limits.ts";
import { SECRET_NAME } from "../workflow/secrets.ts";
import { quoted } from "../workflow/text.ts";
import { type Node, typeName } from "../workflow/tree.ts";

/*
 * The keys of the operator's configuration, as those of documents are written.
 */

const PORT_MAX = 65_535;

export type Port = "any" | "default" | number;

const PORT: Field<Port> = {
  doc: "a port, default (the scheme's own), or any",
  required: false,
  schema: { anyOf: [{ type: "integer", minimum: 1, maximum: PORT_MAX }, { enum: ["default", "any"] }] },
  read(node: Node, name: string, findings: Findings): Port | undefined {
    const value = node.kind === "scalar" ? node.value : undefined;
    if (value === "any" || value === "default") return value;
    if (typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= PORT_MAX) return value;
    const written = node.kind === "scalar" ? quoted(String(node.value)) : typeName(node);
    findings.error("wrong-type", node, `${name} must be a port (1 to ${PORT_MAX}), "default" or "any", not ${written}`);
    return undefined;
  },
};

export const HTTP_CEILING = {
  hosts: required(list("hosts that may be granted", text("a name, *.name for all below it, or *", 300))),
  schemes: list("without it, https alone", choice("a scheme", ["http", "https"])),
  ports: list("without it, the scheme's own", PORT),
  methods: list("without it, GET and HEAD", choice("a method", METHODS)),
  addresses: list("addresses that are not public and may be granted, as CIDR; without it, none", text("such as 10.0.0.0/8", 64)),
  redirects: whole("redirects that may be granted; without it, none", 0, 20),
};

const ANY_NAME: Field<string> = {
  ...SECRET_NAME,
  doc: "the name of a secret, or * for any",
  schema: { anyOf: [{ const: "*" }, SECRET_NAME.schema ?? {}] },
  read: (node, name, findings) => (node.kind === "scalar" && node.value === "*" ? "*" : SECRET_NAME.read(node, name, findings)),
};

export const CEILING = {
  limits: LIMITS,
  grants: record("what may be granted at the most; each key that is given stands in place of what holds without it", {
    http: list("requests that may be granted; a grant must lie within one of these", record("some hosts", HTTP_CEILING)),
    files: list('folders whose files may be granted, relative to the one that tools may use; "." is all of it', text("a folder", 4_096)),
    secrets: list("secrets that may be used", ANY_NAME),
    tools: list("tools that may be called, which run in the host; * is any", text("a tool", 200)),
  }),
};

const PROFILE_CEILINGS = Object.fromEntries(
  PROFILES.map((name) => [name, record(`what profile "${name}" allows at the most`, CEILING)]),
) as Record<(typeof PROFILES)[number], ReturnType<typeof record<typeof CEILING>>>;

export const CONFIGURATION = {
  profile: choice("the laxest profile that documents may ask for, and what they have that ask for none", PROFILES),
  caps: record("what holds for everything, whatever its profile", CEILING),
  profiles: record("what each profile allows at the most", PROFILE_CEILINGS),
  isolation: choice("what cells are wrapped in; it is required, where it is named", ["strongest", "bubblewrap", "unshare", "none"]),
  weakIsolation: flag("run untrusted steps also where cells have no wrapper"),
  records: record("which records of runs stay in the installation's own directory; all of it holds at once", {
    keep_runs: whole("the latest so many; without it, 1000", 1, 1_000_000),
    keep_days: whole("those that are no older; without it, 30", 1, 36_500),
    max_mb: whole("MiB of all of them together; without it, 1024", 1, 1_048_576),
  }),
  secrets: record("where the values of secrets are, looked at in this order", {
    environment: flag("variables GLOVEBOX_SECRET_NAME; without it, true"),
    file: text("a file of lines NAME=value, which nobody but its owner may read", 4_096),
    command: list("a program and its arguments, with {name} for the secret's name; its output is the secret", text("an argument", 4_096)),
    command_timeout_ms: whole("milliseconds for one call of the command; without it, 10000", 1, 600_000),
  }),
};
