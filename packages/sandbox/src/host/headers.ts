const HEADERS_MAX = 64;
const HEADER_BYTES_MAX = 16_384;

/** A token of RFC 9110, 5.6.2. */
export function isHeaderName(name: string): boolean {
  return /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}$/.test(name);
}

/** Visible ASCII, spaces and tabs, and none of these around it. What is beyond, servers and proxies read differently. */
export function isHeaderValue(value: string): boolean {
  return /^[\t\x20-\x7e]*$/.test(value) && value.trim() === value;
}

/** What the connection and the length of a message are told by: the client's own, and nobody else's. Names in lower case. */
const OWN: ReadonlySet<string> = new Set([
  "connection",
  "content-length",
  "expect",
  "host",
  "http2-settings",
  "keep-alive",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "via",
]);

export function isOwnHeader(name: string): boolean {
  return OWN.has(name) || name.startsWith("proxy-");
}

/** What is sent on to another origin after a redirect: nothing that could be, or hold, a credential. */
export const KEPT_ACROSS_ORIGINS: ReadonlySet<string> = new Set([
  "accept",
  "accept-encoding",
  "accept-language",
  "content-type",
  "user-agent",
]);

/**
 * A guest's headers, names in lower case, or why they can't be sent.
 *
 * @param reserved a header that the grant sets
 */
export function checkHeaders(headers: readonly (readonly [string, string])[], reserved: string | undefined): Map<string, string> | string {
  if (headers.length > HEADERS_MAX) return `${headers.length} headers, and ${HEADERS_MAX} are allowed`;
  const checked = new Map<string, string>();
  let bytes = 0;
  for (const [name, value] of headers) {
    const lower = name.toLowerCase();
    if (!isHeaderName(name)) return "a header's name is none";
    if (!isHeaderValue(value)) return `the value of ${lower} has characters that no header has`;
    if (isOwnHeader(lower)) return `the header ${lower} can't be set`;
    if (lower === reserved) return `the header ${lower} is set by the grant`;
    if (checked.has(lower)) return `the header ${lower} is there twice`;
    bytes += name.length + value.length;
    if (bytes > HEADER_BYTES_MAX) return `headers of more than ${HEADER_BYTES_MAX} bytes`;
    checked.set(lower, value);
  }
  return checked;
}
