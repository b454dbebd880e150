import { runAttempt } from "../steps/attempt.ts";
import type { RunContext } from "../steps/context.ts";
import type { Step, Workflow } from "../workflow/document.ts";
import type { AttemptEnd } from "./attempt.ts";
import { onFailure } from "./failure.ts";
import { Kept } from "./kept.ts";
import type { Ledger } from "./ledger.ts";
import { nextSteps } from "./ordering.ts";
import type { Plan } from "./plan.ts";
import type { RunEvent } from "./result.ts";
import { retryDelayMs } from "./retry.ts";
import type { CancelReason, StepChange } from "./state.ts";
import { begin, cancelWaiting, lease, postpone, resume, type StepEnd, settle } from "./transitions.ts";
import type { View } from "./view.ts";

/** What an execution is made of; all of it is the run's own. */
export interface ExecutionParts {
  readonly workflow: Workflow;
  readonly plan: Plan;
  readonly ledger: Ledger;
  readonly view: View;
  readonly context: RunContext;
  /** Milliseconds since the start of the run. */
  readonly now: () => number;
  /** From 0 to 1, one draw a call. */
  readonly random: () => number;
  readonly onEvent: (event: RunEvent) => void;
}

/**
 * Drives the steps of one run to their ends, in memory: starts what the ordering strategy names, executes attempts, and puts the
 * transitions that follow into force in the order in which things happen. Used once.
 */
export class Execution {
  readonly #parts: ExecutionParts;
  /** Aborted when the run is over early: what is being executed stops, and nobody waits for a retry any more. */
  readonly #stop = new AbortController();
  readonly #done = Promise.withResolvers<void>();
  readonly #kept = new Kept();
  #ended: CancelReason | undefined;
  #mistake: { readonly error: unknown } | undefined;
  /** Attempts that are on, and delays before the next one. */
  #tasks = 0;

  constructor(parts: ExecutionParts) {
    this.#parts = parts;
  }

  /**
   * Resolves when every step has ended, with the reason where the run was ended early. It rejects for mistakes of ours only, and then too
   * only when nothing is being executed any more.
   */
  async toEnd(signal: AbortSignal | undefined): Promise<CancelReason | undefined> {
    const { workflow, context } = this.#parts;
    const over = new AbortController();
    const end = (): void => this.#attend(() => this.#end({ kind: "interrupted" }));
    // Not at once: an event's receiver may abort, and then transitions are only half in force.
    const interrupt = (): void => queueMicrotask(end);
    signal?.addEventListener("abort", interrupt, { once: true });
    const { timeoutMs: maxMs } = workflow;
    if (maxMs !== undefined) {
      void context.clock.wait(maxMs, over.signal).then(() => {
        if (!over.signal.aborted) this.#attend(() => this.#end({ kind: "run_timeout", maxMs }));
      });
    }
    if (signal?.aborted === true) end();
    this.#attend(() => this.#dispatch());
    if (this.#tasks > 0) await this.#done.promise;
    signal?.removeEventListener("abort", interrupt);
    over.abort();
    if (this.#mistake !== undefined) throw this.#mistake.error;
    return this.#ended;
  }

  #dispatch(): void {
    const { workflow, plan, ledger } = this.#parts;
    if (this.#ended !== undefined || this.#mistake !== undefined) return;
    const { strategy, maxConcurrency, batchSize } = workflow;
    for (const id of nextSteps(plan, { strategy, ...ledger.open, maxConcurrency, batchSize })) {
      this.#apply([lease(ledger.statuses, id)]);
      this.#tasks++;
      void this.#execute(id);
    }
  }

  /** One attempt, and the delay before the next where there is one. Never rejects. */
  async #execute(id: string): Promise<void> {
    try {
      const delayMs = await this.#attempt(id);
      this.#dispatch();
      if (delayMs !== undefined) {
        await this.#parts.context.clock.wait(delayMs, this.#stop.signal);
        if (this.#ended === undefined && this.#mistake === undefined) {
          this.#apply([resume(this.#parts.ledger.statuses, id)]);
          this.#dispatch();
        }
      }
    } catch (error) {
      this.#fail(error);
    }
    this.#tasks--;
    if (this.#tasks === 0) this.#done.resolve();
  }

  /** After how many milliseconds the step is to be tried again; undefined where it has ended. */
  async #attempt(id: string): Promise<number | undefined> {
    const { ledger, view, context, now, random, onEvent } = this.#parts;
    const step = this.#step(id);
    this.#apply([begin(ledger.statuses, id)]);
    const number = ledger.statuses.get(id)?.attempts ?? 0;
    const startedMs = now();
    ledger.begun(id, startedMs);
    onEvent({ kind: "attempt_started", step: id, number, atMs: startedMs });
    const reached = await runAttempt(step, {
      run: context,
      number,
      // Without the attempt's number: it stays the same over retries.
      idempotencyKey: `${context.runId}/${id}`,
      signal: this.#stop.signal,
      scope: view.scope(id),
      ...view.given(step),
    });
    if (reached.outcome === "not_wanted") {
      ledger.notWanted(id, reached);
      this.#settle(id, { state: "skipped" });
      return undefined;
    }
    const end = this.#kept.take(reached);
    const delayMs = this.#ended === undefined ? retryDelayMs(step.retry, end, number, random()) : undefined;
    const retry = delayMs === undefined ? {} : { retryInMs: delayMs };
    onEvent({ kind: "attempt_ended", step: id, attempt: ledger.attempted(id, end, { startedMs, endedMs: now(), ...retry }) });
    if (delayMs === undefined) this.#settle(id, this.#stepEnd(end));
    else this.#apply([postpone(ledger.statuses, id)]);
    return delayMs;
  }

  #stepEnd({ outcome, side }: AttemptEnd): StepEnd {
    if (outcome.kind === "completed") return { state: "succeeded", ...(side === undefined ? {} : { side }) };
    if (outcome.kind === "cancelled" && this.#ended !== undefined) return { state: "cancelled", why: this.#ended };
    return { state: "failed" };
  }

  #settle(id: string, end: StepEnd): void {
    const { workflow, plan, ledger } = this.#parts;
    this.#apply(settle(plan, ledger.statuses, workflow.failureStrategy, id, end));
    if (end.state === "failed" && onFailure(workflow.failureStrategy) === "end_run") this.#end({ kind: "step_failed", step: id });
  }

  /** Ends the run early, unless it was already: the first reason counts. */
  #end(reason: CancelReason): void {
    if (this.#ended !== undefined) return;
    this.#ended = reason;
    this.#apply(cancelWaiting(this.#parts.ledger.statuses, reason));
    this.#stop.abort();
  }

  #apply(changes: readonly StepChange[]): void {
    const { ledger, now, onEvent } = this.#parts;
    for (const step of ledger.apply(changes, now())) onEvent({ kind: "step_ended", step });
  }

  #step(id: string): Step {
    const planned = this.#parts.plan.steps.get(id);
    if (planned === undefined) throw new Error(`assertion: step "${id}" is not in the plan`);
    return planned.step;
  }

  /** Does something that was called for from outside of an attempt. */
  #attend(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    this.#mistake ??= { error };
    this.#stop.abort();
  }
}
