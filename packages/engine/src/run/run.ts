import { randomUUID } from "node:crypto";
import { GloveboxError, type Json } from "@glovebox/sandbox";
import type { RunGuest } from "../expression/evaluate.ts";
import { DEFAULT_POLICY, layersOf, type Policy } from "../policy/policy.ts";
import { type ProfileName, strictest } from "../policy/profile.ts";
import { RunNotes } from "../record/notes.ts";
import type { RunRecorder } from "../record/recorder.ts";
import { resolveSecrets, type SecretSource } from "../secrets/resolve.ts";
import type { GuestRunner, RunContext } from "../steps/context.ts";
import { Meter } from "../steps/meter.ts";
import { ModuleFiles } from "../steps/modules.ts";
import { isSandboxed } from "../steps/placement.ts";
import { checkSchema } from "../steps/schema.ts";
import { openFolder } from "../tools/folder.ts";
import { BUILTIN_TOOLS, toolsByName } from "../tools/registry.ts";
import type { Tool } from "../tools/tool.ts";
import type { Workflow } from "../workflow/document.ts";
import { type Clock, systemClock } from "./clock.ts";
import { Execution } from "./execution.ts";
import { Ledger } from "./ledger.ts";
import { type MadeOutputs, makeOutputs } from "./outputs.ts";
import { planRun } from "./plan.ts";
import type { RunCause, RunEvent, RunResult } from "./result.ts";
import { type CancelReason, runState } from "./state.ts";
import { totalUsage } from "./usage.ts";
import { View } from "./view.ts";

export interface RunOptions {
  /** Where guests run. It stays the caller's, who disposes of it. */
  readonly sandbox: GuestRunner;
  /** What the run is given; missing: `{}`. In a workflow of text (`payload: "text"`) it is a string; missing: an empty one. */
  readonly input?: Json;
  /** Missing: {@link BUILTIN_TOOLS}. */
  readonly tools?: Iterable<Tool>;
  /** The one folder that tools may use. Missing: they reach no files. */
  readonly folder?: string;
  /** What the operator allows; the same that the workflow was loaded under. Missing: `DEFAULT_POLICY`. */
  readonly policy?: Policy;
  /**
   * What stands around the cells of `sandbox`, asked for where a step with the profile `untrusted` would run in one. Missing: that is nobody's
   * business here.
   */
  readonly isolation?: { level(): Promise<string> /** They run also where it is `none`. */; readonly weakAllowed: boolean };
  /** Where secrets are, looked at in this order. Missing: nowhere. */
  readonly secretSources?: readonly SecretSource[];
  /** Cancels the run: it ends soon, with what was reached. */
  readonly signal?: AbortSignal;
  readonly clock?: Clock;
  /** From 0 to 1, one draw a call; for the jitter of retries. */
  readonly random?: () => number;
  /** Missing: the record's, else a fresh one. */
  readonly runId?: string;
  /** Cells are not shared between two keys. Missing: the run's id. */
  readonly isolationKey?: string;
  /** Where the run's record goes. Missing: it has none. */
  readonly record?: RunRecorder;
  /** Called in order, while the run goes on. It must not throw. */
  readonly onEvent?: (event: RunEvent) => void;
}

/**
 * Runs a workflow in memory to its end. What steps do is data: a run that failed resolves too. What it keeps of its steps is bounded; its time is not, unless
 * the workflow has a `timeoutMs`; guests have their limits in any case, tools only those that their steps give them.
 * @throws GloveboxError before anything has started: `INPUT_INVALID` where the input does not fit the workflow's schema, `WORKFLOW_INVALID`
 *   where the steps are no acyclic graph, `FOLDER_INVALID`, `TOOL_INVALID`,
 *   `ISOLATION_TOO_WEAK`, `SECRET_MISSING`, `SECRET_INVALID` and `SECRET_SOURCE_FAILED` where a secret that a step uses can't be had
 */
export async function runWorkflow(workflow: Workflow, options: RunOptions): Promise<RunResult> {
  const { clock = systemClock, random = Math.random, onEvent = () => {} } = options;
  const runId = options.record?.about.runId ?? options.runId ?? randomUUID();
  const plan = planRun(workflow);
  const input = options.input ?? (workflow.payload === "text" ? "" : {});
  const { policy = DEFAULT_POLICY } = options;
  const profile = strictest([policy.profile, workflow.profile ?? policy.profile]);
  await checkIsolation(workflow, profile, options.isolation);
  const secrets = await resolveSecrets(workflow, options.secretSources ?? []);
  const modules = new ModuleFiles(workflow.file);
  const startedAt = clock.now();
  const now = (): number => clock.now() - startedAt;
  const { record: recorder, isolation } = options;
  const notes =
    recorder === undefined
      ? undefined
      : new RunNotes({
          recorder,
          secrets,
          sourceOf: modules.sourceOf,
          now,
          ...(isolation === undefined ? {} : { isolation: () => isolation.level() }),
        });
  const context: RunContext = {
    runId,
    isolationKey: options.isolationKey ?? runId,
    sandbox: options.sandbox,
    tools: toolsByName(options.tools ?? BUILTIN_TOOLS),
    folder: options.folder === undefined ? undefined : await openFolder(options.folder),
    policy,
    profile,
    secrets,
    modules,
    clock,
    ...(notes === undefined ? {} : { notes }),
  };
  notes?.begin(workflow, input, profile);
  const meter = new Meter(context, options.signal ?? new AbortController().signal, layersOf(policy, profile), {
    step: null,
    attempt: 0,
  });
  if (options.signal?.aborted !== true) await checkInput(workflow, input, meter, notes);
  const ledger = new Ledger(plan);
  const view = new View(workflow, plan, ledger, runId, input);
  const receive = (event: RunEvent): void => {
    if (event.kind === "attempt_ended") notes?.attempt(event.step, event.attempt);
    onEvent(event);
  };
  receive({ kind: "run_started", runId, steps: workflow.steps.length });
  const ended = await new Execution({ workflow, plan, ledger, view, context, now, random, onEvent: receive }).toEnd(options.signal);
  const steps = ledger.results();
  const made = await outputsOf(workflow, ledger, view, ended?.kind === "interrupted" ? undefined : meter.guest);
  const [failure] = made.failures;
  const cause = causeOf(workflow, ledger, ended) ?? (failure === undefined ? undefined : { kind: "output_failed", ...failure });
  const usage = totalUsage([...steps.map((step) => step.usage), meter.reading().usage]);
  const payload = view.payload();
  const reached = endState(runState(ledger.statuses, ended));
  const state = reached === "succeeded" && cause !== undefined ? "failed" : reached;
  receive({ kind: "run_ended", state, atMs: now() });
  const result: RunResult = {
    runId,
    workflow: workflow.name,
    state,
    ...(cause === undefined ? {} : { cause }),
    wallMs: now(),
    ...(usage === undefined ? {} : { usage }),
    steps,
    outputs: made.outputs,
    ...(payload === undefined ? {} : { payload }),
  };
  notes?.end(result);
  return result;
}

async function checkIsolation(workflow: Workflow, profile: ProfileName, isolation: RunOptions["isolation"]): Promise<void> {
  if (isolation === undefined || isolation.weakAllowed) return;
  const step = workflow.steps.find((other) => isSandboxed(other) && strictest([profile, other.profile ?? profile]) === "untrusted");
  if (step === undefined || (await isolation.level()) !== "none") return;
  const words = `step "${step.id}" is untrusted, and cells have no wrapper on this machine ("weakIsolation: true" in the configuration puts up with that)`;
  throw new GloveboxError("ISOLATION_TOO_WEAK", `Cannot run workflow "${workflow.name}": ${words}`);
}

async function checkInput(workflow: Workflow, input: Json, meter: Meter, notes: RunNotes | undefined): Promise<void> {
  const refuse = (why: string): never => {
    const refusal = new GloveboxError("INPUT_INVALID", `Cannot run workflow "${workflow.name}": ${why}`);
    notes?.refused(refusal);
    throw refusal;
  };
  if (workflow.payload === "text" && typeof input !== "string") refuse("its input is one text");
  if (workflow.inputs === undefined) return;
  const verdict = await checkSchema(workflow.inputs, input, meter.guest);
  if (verdict.kind === "problems") refuse(`its input does not fit: ${verdict.message}`);
  if (verdict.kind === "ended" && verdict.outcome.kind !== "cancelled") {
    const { outcome } = verdict;
    refuse(`its input could not be checked against the schema: ${outcome.kind === "failed" ? outcome.error.message : outcome.kind}`);
  }
}

/** As the document asks, else every step's output by its id. After an interruption nothing is executed any more. */
async function outputsOf(workflow: Workflow, ledger: Ledger, view: View, guest: RunGuest | undefined): Promise<MadeOutputs> {
  if (workflow.outputs !== undefined) return makeOutputs(workflow.outputs, view.scope(), guest);
  const outputs = workflow.steps.map(({ id }) => [id, ledger.output(id)] as const).filter(([, output]) => output !== undefined);
  return { outputs: Object.fromEntries(outputs) as Record<string, Json>, failures: [] };
}

function causeOf(workflow: Workflow, ledger: Ledger, ended: CancelReason | undefined): RunCause | undefined {
  if (ended !== undefined && ended.kind !== "step_failed") return ended;
  const step = ended?.step ?? workflow.steps.find(({ id }) => ledger.state(id) === "failed")?.id;
  const outcome = step === undefined ? undefined : ledger.outcome(step);
  return step === undefined || outcome === undefined ? undefined : { kind: "step_failed", step, outcome };
}

function endState(state: ReturnType<typeof runState>): RunResult["state"] {
  if (state === "pending" || state === "running") throw new Error("assertion: a run came to its end before its steps did");
  return state;
}
