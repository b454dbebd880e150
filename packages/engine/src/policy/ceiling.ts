import type { AddressRange, HostLimits, HttpRule, Limits } from "@glovebox/sandbox";

export interface Ceiling {
  readonly limits: Limits;
  readonly hostLimits: HostLimits;
  /** A grant must lie within one of them altogether. */
  readonly http: readonly HttpCeiling[];
  /** Folders below the one that tools may use, as paths relative to it; `.` is all of it. */
  readonly files: readonly string[];
  /** Names of secrets; `*` is any. */
  readonly secrets: readonly string[];
  /** Names of tools, which run in the host; `*` is any. */
  readonly tools: readonly string[];
}

export interface HttpCeiling {
  readonly schemes: readonly ("http" | "https")[];
  /** Names in lower case; `*.example.com` is every name below that one, `*` every host. */
  readonly hosts: readonly string[];
  /** `default`: the scheme's own. */
  readonly ports: "any" | readonly (number | "default")[];
  readonly methods: readonly string[];
  /** Addresses that are not public and may be granted all the same. */
  readonly addresses: readonly AddressRange[];
  readonly redirects: number;
}

/** What of a grant a ceiling does not allow, and where that stands in the grant. */
export interface HttpExcess {
  readonly part: "allow" | "methods" | "addresses" | "redirects";
  /** Follows "allows": `no method POST to "x"`. */
  readonly words: string;
}

/** Undefined: one of the ceiling's entries covers all of the grant. Else what is too much for the entry that comes closest. */
export function httpExcess(rule: HttpRule, ceilings: readonly HttpCeiling[]): HttpExcess | undefined {
  let closest: HttpExcess | undefined;
  for (const ceiling of ceilings) {
    const excess = excessOver(rule, ceiling);
    if (excess === undefined) return undefined;
    if (closest === undefined || ORDER.indexOf(excess.part) > ORDER.indexOf(closest.part)) closest = excess;
  }
  return closest ?? { part: "allow", words: "no requests at all" };
}

/** The parts of a grant in the order in which they are looked at: the later the first excess, the closer. */
const ORDER: readonly HttpExcess["part"][] = ["allow", "methods", "addresses", "redirects"];
const DEFAULT_PORTS = { http: 80, https: 443 } as const;

function excessOver({ scheme, host, port, methods, addresses, redirects }: HttpRule, ceiling: HttpCeiling): HttpExcess | undefined {
  if (!ceiling.hosts.some((pattern) => matchesHost(host, pattern))) return { part: "allow", words: `no requests to the host "${host}"` };
  if (!ceiling.schemes.includes(scheme)) return { part: "allow", words: `no ${scheme} to "${host}", only ${ceiling.schemes.join(", ")}` };
  const portAllowed =
    ceiling.ports === "any" || ceiling.ports.some((allowed) => (allowed === "default" ? DEFAULT_PORTS[scheme] : allowed) === port);
  if (!portAllowed) return { part: "allow", words: `no requests to port ${port} of "${host}"` };
  const method = [...methods].find((name) => !ceiling.methods.includes(name));
  if (method !== undefined) return { part: "methods", words: `no ${method} to "${host}", only ${ceiling.methods.join(", ")}` };
  const address = addresses.find((range) => !ceiling.addresses.some((allowed) => isWithinRange(range, allowed)));
  if (address !== undefined) return { part: "addresses", words: `none of these addresses that are not public for "${host}"` };
  if (redirects > ceiling.redirects) return { part: "redirects", words: `only ${ceiling.redirects} redirects from "${host}"` };
  return undefined;
}

function matchesHost(host: string, pattern: string): boolean {
  if (pattern === "*" || host === pattern) return true;
  // `example.com.evil.net` and `evilexample.com` are not below `example.com`; an address is below no name.
  return pattern.startsWith("*.") && host.endsWith(pattern.slice(1)) && host.length > pattern.length - 1;
}

type Range = HttpRule["addresses"][number];

function isWithinRange(inner: Range, outer: Range): boolean {
  if (inner.bytes.length !== outer.bytes.length || inner.bits < outer.bits) return false;
  return inner.bytes.every((byte, at) => {
    const mask = 0xff & ~(0xff >> Math.min(8, Math.max(0, outer.bits - at * 8)));
    return (byte & mask) === ((outer.bytes[at] ?? 0) & mask);
  });
}

/** @param path relative to the folder that tools may use, with forward slashes and without dots in it */
export function allowsFile({ files }: Pick<Ceiling, "files">, path: string): boolean {
  return files.some((folder) => folder === "." || path === folder || path.startsWith(`${folder}/`));
}

export function allowsSecret({ secrets }: Pick<Ceiling, "secrets">, name: string): boolean {
  return secrets.includes("*") || secrets.includes(name);
}

export function allowsTool({ tools }: Pick<Ceiling, "tools">, name: string): boolean {
  return tools.includes("*") || tools.includes(name);
}
