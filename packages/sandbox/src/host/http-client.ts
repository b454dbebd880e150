import { connect as connectTcp, isIP, type Socket } from "node:net";
import type { Readable } from "node:stream";
import { connect as connectTls, rootCertificates } from "node:tls";
import type { Agent, Dispatcher } from "undici";
import { type Address, isPublic, isWithin, parseAddress } from "./address.ts";
import type { HttpRule } from "./http-rule.ts";
import { SYSTEM_LOOKUPS } from "./lookups.ts";
import { originOf, type Target } from "./url.ts";

const RESPONSE_HEADER_BYTES_MAX = 32_768;
/** Addresses of one host that are tried, one after the other. */
const ADDRESSES_TRIED_MAX = 4;
const CONNECT_MS_MAX = 5000;

/** Loading takes 70 ms, which a sandbox that makes no requests should not. */
export function loadHttp(): Promise<typeof import("undici")> {
  return import("undici");
}

/** How hosts are found and trusted. */
export interface HttpTransport {
  /** All addresses of a host. Default: the system's. */
  readonly resolve?: (host: string) => Promise<readonly string[]>;
  /** Certificates of authorities, as PEM, that are trusted beside the public ones. */
  readonly ca?: readonly string[];
}

/** An address was found to which no connection may be made. */
export class AddressRefused extends Error {}

export interface HttpExchange {
  readonly rule: HttpRule;
  readonly target: Target;
  readonly method: string;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Uint8Array | undefined;
  readonly signal: AbortSignal;
}

export interface HttpResponse {
  readonly status: number;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Readable;
}

/**
 * The connections of one attempt, made when they are needed and closed at its end: none is ever used by another attempt. What is checked is
 * the address that is connected to: the host is resolved here, every address it has must be allowed, and the connection goes to one of these.
 */
export class HttpClient {
  readonly #transport: HttpTransport;
  /** By rule: what one rule lets connect is no connection for another. */
  readonly #agents = new Map<HttpRule, Agent>();
  readonly #sockets = new Set<Socket>();
  readonly receivedMax: number;
  /** By connections that are closed. */
  #received = 0;
  #closed = false;

  /** @param receivedMax bytes that all connections together may bring, whatever they are of: a head, too, can go on for ever, or come again and again */
  constructor(transport: HttpTransport, receivedMax: number) {
    this.#transport = transport;
    this.receivedMax = receivedMax;
  }

  /** Bytes that connections have brought. */
  get received(): number {
    let received = this.#received;
    for (const { bytesRead } of this.#sockets) received += bytesRead;
    return received;
  }

  /** One request and the head of its answer. Redirects are answers. */
  async send({ rule, target, method, headers, body, signal }: HttpExchange): Promise<HttpResponse> {
    const { Agent } = await loadHttp();
    if (this.#closed) throw new Error("the attempt is over");
    const agent = this.#agents.get(rule) ?? new Agent(this.#optionsFor(rule));
    this.#agents.set(rule, agent);
    const asked = agent.request({
      origin: originOf(target),
      path: target.path + target.query,
      method: method as Dispatcher.HttpMethod,
      headers: Object.fromEntries(headers),
      body: body && body.length > 0 ? body : null,
      signal,
    });
    const response = await orAborted(asked, signal);
    const given = Object.entries(response.headers).flatMap(([name, value]) =>
      value === undefined ? [] : (Array.isArray(value) ? value : [value]).map((item) => [name, item] as const),
    );
    return { status: response.statusCode, headers: given, body: response.body };
  }

  close(): void {
    this.#closed = true;
    for (const socket of this.#sockets) socket.destroy();
    for (const agent of this.#agents.values()) agent.destroy().catch(() => {}); // its sockets are gone already
  }

  #optionsFor(rule: HttpRule): Agent.Options {
    return {
      connections: 1,
      pipelining: 1,
      allowH2: false,
      maxHeaderSize: RESPONSE_HEADER_BYTES_MAX,
      headersTimeout: 0, // time is bounded by the signal
      bodyTimeout: 0,
      connect: (options, callback) => {
        this.#connect(rule, options.hostname, options.protocol === "https:", Number(options.port)).then(
          (socket) => callback(null, socket),
          (error: Error) => callback(error, null),
        );
      },
    };
  }

  async #connect(rule: HttpRule, hostname: string, secure: boolean, port: number): Promise<Socket> {
    const host = hostname.replace(/^\[|\]$/g, "");
    const addresses = await allowedAddresses(rule, host, this.#transport);
    let failure: unknown;
    for (const address of addresses.slice(0, ADDRESSES_TRIED_MAX)) {
      if (this.#closed) throw new Error("the attempt is over");
      try {
        return await this.#open(host, address, secure, port || (secure ? 443 : 80));
      } catch (error) {
        failure = error;
      }
    }
    throw failure;
  }

  #open(host: string, address: string, secure: boolean, port: number): Promise<Socket> {
    const { promise, resolve, reject } = Promise.withResolvers<Socket>();
    const where = { host: address, port, autoSelectFamily: false } as const;
    const socket = secure
      ? connectTls({
          ...where,
          // The name that was asked for, in the handshake and against the certificate; for an address, the address.
          ...(isIP(host) ? {} : { servername: host }),
          ALPNProtocols: ["http/1.1"],
          ...(this.#transport.ca ? { ca: [...rootCertificates, ...this.#transport.ca] } : {}),
        })
      : connectTcp(where);
    this.#sockets.add(socket);
    socket.setNoDelay(true);
    const timer = setTimeout(() => socket.destroy(new Error("connecting took too long")), CONNECT_MS_MAX);
    socket.once("close", () => {
      clearTimeout(timer);
      this.#sockets.delete(socket);
      this.#received += socket.bytesRead;
      reject(new Error("the connection was closed"));
    });
    const failed = (error: Error) => {
      clearTimeout(timer);
      reject(error);
    };
    socket.once("error", failed);
    socket.once(secure ? "secureConnect" : "connect", () => {
      clearTimeout(timer);
      // What it is connected to is what was checked. It always is; were it not, nothing would be sent.
      const connected = socket.remoteAddress === undefined ? undefined : parseAddress(socket.remoteAddress);
      if (String(connected) !== String(parseAddress(address))) {
        socket.destroy(new AddressRefused("connected to another address"));
        return;
      }
      socket.off("error", failed);
      socket.on("readable", () => {
        if (this.received > this.receivedMax) socket.destroy(new Error("too much was received"));
      });
      resolve(socket);
    });
    return promise;
  }
}

/** The client hears of a signal when it is connected, and not while it waits for an address or a connection. */
async function orAborted(asked: Promise<Dispatcher.ResponseData>, signal: AbortSignal): Promise<Dispatcher.ResponseData> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = () => {
    asked.then(
      ({ body }) => body.destroy(),
      () => {}, // as it should
    );
    reject(new Error("the request was given up"));
  };
  if (signal.aborted) abort();
  signal.addEventListener("abort", abort, { once: true });
  try {
    return await Promise.race([asked, aborted]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

/** All addresses of a host, in their order, each of which the rule allows. One that it doesn't refuses all. */
async function allowedAddresses(rule: HttpRule, host: string, transport: HttpTransport): Promise<readonly string[]> {
  const texts = isIP(host) ? [host] : await (transport.resolve?.(host) ?? SYSTEM_LOOKUPS.addresses(host));
  for (const text of texts) {
    const address = parseAddress(text);
    if (!address || !isAllowed(rule, address)) throw new AddressRefused(`the host ${host} has the address ${text}, which is not public`);
  }
  if (texts.length === 0) throw new Error(`the host ${host} has no address`);
  return texts;
}

function isAllowed(rule: HttpRule, address: Address): boolean {
  return isPublic(address) || rule.addresses.some((range) => isWithin(address, range));
}
