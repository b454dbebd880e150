import { createHash, hash } from "node:crypto";
import { GloveboxError } from "../error.ts";
import type { GrantedFile } from "../host/files.ts";
import type { TranscriptHead } from "./recording.ts";
import { isTranscript, secretDigest, secretsOf, type Transcript, type TranscriptContent, type TranscriptKey } from "./transcript.ts";

const KEY_BYTES = 32;

/** @throws GloveboxError `REQUEST_INVALID` */
export function checkKey(key: unknown): TranscriptKey {
  if (key instanceof Uint8Array && key.length === KEY_BYTES) return key;
  throw new GloveboxError("REQUEST_INVALID", `Cannot run guest: the key of a transcript has ${KEY_BYTES} bytes`);
}

/**
 * A transcript that a guest can be run again from.
 *
 * @throws GloveboxError `TRANSCRIPT_INVALID`, `REPLAY_INCOMPLETE`
 */
export function readTranscript(value: unknown): Transcript {
  if (!isTranscript(value)) throw new GloveboxError("TRANSCRIPT_INVALID", "Cannot run guest again: that is no transcript");
  if (value.incomplete === "too_large") lacks("the guest was told more than the record keeps");
  if (value.incomplete === "secret") lacks("what the guest was told holds a secret that was encoded, and is left out");
  return value;
}

/**
 * @param granted values of the secrets that the replay may use
 * @throws GloveboxError `REPLAY_INCOMPLETE`
 */
export function checkSecrets(transcript: Transcript, key: TranscriptKey, granted: ReadonlyMap<string, string>): void {
  for (const [name, digest] of secretsOf(transcript)) {
    const value = granted.get(name);
    if (value === undefined) lacks(`the guest was told secret "${name}", for which it has no replay grant`);
    if (secretDigest(key, name, value) !== digest) lacks(`secret "${name}" has another value than it had, or the key is another one`);
  }
}

/** @throws GloveboxError `REPLAY_MISMATCH` */
export function checkSame(transcript: Transcript, head: Omit<TranscriptHead, "runtime">): void {
  const mismatch = (what: string): never => {
    throw new GloveboxError("REPLAY_MISMATCH", `Cannot run guest again: ${what} not the one that it was recorded with`);
  };
  if (transcript.guest.kind !== head.guest.kind || transcript.guest.sha256 !== head.guest.sha256) mismatch("its code is");
  if (transcript.guest.startSha256 !== head.guest.startSha256)
    mismatch("what it is started with (name, packages, arguments, directories) is");
  if (transcript.inputSha256 !== head.inputSha256) mismatch("its input is");
}

/** Granted files, as they were. */
export function filesOf({ files }: Transcript, secrets: ReadonlyMap<string, string>): readonly GrantedFile[] {
  return files.map(({ name, content }) => ({ name, content: bytesOf(content, secrets) }));
}

/** @param secrets values of all that the content refers to */
export function bytesOf(content: TranscriptContent, secrets: ReadonlyMap<string, string>): Uint8Array {
  return Buffer.concat(
    content.map((part) => (typeof part === "string" ? Buffer.from(part, "base64") : Buffer.from(secrets.get(part.secret) ?? ""))),
  );
}

/** SHA-256 of pieces one after the other, each with its length. */
export function digestOf(pieces: readonly (string | Uint8Array)[]): string {
  const digest = createHash("sha256");
  for (const piece of pieces) digest.update(`${typeof piece === "string" ? Buffer.byteLength(piece) : piece.length}:`).update(piece);
  return digest.digest("hex");
}

/** SHA-256 of bytes; half the time of an object for it. */
export function sha256(bytes: Uint8Array): string {
  return hash("sha256", bytes, "hex");
}

function lacks(why: string): never {
  throw new GloveboxError("REPLAY_INCOMPLETE", `Cannot run guest again: ${why}`);
}
