import assert from "node:assert/strict";
import type { Json } from "@glovebox/sandbox";
import type { GuestRunner } from "../steps/context.ts";
import { ToolError } from "../tools/error.ts";
import type { Tool } from "../tools/tool.ts";
import type { ConditionStep, LocalStep, Retry, Step, ToolStep, Workflow } from "../workflow/document.ts";
import type { Clock } from "./clock.ts";
import { mayBecome, type StepChange, type StepStatus } from "./state.ts";

/** Parts that tests of runs are made of. */

export const ONCE: Retry = { maxAttempts: 1, backoff: "none", baseMs: 0, capMs: 0, jitter: 0, on: [] };

type Given = Partial<Omit<ToolStep, "type">> & { readonly id: string };

const BASE = { place: { line: 1, column: 1, length: 1 }, dependsOn: [], needs: "all", retry: ONCE, limits: {} } as const;

export function toolStep(given: Given): ToolStep {
  return { ...BASE, type: "tool", tool: "work", with: {}, ...given };
}

export function conditionStep(given: Partial<Omit<ConditionStep, "type">> & { readonly id: string }): ConditionStep {
  return { ...BASE, type: "condition", expression: "true", ...given };
}

export function localStep(given: Partial<Omit<LocalStep, "type">> & { readonly id: string; readonly processor: string }): LocalStep {
  return { ...BASE, type: "local", options: {}, ...given };
}

export function workflowOf(steps: readonly Step[], given: Partial<Workflow> = {}): Workflow {
  return {
    name: "test",
    file: "test.yaml",
    strategy: "work_queue",
    failureStrategy: "fail_fast",
    maxConcurrency: 4,
    payload: "json",
    ...given,
    steps,
  };
}

/** For workflows in which no guest may run. */
export const NO_SANDBOX: GuestRunner = {
  run: () => Promise.reject(new Error("no guest was expected")),
};

/** A clock that jumps to the next wait as soon as nothing else is left to do. Only for runs without I/O. */
export class VirtualClock implements Clock {
  #now = 0;
  #pumping = false;
  readonly #waits = new Set<{ readonly atMs: number; readonly wake: () => void }>();

  now(): number {
    return this.#now;
  }

  wait(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal.aborted) return resolve();
      const wait = { atMs: this.#now + ms, wake: resolve };
      this.#waits.add(wait);
      signal.addEventListener("abort", () => this.#waits.delete(wait) && resolve(), { once: true });
      this.#pump();
    });
  }

  #pump(): void {
    if (this.#pumping || this.#waits.size === 0) return;
    this.#pumping = true;
    setImmediate(() => {
      this.#pumping = false;
      const [first, ...others] = this.#waits;
      if (first === undefined) return;
      const next = others.reduce((earliest, wait) => (wait.atMs < earliest.atMs ? wait : earliest), first);
      this.#waits.delete(next);
      this.#now = Math.max(this.#now, next.atMs);
      next.wake();
      this.#pump();
    });
  }
}

/**
 * A tool that takes `ms` of the clock's time and returns `{ of: <its input> }`. It fails with `fail: "always"`, and its first attempts
 * with `fail: <how many>`, these in a transient way. `began` and `ended` tell what happened, in order.
 */
export function workTool(clock: Clock): { readonly tool: Tool; readonly events: string[]; readonly keys: string[]; most: number } {
  let on = 0;
  const tries = new Map<string, number>();
  const record = { events: [] as string[], keys: [] as string[], most: 0 };
  const tool: Tool = {
    name: "work",
    description: "Works for a while.",
    arguments: [
      { name: "id", type: "string", required: false },
      { name: "input", type: "any", required: false },
      { name: "ms", type: "number", required: false },
      { name: "fail", type: "any", required: false },
    ],
    async invoke({ id = "", input = null, ms = 0, fail = 0 }, { signal, idempotencyKey }): Promise<Json> {
      record.events.push(`began ${String(id)}`);
      record.keys.push(idempotencyKey);
      record.most = Math.max(record.most, ++on);
      await clock.wait(Number(ms), signal);
      on--;
      record.events.push(`ended ${String(id)}`);
      signal.throwIfAborted();
      const attempt = (tries.get(idempotencyKey) ?? 0) + 1;
      tries.set(idempotencyKey, attempt);
      if (fail === "always") throw new ToolError("it always fails");
      if (attempt <= Number(fail)) throw new ToolError("it fails at first", { transient: true });
      return { of: input };
    },
  };
  return Object.assign(record, { tool });
}

/** Makes changes to states, each of which has to be one that may be made. */
export function apply(statuses: Map<string, StepStatus>, changes: readonly StepChange[]): void {
  for (const { id, from, to } of changes) {
    assert.equal(statuses.get(id), from);
    if (from.state !== to.state) assert.ok(mayBecome(from.state, to.state) || from.state === "pending", `${from.state} -> ${to.state}`);
    statuses.set(id, to);
  }
}
