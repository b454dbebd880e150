import { encodeHeader, splitHeader } from "../cell/frame.ts";
import { checkHeaders, KEPT_ACROSS_ORIGINS } from "./headers.ts";
import type { HostAttempt, HostReply, HttpRequests } from "./host-function.ts";
import { ACCEPTED_ENCODINGS, BodyTooLarge, GatheredBytes, HttpBody } from "./http-body.ts";
import { AddressRefused, HttpClient, type HttpResponse, loadHttp } from "./http-client.ts";
import { findRule, type HttpRule } from "./http-rule.ts";
import type { HostSetup } from "./setup.ts";
import { describeTarget, originOf, parseTarget, type Target } from "./url.ts";

const HEAD_BYTES_MAX = 65_536;
/** What connections may bring for each byte of the bodies that an attempt may have: heads, the marks around chunks. */
const RECEIVED_FACTOR = 4;
const RECEIVED_BESIDES = 1024 * 1024;

/** `http_request`: a header as JSON (a {@link RequestHead}) and the body; the answer is the like. */
export function httpRequest(argument: Uint8Array, { http }: HostAttempt): Promise<HostReply> {
  return http.request(argument);
}

/** `http_read`: the next piece of the body of a request that was made with `stream`. Empty: that was all. */
export function httpRead(_argument: Uint8Array, { http }: HostAttempt): Promise<HostReply> {
  return http.read();
}

interface RequestHead {
  readonly url: string;
  readonly method: string;
  readonly headers: readonly (readonly [string, string])[];
  /** The answer comes without its body, which `http_read` gives in pieces. */
  readonly stream: boolean;
}

/** One step of a request: what is sent where, under which rule. */
interface Hop {
  readonly rule: HttpRule;
  readonly target: Target;
  readonly method: string;
  /** The guest's, without what the rule adds. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Uint8Array | undefined;
}

/** A body that the guest reads in pieces. */
interface Open {
  readonly body: HttpBody;
  readonly subject: string;
  readonly deadline: Deadline;
}

/** What one attempt asks for by HTTP, held to its grants and limits. One request is under way at a time. */
export class HttpSession implements HttpRequests {
  readonly #setup: HostSetup;
  readonly #client: HttpClient;
  #requests = 0;
  #bytesOut = 0;
  #bytesIn = 0;
  #open: Open | undefined;
  #deadline: Deadline | undefined;

  constructor(setup: HostSetup) {
    this.#setup = setup;
    this.#client = new HttpClient(setup.transport, RECEIVED_FACTOR * setup.limits.httpBytesIn + RECEIVED_BESIDES);
  }

  async request(argument: Uint8Array): Promise<HostReply> {
    this.#closeOpen();
    const read = readRequest(argument);
    if (!read) return failed("the request has the wrong shape", "", "the request has the wrong shape");
    const { head, body } = read;
    const { limits } = this.#setup;
    this.#bytesOut += body?.length ?? 0;
    if (this.#bytesOut > limits.httpBytesOut) return exhausted(this.#bytesOut, limits.httpBytesOut, "bytes of request bodies");
    const first = this.#firstHop(head, body);
    if (typeof first === "string") return { kind: "refused", subject: `${head.method} ${head.url}`, reason: first };
    await loadHttp();
    const deadline = new Deadline(limits.httpMs);
    this.#deadline = deadline;
    let hop = first;
    try {
      for (let redirects = 0; ; redirects++) {
        if (++this.#requests > limits.httpRequests) return exhausted(this.#requests, limits.httpRequests, "requests");
        const response = await this.#send(hop, deadline);
        const next = redirects < first.rule.redirects ? this.#nextHop(hop, response) : undefined;
        if (next === undefined) return await this.#answer(hop, response, head.stream, deadline);
        discard(response);
        if (typeof next === "string") return { kind: "refused", subject: describe(hop), reason: `a redirect was not followed: ${next}` };
        hop = next;
      }
    } catch (error) {
      return this.#failure(error, describe(hop), deadline);
    } finally {
      if (this.#open?.deadline !== deadline) deadline.clear();
    }
  }

  async read(): Promise<HostReply> {
    const open = this.#open;
    if (!open) return { kind: "given", parts: [] };
    try {
      const piece = await open.body.next();
      if (!piece) this.#closeOpen();
      this.#bytesIn += piece?.length ?? 0;
      if (this.#bytesIn > this.#setup.limits.httpBytesIn) return this.#tooMuchIn();
      return { kind: "given", parts: piece ? [piece] : [] };
    } catch (error) {
      this.#closeOpen();
      return this.#failure(error, open.subject, open.deadline);
    }
  }

  close(): void {
    this.#deadline?.end();
    this.#closeOpen();
    this.#client.close();
  }

  #firstHop({ url, method, headers }: RequestHead, body: Uint8Array | undefined): Hop | string {
    const target = parseTarget(url);
    if (typeof target === "string") return target;
    const rule = findRule(this.#setup.http, target, method);
    if (typeof rule === "string") return rule;
    if (body && (method === "GET" || method === "HEAD")) return `a ${method} request has a body`;
    const checked = checkHeaders(headers, rule.auth?.header);
    if (typeof checked === "string") return checked;
    if (!checked.has("user-agent")) checked.set("user-agent", "glovebox");
    checked.set("accept-encoding", ACCEPTED_ENCODINGS);
    return { rule, target, method, headers: checked, body };
  }

  #send({ rule, target, method, headers, body }: Hop, { signal }: Deadline): Promise<HttpResponse> {
    const sent = rule.auth ? new Map([...headers, [rule.auth.header, rule.auth.value]]) : headers;
    return this.#client.send({ rule, target, method, headers: sent, body, signal });
  }

  /** Where a redirect leads; why it is not followed; undefined if it is none. Each step is checked like a request of its own. */
  #nextHop({ target, method, headers, body }: Hop, response: HttpResponse): Hop | string | undefined {
    const location = REDIRECTS.has(response.status) ? response.headers.find(([name]) => name === "location")?.[1] : undefined;
    if (location === undefined) return undefined;
    let url: string;
    try {
      url = new URL(location, originOf(target) + target.path + target.query).href;
    } catch {
      return "its location can't be read";
    }
    const next = parseTarget(url);
    if (typeof next === "string") return next;
    if (target.scheme === "https" && next.scheme === "http") return "it leads from https to http";
    // RFC 9110, 15.4: what browsers do with 301 and 302, and what 303 says.
    const turnsToGet = response.status === 303 ? method !== "HEAD" : response.status < 303 && method === "POST";
    const nextMethod = turnsToGet ? "GET" : method;
    const rule = findRule(this.#setup.http, next, nextMethod);
    if (typeof rule === "string") return rule;
    const sameOrigin = originOf(next) === originOf(target);
    const kept = [...headers].filter(
      ([name]) =>
        (sameOrigin || KEPT_ACROSS_ORIGINS.has(name)) && name !== rule.auth?.header && !(turnsToGet && name.startsWith("content-")),
    );
    return { rule, target: next, method: nextMethod, headers: new Map(kept), body: turnsToGet ? undefined : body };
  }

  async #answer(hop: Hop, response: HttpResponse, stream: boolean, deadline: Deadline): Promise<HostReply> {
    const { limits } = this.#setup;
    const subject = describe(hop);
    const encodings = response.headers.filter(([name]) => name === "content-encoding").map(([, value]) => value);
    const body = HttpBody.open(response.body, encodings.join(","), stream ? limits.httpBytesIn : limits.httpResponseBytes);
    if (!body) {
      discard(response);
      return failed("the response can't be decoded", subject, `the response has the encoding "${encodings.join(",")}"`);
    }
    const isDecoded = encodings.length > 0;
    const headers = response.headers.filter(([name]) => !isDecoded || (name !== "content-encoding" && name !== "content-length"));
    const head = encodeHeader({ status: response.status, headers });
    if (stream) {
      this.#open = { body, subject, deadline };
      return { kind: "given", parts: [head], subject, reason: `status ${response.status}, read in pieces` };
    }
    const whole = new GatheredBytes();
    try {
      for (let piece = await body.next(); piece; piece = await body.next()) {
        this.#bytesIn += piece.length;
        if (this.#bytesIn > limits.httpBytesIn) return this.#tooMuchIn();
        if (whole.length + piece.length > limits.httpResponseBytes) throw new BodyTooLarge();
        whole.add(piece);
      }
    } finally {
      body.close();
    }
    return { kind: "given", parts: [head, whole.bytes], subject, reason: `status ${response.status}, ${whole.length} bytes` };
  }

  #tooMuchIn(): HostReply {
    return exhausted(this.#bytesIn, this.#setup.limits.httpBytesIn, "bytes of response bodies");
  }

  /** What the guest is told is one of four sentences; what it was, the operator. */
  #failure(error: unknown, subject: string, deadline: Deadline): HostReply {
    if (error instanceof AddressRefused) return { kind: "refused", subject, reason: error.message };
    const { received, receivedMax } = this.#client;
    if (received > receivedMax) return exhausted(received, receivedMax, "bytes that were received");
    if (deadline.signal.aborted) {
      const reason = `the request took more than ${this.#setup.limits.httpMs} ms`;
      return failed("the request took too long", subject, reason);
    }
    if (error instanceof BodyTooLarge) {
      return failed("the response is too large", subject, `the response has more than ${this.#setup.limits.httpResponseBytes} bytes`);
    }
    const { code, message } = error as NodeJS.ErrnoException;
    const what = code?.startsWith("Z_") || code?.startsWith("ERR__ERROR_FORMAT") ? "the response can't be decoded" : "the request failed";
    return failed(what, subject, `${code ?? "error"}: ${message}`);
  }

  #closeOpen(): void {
    this.#open?.body.close();
    this.#open?.deadline.clear();
    this.#open = undefined;
  }
}

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/** Ends a request in time, whoever waits for whom. */
class Deadline {
  readonly #controller = new AbortController();
  readonly #timer: NodeJS.Timeout;

  constructor(ms: number) {
    this.#timer = setTimeout(() => this.#controller.abort(), ms);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  clear(): void {
    clearTimeout(this.#timer);
  }

  end(): void {
    this.clear();
    this.#controller.abort();
  }
}

function describe({ method, target }: Hop): string {
  return `${method} ${describeTarget(target)}`;
}

function discard({ body }: HttpResponse): void {
  body.on("error", () => {}); // nobody reads it
  body.destroy();
}

function failed(message: string, subject: string, reason: string): HostReply {
  return { kind: "failed", message, subject, reason };
}

function exhausted(used: number, max: number, reason: string): HostReply {
  return { kind: "exhausted", limit: "calls", used, max, reason };
}

function readRequest(argument: Uint8Array): { head: RequestHead; body: Uint8Array | undefined } | undefined {
  if (argument.length < 4 || new DataView(argument.buffer, argument.byteOffset).getUint32(0, true) > HEAD_BYTES_MAX) return undefined;
  const split = splitHeader(argument);
  if (!split) return undefined;
  let head: unknown;
  try {
    head = JSON.parse(split.header);
  } catch {
    return undefined;
  }
  if (typeof head !== "object" || head === null) return undefined;
  const { url, method, headers, stream } = head as Partial<Record<keyof RequestHead, unknown>>;
  if (typeof url !== "string" || typeof method !== "string" || typeof stream !== "boolean" || !isPairs(headers)) return undefined;
  return { head: { url, method, headers, stream }, body: split.rest.length > 0 ? split.rest : undefined };
}

function isPairs(value: unknown): value is [string, string][] {
  return (
    Array.isArray(value) &&
    value.every((pair) => Array.isArray(pair) && pair.length === 2 && typeof pair[0] === "string" && typeof pair[1] === "string")
  );
}
