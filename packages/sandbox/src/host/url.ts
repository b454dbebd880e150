const URL_CHARACTERS_MAX = 8192;

/** What a request goes to, in canonical form. */
export interface Target {
  readonly scheme: "http" | "https";
  /** As the URL standard writes it: lower case, Punycode, an IPv4 address in four decimal numbers, an IPv6 address in brackets. */
  readonly host: string;
  readonly port: number;
  /** Percent-encoded as it will be sent, dot segments resolved. */
  readonly path: string;
  /** Empty, or with its question mark. */
  readonly query: string;
}

/**
 * Reads an absolute address the way the request will be made: everything is decided on the result, never on the text. What different
 * readers read differently (backslashes, whitespace, credentials, encoded slashes and dots in a path) is refused.
 *
 * @returns the target, or why there is none
 */
export function parseTarget(text: string): Target | string {
  if (text.length > URL_CHARACTERS_MAX) return "the address is too long";
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
  if (/[\u0000-\u0020\u007f-\u00a0\u2028\u2029\\]/.test(text)) return "the address has whitespace, control characters or backslashes in it";
  if (!/^https?:\/\/[^/]/i.test(text)) return "the address does not begin with http:// or https:// and a host";
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    return "the address can't be read";
  }
  if (url.protocol !== "http:" && url.protocol !== "https:") return `the scheme ${url.protocol} is not offered`;
  if (url.username !== "" || url.password !== "" || /^[^:]*:\/\/[^/?#]*@/.test(text)) return "the address has credentials in it";
  const scheme = url.protocol === "http:" ? "http" : "https";
  const port = url.port === "" ? (scheme === "http" ? 80 : 443) : Number(url.port);
  if (port === 0) return "the port is 0";
  const problem = pathProblem(url.pathname);
  if (problem !== undefined) return problem;
  return { scheme, host: url.hostname, port, path: url.pathname, query: url.search };
}

/** A server may decode a path once more than its grant did, or know parameters in segments: what would then lead elsewhere is refused. */
function pathProblem(path: string): string | undefined {
  if (/%(?:2f|5c)/i.test(path)) return "the path has an encoded slash in it";
  if (/%(?:[01][0-9a-f]|7f)/i.test(path)) return "the path has an encoded control character in it";
  let decoded: string;
  try {
    decoded = decodeURIComponent(path);
  } catch {
    return "the path is not encoded UTF-8";
  }
  if (/%(?:2e|2f|5c|25|00)/i.test(decoded)) return "the path is encoded twice";
  if (decoded.includes("\\")) return "the path has a backslash in it";
  if (decoded.split("/").some((segment) => /^\.{1,2}(;|$)/.test(segment))) return "the path has dot segments in it";
  return undefined;
}

/** For logs and audits: without the query, which may hold anything. */
export function describeTarget({ scheme, host, port, path, query }: Target): string {
  return `${originOf({ scheme, host, port })}${path}${query === "" ? "" : "?…"}`;
}

/** With the port left out where it is the scheme's own. */
export function originOf({ scheme, host, port }: Pick<Target, "scheme" | "host" | "port">): string {
  return `${scheme}://${host}${port === (scheme === "http" ? 80 : 443) ? "" : `:${port}`}`;
}
