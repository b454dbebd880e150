import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { DEFAULT_LIMITS } from "../limits.ts";
import { Recording } from "./recording.ts";
import { PARTS_MAX, secretDigest, type Transcript } from "./transcript.ts";

const key = new Uint8Array(32).fill(1);
const head = {
  guest: { kind: "javascript", sha256: "0".repeat(64), startSha256: "0".repeat(64) },
  runtime: "0".repeat(64),
  inputSha256: "0".repeat(64),
  limits: DEFAULT_LIMITS,
  clockBaseNs: "0",
  randomSeed: "0".repeat(64),
} as const;

/** What is kept of one answer. */
function recorded(text: string, secrets: Record<string, string>): Transcript {
  const recording = new Recording({ head, request: { key }, secrets: new Map(Object.entries(secrets)), redactor: undefined, files: [] });
  recording.call({ name: "http_request", argument: Buffer.from("x") }, { kind: "given", parts: [Buffer.from(text)] });
  return recording.finish(undefined);
}

function contentOf({ calls }: Transcript): readonly string[] | undefined {
  const answer = calls[0]?.answer;
  return answer?.kind === "given"
    ? answer.content.map((part) => (typeof part === "string" ? Buffer.from(part, "base64").toString() : `<${part.secret}>`))
    : undefined;
}

describe("Recording of answers with secrets", () => {
  test("call() puts references where secrets stand, the longest that begins at a place, and the first of those that overlap", () => {
    const secrets = { SHORT: "aaaaaaaa", LONG: "aaaaaaaabbbb", LATER: "bbbbcccc", OTHER: "zzzzzzzz" };
    assert.deepEqual(contentOf(recorded("-aaaaaaaabbbbcccc-aaaaaaaa.bbbbccccaaaaaaaaaaaaaaaa", secrets)), [
      "-",
      "<LONG>",
      "cccc-",
      "<SHORT>",
      ".",
      "<LATER>",
      "<SHORT>",
      "<SHORT>",
    ]);
    const [reference] = recorded("zzzzzzzz", secrets).calls.flatMap(({ answer }) => (answer.kind === "given" ? answer.content : []));
    assert.deepEqual(reference, { secret: "OTHER", digest: secretDigest(key, "OTHER", "zzzzzzzz") });
  });

  // One secret everywhere, the other nowhere: looking for both behind each of the former would take minutes.
  test("call() looks through an answer that is full of one secret and has none of another", { timeout: 60_000 }, () => {
    const text = "aaaaaaaa".repeat(2 ** 20);
    const transcript = recorded(text, { HERE: "aaaaaaaa", NOWHERE: "zzzzzzzz" });
    assert.deepEqual([transcript.incomplete, transcript.calls], ["too_large", []]);
    const kept = recorded("aaaaaaaa".repeat(PARTS_MAX), { HERE: "aaaaaaaa", NOWHERE: "zzzzzzzz" });
    assert.deepEqual([kept.incomplete, contentOf(kept)?.length], [undefined, PARTS_MAX]);
  });
});
