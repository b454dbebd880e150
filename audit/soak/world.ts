import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import wabt from "wabt";
import { wordOf } from "./word.ts";

const MODULES = new URL("../../guests/modules/", import.meta.url);
const { parseWat } = await wabt();

/** What guests of a soak find outside: a server on a loopback address, files, and modules that are compiled once. */
export class World implements AsyncDisposable {
  /** Of the server, without a slash at its end. */
  readonly base: string;
  readonly #server: Server;
  readonly #folder: string;
  readonly #modules = new Map<string, Uint8Array>();

  private constructor(server: Server, folder: string) {
    this.#server = server;
    this.#folder = folder;
    this.base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  /** @param folder an existing one that nobody else writes to */
  static async start(folder: string): Promise<World> {
    const own = join(folder, "granted");
    mkdirSync(own);
    for (let n = 0; n < FILES; n++) writeFileSync(join(own, `${n}.csv`), contentOf(n));
    const server = createServer(answer);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return new World(server, own);
  }

  /** A file of this machine that may be granted to run `n`, and what it has in it. */
  file(n: number): { readonly path: string; readonly content: string } {
    return { path: join(this.#folder, `${n % FILES}.csv`), content: contentOf(n % FILES) };
  }

  /** A module of guests/modules, or one that is written as text. The same array for the same module, as a program's would be. */
  module(source: string): Uint8Array {
    const known = this.#modules.get(source) ?? load(source);
    this.#modules.set(source, known);
    return known;
  }

  /** Connections to the server that are open. */
  connections(): Promise<number> {
    return new Promise((resolve, reject) => this.#server.getConnections((error, count) => (error ? reject(error) : resolve(count))));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
    rmSync(this.#folder, { recursive: true });
  }
}

const FILES = 16;

function contentOf(n: number): string {
  return `name,number\n${wordOf(-n - 1)},${n}\n`;
}

function load(source: string): Uint8Array {
  if (source.endsWith(".wasm")) return readFileSync(new URL(source, MODULES));
  const text = source.endsWith(".wat") ? readFileSync(new URL(source, MODULES), "utf8") : source;
  const parsed = parseWat("guest.wat", text, { exceptions: true });
  try {
    return Uint8Array.from(parsed.toBinary({}).buffer);
  } finally {
    parsed.destroy();
  }
}

export function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** Tells a request back to who made it. What it was authorised with is told as a digest, so that nobody takes it for a secret that leaks. */
function answer(request: IncomingMessage, response: ServerResponse): void {
  let body = "";
  request.setEncoding("utf8");
  request.on("data", (piece: string) => {
    body += piece;
  });
  request.on("error", () => {}); // who asked has gone
  response.on("error", () => {});
  request.on("end", () => {
    if (request.url === "/hang") return;
    const seen = { method: request.method, path: request.url, body, authorization: digest(request.headers.authorization ?? "") };
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(seen));
  });
}
