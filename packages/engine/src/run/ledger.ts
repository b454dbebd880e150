import type { Json, Usage } from "@glovebox/sandbox";
import type { AttemptEnd, NotWanted, StepOutcome } from "./attempt.ts";
import type { Plan } from "./plan.ts";
import type { AttemptResult, EndState, StepResult } from "./result.ts";
import { isEnded, type Statuses, type StepChange, type StepState, type StepStatus } from "./state.ts";
import { initialStatuses } from "./transitions.ts";
import { totalUsage } from "./usage.ts";

interface Entry {
  startedMs?: number;
  usage?: Usage | undefined;
  last?: AttemptEnd;
  result?: StepResult;
  readonly attempts: AttemptResult[];
}

/** Where a run stands and what it has come to, in memory. It decides nothing: it keeps what it is told. */
export class Ledger {
  readonly #plan: Plan;
  readonly #statuses: Map<string, StepStatus>;
  readonly #entries = new Map<string, Entry>();
  /** Steps in each of these states, in the order in which they came to it. */
  readonly #open = { ready: new Set<string>(), busy: new Set<string>(), waiting: new Set<string>() };

  constructor(plan: Plan) {
    this.#plan = plan;
    this.#statuses = initialStatuses(plan);
    for (const [id, { state }] of this.#statuses) {
      this.#entries.set(id, { attempts: [] });
      this.#file(id, state);
    }
  }

  get statuses(): Statuses {
    return this.#statuses;
  }

  /** Steps that are ready, busy (leased or running) or waiting, each in the order in which they came to be so. */
  get open(): { readonly ready: readonly string[]; readonly busy: readonly string[]; readonly waiting: readonly string[] } {
    const { ready, busy, waiting } = this.#open;
    return { ready: [...ready], busy: [...busy], waiting: [...waiting] };
  }

  /** Puts changes into force and returns the steps that have ended by them. */
  apply(changes: readonly StepChange[], atMs: number): readonly StepResult[] {
    const ended: StepResult[] = [];
    for (const { id, from, to } of changes) {
      if (this.#statuses.get(id) !== from) throw new Error(`assertion: step "${id}" is no longer where a change found it`);
      this.#statuses.set(id, to);
      if (to.state !== from.state) this.#file(id, to.state);
      if (isEnded(to.state)) ended.push(this.#close(id, to, atMs));
    }
    return ended;
  }

  /** A step is being executed, be it for the first time or again. */
  begun(id: string, atMs: number): void {
    this.#entry(id).startedMs ??= atMs;
  }

  /** What a step's `when` cost, which was false. */
  notWanted(id: string, { usage }: NotWanted): void {
    const entry = this.#entry(id);
    entry.usage = totalUsage([entry.usage, usage]);
  }

  /** An attempt has ended. */
  attempted(id: string, end: AttemptEnd, times: Pick<AttemptResult, "startedMs" | "endedMs" | "retryInMs">): AttemptResult {
    const entry = this.#entry(id);
    const { outcome, usage, log, audit } = end;
    const attempt: AttemptResult = {
      number: entry.attempts.length + 1,
      ...times,
      outcome: outcome.kind === "completed" ? { kind: "completed" } : outcome,
      ...(usage === undefined ? {} : { usage }),
      log,
      ...(audit === undefined ? {} : { audit }),
    };
    entry.attempts.push(attempt);
    entry.last = end;
    entry.usage = totalUsage([entry.usage, usage]);
    return attempt;
  }

  state(id: string): StepState {
    return this.#statuses.get(id)?.state ?? "pending";
  }

  outcome(id: string): StepOutcome | undefined {
    return this.#entry(id).last?.outcome;
  }

  /** What a step handed on; undefined where it has not succeeded. */
  output(id: string): Json | undefined {
    const outcome = this.outcome(id);
    return outcome?.kind === "completed" && this.state(id) === "succeeded" ? outcome.output : undefined;
  }

  /** All steps, in the order of the document. Each must have ended. */
  results(): readonly StepResult[] {
    return [...this.#entries].map(([id, { result }]) => {
      if (result === undefined) throw new Error(`assertion: step "${id}" was left ${this.state(id)}`);
      return result;
    });
  }

  #file(id: string, state: StepState): void {
    const { ready, busy, waiting } = this.#open;
    const place = state === "ready" ? ready : state === "leased" || state === "running" ? busy : state === "waiting" ? waiting : undefined;
    for (const other of [ready, busy, waiting]) if (other !== place) other.delete(id);
    place?.add(id);
  }

  #close(id: string, status: StepStatus, endedMs: number): StepResult {
    const entry = this.#entry(id);
    const { startedMs, usage, last, attempts } = entry;
    const result: StepResult = {
      id,
      type: this.#type(id),
      state: status.state as EndState,
      ...(status.why === undefined ? {} : { why: status.why }),
      ...(status.side === undefined ? {} : { side: status.side }),
      ...(startedMs === undefined ? {} : { startedMs }),
      endedMs,
      ...(last === undefined ? {} : { outcome: last.outcome }),
      attempts,
      ...(usage === undefined ? {} : { usage }),
      ...(last?.metadata === undefined ? {} : { metadata: last.metadata }),
    };
    entry.result = result;
    return result;
  }

  #type(id: string): StepResult["type"] {
    const planned = this.#plan.steps.get(id);
    if (planned === undefined) throw new Error(`assertion: step "${id}" is not in the plan`);
    return planned.step.type;
  }

  #entry(id: string): Entry {
    const entry = this.#entries.get(id);
    if (entry === undefined) throw new Error(`assertion: step "${id}" is not in the plan`);
    return entry;
  }
}
