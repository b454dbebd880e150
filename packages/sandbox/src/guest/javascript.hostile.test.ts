import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { after, test } from "node:test";
import type { Json } from "../json.ts";
import type { LimitName } from "../limits.ts";
import { Sandbox } from "../sandbox.ts";

const HOSTILE = new URL("../../../../guests/javascript/hostile/", import.meta.url);
const FRIENDLY = new URL("../../../../guests/javascript/friendly/", import.meta.url);

/** How each hostile guest must end in a process cell: with a result, failed with an error of that name, or out of something. */
const ENDS: Readonly<Record<string, { result: Json } | { error: string } | { limit: LimitName }>> = {
  deep_json_parse: { limit: "stack" },
  deep_recursion: { limit: "stack" },
  endless_jobs: { limit: "cpu" },
  endless_loop: { limit: "cpu" },
  endless_strings: { limit: "memory" },
  fill_array: { limit: "memory" },
  find_canary: {
    result: {
      global: "undefined",
      kept: "undefined",
      prototype: "undefined",
      map: [2, 4],
      parse: [3],
      promises: "function",
      random: true,
      date: "function",
    },
  },
  forge_result: { result: "forged" },
  getter_recursion: { limit: "stack" },
  huge_bigint: { error: "RangeError" },
  leave_canary: { result: "left" },
  log_flood: { limit: "log" },
  look_for_the_host: { result: [] },
  nested_stringify: { limit: "stack" },
  output_flood: { limit: "output" },
  pad_start: { limit: "memory" },
  proxy_recursion: { limit: "stack" },
  regex_bomb: { limit: "cpu" },
  replace_recursion: { limit: "stack" },
  slow_comparator: { limit: "cpu" },
  spread_many: { error: "RangeError" },
  survive_refusal: { result: "out of memory" },
  typed_arrays: { limit: "memory" },
};

const sandbox = new Sandbox({ cells: 1, spare: 0, warm: "javascript" });
after(() => sandbox[Symbol.asyncDispose]());

function guest(folder: URL, name: string) {
  return { kind: "javascript", code: readFileSync(new URL(`${name}.js`, folder), "utf8"), filename: `${name}.js` } as const;
}

test("every hostile JavaScript guest is listed here with its end", () => {
  const files = readdirSync(HOSTILE).map((file) => file.replace(/\.js$/, ""));
  assert.deepEqual(files.sort(), Object.keys(ENDS).sort());
});

for (const [name, expected] of Object.entries(ENDS)) {
  test(`run() contains guests/javascript/hostile/${name}.js`, async () => {
    const report = await sandbox.run({ guest: guest(HOSTILE, name), limits: { cpuMs: 500 }, isolationKey: "hostile" });
    const { outcome } = report;
    const said = JSON.stringify(outcome);
    if ("limit" in expected) assert.ok(outcome.kind === "exhausted" && outcome.limit === expected.limit, said);
    else if ("error" in expected) assert.ok(outcome.kind === "failed" && outcome.error.name === expected.error, said);
    else assert.deepEqual(outcome, { kind: "completed", output: expected.result });
    assert.equal(Object.hasOwn(Object.prototype, "canary"), false);
    // The next guest of the same key, in the same cell or its replacement.
    const input = {
      rows: [
        { country: "NL", amount: 2 },
        { country: "NL", amount: 3 },
      ],
    };
    const next = await sandbox.run({ guest: guest(FRIENDLY, "totals"), input, isolationKey: "hostile" });
    assert.deepEqual(next.outcome, { kind: "completed", output: { NL: 5 } });
    assert.deepEqual(next.log, [{ level: "info", message: "2 rows" }]);
  });
}

test("run() gives the results of guests/javascript/friendly/await_promises.js", async () => {
  const { outcome } = await sandbox.run({ guest: guest(FRIENDLY, "await_promises"), input: { numbers: [1, 2] }, isolationKey: "friendly" });
  assert.deepEqual(outcome, { kind: "completed", output: { doubled: [2, 4] } });
});
