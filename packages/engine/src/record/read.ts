import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { basename } from "node:path";
import { GloveboxError } from "@glovebox/sandbox";
import { DEPTH_MAX, ENTRIES_MAX, LINE_BYTES_MAX, RECORD_BYTES_MAX } from "./bounds.ts";
import { Chain, HEAD_BYTES } from "./chain.ts";
import { isDeeper } from "./depth.ts";
import { type AttemptEntry, type EndEntry, FORMAT, type GuestEntry, type RecordEntry, type RunEntry, VERSION } from "./entry.ts";
import type { RecordKeys } from "./key.ts";
import { runIdOf } from "./place.ts";
import { OPEN_OLD, stateOf } from "./private.ts";
import { wrongIn } from "./shape.ts";

/** The record of a run, read back. All text in it may be anyone's. */
export interface RunRecord {
  readonly file: string;
  readonly verification: Verification;
  readonly run: RunEntry;
  readonly guests: readonly GuestEntry[];
  readonly attempts: readonly AttemptEntry[];
  /** Missing: the run was killed, goes on, or its record was cut off. */
  readonly end?: EndEntry;
}

type Verification =
  /** All lines are as this installation wrote them. Without an `end`, those that are missing behind the last one can't be told. */
  { readonly state: "verified" } | { readonly state: "edited" | "foreign" | "no_key"; readonly why: string };

export interface ReadOptions {
  /** Missing: this installation has no key. */
  readonly keys: RecordKeys | undefined;
  /** Reads also what can't be verified; lines that are no entries are passed over. */
  readonly unverified?: boolean;
}

/**
 * Reads a record. Its size is bounded before it is read, its lines are verified before one of them is parsed, and each is held to its shape.
 * @throws GloveboxError `RECORD_NOT_FOUND`, `RECORD_INVALID`; unless `unverified`, `RECORD_EDITED` and `RECORD_FOREIGN`
 */
export function readRecord(file: string, { keys, unverified = false }: ReadOptions): RunRecord {
  return parseRecord(file, readWhole(file), { keys, unverified });
}

/** The same of a file's bytes. Pure. */
export function parseRecord(file: string, bytes: Uint8Array, { keys, unverified = false }: ReadOptions): RunRecord {
  const { lines, rest } = split(file, bytes);
  const verification = verify(basename(file), lines, rest, keys);
  if (verification.state !== "verified" && !unverified) {
    const code = verification.state === "edited" ? "RECORD_EDITED" : "RECORD_FOREIGN";
    throw new GloveboxError(code, `Cannot trust the record ${file}: ${verification.why} (--unverified shows it all the same)`);
  }
  const guests: GuestEntry[] = [];
  const attempts: AttemptEntry[] = [];
  let run: RunEntry | undefined;
  let end: EndEntry | undefined;
  for (const [index, line] of lines.entries()) {
    const entry = parseLine(line);
    if (typeof entry === "string") {
      if (unverified) continue;
      throw invalid(file, `line ${index + 1}: ${entry}`);
    }
    if ((entry.kind === "run") !== (index === 0) || end !== undefined) {
      if (unverified) continue;
      throw invalid(file, `line ${index + 1} is in a place that it can't have`);
    }
    if (entry.kind === "run") run = entry;
    else if (entry.kind === "guest") guests.push(entry);
    else if (entry.kind === "attempt") attempts.push(entry);
    else end = entry;
  }
  if (run === undefined) throw invalid(file, "its first line is not the beginning of a record");
  return { file, verification, run, guests, attempts, ...(end === undefined ? {} : { end }) };
}

/** Without a line end, the last line was being written when its run ended; it is no part of the record. */
function split(file: string, bytes: Uint8Array): { readonly lines: readonly Uint8Array[]; readonly rest: Uint8Array } {
  const lines: Uint8Array[] = [];
  let from = 0;
  for (;;) {
    const to = bytes.indexOf(LINE_END, from);
    if (to < 0) break;
    if (to - from > LINE_BYTES_MAX)
      throw invalid(file, `line ${lines.length + 1} has ${to - from} bytes, and ${LINE_BYTES_MAX} are allowed`);
    if (lines.length >= ENTRIES_MAX) throw invalid(file, `it has more than ${ENTRIES_MAX} lines`);
    lines.push(bytes.subarray(from, to));
    from = to + 1;
  }
  if (lines.length === 0) throw invalid(file, "it has not one whole line");
  return { lines, rest: bytes.subarray(from) };
}

const LINE_END = 0x0a;
/** What the last entry begins with, behind its code. */
const END_BEGINS = Buffer.from('"kind":"end"');

function verify(name: string, lines: readonly Uint8Array[], rest: Uint8Array, keys: RecordKeys | undefined): Verification {
  const [first = new Uint8Array()] = lines;
  const claimed = claims(first);
  // A file that was given another name is still its run's; one that has the name of another run stands in that one's place.
  const runId = runIdOf(name) ?? claimed.runId ?? "";
  if (keys === undefined) return { state: "no_key", why: "this installation has no key to verify it with" };
  const chain = new Chain(keys.mac, runId);
  for (const [index, line] of lines.entries()) {
    if (chain.check(line)) continue;
    if (index > 0) return { state: "edited", why: `line ${index + 1} is not the one that was written there` };
    if (claimed.keyId !== undefined && claimed.keyId !== keys.id) {
      return { state: "foreign", why: `it says that another installation signed it (key ${claimed.keyId}; this one's is ${keys.id})` };
    }
    if (claimed.runId !== undefined && claimed.runId !== runId && new Chain(keys.mac, claimed.runId).check(first)) {
      return { state: "edited", why: `it is the record of run ${claimed.runId}, and stands in the place of another` };
    }
    return { state: "edited", why: "line 1 is not the one that was written there" };
  }
  const last = lines.at(-1);
  if (rest.length > 0 && last !== undefined && isEnd(last)) {
    return { state: "edited", why: "something stands behind its end" };
  }
  return { state: "verified" };
}

function isEnd(line: Uint8Array): boolean {
  return END_BEGINS.equals(line.subarray(HEAD_BYTES, HEAD_BYTES + END_BEGINS.length));
}

/** What a first line says of itself, before anyone knows whether that is true. */
function claims(line: Uint8Array): { readonly runId?: string; readonly keyId?: string } {
  const text = Buffer.from(line.subarray(0, 400)).toString("latin1");
  const [, runId] = /"runId":"(\d{8}T\d{6}\.\d{3}Z-[0-9a-f]{10})"/.exec(text) ?? [];
  const [, keyId] = /"keyId":"([0-9a-f]{16})"/.exec(text) ?? [];
  return { ...(runId === undefined ? {} : { runId }), ...(keyId === undefined ? {} : { keyId }) };
}

/** An entry, or what is wrong with it. */
function parseLine(line: Uint8Array): RecordEntry | string {
  if (isDeeper(line, DEPTH_MAX)) return `it is nested more than ${DEPTH_MAX} deep`;
  let value: unknown;
  try {
    value = JSON.parse(utf8.decode(line));
  } catch {
    return "it is not JSON";
  }
  if (isBeginning(value)) {
    const { format, version } = value;
    if (format !== FORMAT) return "it is not the beginning of a record";
    if (version !== VERSION) {
      return typeof version === "number"
        ? `its version is ${version}, and this installation reads version ${VERSION}`
        : "it has no version";
    }
  }
  const wrong = wrongIn(value);
  return wrong === undefined ? (value as RecordEntry) : `${wrong} is not what it has to be`;
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function isBeginning(value: unknown): value is { readonly kind: "run"; readonly format?: unknown; readonly version?: unknown } {
  return typeof value === "object" && value !== null && "kind" in value && value.kind === "run";
}

/** At most as many bytes as a record may have. */
function readWhole(file: string): Uint8Array {
  let descriptor: number;
  try {
    descriptor = openSync(file, OPEN_OLD);
  } catch (error) {
    throw new GloveboxError("RECORD_NOT_FOUND", `Cannot read the record ${file}: ${stateOf(error)}`, { cause: error });
  }
  try {
    const stats = fstatSync(descriptor);
    if (!stats.isFile()) throw invalid(file, "it is no plain file");
    if (stats.size > RECORD_BYTES_MAX) throw invalid(file, `it has ${stats.size} bytes, and ${RECORD_BYTES_MAX} are allowed`);
    const bytes = Buffer.allocUnsafe(stats.size);
    let filled = 0;
    // A run that goes on may add to it: what was not there when it was opened is not read.
    while (filled < bytes.length) {
      const length = readSync(descriptor, bytes, filled, bytes.length - filled, null);
      if (length === 0) break;
      filled += length;
    }
    return bytes.subarray(0, filled);
  } finally {
    closeSync(descriptor);
  }
}

function invalid(file: string, state: string): GloveboxError {
  return new GloveboxError("RECORD_INVALID", `Cannot read the record ${file}: ${state}`);
}
