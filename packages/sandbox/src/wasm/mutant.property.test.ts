import assert from "node:assert/strict";
import fc from "fast-check";
import { property } from "../../../../fuzz/property.ts";
import { GloveboxError } from "../error.ts";
import { MalformedModule, SECTION } from "./binary.ts";
import { UnsupportedFeature, walkCode } from "./code.ts";
import { inspectModule, type ModuleFacts } from "./inspect.ts";
import { meterModule } from "./meter.ts";
import { reportModule } from "./module-report.ts";
import { mutants } from "./mutant.fixture.ts";
import { type ModuleOutline, outlineModule } from "./outline.ts";
import { rewriteModule } from "./rewrite.ts";

/** What `read` gives, or undefined where it refuses: in no other way than it says. */
function refused<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    const known = error instanceof MalformedModule || error instanceof UnsupportedFeature;
    if (!known && !(error instanceof GloveboxError && error.code === "MODULE_REFUSED")) throw error;
    assert.ok(error.message.length < 1_000 && !/[\p{Cc}\p{Cs}]/u.test(error.message), "a message that can't be shown");
    return undefined;
  }
}

const seen = { valid: 0, rewritten: 0, refused: 0 };

property(
  "a module that was changed at random is read or refused, and what the compiler takes it takes rewritten and metered",
  400,
  [mutants],
  (bytes) => {
    const before = Buffer.from(bytes);
    refused(() => reportModule(bytes, "m"));
    const facts = refused(() => inspectModule(bytes));
    const valid = WebAssembly.validate(bytes);
    if (valid) seen.valid++;
    else seen.refused++;
    if (facts && valid) checkRewritten(bytes, facts);
    assert.ok(before.equals(bytes), "the bytes are their owner's");
  },
  () => assert.ok(Math.min(...Object.values(seen)) > 20, JSON.stringify(seen)),
);

function checkRewritten(bytes: Uint8Array<ArrayBuffer>, facts: ModuleFacts): void {
  const rewritten = refused(() => rewriteModule(bytes, facts));
  if (!rewritten) return;
  seen.rewritten++;
  assert.ok(WebAssembly.validate(Uint8Array.from(rewritten)), "rewritten");
  const again = outlineModule(rewritten);
  assert.deepEqual(again.functions.slice(0, facts.outline.functions.length), facts.outline.functions);
  const metered = refused(() => meterModule(rewritten, { bytesMax: rewritten.length }));
  assert.ok(metered, "what can be rewritten can be metered");
  assert.ok(WebAssembly.validate(Uint8Array.from(metered)), "metered");
}

property("walkCode() goes through every byte of every body, one instruction after another", 150, [mutants], (bytes) => {
  const outline = refused(() => outlineModule(bytes));
  if (!outline) return;
  let [next, end] = [0, 0];
  const walked = refused(() => {
    walkCode(bytes, outline.sections, {
      body: (_body, _start, code, bodyEnd) => {
        assert.equal(next, end);
        [next, end] = [code, bodyEnd];
        return undefined;
      },
      instruction: (_body, _opcode, first, second, start, after) => {
        assert.ok(start === next && after > start);
        assert.ok(Number.isFinite(first) && Number.isFinite(second));
        next = after;
      },
    });
    return true;
  });
  // One that reaches past its body is found out behind it.
  if (walked) assert.equal(next, end);
});

const HEADER = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
/** Sections in order or not, of the size that they say or not. */
const sections = fc
  .array(fc.tuple(fc.nat(14), fc.uint8Array({ maxLength: 40 }), fc.oneof({ weight: 6, arbitrary: fc.constant(0) }, fc.nat(300))), {
    maxLength: 8,
  })
  .map((list) => Uint8Array.from([...HEADER, ...list.flatMap(([id, contents, lie]) => [id, (contents.length + lie) & 127, ...contents])]));

/** Nothing of what is said about a module lies outside of it. */
function checkOutline(bytes: Uint8Array, { sections, imports, tables, functions, types }: ModuleOutline): void {
  let at = HEADER.length;
  for (const { start, end } of sections) {
    assert.ok(start > at && end >= start && end <= bytes.length);
    at = end;
  }
  assert.equal(at, bytes.length);
  const placeOf = (id: number) => sections.find((section) => section.id === id) ?? { start: 0, end: 0 };
  for (const { start, end } of imports) assert.ok(start >= placeOf(SECTION.import).start && end <= placeOf(SECTION.import).end);
  for (const { start, limitsStart } of tables) assert.ok(start < limitsStart && limitsStart < placeOf(SECTION.table).end);
  assert.ok(functions.length + types.length <= bytes.length);
}

property("arbitrary bytes are read or refused", 400, [fc.oneof(fc.uint8Array(), sections, mutants)], (bytes) => {
  const outline = refused(() => outlineModule(bytes));
  if (outline) checkOutline(bytes, outline);
  refused(() => inspectModule(bytes));
  refused(() => reportModule(bytes, "m"));
  // What the compiler takes is refused for what it is, and not for being malformed.
  if (!WebAssembly.validate(Uint8Array.from(bytes))) return;
  try {
    outlineModule(bytes);
  } catch (error) {
    assert.ok(error instanceof UnsupportedFeature, String(error));
  }
});
