import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import fc from "fast-check";
import { property } from "../../../../fuzz/property.ts";
import { GloveboxError } from "../error.ts";
import type { GuestReport } from "../outcome.ts";
import { Sandbox } from "../sandbox.ts";
import { neutralise } from "../text.ts";
import { encodeHeader, FRAME, HOST_FUNCTION } from "./frame.ts";
import type { Act } from "./hostile-cell.fixture.ts";

// The parent as it is, with cells that somebody has taken over.

const folder = mkdtempSync(join(tmpdir(), "glovebox-hostile-"));
const runtime = { wasm: { file: "none", sha256: "", bytes: 0 } };
writeFileSync(join(folder, "runtimes.json"), JSON.stringify({ inputs: "", runtimes: { javascript: runtime } }));
writeFileSync(join(folder, "thread-cell.mjs"), `import ${JSON.stringify(import.meta.resolve("./hostile-cell.fixture.ts"))};\n`);
const sandbox = new Sandbox({ home: "thread", runtimes: folder, warm: "none", cells: 1, spare: 0 });
after(async () => {
  await sandbox[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

const SECRET = "the-secret-of-this-guest";

function run(acts: readonly Act[]): Promise<GuestReport> {
  return sandbox.run({
    guest: { kind: "javascript", code: JSON.stringify(acts) },
    isolationKey: "k",
    // Whoever waits for more has it end soon.
    limits: { wallMs: 150, logBytes: 2_000, outputBytes: 2_000 },
    grants: { secrets: ["KEY"] },
    secrets: new Map([["KEY", SECRET]]),
    hostLimits: { calls: 20 },
  });
}

const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64");
const measured = { instantiateMs: 0, peakMemoryBytes: 0, growthsDenied: 0, spent: false };
const endFrame = (end: object, output: Uint8Array | string, more: object = {}): string =>
  base64(Buffer.concat([encodeHeader({ ...measured, ...more, end }), Buffer.from(output)]));

const bytes = fc.uint8Array({ maxLength: 60 });
const argument = fc.oneof(
  bytes,
  fc
    .constantFrom("KEY", "OTHER", '{"a":1}', '{"url":"http://127.0.0.1/"}', "[".repeat(900), "x".repeat(3_000))
    .map((text) => Buffer.from(text)),
  fc.json().map((text) => Buffer.from(text)),
);
const call = fc
  .tuple(fc.oneof({ weight: 5, arbitrary: fc.constantFrom(...Object.values(HOST_FUNCTION)) }, fc.nat(255)), argument)
  .map(([hostFunction, given]) => base64(Buffer.concat([Uint8Array.of(hostFunction), given])));
const end = fc.oneof(
  fc.tuple(fc.constantFrom("json", "text"), argument).map(([form, output]) => endFrame({ kind: "completed", form }, output)),
  fc.tuple(fc.jsonValue(), argument, fc.jsonValue()).map(([any, output, more]) => endFrame(any as object, output, { more })),
  bytes.map(base64),
);
const nonce = fc.oneof({ weight: 8, arbitrary: fc.constant("own" as const) }, fc.constantFrom("none" as const, "other" as const));
const cut = fc.oneof(fc.constant(10_000), fc.integer({ min: 1, max: 20 }));
const frame = (kind: fc.Arbitrary<number>, payload: fc.Arbitrary<string>) => fc.record({ kind, nonce, payload, cut });
const act: fc.Arbitrary<Act> = fc.oneof(
  { weight: 6, arbitrary: frame(fc.constant(FRAME.call), call) },
  { weight: 3, arbitrary: fc.constant({ wait: true } as const) },
  { weight: 2, arbitrary: frame(fc.constant(FRAME.end), end) },
  frame(fc.nat(255), bytes.map(base64)),
  bytes.map((raw) => ({ raw: base64(raw) })),
);

function check({ outcome, usage, log }: GuestReport): void {
  for (const [name, amount] of Object.entries({ ...usage, ...usage.hostCalls, hostCalls: 0 }))
    assert.ok(typeof amount === "number" && amount >= 0 && Number.isFinite(amount), name);
  for (const { message } of log) assert.ok(neutralise(message) === message);
  const shown = JSON.stringify([outcome, log]);
  assert.ok(!shown.includes(SECRET));
  if (outcome.kind === "completed") assert.ok(usage.outputBytes <= 2_000);
}

property(
  "Sandbox takes whatever a cell sends, reports an outcome, and serves the next guest",
  25,
  [fc.array(act, { maxLength: 8 }), fc.nat()],
  async (acts, n) => {
    // What breaks the protocol is the last, so that nobody waits for the limit.
    check(await run([...acts, { kind: 99, nonce: "own", payload: "", cut: 100 }]));
    const honest: Act[] = [
      { kind: FRAME.call, nonce: "own", payload: base64(Uint8Array.of(HOST_FUNCTION.get_time)), cut: 100 },
      { wait: true },
      { kind: FRAME.end, nonce: "own", payload: endFrame({ kind: "completed", form: "json" }, String(n)), cut: 100 },
    ];
    // A cell that goes on behind an end breaks while it is idle, or opens: the guest that comes then finds it gone.
    for (;;) {
      try {
        const { outcome } = await run(honest);
        if (outcome.kind === "trapped" && (outcome.trap === "protocol" || outcome.trap === "cell_died")) continue;
        assert.deepEqual(outcome, { kind: "completed", output: n });
        break;
      } catch (error) {
        if (!(error instanceof GloveboxError && error.code === "CELL_START_FAILED")) throw error;
      }
    }
  },
);
