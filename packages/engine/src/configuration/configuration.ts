import { type AddressRange, GloveboxError, httpRule, parseRange } from "@glovebox/sandbox";
import { BUILTIN_PROFILES, EVERYTHING } from "../policy/builtin.ts";
import type { Ceiling, HttpCeiling } from "../policy/ceiling.ts";
import { DEFAULT_POLICY, type Policy } from "../policy/policy.ts";
import { PROFILES } from "../policy/profile.ts";
import { DEFAULT_RETENTION, type Retention } from "../record/retention.ts";
import type { Problem } from "../workflow/document.ts";
import { type Placed, readRecord, type Values } from "../workflow/fields.ts";
import { Findings } from "../workflow/findings.ts";
import { isBelow } from "../workflow/grants.ts";
import { readLimits } from "../workflow/limits.ts";
import { parseDocument } from "../workflow/parse.ts";
import { DOCUMENT_BYTES_MAX, Source } from "../workflow/source.ts";
import { quoted } from "../workflow/text.ts";
import { typeName } from "../workflow/tree.ts";
import { type CEILING, CONFIGURATION, type HTTP_CEILING } from "./keys.ts";

/** What an operator says of an installation, in one file. */
export interface Configuration {
  readonly policy: Policy;
  readonly isolation: "strongest" | "bubblewrap" | "unshare" | "none";
  /** Untrusted steps run also where cells have no wrapper. */
  readonly weakIsolation: boolean;
  readonly secrets: SecretsConfiguration;
  /** Which records of runs stay. */
  readonly records: Retention;
}

interface SecretsConfiguration {
  readonly environment: boolean;
  /** As written; relative to the configuration's folder. */
  readonly file?: string;
  readonly command?: readonly [program: string, ...args: string[]];
  readonly commandTimeoutMs: number;
}

const COMMAND_TIMEOUT_MS = 10_000;

/** What holds without a file. */
export const DEFAULT_CONFIGURATION: Configuration = {
  policy: DEFAULT_POLICY,
  isolation: "strongest",
  weakIsolation: false,
  secrets: { environment: true, commandTimeoutMs: COMMAND_TIMEOUT_MS },
  records: DEFAULT_RETENTION,
};

export interface LoadedConfiguration {
  /** Missing where there is an error among the problems. */
  readonly configuration?: Configuration;
  readonly problems: readonly Problem[];
  readonly source: Source;
}

/**
 * Reads a configuration and checks it, all problems at once, as documents are. Pure.
 * @param named the operator named the file. One that only lay in the working folder may have come with the documents there, so it can't run a
 *   command, read files elsewhere, open addresses that are not public, or loosen isolation.
 */
export function loadConfiguration(text: string, { file, named }: { readonly file: string; readonly named: boolean }): LoadedConfiguration {
  const tooLarge = Buffer.byteLength(text) > DOCUMENT_BYTES_MAX;
  const source = new Source(file, tooLarge ? "" : text);
  const findings = new Findings(source);
  if (tooLarge) findings.error("document-too-large", { start: 0, end: 0 }, `the configuration is larger than ${DOCUMENT_BYTES_MAX} bytes`);
  const root = tooLarge ? undefined : parseDocument(source, findings);
  if (root !== undefined && root.kind !== "map")
    findings.error("wrong-type", root, `a configuration must be a mapping, not ${typeName(root)}`);
  const configuration =
    root?.kind === "map" ? new Reader(findings, named).read(readRecord(root, CONFIGURATION, "the configuration", findings)) : undefined;
  return { ...(configuration === undefined || findings.failed ? {} : { configuration }), problems: findings.problems(), source };
}

class Reader {
  readonly #findings: Findings;
  readonly #named: boolean;

  constructor(findings: Findings, named: boolean) {
    this.#findings = findings;
    this.#named = named;
  }

  read({ profile, caps, profiles, isolation, weakIsolation, secrets, records }: Values<typeof CONFIGURATION>): Configuration {
    const base = DEFAULT_CONFIGURATION;
    if (isolation?.value === "none") this.#onlyNamed(isolation, "cells without a wrapper");
    if (weakIsolation?.value === true) this.#onlyNamed(weakIsolation, "untrusted steps without a wrapper");
    if (records !== undefined) this.#onlyNamed(records, "which records are removed");
    const given = profiles?.value ?? {};
    return {
      policy: {
        profile: profile?.value ?? base.policy.profile,
        caps: this.#ceiling(caps?.value, base.policy.caps),
        profiles: Object.fromEntries(
          PROFILES.map((name) => [name, this.#profile(given[name]?.value, BUILTIN_PROFILES[name])]),
        ) as Policy["profiles"],
      },
      isolation: isolation?.value ?? base.isolation,
      weakIsolation: weakIsolation?.value ?? base.weakIsolation,
      secrets: this.#secrets(secrets?.value ?? {}),
      records: retention(records?.value ?? {}, base.records),
    };
  }

  /** What a file says that was only found can't make a profile laxer than it is without the file. */
  #profile(given: Values<typeof CEILING> | undefined, builtin: Ceiling): readonly Ceiling[] {
    if (given === undefined) return [builtin];
    const ceiling = this.#ceiling(given, builtin);
    return this.#named ? [ceiling] : [builtin, ceiling];
  }

  #ceiling(given: Values<typeof CEILING> | undefined, base: Ceiling): Ceiling {
    const everything = [{ by: "cap", words: "the sandbox", ceiling: EVERYTHING }] as const;
    const { limits, hostLimits } = readLimits(given?.limits, everything, this.#findings);
    const { http, files, secrets, tools } = given?.grants?.value ?? {};
    for (const { value, node } of files?.value ?? []) {
      if (value !== "." && !isBelow(value))
        this.#findings.error("grant-invalid", node, `${quoted(value)} is no folder below the one that tools may use`);
    }
    return {
      limits: { ...base.limits, ...limits },
      hostLimits: { ...base.hostLimits, ...hostLimits },
      http: http?.value.map(({ value }) => this.#http(value)) ?? base.http,
      files: valuesIn(files) ?? base.files,
      secrets: valuesIn(secrets) ?? base.secrets,
      tools: valuesIn(tools) ?? base.tools,
    };
  }

  #http({ hosts, schemes, ports, methods, addresses, redirects }: Values<typeof HTTP_CEILING>): HttpCeiling {
    for (const { value, node } of hosts?.value ?? []) {
      const name = value.replace(/^\*\./, "");
      const why = value === "*" ? undefined : whyNoHost(name);
      if (why !== undefined) this.#findings.error("grant-invalid", node, `${quoted(value)} is no host: ${why}`);
    }
    const ranges: AddressRange[] = [];
    for (const address of addresses?.value ?? []) {
      const range = parseRange(address.value);
      if (range === undefined) this.#findings.error("grant-invalid", address.node, `${quoted(address.value)} is no range of addresses`);
      else ranges.push(range);
      this.#onlyNamed(address, "addresses that are not public");
    }
    const numbers = valuesIn(ports) ?? ["default" as const];
    return {
      hosts: valuesIn(hosts) ?? [],
      schemes: valuesIn(schemes) ?? ["https"],
      ports: numbers.includes("any") ? "any" : numbers.filter((port) => port !== "any"),
      methods: valuesIn(methods) ?? ["GET", "HEAD"],
      addresses: ranges,
      redirects: redirects?.value ?? 0,
    };
  }

  #secrets({
    environment,
    file,
    command,
    command_timeout_ms,
  }: NonNullable<Values<typeof CONFIGURATION>["secrets"]>["value"]): SecretsConfiguration {
    if (file !== undefined && !isBelow(file.value)) this.#onlyNamed(file, "a file of secrets outside of its own folder");
    if (command !== undefined) this.#onlyNamed(command, "a command to be run");
    const [program, ...args] = valuesIn(command) ?? [];
    if (command !== undefined && program === undefined) this.#findings.error("out-of-range", command.node, `"command" is empty`);
    return {
      environment: environment?.value ?? true,
      ...(file === undefined ? {} : { file: file.value }),
      ...(program === undefined ? {} : { command: [program, ...args] as const }),
      commandTimeoutMs: command_timeout_ms?.value ?? COMMAND_TIMEOUT_MS,
    };
  }

  #onlyNamed({ node }: Pick<Placed<unknown>, "node">, what: string): void {
    if (this.#named) return;
    this.#findings.error(
      "config-not-named",
      node,
      `${what}: only in a configuration that is named, by --config or GLOVEBOX_CONFIG, and this one was found`,
    );
  }
}

function retention(
  { keep_runs, keep_days, max_mb }: NonNullable<Values<typeof CONFIGURATION>["records"]>["value"],
  base: Retention,
): Retention {
  return {
    runs: keep_runs?.value ?? base.runs,
    days: keep_days?.value ?? base.days,
    bytes: max_mb === undefined ? base.bytes : max_mb.value * 2 ** 20,
  };
}

function valuesIn<T>(list: Placed<readonly Placed<T>[]> | undefined): readonly T[] | undefined {
  return list?.value.map(({ value }) => value);
}

/** Hosts are written as grants have them. */
function whyNoHost(host: string): string | undefined {
  try {
    const rule = httpRule({ allow: `https://${host}/` }, () => "");
    return rule.host === host ? undefined : "it is a name alone, without a port";
  } catch (error) {
    if (error instanceof GloveboxError) return "it is a name in lower case, *.name, an address, or *";
    throw error;
  }
}
