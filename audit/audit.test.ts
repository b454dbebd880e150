import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { audit, ends, python, type Row } from "./audit.ts";
import { ALL_ROWS } from "./main.ts";

for (const home of ["process", "thread"] as const) {
  test(`every attack of the audit is contained in ${home} cells`, async () => {
    let tried = 0;
    const through: string[] = [];
    await audit(ALL_ROWS, home, ({ section, attack, result }) => {
      tried++;
      if (result !== "contained" && result !== "not built") through.push(`${section}: ${attack}: ${result}`);
    });
    assert.deepEqual(through, []);
    assert.equal(tried, ALL_ROWS.length);
  });
}

describe("the audit itself", () => {
  const verdictOf = async (row: Row) => {
    const verdicts: string[] = [];
    await audit([row], "thread", ({ result }) => verdicts.push(result));
    return verdicts[0];
  };
  const row = (overrides: Partial<Row>): Row => ({
    section: "x",
    attack: "y",
    run: () => python("return 1"),
    expect: () => undefined,
    ...overrides,
  });

  test("says what came of an attack that was not contained as expected", async () => {
    assert.match((await verdictOf(row({ expect: ends("exhausted") }))) ?? "", /came to .*completed/);
  });

  test("notices the canary in a report, a host that was polluted, and a procedure that throws", async () => {
    assert.equal(
      await verdictOf(row({ run: ({ canaryText }) => python("return inputs['c']", { input: { c: canaryText } }) })),
      "the canary is in the report",
    );
    const polluting = row({
      expect: () => {
        (Object.prototype as Record<string, unknown>)["polluted"] = 1;
        return undefined;
      },
    });
    assert.match((await verdictOf(polluting)) ?? "", /Object.prototype/);
    delete (Object.prototype as Record<string, unknown>)["polluted"];
    assert.match((await verdictOf(row({ run: () => Promise.reject(new Error("no")) }))) ?? "", /^threw Error: no/);
  });

  test("never shows a part that is not built as contained", async () => {
    assert.equal(await verdictOf(row({ run: undefined })), "not built");
  });
});
