import type { AuditEntry } from "@glovebox/sandbox";
import { shownLine } from "./shown.ts";

const WORDS_COLUMNS = 300;

/** What would allow what a guest was refused, as the document would say it. A person decides whether that is wanted. */
export function grantHint({ hostFunction, subject, reason }: AuditEntry): string | undefined {
  if (hostFunction === "read_secret") {
    const name = shownLine(subject, WORDS_COLUMNS);
    return `to allow it: grants: { secrets: [${name}] }, and secrets: [${name}] in the document`;
  }
  const address = /has the address ([0-9a-fA-F.:]+), which is not public$/.exec(reason)?.[1];
  if (hostFunction === "http_request" && address !== undefined) {
    const range = `${address}/${address.includes(":") ? 128 : 32}`;
    return `to allow it: addresses: [${JSON.stringify(range)}] in the grant, if the operator's configuration allows that for the host`;
  }
  const request = /^([A-Z]+) (https?:\/\/[^?#\s]+)/.exec(subject);
  if (hostFunction !== "http_request" || request === null || !reason.startsWith("no grant")) return undefined;
  const [, method = "", url = ""] = request;
  const methods = method === "GET" ? "" : `, methods: [${method}]`;
  return `to allow it: grants: { http: [{ allow: ${JSON.stringify(shownLine(url, WORDS_COLUMNS))}${methods} }] }`;
}

/** The key that raises the bound on host calls at which a guest ended. */
export function callLimitKey({ reason }: AuditEntry): string | undefined {
  const [words = ""] = reason.split(":");
  return Object.hasOwn(KEYS, words) ? KEYS[words] : undefined;
}

/** By the words that the sandbox has for each. */
const KEYS: Readonly<Record<string, string>> = {
  calls: "host_calls",
  "calls a second": "host_calls_per_second",
  requests: "http_requests",
  "bytes of request bodies": "http_bytes_out",
  "bytes of response bodies": "http_bytes_in",
};
