import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { growth } from "./soak/growth.ts";
import type { Measure } from "./soak/measure.ts";
import { programme } from "./soak/programme.ts";
import { soak } from "./soak/soak.ts";
import { ends, gives } from "./soak/trial.ts";
import { wordOf } from "./soak/word.ts";

const seed = Number(process.env["GLOVEBOX_SEED"] ?? 1);

for (const [home, runs] of [
  ["process", 20_000],
  ["thread", 1000],
] as const) {
  test(`${runs} guests of all kinds in ${home} cells come out right and leave nothing, with the seed ${seed}`, async () => {
    const soaked = await soak({ runs, seed, home });
    const found = { wrong: soaked.wrong.slice(0, 20), grown: growth(soaked, home), left: soaked.left };
    assert.deepEqual(found, { wrong: [], grown: [], left: [] });
    assert.ok((soaked.measures.at(-1)?.runs ?? 0) >= runs);
  });
}

describe("the soak itself", () => {
  const MEASURE: Measure = {
    runs: 0,
    seconds: 0,
    heapMiB: 17,
    buffersMiB: 9,
    residentMiB: 130,
    threads: 11,
    descriptors: 28,
    handles: ["TCPServerWrap"],
    listeners: 3,
    processes: 2,
    cells: new Map([
      [1, { residentMiB: 400, threads: 6, descriptors: 18 }],
      [2, { residentMiB: 150, threads: 6, descriptors: 18 }],
    ]),
  };
  const closed: Measure = { ...MEASURE, descriptors: 24, processes: 0, cells: new Map() };
  const grown = (last: Partial<Measure>, after: Partial<Measure> = {}) =>
    growth(
      {
        wrong: [],
        left: [],
        cellsMax: 5,
        measures: [MEASURE, MEASURE, MEASURE, { ...MEASURE, ...last }],
        before: closed,
        after: { ...closed, ...after },
      },
      "process",
    );
  const cell = (residentMiB: number, threads = 6, descriptors = 18) => ({ cells: new Map([[1, { residentMiB, threads, descriptors }]]) });

  test("growth() finds nothing where nothing grew, or less than comes and goes", () => {
    assert.deepEqual(grown({}), []);
    assert.deepEqual(grown({ heapMiB: 18, residentMiB: 150, descriptors: 34, processes: 5, ...cell(450) }), []);
  });

  test("growth() names what grew, of every kind", () => {
    const cases: [Partial<Measure>, Partial<Measure>, RegExp][] = [
      [{ heapMiB: 22 }, {}, /heapMiB from 17/],
      [{ buffersMiB: 14 }, {}, /buffersMiB/],
      [{ residentMiB: 200 }, {}, /residentMiB from 130/],
      [{ descriptors: 29 }, {}, /descriptors besides those of cells, after/],
      [{ descriptors: 28, processes: 1 }, {}, /descriptors besides those of cells, after/],
      [{ threads: 12 }, {}, /threads, after/],
      [{ processes: 6, descriptors: 36 }, {}, /cells, after/],
      [{ listeners: 4 }, {}, /listeners/],
      [{ handles: ["TCPServerWrap", "Timeout"] }, {}, /handles.*Timeout/],
      [cell(600), {}, /residentMiB of cell 1 from 400/],
      [cell(400, 7), {}, /threads of cell 1/],
      [cell(400, 6, 19), {}, /descriptors of cell 1/],
      [{}, { descriptors: 25 }, /descriptors, when all is closed/],
      [{}, { processes: 1 }, /processes, when all is closed/],
    ];
    for (const [last, after, named] of cases) {
      const found = grown(last, after);
      assert.equal(found.length, 1, JSON.stringify(found));
      assert.match(found[0] ?? "", named);
    }
  });

  test("programme() has every kind, in an order that the seed decides", () => {
    const names = (seed: number) =>
      programme(2000, seed).map((lane) => lane.map(({ kind, n, isolationKey }) => `${kind.name} ${n} ${isolationKey}`));
    assert.deepEqual(names(1), names(1));
    assert.notDeepEqual(names(1), names(2));
    const [kinds, other] = [1, 2].map((seed) =>
      programme(2000, seed)
        .flat()
        .map(({ kind }) => kind.name)
        .sort(),
    );
    assert.deepEqual(kinds, other);
    assert.ok(new Set(kinds).size > 80 && (kinds?.length ?? 0) >= 2000);
  });

  test("a trial notices the result or the log of another run", () => {
    const usage = {} as never;
    const report = (output: string, log: string) => ({
      outcome: { kind: "completed", output } as const,
      log: [{ level: "info", message: log } as const],
      usage,
      audit: [],
    });
    const right = gives(wordOf(1), [{ level: "info", message: "run 1" }]);
    assert.equal(right(report(wordOf(1), "run 1")), undefined);
    assert.match(right(report(wordOf(2), "run 1")) ?? "", /instead of/);
    assert.match(right(report(wordOf(1), "run 2")) ?? "", /a log of/);
    assert.match(ends({ kind: "cancelled" })(report(wordOf(1), "run 1")) ?? "", /instead of/);
    assert.equal(new Set(Array.from({ length: 20_000 }, (_, n) => wordOf(n))).size, 20_000);
  });
});
