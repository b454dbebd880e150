import assert from "node:assert/strict";
import { test } from "node:test";
import { neutralise } from "./text.ts";

test("neutralise() makes visible whatever drives a terminal or changes the order of text, and nothing else", () => {
  for (let code = 0; code < 0x10000; code++) {
    const character = String.fromCharCode(code);
    const visible = neutralise(character) === `\\u${code.toString(16).padStart(4, "0")}`;
    assert.equal(
      visible || character === "\t" || character === "\n",
      /[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}]/u.test(character),
      code.toString(16),
    );
    assert.ok(visible || neutralise(character) === character);
  }
});
