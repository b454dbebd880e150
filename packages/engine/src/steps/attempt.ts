import { GloveboxError, type Json } from "@glovebox/sandbox";
import { layersOf } from "../policy/policy.ts";
import { strictest } from "../policy/profile.ts";
import type { AttemptEnd, NotWanted } from "../run/attempt.ts";
import { transforms } from "../run/payload.ts";
import { ownSecrets } from "../secrets/uses.ts";
import { ToolError } from "../tools/error.ts";
import type { Step } from "../workflow/document.ts";
import type { AttemptContext } from "./context.ts";
import { completed, type Ending, refused } from "./ending.ts";
import { Meter } from "./meter.ts";
import { OutputCheck } from "./output-check.ts";
import { prepare } from "./prepare.ts";
import { redactEnd } from "./redact.ts";
import { runStep, startTemplate, workTemplate } from "./registry.ts";

/**
 * One attempt of a step, from its `when` to the check of its output. It always ends: by itself, at the step's `timeoutMs`, or when the
 * context's signal is aborted. What the step does is data; a throw is our own mistake. No secret of the step's is in it.
 */
export async function runAttempt(step: Step, context: AttemptContext): Promise<AttemptEnd | NotWanted> {
  return redactEnd(await attempt(step, context), step, context.run.secrets);
}

async function attempt(step: Step, context: AttemptContext): Promise<AttemptEnd | NotWanted> {
  const { clock, policy, profile } = context.run;
  const deadline = new AbortController();
  const over = new AbortController();
  const signal = AbortSignal.any([context.signal, deadline.signal]);
  const meter = new Meter(context.run, signal, layersOf(policy, strictest([profile, step.profile ?? profile])), {
    step: step.id,
    attempt: context.number,
  });
  const timeoutMs = timeoutOf(step);
  const startedAt = clock.now();
  if (timeoutMs !== undefined) {
    void clock.wait(timeoutMs, over.signal).then(() => {
      if (!over.signal.aborted) deadline.abort();
    });
  }
  try {
    const ending = await work(step, context, meter, signal);
    if (ending === "not_wanted") return { outcome: ending, ...meter.reading() };
    // Only what was cut off: an attempt that came to its end just in time keeps what it reached.
    if (ending.outcome.kind === "cancelled" && deadline.signal.aborted && !context.signal.aborted && timeoutMs !== undefined) {
      const used = Math.max(Math.round(clock.now() - startedAt), timeoutMs);
      return { outcome: { kind: "exhausted", limit: "wall", used, max: timeoutMs }, transient: false, ...meter.reading() };
    }
    return { ...ending, ...meter.reading() };
  } finally {
    over.abort();
  }
}

/** For a step that runs in the host nobody else watches its `wall_ms`. */
function timeoutOf(step: Step): number | undefined {
  const wallMs = step.type === "tool" ? step.limits.wallMs : undefined;
  const bounds = [step.timeoutMs, wallMs].filter((bound) => bound !== undefined);
  return bounds.length === 0 ? undefined : Math.min(...bounds);
}

async function work(step: Step, context: AttemptContext, meter: Meter, signal: AbortSignal): Promise<Ending | "not_wanted"> {
  try {
    const template = workTemplate(step);
    const started = startTemplate(step);
    const scope = step.type === "tool" ? { ...context.scope, secrets: ownSecrets(step, context.run.secrets) } : context.scope;
    const given = [template, started].filter((each) => each !== undefined);
    const prepared = await prepare(step.when, given, scope, meter.guest);
    if (prepared.kind === "ended") return prepared.ending;
    if (prepared.kind === "not_wanted") return "not_wanted";
    if (signal.aborted) return { outcome: { kind: "cancelled" }, transient: false };
    const { values } = prepared;
    const input = template === undefined ? context.defaultInput : (values[0] ?? null);
    const filled = { input, start: started === undefined ? undefined : values.at(-1) };
    const check = step.outputSchema === undefined ? undefined : new OutputCheck(step, step.outputSchema, meter);
    const ending = withPayload(step, input, context, await runStep(step, filled, context, meter, signal, check));
    return check === undefined ? ending : await check.apply(ending);
  } catch (error) {
    if (error instanceof ToolError) return { ...refused("GrantError", error.message), transient: error.transient };
    if (!(error instanceof GloveboxError)) throw error;
    // The sandbox refuses a request (a module of no known kind, a limit above its cap): no guest did anything.
    return { ...refused(error.code, error.message), transient: error.code === "CELL_START_FAILED" };
  }
}

/** In a workflow of text: the output becomes what the step hands on, with facts about it (lengths in bytes of UTF-8). */
function withPayload(step: Step, input: Json, { payload }: AttemptContext, ending: Ending): Ending {
  if (payload === undefined || ending.outcome.kind !== "completed") return ending;
  const { output } = ending.outcome;
  if (typeof output !== "string") return refused("PayloadError", `Cannot hand on what step "${step.id}" returned: it is not text`);
  const handedOn: Ending = { ...completed(transforms(step) ? output : payload) };
  if (step.type !== "wasm") return ending.metadata === undefined ? handedOn : { ...handedOn, metadata: ending.metadata };
  const metadata: Record<string, Json> = {
    module_path: step.module,
    input_length: Buffer.byteLength(typeof input === "string" ? input : JSON.stringify(input)),
    output_length: Buffer.byteLength(output),
  };
  // An analyzer's own result would be lost otherwise.
  if (!transforms(step)) metadata.result = output;
  return { ...handedOn, metadata };
}
