import { lookup } from "node:dns/promises";

/** The system's resolver keeps one of Node's four threads for files until a name server has answered or it gives up, and can't be stopped. */
const AT_ONCE = 2;
const WAITING_MAX = 256;

interface Waiting {
  readonly host: string;
  readonly found: PromiseWithResolvers<readonly string[]>;
}

/**
 * Looks hosts up, few at a time, and one that is being looked up not once more: name servers that don't answer, which anyone may have, hold up
 * other lookups and nothing else.
 */
export class Lookups {
  readonly #resolve: (host: string) => Promise<readonly string[]>;
  readonly #asked = new Map<string, Promise<readonly string[]>>();
  readonly #waiting: Waiting[] = [];
  #running = 0;

  constructor(resolve: (host: string) => Promise<readonly string[]>) {
    this.#resolve = resolve;
  }

  /** All addresses of a host. */
  addresses(host: string): Promise<readonly string[]> {
    const known = this.#asked.get(host);
    if (known) return known;
    if (this.#waiting.length >= WAITING_MAX) return Promise.reject(new Error("too many hosts are being looked up"));
    const found = Promise.withResolvers<readonly string[]>();
    this.#asked.set(host, found.promise);
    this.#waiting.push({ host, found });
    this.#next();
    return found.promise;
  }

  #next(): void {
    if (this.#running >= AT_ONCE) return;
    const next = this.#waiting.shift();
    if (!next) return;
    const { host, found } = next;
    this.#running++;
    this.#resolve(host)
      .then(found.resolve, found.reject)
      .finally(() => {
        this.#asked.delete(host);
        this.#running--;
        this.#next();
      });
  }
}

/** By the system's resolver, with its own files and settings. */
export const SYSTEM_LOOKUPS = new Lookups(async (host) => {
  const found = await lookup(host, { all: true, order: "verbatim" });
  return found.map(({ address }) => address);
});
