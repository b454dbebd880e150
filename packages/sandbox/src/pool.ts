import { encodeFrame, FRAME, type Frame, NONCE_BYTES } from "./cell/frame.ts";
import type { CellDeath, CellHome, HomeOptions, OpenHome } from "./cell/home.ts";
import { MODULES_KEPT } from "./cell/kept.ts";
import type { OpenRequest } from "./cell/message.ts";
import { GloveboxError } from "./error.ts";
import { freshBytes } from "./fresh-bytes.ts";
import type { RuntimeName } from "./runtimes/store.ts";

const NO_NONCE = new Uint8Array(NONCE_BYTES);
const READY_FRAME_BYTES = 1 + NONCE_BYTES;
/** A cell that isn't ready by then never will be. Starting takes 0.1 to 0.3 s; a machine can be very busy. */
const START_MS_MAX = 30_000;

/** Behind the name of a runtime, or the digest of a module, whose fuel is metered. */
export const METERED = ":metered";

/** Who is told what an occupied cell does. */
export interface Occupant {
  readonly nonce: Uint8Array;
  readonly frameBytesMax: number;
  onFrame(frame: Frame): void;
  onBroken(): void;
  onGone(death: CellDeath): void;
}

/**
 * One cell of a pool.
 *
 * - starting: it has been told its setup, and has not said that it is ready. It may be reserved, not occupied.
 * - opening: whoever took it has it open a runtime, and waits until it is ready again.
 * - idle: it prepares its next instance, or has done so. A frame from it now ends it.
 * - occupied: it runs one attempt; its frames go to the occupant.
 * - gone: it was killed or died. It leaves the pool, and another is opened when one is needed.
 */
export class PooledCell {
  /** The only key whose guests this cell has run; undefined while it has run none. */
  key: string | undefined;
  /** When it got its key. */
  keyedMs = 0;
  /** What it holds a prepared instance of: a runtime's name or a module's digest. */
  prepared: string | undefined;
  attempts = 0;
  /** It is lent to a guest that another one waits for. */
  nested = false;
  state: "starting" | "idle" | "opening" | "occupied" | "gone" = "starting";
  readonly ready: Promise<void>;
  readonly #opened: Set<string>;
  /** Settled by the next frame that says that the cell is ready, or by its end. */
  #readiness = Promise.withResolvers<void>();
  readonly home: CellHome;
  /** Settled when the process or thread has ended. */
  readonly gone: Promise<void>;
  /** Mirrors what the cell keeps: both drop the one that was used longest ago. */
  readonly #modules = new Set<string>();
  #occupant: Occupant | undefined;

  constructor(openHome: OpenHome, options: HomeOptions, onGone: (cell: PooledCell) => void) {
    const ended = Promise.withResolvers<void>();
    this.ready = this.#readiness.promise;
    this.gone = ended.promise;
    const warm = options.setup.warm?.runtime;
    this.prepared = warm;
    this.#opened = new Set(warm ? [warm] : []);
    this.#expectReadiness();
    this.home = openHome(options, {
      frameBytesMax: () =>
        this.state === "starting" || this.state === "opening" ? READY_FRAME_BYTES : (this.#occupant?.frameBytesMax ?? 0),
      onFrame: (frame) => {
        if ((this.state === "starting" || this.state === "opening") && frame.kind === FRAME.ready) {
          this.state = this.state === "starting" ? "idle" : "occupied";
          this.#readiness.resolve();
        } else if (this.#occupant && Buffer.compare(frame.nonce, this.#occupant.nonce) === 0) this.#occupant.onFrame(frame);
        else this.#break();
      },
      onBroken: () => this.#break(),
      onGone: (death) => {
        this.state = "gone";
        this.#readiness.reject(new GloveboxError("CELL_START_FAILED", `Cannot start a cell: it ended with ${death.reason}`));
        this.#occupant?.onGone(death);
        this.#occupant = undefined;
        onGone(this);
        ended.resolve();
      },
    });
    this.home.send(encodeFrame(FRAME.setup, NO_NONCE, [new TextEncoder().encode(JSON.stringify(options.setup))]));
  }

  /** Ends a cell that does not become ready. */
  #expectReadiness(): void {
    const timer = setTimeout(() => this.kill(), START_MS_MAX);
    timer.unref();
    // Whoever waits for the cell is told that it failed; nobody may be waiting.
    this.#readiness.promise.catch(() => {}).finally(() => clearTimeout(timer));
  }

  /** @param wanted a runtime's name, with {@link METERED} for the metered one */
  hasOpened(wanted: string): boolean {
    return this.#opened.has(wanted);
  }

  /**
   * Has the cell, which the caller has taken, load and prepare a runtime, so that the guest that needs it does not pay for that.
   *
   * @throws GloveboxError `CELL_START_FAILED`
   */
  open(request: OpenRequest): Promise<void> {
    this.state = "opening";
    this.#opened.add(request.metered ? request.runtime + METERED : request.runtime);
    this.#readiness = Promise.withResolvers<void>();
    this.#expectReadiness();
    this.home.send(encodeFrame(FRAME.open, NO_NONCE, [new TextEncoder().encode(JSON.stringify(request))]));
    return this.#readiness.promise;
  }

  /** Whether the cell keeps this module already; from now on it does. */
  knowsModule(digest: string): boolean {
    const known = this.#modules.delete(digest);
    this.#modules.add(digest);
    if (this.#modules.size > MODULES_KEPT) this.#modules.delete(this.#modules.values().next().value as string);
    return known;
  }

  occupy(occupant: Occupant): void {
    this.state = "occupied";
    this.attempts++;
    this.#occupant = occupant;
  }

  release(): void {
    this.#occupant = undefined;
    if (this.state === "occupied") this.state = "idle";
  }

  /** Something came that no honest cell sends. */
  #break(): void {
    this.#occupant?.onBroken();
    this.kill();
  }

  kill(): void {
    if (this.state === "gone") return;
    this.state = "gone";
    this.home.kill();
  }
}

export interface PoolOptions {
  readonly open: OpenHome;
  readonly home: HomeOptions;
  /** Cells at the most, starting ones included; and one more while a guest waits for another. */
  readonly cells: number;
  /** Cells that are kept started and unused, while there is room. */
  readonly spare: number;
  /** Attempts after which a cell is replaced. */
  readonly recycleAfter: number;
}

/**
 * What is prepared comes first. A fresh cell comes after one of this key that takes a few milliseconds to prepare, as others may need it and
 * the next one takes 0.2 s of CPU; and before one that would have to load what is wanted.
 */
function rankOf(cell: PooledCell, key: string, wants: string): number {
  const prepared = cell.prepared === wants;
  if (cell.key === key) return prepared ? 5 : cell.hasOpened(wants) ? 4 : 2;
  return prepared ? 3 : 1;
}

interface Waiting {
  readonly key: string;
  readonly wants: string;
  readonly nested: boolean;
  readonly resolve: (cell: PooledCell) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * For so long a key has a cell, however many others wait that have none; then it is ended for one of them. It is about what starting a
 * cell takes, so that at most half of the time goes into that, whoever takes turns.
 */
const TURN_MS = 250;

/**
 * Lends cells, one guest at a time. A cell that has run a guest of one key never runs one of another.
 *
 * A nested guest is one that another waits for, in a cell that it keeps meanwhile. At most `cells` guests that are not nested have a cell at a
 * time, and there may be one cell more than that: so one of them is always left to those that are nested. As they wait for no guest
 * themselves, every one of them gets its turn, whatever all others wait for.
 *
 * The other ones wait in the order in which they came within a key, and keys take turns: one that has thousands waiting delays another by
 * its turn, and by the start of a cell.
 */
export class Pool {
  readonly #options: PoolOptions;
  /** In the order in which they were used last. */
  readonly #cells = new Set<PooledCell>();
  /** Killed, and not ended yet. */
  readonly #ending = new Set<PooledCell>();
  readonly #nested = new Set<Waiting>();
  /** By key, none empty; the key whose turn it is stands first. */
  readonly #queues = new Map<string, Set<Waiting>>();
  #closed = false;

  constructor(options: PoolOptions) {
    this.#options = options;
    this.#fillSpare();
  }

  /**
   * A cell for one attempt of `key`, preferably one that holds a prepared `wants`. It is given back with {@link give}.
   *
   * @param nested a guest waits for this one, which itself waits for none
   */
  take(key: string, wants: RuntimeName | string, signal: AbortSignal | undefined, nested = false): Promise<PooledCell> | PooledCell {
    if (this.#closed) throw new GloveboxError("SANDBOX_CLOSED", "Cannot run guest: the sandbox was closed");
    const free = this.#nested.size === 0 && this.#queues.size === 0 && (nested || this.#lendable() > 0);
    const cell = free ? this.#find(key, wants) : undefined;
    if (cell) return this.#lend(cell, key, nested);
    const { promise, resolve, reject } = Promise.withResolvers<PooledCell>();
    const waiting: Waiting = { key, wants, nested, resolve, reject };
    const leave = () => {
      this.#remove(waiting);
      reject(signal?.reason);
      this.#serve();
    };
    signal?.addEventListener("abort", leave);
    const queue = nested ? this.#nested : (this.#queues.get(key) ?? new Set());
    queue.add(waiting);
    if (!nested) this.#queues.set(key, queue);
    this.#serve();
    return signal ? promise.finally(() => signal.removeEventListener("abort", leave)) : promise;
  }

  #lend(cell: PooledCell, key: string, nested: boolean): PooledCell {
    if (cell.key === undefined) cell.keyedMs = performance.now();
    cell.key = key;
    cell.nested = nested;
    cell.state = "occupied";
    this.#cells.delete(cell);
    this.#cells.add(cell);
    return cell;
  }

  /** Takes a cell back after its attempt; one that was killed has left already. */
  give(cell: PooledCell, prepared: string): void {
    cell.release();
    if (cell.state === "idle") {
      cell.prepared = prepared;
      if (cell.attempts >= this.#options.recycleAfter) this.discard(cell);
    }
    this.#serve();
  }

  /** Ends a cell; another takes its place when it is needed. */
  discard(cell: PooledCell): void {
    cell.kill();
    this.#leave(cell);
    this.#serve();
  }

  #leave(cell: PooledCell): void {
    if (!this.#cells.delete(cell)) return;
    this.#ending.add(cell);
    void cell.gone.then(() => this.#ending.delete(cell));
  }

  #find(key: string, wants: string): PooledCell | undefined {
    let best: PooledCell | undefined;
    let bestRank = 0;
    for (const cell of this.#cells) {
      if (cell.state !== "idle" || (cell.key !== undefined && cell.key !== key)) continue;
      const rank = rankOf(cell, key, wants);
      // And of several such, the one that was used last: its memory is at hand, and the others may be missed less.
      if (rank >= bestRank) [best, bestRank] = [cell, rank];
    }
    return best;
  }

  #remove(waiting: Waiting): void {
    if (waiting.nested) {
      this.#nested.delete(waiting);
      return;
    }
    const queue = this.#queues.get(waiting.key);
    queue?.delete(waiting);
    if (queue?.size === 0) this.#queues.delete(waiting.key);
  }

  /** Gives cells to those that wait, nested ones first, and opens what is missing. */
  #serve(): void {
    this.#makeRoomForOthers();
    let idle = this.#countIdle();
    for (const waiting of this.#nested) {
      if (idle === 0) break;
      if (this.#lendTo(waiting)) idle--;
    }
    for (let lendable = this.#lendable(); idle > 0 && lendable > 0; idle--, lendable--) {
      if (!this.#serveNextKey()) break;
    }
    if (this.#nested.size > 0 || this.#queues.size > 0) this.#openMissing();
    this.#fillSpare();
  }

  /** Serves the first key that a cell is there for; then it is the turn of the others. */
  #serveNextKey(): boolean {
    for (const [key, queue] of this.#queues) {
      const [first] = queue;
      if (!first || !this.#lendTo(first)) continue;
      this.#queues.delete(key);
      if (queue.size > 0) this.#queues.set(key, queue);
      return true;
    }
    return false;
  }

  #lendTo(waiting: Waiting): boolean {
    const cell = this.#find(waiting.key, waiting.wants);
    if (!cell) return false;
    this.#remove(waiting);
    waiting.resolve(this.#lend(cell, waiting.key, waiting.nested));
    return true;
  }

  /** Ends idle cells of keys that have had their turn, for keys that have none: else those would wait until nobody else does. */
  #makeRoomForOthers(): void {
    if (this.#queues.size < 2) return;
    const served = new Set<string | undefined>();
    let coming = 0;
    for (const { key, state } of this.#cells) {
      served.add(key);
      if (key === undefined && (state === "starting" || state === "idle")) coming++;
    }
    for (const key of this.#queues.keys()) {
      if (served.has(key) || coming-- > 0) continue;
      if (this.#cells.size >= this.#options.cells && !this.#dropIdle(TURN_MS)) return;
      this.#open();
    }
  }

  #countIdle(): number {
    let count = 0;
    for (const cell of this.#cells) if (cell.state === "idle") count++;
    return count;
  }

  /** How many more guests that are not nested may have a cell. */
  #lendable(): number {
    let lent = 0;
    for (const cell of this.#cells) if (!cell.nested && (cell.state === "occupied" || cell.state === "opening")) lent++;
    return this.#options.cells - lent;
  }

  #openMissing(): void {
    const nested = this.#nested.size;
    const others = Math.min(this.#countQueued(), this.#lendable());
    const room = this.#options.cells + (nested > 0 ? 1 : 0);
    const starting = [...this.#cells].filter((cell) => cell.state === "starting").length;
    for (let missing = nested + others - starting; missing > 0; missing--) {
      if (this.#cells.size >= room && !this.#dropIdle()) break;
      this.#open();
    }
  }

  #countQueued(): number {
    let count = 0;
    for (const queue of this.#queues.values()) count += queue.size;
    return count;
  }

  /** Ends the idle cell of some key that was used longest ago, and has been that key's for so long; never one that any key could use. */
  #dropIdle(keyedForMs = 0): boolean {
    const latestMs = performance.now() - keyedForMs;
    for (const cell of this.#cells) {
      if (cell.state !== "idle" || cell.key === undefined || cell.keyedMs > latestMs) continue;
      cell.kill();
      this.#leave(cell);
      return true;
    }
    return false;
  }

  #fillSpare(): void {
    if (this.#closed) return;
    const unused = [...this.#cells].filter((cell) => cell.key === undefined && (cell.state === "starting" || cell.state === "idle")).length;
    const room = this.#options.cells - this.#cells.size;
    for (let missing = Math.min(this.#options.spare - unused, room); missing > 0; missing--) this.#open();
  }

  #open(): void {
    const cell = new PooledCell(this.#options.open, this.#options.home, (gone) => {
      this.#leave(gone);
      if (!this.#closed && gone.attempts > 0) this.#serve();
    });
    this.#cells.add(cell);
    cell.ready.then(
      () => this.#serve(),
      (error: GloveboxError) => this.#startFailed(error),
    );
  }

  /** A cell did not start. Whoever waits is told; trying again would fail again. */
  #startFailed(error: GloveboxError): void {
    if (this.#closed) return;
    this.#refuseAll(error);
  }

  #refuseAll(error: GloveboxError): void {
    const waiting = [...this.#nested, ...[...this.#queues.values()].flatMap((queue) => [...queue])];
    this.#nested.clear();
    this.#queues.clear();
    for (const { reject } of waiting) reject(error);
  }

  newNonce(): Uint8Array {
    return freshBytes(NONCE_BYTES);
  }

  /** Ends all cells. Settled when every process and thread has ended. */
  async close(): Promise<void> {
    this.#closed = true;
    const closed = new GloveboxError("SANDBOX_CLOSED", "Cannot run guest: the sandbox was closed");
    this.#refuseAll(closed);
    const cells = [...this.#cells, ...this.#ending];
    for (const cell of cells) cell.kill();
    await Promise.all(cells.map((cell) => cell.gone));
  }
}
