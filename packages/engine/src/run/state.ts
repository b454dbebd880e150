/**
 * How a step stands in a run.
 *
 * **pending**: not all of its dependencies have ended; `open` counts those that have not. Leaves to *ready* or *skipped* when the last one
 * ends, to *cancelled* when the run is over before.
 *
 * **ready**: may be executed as soon as the ordering strategy and the concurrency allow. Leaves to *leased*, or *cancelled*.
 *
 * **leased**: someone who executes attempts owns the next one. Leaves to *running*, back to *ready* when the lease is lost, or
 * *cancelled*.
 *
 * **running**: an attempt is on. Leaves to *succeeded*, *failed*, *skipped* (its `when` was false), *waiting* (the attempt failed and may be
 * tried again), back to *ready* when the lease is lost, or *cancelled*.
 *
 * **waiting**: for something that is not a step: the delay before a retry. Leaves to *ready* when it is over, or *cancelled*.
 *
 * **succeeded, failed, skipped, cancelled**: ended. Nothing leaves them.
 */
export type StepState = (typeof STEP_STATES)[number];

const STEP_STATES = ["pending", "ready", "leased", "running", "waiting", "succeeded", "failed", "skipped", "cancelled"] as const;

const NEXT: Readonly<Record<StepState, readonly StepState[]>> = {
  pending: ["ready", "skipped", "cancelled"],
  ready: ["leased", "cancelled"],
  leased: ["running", "ready", "cancelled"],
  running: ["succeeded", "failed", "skipped", "waiting", "ready", "cancelled"],
  waiting: ["ready", "cancelled"],
  succeeded: [],
  failed: [],
  skipped: [],
  cancelled: [],
};

export interface StepStatus {
  readonly state: StepState;
  /** Attempts that were started. */
  readonly attempts: number;
  /** Dependencies that have not ended. */
  readonly open: number;
  /** Of a condition that succeeded: the side that was taken. */
  readonly side?: Side;
  /** Why it was skipped or cancelled. */
  readonly why?: SkipReason | CancelReason;
}

export type Side = "then" | "else";

export type SkipReason =
  | { readonly kind: "when_false" }
  | { readonly kind: "branch_not_taken"; readonly condition: string }
  | { readonly kind: "dependency_failed"; readonly step: string }
  | { readonly kind: "dependency_skipped"; readonly step: string };

/** Why a run was ended before all of its steps had. */
export type CancelReason =
  | { readonly kind: "step_failed"; readonly step: string }
  | { readonly kind: "run_timeout"; readonly maxMs: number }
  | { readonly kind: "interrupted" };

/** How all steps of a run stand, by id. */
export type Statuses = ReadonlyMap<string, StepStatus>;

/** Enough of them to look one up. */
export type StatusView = Pick<Statuses, "get">;

/** One step's way from one state to the next. Whoever applies it must find `from` still in place. */
export interface StepChange {
  readonly id: string;
  readonly from: StepStatus;
  readonly to: StepStatus;
}

/**
 * How a run stands; it follows from its steps. **pending**: nothing has been started. **running**: not all steps have ended.
 * **succeeded**: all ended, and none failed or was cancelled. **failed**: a step failed, or the time for the run was up. **cancelled**:
 * somebody interrupted it.
 */
export type RunState = "pending" | "running" | "succeeded" | "failed" | "cancelled";

export function isEnded(state: StepState): boolean {
  return NEXT[state].length === 0;
}

/** Whether the state machine has a way from one state to the other. */
export function mayBecome(from: StepState, to: StepState): boolean {
  return NEXT[from].includes(to);
}

/** The state of a run whose steps stand so. `ended` is why it was ended early, where it was. */
export function runState(statuses: Statuses, ended: CancelReason | undefined): RunState {
  let begun = false;
  let open = false;
  let failed = false;
  for (const { state } of statuses.values()) {
    if (!isEnded(state)) open = true;
    if (state === "failed") failed = true;
    if (state !== "pending" && state !== "ready") begun = true;
  }
  if (open) return begun ? "running" : "pending";
  if (ended !== undefined) return ended.kind === "interrupted" ? "cancelled" : "failed";
  return failed ? "failed" : "succeeded";
}
