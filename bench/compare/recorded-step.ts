// What a record costs a small Python step on a prepared cell: its transcript, in the cell and in the parent, and two entries made into signed
// lines. What a run pays once is left out: opening the file, and the entries of its beginning and its end.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadWorkflow, type RunOptions, type RunRecorder, runWorkflow } from "@glovebox/engine";
import { newRunId, openKeys, RecordFile } from "@glovebox/engine/recording";
import { Sandbox } from "@glovebox/sandbox";
import type { Comparison } from "../figure.ts";
import { contest } from "../measure/contest.ts";
import { NEVER_RECYCLED, throughput } from "../measure/throughput.ts";
import { PYTHON_INPUT, PYTHON_STEP } from "../rivals/step.ts";

const REST_MS = 10;
const ROUNDS = 8;
const WARM_RUNS = 1000;

export async function compare(): Promise<Comparison> {
  const code = `${PYTHON_STEP}\nreturn step(inputs)`;
  const document = JSON.stringify({ name: "bench", steps: [{ id: "step", type: "code", language: "python", code }] });
  const { workflow } = loadWorkflow(document, { file: "bench.yaml" });
  if (workflow === undefined) throw new Error("the document has problems");
  const data = mkdtempSync(join(tmpdir(), "glovebox-bench-"));
  const startedAt = new Date();
  const versions = { glovebox: "bench", node: process.version, platform: process.platform };
  const record = new RecordFile({
    directory: join(data, "records"),
    named: false,
    runId: newRunId(startedAt),
    keys: openKeys(data),
    about: { startedAt, document, versions },
  });
  // All runs go into one record, as if they were steps of one run.
  const steps: RunRecorder = {
    request: record.request,
    about: record.about,
    write: (make) => {
      const entry = make();
      if (entry.kind === "guest" || entry.kind === "attempt") record.write(() => entry);
    },
  };
  await using sandbox = new Sandbox({ cells: 1, recycleAfter: NEVER_RECYCLED });
  const run = async (more: Pick<RunOptions, "record">): Promise<undefined> => {
    const { state } = await runWorkflow(workflow, { sandbox, isolationKey: "bench", input: PYTHON_INPUT, ...more });
    if (state !== "succeeded") throw new Error(`the step ${state}`);
  };
  try {
    await throughput(WARM_RUNS / 2, 1, () => run({}));
    await throughput(WARM_RUNS / 2, 1, () => run({ record: steps }));
    const { plain, recorded } = await contest(ROUNDS, {
      plain: { perRound: 60, restMs: REST_MS, work: () => run({}) },
      recorded: { perRound: 60, restMs: REST_MS, work: () => run({ record: steps }) },
    });
    const shortfall = await record.close();
    if (shortfall !== undefined) throw new Error(shortfall.why);
    return {
      title: "A small Python step, recorded",
      figures: [
        { what: "without a record", value: plain.median, p95: plain.p95, unit: "ms" },
        {
          what: "with its record",
          value: recorded.median,
          p95: recorded.p95,
          unit: "ms",
          ratio: recorded.median / plain.median,
          aim: { atMost: 1.1 },
        },
      ],
      notes: ["Each is a run of one step, with what a run needs besides."],
    };
  } finally {
    rmSync(data, { recursive: true });
  }
}
