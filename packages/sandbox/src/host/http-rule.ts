import { GloveboxError } from "../error.ts";
import type { HttpGrant } from "../grants.ts";
import { type AddressRange, parseRange } from "./address.ts";
import { isHeaderName, isHeaderValue, isOwnHeader } from "./headers.ts";
import { originOf, parseTarget, type Target } from "./url.ts";

/** Methods that can be granted. CONNECT and TRACE are not among them: the one is a tunnel, the other gives credentials back. */
const METHODS: ReadonlySet<string> = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);
const REDIRECTS_MAX = 20;

/** An {@link HttpGrant}, checked and ready to be held against requests. */
export interface HttpRule {
  /** As it was granted. */
  readonly text: string;
  readonly scheme: "http" | "https";
  readonly host: string;
  readonly port: number;
  /** The only path, or what paths begin with. */
  readonly path: string;
  readonly below: boolean;
  readonly methods: ReadonlySet<string>;
  /** Set on every request under this rule. The name is in lower case. */
  readonly auth: { readonly header: string; readonly value: string } | undefined;
  readonly addresses: readonly AddressRange[];
  readonly redirects: number;
}

/** @throws GloveboxError `GRANT_INVALID` */
export function httpRule(grant: HttpGrant, secret: (name: string) => string): HttpRule {
  const { allow } = grant;
  const refuse = (why: string): never => {
    throw new GloveboxError("GRANT_INVALID", `Cannot grant http "${String(allow).slice(0, 200)}": ${why}`);
  };
  if (typeof allow !== "string") return refuse("allow is a text");
  const below = allow.endsWith("/*");
  const text = below ? allow.slice(0, -1) : allow;
  if (text.includes("*")) return refuse('a star stands at the end alone, after a slash: "https://host/path/*"');
  const target = parseTarget(text);
  if (typeof target === "string") return refuse(target);
  if (target.query !== "" || text.includes("?") || text.includes("#")) return refuse("a query or a fragment can't be granted");
  // Written as it is meant: no spelling of a grant is other than it looks.
  const canonical = originOf(target) + target.path;
  if (canonical !== text && `${originOf(target)}:${target.port}${target.path}` !== text) return refuse(`write it as "${canonical}"`);
  const methods = grant.methods ?? ["GET"];
  for (const method of methods) if (!METHODS.has(method)) return refuse(`the method ${method} is not offered`);
  const redirects = grant.redirects ?? 0;
  if (!Number.isInteger(redirects) || redirects < 0 || redirects > REDIRECTS_MAX) return refuse(`redirects is 0 to ${REDIRECTS_MAX}`);
  const addresses = (grant.addresses ?? []).map((range) => parseRange(range) ?? refuse(`"${range}" is no range of addresses`));
  const { scheme, host, port, path } = target;
  return {
    text: allow,
    scheme,
    host,
    port,
    path,
    below,
    methods: new Set(methods),
    auth: grant.auth && authOf(grant.auth, secret, refuse),
    addresses,
    redirects,
  };
}

function authOf(
  { header, secret: name, format = "{}" }: NonNullable<HttpGrant["auth"]>,
  secret: (name: string) => string,
  refuse: (why: string) => never,
): HttpRule["auth"] {
  const lower = header.toLowerCase();
  if (!isHeaderName(header) || isOwnHeader(lower)) return refuse(`"${header}" is no header that can be set`);
  if (format.split("{}").length !== 2) return refuse('format has "{}" in it once');
  const value = format.split("{}").join(secret(name));
  if (!isHeaderValue(value)) return refuse(`the secret "${name}" does not fit into a header`);
  return { header: lower, value };
}

/** The first rule that allows this, or why there is none. */
export function findRule(rules: readonly HttpRule[], target: Target, method: string): HttpRule | string {
  const ofHost = rules.filter(({ scheme, host, port }) => scheme === target.scheme && host === target.host && port === target.port);
  if (ofHost.length === 0) return "no grant names this scheme, host and port";
  const ofPath = ofHost.filter(({ path, below }) => (below ? target.path.startsWith(path) : target.path === path));
  if (ofPath.length === 0) return "no grant names this path";
  return ofPath.find(({ methods }) => methods.has(method)) ?? "no grant names this method";
}
