import assert from "node:assert/strict";
import { after } from "node:test";
import fc from "fast-check";
import { property } from "../../../../fuzz/property.ts";
import { GloveboxError } from "../error.ts";
import type { Guest } from "../request.ts";
import { Sandbox } from "../sandbox.ts";
import { isTranscript } from "./transcript.ts";

const KEY = new Uint8Array(32).fill(7);
const guest: Guest = { kind: "javascript", code: "return [Date.now(), glovebox.now(), glovebox.readInput()]" };
const sandbox = new Sandbox({ home: "thread", cells: 1, warm: "javascript" });
after(() => sandbox[Symbol.asyncDispose]());

const { transcript } = await sandbox.run({ guest, isolationKey: "then", record: { key: KEY } });
const paths = fc.constantFrom(...pathsIn(transcript, []));
const junk = fc.oneof(fc.jsonValue(), fc.constant(undefined), fc.integer(), fc.base64String(), fc.string());

property(
  "a transcript that anyone may have written is refused, or replayed as far as it goes: nothing else happens",
  150,
  [paths, junk],
  async (path, value) => {
    const written = replaced(transcript, path, value);
    try {
      const { outcome } = await sandbox.run({ guest, isolationKey: "now", replay: { key: KEY, transcript: written } });
      assert.ok(isTranscript(written));
      assert.ok(["completed", "cancelled", "failed", "exhausted", "refused"].includes(outcome.kind), JSON.stringify(outcome));
    } catch (error) {
      assert.ok(error instanceof GloveboxError, String(error));
      assert.ok(["TRANSCRIPT_INVALID", "REPLAY_MISMATCH", "REPLAY_INCOMPLETE", "LIMIT_ABOVE_CAP"].includes(error.code), error.message);
    }
  },
);

function* pathsIn(value: unknown, path: readonly string[]): Generator<readonly string[]> {
  yield path;
  if (typeof value === "object" && value !== null) for (const [key, item] of Object.entries(value)) yield* pathsIn(item, [...path, key]);
}

function replaced(value: unknown, [key, ...rest]: readonly string[], by: unknown): unknown {
  if (key === undefined) return by;
  if (Array.isArray(value)) return value.map((item: unknown, index) => (String(index) === key ? replaced(item, rest, by) : item));
  return Object.fromEntries(Object.entries(value as object).map(([name, item]) => [name, name === key ? replaced(item, rest, by) : item]));
}
