import { hkdfSync, randomBytes } from "node:crypto";
import { closeSync, fstatSync, linkSync, openSync, readSync, unlinkSync, writeSync } from "node:fs";
import { join } from "node:path";
import { makePrivateDirectory, OPEN_NEW, OPEN_OLD, refusal, stateOf, whyNotPrivate } from "./private.ts";

const NAME = "key";
const KEY_BYTES = 32;

/** What is derived from an installation's key. One use has one key: what is known of one says nothing of the others. */
export interface RecordKeys {
  /** 16 hexadecimal digits that say which key it is, and nothing of it. */
  readonly id: string;
  readonly mac: Uint8Array;
  /** For transcripts of guests. */
  readonly transcript: Uint8Array;
}

/**
 * The installation's key, made where there is none (0600).
 * @param data the installation's directory; made where it is not there
 * @throws GloveboxError `RECORD_PLACE_REFUSED` where the directory or the key is a link, another user's, open to others, or can't be written
 */
export function openKeys(data: string): RecordKeys {
  makePrivateDirectory(data);
  const path = join(data, NAME);
  const found = readKey(path);
  if (found !== undefined) return derive(found);
  // Written elsewhere and then linked: whoever finds a key finds all of it, and of two processes one is first.
  const draft = join(data, `.${NAME}.${randomBytes(6).toString("hex")}`);
  try {
    const descriptor = openSync(draft, OPEN_NEW, 0o600);
    try {
      writeSync(descriptor, randomBytes(KEY_BYTES));
    } finally {
      closeSync(descriptor);
    }
    try {
      linkSync(draft, path);
    } catch (error) {
      if (!isCode(error, "EEXIST")) throw error;
    } finally {
      unlinkSync(draft);
    }
  } catch (error) {
    throw refusal(path, stateOf(error), error);
  }
  const made = readKey(path);
  if (made === undefined) throw refusal(path, "it went away while it was made");
  return derive(made);
}

/** The same where there is a key; undefined: there is none, and none is made. */
export function readKeys(data: string): RecordKeys | undefined {
  const key = readKey(join(data, NAME));
  return key === undefined ? undefined : derive(key);
}

function readKey(path: string): Uint8Array | undefined {
  let descriptor: number;
  try {
    descriptor = openSync(path, OPEN_OLD);
  } catch (error) {
    if (isCode(error, "ENOENT")) return undefined;
    throw refusal(path, stateOf(error), error);
  }
  try {
    const stats = fstatSync(descriptor);
    const wrong = stats.isFile() ? whyNotPrivate(stats) : "it is no plain file";
    if (wrong !== undefined) throw refusal(path, wrong);
    const bytes = new Uint8Array(KEY_BYTES + 1);
    const length = readSync(descriptor, bytes);
    if (length !== KEY_BYTES) throw refusal(path, `a key has ${KEY_BYTES} bytes, and this is none`);
    return bytes.subarray(0, KEY_BYTES);
  } finally {
    closeSync(descriptor);
  }
}

function derive(key: Uint8Array): RecordKeys {
  const of = (label: string): Uint8Array => new Uint8Array(hkdfSync("sha256", key, "", `glovebox ${label}`, KEY_BYTES));
  return { id: Buffer.from(of("key id").subarray(0, 8)).toString("hex"), mac: of("record"), transcript: of("transcript") };
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
