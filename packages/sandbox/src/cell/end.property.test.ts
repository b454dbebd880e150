import assert from "node:assert/strict";
import fc from "fast-check";
import { property } from "../../../../fuzz/property.ts";
import { GUEST_TEXT_MAX } from "../outcome.ts";
import { neutralise } from "../text.ts";
import { type ReadEnd, readEnd } from "./end.ts";
import { encodeHeader } from "./frame.ts";

/** What is behind the cut of a text: how much there was. */
const CUT_MARK_MAX = 40;
/** A control character is shown as six. */
const TEXT_MAX = 6 * (GUEST_TEXT_MAX + CUT_MARK_MAX);

const number = fc.oneof(
  fc.nat(),
  fc.double(),
  fc.constantFrom(-1, -0, 0, 1e308, 2 ** 53, null, "1", true, [], {}, Number.MAX_SAFE_INTEGER + 2),
);
const string = fc.oneof(
  fc.string({ maxLength: 20 }),
  fc.string({ unit: "binary", maxLength: 20 }),
  fc.constantFrom("\u001b[2J", "\u202e", "a".repeat(GUEST_TEXT_MAX + 1), "\u0000".repeat(GUEST_TEXT_MAX), "\ud83d"),
);
const text = fc.oneof({ weight: 3, arbitrary: string }, fc.jsonValue({ maxDepth: 1 }));
const error = fc.oneof(
  { weight: 4, arbitrary: fc.record({ name: text, message: text, traceback: text, line: number, column: number }, { requiredKeys: [] }) },
  fc.jsonValue({ maxDepth: 2 }),
);
const end = fc.oneof(
  fc.record({
    kind: fc.constantFrom("completed", "failed", "trapped", "exhausted", "refused", "cancelled", "constructor", "__proto__"),
    form: fc.constantFrom("json", "text", "bytes", null),
    error: fc.oneof(error, fc.record({ name: string, message: string, traceback: string, line: number })),
    trap: fc.constantFrom("unreachable", "aborted", "cell_died", "protocol", "toString", null),
    detail: text,
    limit: fc.constantFrom("memory", "stack", "fuel", "wall", "calls", "constructor", 1),
    used: number,
    max: number,
  }),
  fc.jsonValue({ maxDepth: 2 }),
);
const header = fc.oneof(
  fc.record(
    {
      end,
      cpuMs: fc.oneof(fc.nat(), number),
      instantiateMs: fc.oneof(fc.nat(), number),
      peakMemoryBytes: fc.oneof(fc.nat(), number),
      growthsDenied: fc.oneof(fc.nat(), number),
      fuel: number,
      clockBytes: fc.oneof(fc.nat(8), number),
      clockPlayedWell: fc.oneof(fc.boolean(), number),
      spent: fc.oneof({ weight: 5, arbitrary: fc.boolean() }, number),
    },
    { requiredKeys: ["end", "cpuMs", "instantiateMs", "peakMemoryBytes", "growthsDenied", "spent"] },
  ),
  fc.jsonValue(),
);
const bytes = fc.uint8Array({ maxLength: 40 });

/** Every number is an amount, every text is short and may be shown, and there is nothing else. */
function checkEnd(read: ReadEnd, payload: Uint8Array): void {
  assert.ok(read.output.buffer === payload.buffer && read.output.byteOffset + read.output.length === payload.byteOffset + payload.length);
  const visit = (value: unknown): void => {
    if (typeof value === "number") assert.ok(Number.isFinite(value) && value >= 0);
    else if (typeof value === "string") assert.ok(value.length <= TEXT_MAX && neutralise(value) === value);
    else if (typeof value === "object" && value !== null) for (const part of Object.values(value)) visit(part);
    else assert.ok(typeof value === "boolean" || value === undefined);
  };
  const { output: _, ...rest } = read;
  visit(rest);
}

property(
  "readEnd() takes any bytes, and gives nothing but amounts and texts that may be shown",
  500,
  [header, bytes, bytes],
  (header, rest, any) => {
    for (const payload of [any, Buffer.concat([encodeHeader(header as object), rest])]) {
      const read = readEnd(payload);
      if (read) checkEnd(read, payload);
    }
  },
);

const amount = fc.oneof(fc.nat(), fc.double({ min: 0, noNaN: true, noDefaultInfinity: true }));
const measured = fc.record({
  cpuMs: amount,
  instantiateMs: amount,
  peakMemoryBytes: fc.nat(),
  growthsDenied: fc.nat(),
  spent: fc.boolean(),
  fuel: fc.nat(),
});
const clean = fc.string({ unit: "grapheme-ascii", maxLength: 30 });
const outcome = fc.oneof(
  fc.record({
    kind: fc.constant("failed"),
    error: fc.record({ name: clean, message: clean, traceback: clean, line: fc.integer({ min: 1 }) }),
  }),
  fc.record({ kind: fc.constant("trapped"), trap: fc.constantFrom("unreachable", "aborted"), detail: clean }),
  fc.record({ kind: fc.constant("exhausted"), limit: fc.constantFrom("memory", "fuel"), used: amount, max: amount }),
);

property(
  "readEnd() gives an honest cell's end as it was",
  200,
  [measured, outcome, fc.constantFrom("json", "text"), bytes],
  (measured, outcome, form, output) => {
    const completed = readEnd(Buffer.concat([encodeHeader({ ...measured, end: { kind: "completed", form } }), output]));
    assert.ok(completed);
    assert.deepEqual({ ...completed, output: [...completed.output] }, { ...measured, outcome: undefined, form, output: [...output] });
    // A number of JSON's has no -0.
    const other = readEnd(encodeHeader({ ...measured, end: outcome }));
    assert.deepEqual(other?.outcome, JSON.parse(JSON.stringify(outcome)));
  },
);
