import { closeSync, fstatSync, openSync, unlinkSync, write } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import type { RecordRequest } from "@glovebox/sandbox";
import { DEPTH_MAX, ENTRIES_MAX, LINE_BYTES_MAX, RECORD_BYTES_MAX } from "./bounds.ts";
import { Chain, HEAD_BYTES } from "./chain.ts";
import { isDeeper } from "./depth.ts";
import type { EndEntry, GuestEntry, LeftOut, RecordEntry } from "./entry.ts";
import type { RecordKeys } from "./key.ts";
import { recordName, runIdOf } from "./place.ts";
import { makePrivateDirectory, OPEN_NEW, refusal, stateOf } from "./private.ts";
import type { RunRecorder, RunSurroundings } from "./recorder.ts";

const writeTo = promisify(write);

/** Kept free for the last entry, which says how the run ended. */
const END_BYTES = 8 * 2 ** 20;
/** What a run that is killed may lose. */
const FLUSH_MS = 100;
const FLUSH_BYTES = 256 * 1024;
/** Bytes of what one guest is answered, in base64 a third more. */
const TRANSCRIPT_BYTES_MAX = 8 * 2 ** 20;

export interface RecordFileOptions {
  /** Made where it is not there. */
  readonly directory: string;
  /** The user named it: others may list it. */
  readonly named: boolean;
  /** As `newRunId()` makes them. */
  readonly runId: string;
  readonly keys: RecordKeys;
  readonly about: Omit<RunSurroundings, "keyId" | "runId">;
  /** Default {@link RECORD_BYTES_MAX}. */
  readonly bytesMax?: number;
}

/** Why a record does not hold all of its run. */
export interface Shortfall {
  readonly file: string;
  readonly why: string;
}

/**
 * The record of one run, in a file of its own that grows while the run goes on. Entries are made into lines at once, and written in the
 * background. What the disk refuses ends the record and not the run. Owns the file: close it.
 */
export class RecordFile implements RunRecorder {
  readonly file: string;
  readonly request: RecordRequest;
  readonly about: RunSurroundings;
  readonly #descriptor: number;
  readonly #chain: Chain;
  readonly #bytesMax: number;
  /** Not made yet: a step does not wait for its entries. While its successor's guest is at work there is time for them. */
  #queue: (() => RecordEntry)[] = [];
  #turn: NodeJS.Immediate | undefined;
  #pending: Uint8Array[] = [];
  #pendingBytes = 0;
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();
  #bytes = 0;
  #entries = 0;
  #missing = 0;
  #failure: string | undefined;

  /** @throws GloveboxError `RECORD_PLACE_REFUSED` */
  constructor({ directory, named, runId, keys, about, bytesMax = RECORD_BYTES_MAX }: RecordFileOptions) {
    const name = recordName(runId);
    if (runIdOf(name) === undefined) throw new Error(`assertion: "${runId}" is no id that a record can have`);
    makePrivateDirectory(directory, { mayBeSeen: named });
    this.file = join(directory, name);
    try {
      this.#descriptor = openSync(this.file, OPEN_NEW, 0o600);
    } catch (error) {
      throw refusal(directory, stateOf(error), error);
    }
    this.#chain = new Chain(keys.mac, runId);
    this.#bytesMax = bytesMax;
    this.request = { key: keys.transcript, bytesMax: TRANSCRIPT_BYTES_MAX };
    this.about = { ...about, runId, keyId: keys.id };
  }

  write(make: () => RecordEntry): void {
    if (this.#failure !== undefined) return;
    this.#queue.push(make);
    this.#turn ??= setImmediate(() => this.#work());
  }

  #work(): void {
    clearImmediate(this.#turn);
    this.#turn = undefined;
    const queue = this.#queue;
    this.#queue = [];
    for (const make of queue) {
      try {
        this.#add(make());
      } catch (error) {
        // Longer as JSON than any text can be, or nested too deeply to be walked over: it is missing, and the run is none the worse.
        if (!(error instanceof RangeError)) throw error;
        this.#missing++;
      }
    }
  }

  #add(entry: RecordEntry): void {
    const isEnd = entry.kind === "end";
    const json = isEnd ? this.#end(entry) : short(entry, LINE_BYTES_MAX);
    const room = this.#bytesMax - (isEnd ? 0 : Math.min(END_BYTES, this.#bytesMax / 2));
    const bytes = json === undefined ? 0 : HEAD_BYTES + json.length;
    if (json === undefined || this.#bytes + bytes > room || this.#entries >= ENTRIES_MAX) {
      this.#missing++;
      return;
    }
    const rest = json.subarray(1);
    this.#pending.push(Buffer.from(this.#chain.sign(rest), "latin1"), rest, LINE_END);
    this.#bytes += bytes;
    this.#pendingBytes += bytes;
    this.#entries++;
    // The first line at once: a run that is killed in its first moments leaves what it was.
    if (entry.kind === "run" || this.#pendingBytes >= FLUSH_BYTES) this.#flush();
    else this.#timer ??= setTimeout(() => this.#flush(), FLUSH_MS).unref();
  }

  /** Writes what is left. Resolves to why the record does not hold all of the run; undefined: it does. Never rejects. */
  async close(): Promise<Shortfall | undefined> {
    this.#work();
    this.#flush();
    await this.#writing;
    const isGone = fstatSync(this.#descriptor).nlink === 0;
    closeSync(this.#descriptor);
    if (isGone) return { file: this.file, why: "its file was removed while the run went on" };
    if (this.#entries === 0) unlinkSync(this.file);
    if (this.#failure !== undefined) return { file: this.file, why: this.#failure };
    if (this.#missing === 0) return undefined;
    return {
      file: this.file,
      why: `it would be larger than a record may be; ${this.#missing} of its entries are missing`,
    };
  }

  #end(entry: EndEntry): Buffer | undefined {
    const told = this.#missing === 0 ? entry : { ...entry, entriesMissing: this.#missing };
    return short(told, Math.min(END_BYTES, this.#bytesMax / 2));
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#pending.length === 0) return;
    const bytes = Buffer.concat(this.#pending);
    this.#pending = [];
    this.#pendingBytes = 0;
    this.#writing = this.#writing.then(() => this.#append(bytes));
  }

  async #append(bytes: Buffer): Promise<void> {
    if (this.#failure !== undefined) return;
    try {
      for (let at = 0; at < bytes.length; ) at += (await writeTo(this.#descriptor, bytes, at)).bytesWritten;
    } catch (error) {
      this.#failure = `it could not be written: ${stateOf(error)}`;
    }
  }
}

const LINE_END = Buffer.from("\n");

/** The entry as JSON, without as many of its parts as it takes for a reader to take it. Undefined: none would even so. */
function short(entry: RecordEntry, bytesMax: number): Buffer | undefined {
  for (const smaller of [entry, ...smallerOnes(entry)]) {
    const json = Buffer.from(JSON.stringify(smaller));
    if (HEAD_BYTES + json.length <= bytesMax && !isDeeper(json, DEPTH_MAX)) return json;
  }
  return undefined;
}

/** The same entry with more and more left out. */
function* smallerOnes(entry: RecordEntry): Generator<RecordEntry> {
  switch (entry.kind) {
    case "run": {
      const { input: _, ...rest } = entry;
      yield { ...rest, leftOut: without(entry, "input") };
      return;
    }
    case "guest": {
      const { transcript: _, ...rest } = entry;
      const bare: GuestEntry = { ...rest, leftOut: without(rest, "transcript") };
      yield bare;
      const silent: GuestEntry = { ...bare, log: [], audit: [], leftOut: without(bare, "log") };
      yield silent;
      const { input: __, ...last } = silent;
      const outcome = last.outcome.kind === "completed" ? ({ kind: "completed" } as const) : last.outcome;
      yield { ...last, outcome, leftOut: { ...without(last, "input"), output: "too_large" } };
      return;
    }
    case "attempt": {
      const { audit: _, ...attempt } = entry.attempt;
      yield { ...entry, attempt: { ...attempt, log: [] }, leftOut: without(entry, "log") };
      return;
    }
    case "end": {
      const { result } = entry;
      if (result === undefined) return;
      const steps = result.steps.map(({ metadata: _, outcome, ...step }) => ({
        ...step,
        ...(outcome === undefined ? {} : { outcome: outcome.kind === "completed" ? ({ kind: "completed" } as const) : outcome }),
      }));
      const { payload: _, ...rest } = result;
      const small: EndEntry = { ...entry, result: { ...rest, steps, outputs: {} }, leftOut: without(entry, "outputs") };
      yield small;
      const { runId, workflow, state, wallMs } = result;
      const bare = steps.map(({ id, type, state: ended, endedMs }) => ({ id, type, state: ended, endedMs }));
      yield { ...small, result: { runId, workflow, state, wallMs, steps: bare, outputs: {} } };
    }
  }
}

function without({ leftOut }: { readonly leftOut?: LeftOut }, part: keyof LeftOut): LeftOut {
  return { ...leftOut, [part]: "too_large" };
}
