import assert from "node:assert/strict";
import { test } from "node:test";
import { Redactor } from "../host/redact.ts";
import { DEFAULT_LIMITS } from "../limits.ts";
import { Recording } from "./recording.ts";

const SECRET = "s3cret/of this step";
const DIGEST = "0".repeat(64);

function recording(): Recording {
  const secrets = new Map([["KEY", SECRET]]);
  const head = {
    guest: { kind: "python", sha256: DIGEST, startSha256: DIGEST },
    runtime: "r",
    inputSha256: DIGEST,
    limits: DEFAULT_LIMITS,
    clockBaseNs: "0",
    randomSeed: DIGEST,
  } as const;
  return new Recording({ head, request: { key: new Uint8Array(32) }, secrets, redactor: new Redactor(secrets), files: [] });
}

test("Recording keeps no secret that came in pieces, whatever the guest asked for between them", () => {
  const halves = [SECRET.slice(0, 9), SECRET.slice(9)].map((half) => Buffer.from(half));
  const recorded = recording();
  for (const half of halves) {
    recorded.call({ name: "http_read", argument: new Uint8Array() }, { kind: "given", parts: [half] });
    recorded.call({ name: "get_time", argument: new Uint8Array() }, { kind: "given", parts: [new Uint8Array(8)] });
  }
  const { incomplete, calls } = recorded.finish(undefined);
  assert.deepEqual([incomplete, calls], ["secret", []]);
});
