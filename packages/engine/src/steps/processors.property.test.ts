import assert from "node:assert/strict";
import fc from "fast-check";
import { property } from "../../../../fuzz/property.ts";
import { LOCAL_PROCESSORS } from "./processors.ts";

property("reverse_text keeps every piece of the text", 200, [fc.string({ unit: "grapheme" })], (text) => {
  const reversed = LOCAL_PROCESSORS.get("reverse_text")?.work.apply(text, () => "");
  assert.equal([...String(reversed)].sort().join(), [...text].sort().join());
});
