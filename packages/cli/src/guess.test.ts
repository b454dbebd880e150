import assert from "node:assert/strict";
import { test } from "node:test";
import { guessGuests } from "./guess.ts";

test("guessGuests() counts the steps that run in cells, in every dialect and style", () => {
  assert.deepEqual(guessGuests("steps:\n  - { id: a, type: code, language: javascript, code: x }\n  - id: b\n    type: wasm\n"), {
    guests: 2,
    warm: "javascript",
  });
  assert.deepEqual(guessGuests('processors:\n  - id: a\n    backend: local\n  - id: b\n    "backend": "wasm"\n'), {
    guests: 1,
    warm: "none",
  });
  assert.deepEqual(guessGuests("steps: [{ id: a, type: tool, tool: csv }]"), { guests: 0, warm: "none" });
});

test("guessGuests() prefers Python, which takes longest to start", () => {
  assert.equal(guessGuests("- type: condition\n- type: code\n  language: typescript\n- type: code\n  language: 'python'").warm, "python");
  assert.equal(guessGuests("nodes:\n  - id: a\n    type: code\n    code: return 1").warm, "python");
  assert.equal(guessGuests("- type: code\n  language: typescript").warm, "typescript");
  assert.equal(guessGuests("- type: tool\n  when: inputs.a > 1").warm, "javascript");
});
