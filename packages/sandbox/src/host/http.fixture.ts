import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";
import { type AddressInfo, createServer as createTcpServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TLSSocket } from "node:tls";
import { encodeHeader, splitHeader } from "../cell/frame.ts";
import type { Grants, HostLimits } from "../grants.ts";
import type { HostReply } from "./host-function.ts";
import { HttpSession } from "./http.ts";
import type { HttpTransport } from "./http-client.ts";
import { hostSetup } from "./setup.ts";

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** A server on a loopback address that remembers what reached it. */
export class LocalServer implements AsyncDisposable {
  readonly requests: { readonly method: string; readonly url: string; readonly headers: NodeJS.Dict<string | string[]>; body: string }[] =
    [];
  connections = 0;
  /** Settled by the first request. */
  readonly reached: Promise<void>;
  readonly #reach: () => void;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server) {
    this.#server = server;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.reached = promise;
    this.#reach = resolve;
    server.on("connection", (socket: Socket) => {
      this.connections++;
      this.#sockets.add(socket);
      socket.on("error", () => {}); // who asked has gone
      socket.once("close", () => this.#sockets.delete(socket));
    });
  }

  /** One that answers anything with these bytes, and closes. */
  static async raw(answer: string): Promise<LocalServer> {
    const server = createTcpServer((socket) => {
      socket.once("data", () => socket.end(answer));
    }) as unknown as Server;
    const local = new LocalServer(server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return local;
  }

  /** One that begins so, and goes on so without an end. */
  static async endless(first: string, again: string): Promise<LocalServer> {
    const bytes = Buffer.from(again);
    const server = createTcpServer((socket) => {
      const more = () => {
        while (socket.writable && socket.write(bytes));
      };
      socket.on("drain", more);
      socket.once("data", () => {
        socket.write(first);
        more();
      });
    }) as unknown as Server;
    const local = new LocalServer(server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return local;
  }

  /** Names that clients ask for when they begin to speak TLS. */
  onSecure(take: (name: string | false) => void): void {
    this.#server.on("secureConnection", (socket: TLSSocket & { servername: string | false }) => take(socket.servername));
  }

  /** Settled when no connection is open. */
  async idle(): Promise<void> {
    while (this.#sockets.size > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  }

  static async start(
    handler: Handler,
    options: { readonly secure?: { readonly key: string; readonly cert: string }; readonly address?: string } = {},
  ): Promise<LocalServer> {
    const take: Handler = (request, response) => {
      const seen = { method: request.method ?? "", url: request.url ?? "", headers: request.headers, body: "" };
      local.requests.push(seen);
      local.#reach();
      request.on("data", (chunk: Buffer) => {
        seen.body += chunk.toString("latin1");
      });
      request.on("end", () => handler(request, response));
      request.on("error", () => {}); // who asked has gone
    };
    const server = options.secure ? createSecureServer(options.secure, take) : createServer(take);
    const local = new LocalServer(server);
    await new Promise<void>((resolve) => server.listen(0, options.address ?? "127.0.0.1", resolve));
    return local;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    if (this.#server.listening) await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** A key and a certificate that signs itself, for a name. */
export function selfSigned(name: string): { readonly key: string; readonly cert: string } {
  const folder = mkdtempSync(join(tmpdir(), "glovebox-tls-"));
  try {
    const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
    const args = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
    execFileSync("openssl", [...args, "-subj", `/CN=${name}`, "-addext", `subjectAltName=DNS:${name}`, "-keyout", key, "-out", cert], {
      stdio: "ignore",
    });
    return { key: readFileSync(key, "utf8"), cert: readFileSync(cert, "utf8") };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export interface Asked {
  readonly url: string;
  readonly method?: string;
  readonly headers?: readonly (readonly [string, string])[];
  readonly body?: string | Uint8Array;
  readonly stream?: boolean;
}

/** One attempt's requests, without a cell. */
export class Requests implements Disposable {
  readonly session: HttpSession;

  constructor(
    http: NonNullable<Grants["http"]>,
    options: { readonly limits?: Partial<HostLimits>; readonly transport?: HttpTransport; readonly secrets?: Record<string, string> } = {},
  ) {
    const secrets = new Map(Object.entries(options.secrets ?? {}));
    const request = {
      guest: { kind: "javascript", code: "" },
      isolationKey: "a",
      grants: { http },
      hostLimits: options.limits ?? {},
      secrets,
    } as const;
    this.session = new HttpSession(hostSetup(request, undefined, options.transport));
  }

  ask({ url, method = "GET", headers = [], body = "", stream = false }: Asked): Promise<HostReply> {
    const sent = typeof body === "string" ? Buffer.from(body) : body;
    return this.session.request(Buffer.concat([encodeHeader({ url, method, headers, stream }), sent]));
  }

  [Symbol.dispose](): void {
    this.session.close();
  }
}

/** What the guest would see of an answer: status, headers and body, or how it was told no. */
export function seen(
  reply: HostReply,
): { readonly status: number; readonly headers: Record<string, string>; readonly body: Buffer } | string {
  if (reply.kind !== "given") return reply.kind === "failed" ? `failed: ${reply.message}` : reply.kind;
  const split = splitHeader(Buffer.concat(reply.parts));
  if (!split) throw new Error("an answer without a head");
  const { status, headers } = JSON.parse(split.header) as { status: number; headers: [string, string][] };
  return { status, headers: Object.fromEntries(headers), body: Buffer.from(split.rest) };
}
