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
import { CALL_TOO_LARGE, encodeHeader, FRAME, HOST_FUNCTION } from "./frame.ts";
import type { Act } from "./hostile-cell.fixture.ts";
import type { EndHeader } from "./message.ts";

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

const OUTPUT_BYTES = 2_000;
const SECRET = "the-secret-of-this-guest";

function run(acts: readonly Act[]): Promise<GuestReport> {
  return sandbox.run({
    guest: { kind: "javascript", code: JSON.stringify(acts) },
    isolationKey: "k",
    // Whoever waits for more has it end soon.
    limits: { wallMs: 150, logBytes: 2_000, outputBytes: OUTPUT_BYTES },
    grants: { secrets: ["KEY"] },
    secrets: new Map([["KEY", SECRET]]),
    hostLimits: { calls: 20 },
  });
}

const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64");
const measured: Omit<EndHeader, "end"> = { cpuMs: 0, instantiateMs: 0, peakMemoryBytes: 0, growthsDenied: 0, spent: false };
const endFrame = (end: object, output: Uint8Array | string, more: object = {}): string =>
  base64(Buffer.concat([encodeHeader({ ...measured, ...more, end }), Buffer.from(output)]));

const bytes = fc.uint8Array({ maxLength: 60 });
const argument = fc.oneof(
  bytes,
  fc
    .constantFrom("KEY", "OTHER", '{"a":1}', '{"url":"http://127.0.0.1/"}', "[".repeat(900), "x".repeat(3_000), `"${"y".repeat(3_000)}"`)
    .map((text) => Buffer.from(text)),
  fc.json().map((text) => Buffer.from(text)),
);
const known = fc.constantFrom(...Object.values(HOST_FUNCTION));
const printed = fc.oneof(
  fc.constantFrom("\u001b[2J\n", "\u202ex\n", "y".repeat(9_000), `${SECRET}\n`, SECRET.slice(0, 10), SECRET.slice(10), "\n".repeat(50)),
  fc.string({ unit: "binary" }),
);
const amount = fc.oneof(fc.double(), fc.constantFrom(Number.POSITIVE_INFINITY, Number.NaN, -1, 0, 0.5, 2 ** 40));
const call = fc
  .oneof(
    { weight: 3, arbitrary: fc.tuple(known, argument).map(([hostFunction, given]) => [Uint8Array.of(hostFunction), given]) },
    {
      weight: 3,
      arbitrary: fc.tuple(fc.nat(5), printed).map(([level, text]) => [Uint8Array.of(HOST_FUNCTION.log, level), Buffer.from(text)]),
    },
    fc.tuple(known, amount).map(([hostFunction, bytes]) => {
      const size = Buffer.alloc(8);
      size.writeDoubleLE(bytes);
      return [Uint8Array.of(CALL_TOO_LARGE, hostFunction), size];
    }),
    fc.tuple(fc.nat(255), argument).map(([hostFunction, given]) => [Uint8Array.of(hostFunction), given]),
  )
  .map((parts) => base64(Buffer.concat(parts)));
const end = fc.oneof(
  fc.tuple(fc.constantFrom("json", "text"), argument).map(([form, output]) => endFrame({ kind: "completed", form }, output)),
  fc.tuple(fc.jsonValue(), argument, fc.jsonValue()).map(([any, output, more]) => endFrame(any as object, output, { more })),
  bytes.map(base64),
);
const nonce = fc.oneof({ weight: 5, arbitrary: fc.constant("own" as const) }, fc.constantFrom("none" as const, "other" as const));
const cut = fc.oneof(fc.constant(10_000), fc.integer({ min: 1, max: 20 }));
const frame = (kind: fc.Arbitrary<number>, payload: fc.Arbitrary<string>) => fc.record({ kind, nonce, payload, cut });
const act: fc.Arbitrary<Act> = fc.oneof(
  { weight: 6, arbitrary: frame(fc.constant(FRAME.call), call) },
  { weight: 3, arbitrary: fc.constant({ wait: true } as const) },
  { weight: 4, arbitrary: frame(fc.constant(FRAME.end), end) },
  frame(fc.nat(255), bytes.map(base64)),
  bytes.map((raw) => ({ raw: base64(raw) })),
);

/** Cells that the one before it has left broken, at the most: one that starts anew is honest, but for a busy machine. */
const TRIES = 3;

/** Amounts are finite, texts may be shown, and none holds the secret. */
function check({ outcome, usage, log }: GuestReport): void {
  const visit = (value: unknown): void => {
    if (typeof value === "number") assert.ok(Number.isFinite(value) && value >= 0);
    else if (typeof value === "object" && value !== null) for (const part of Object.values(value)) visit(part);
  };
  visit(usage);
  if (outcome.kind !== "completed") visit(outcome);
  else assert.ok(usage.outputBytes <= OUTPUT_BYTES && JSON.stringify(outcome.output).length <= 6 * OUTPUT_BYTES);
  for (const { message } of log) assert.ok(neutralise(message) === message);
  assert.ok(!JSON.stringify([outcome, log]).includes(SECRET));
}

property(
  "Sandbox takes whatever a cell sends, reports an outcome, and serves the next guest",
  15,
  [fc.array(act, { maxLength: 8 }), fc.nat()],
  async (acts, n) => {
    // What breaks the protocol is the last, so that nobody waits for the limit.
    const report = await run([...acts, { kind: 99, nonce: "own", payload: "", cut: 100 }]);
    check(report);
    const [first] = acts;
    if (first && "nonce" in first && first.nonce !== "own") {
      assert.deepEqual([report.outcome, { ...report.usage.hostCalls }], [{ kind: "trapped", trap: "protocol" }, {}]);
    }
    const honest: Act[] = [
      { kind: FRAME.call, nonce: "own", payload: base64(Uint8Array.of(HOST_FUNCTION.get_time)), cut: 100 },
      { wait: true },
      { kind: FRAME.end, nonce: "own", payload: endFrame({ kind: "completed", form: "json" }, String(n)), cut: 100 },
    ];
    // A cell that goes on behind an end breaks while it is idle, or opens: the guest that comes then finds it gone.
    for (let left = TRIES; ; left--) {
      try {
        const { outcome } = await run(honest);
        if (outcome.kind !== "completed" && left > 0) continue;
        assert.deepEqual(outcome, { kind: "completed", output: n });
        break;
      } catch (error) {
        if (!(error instanceof GloveboxError && error.code === "CELL_START_FAILED" && left > 0)) throw error;
      }
    }
  },
);
