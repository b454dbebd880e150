import {
  type AuditEntry,
  type Beside,
  DEFAULT_HOST_LIMITS,
  DEFAULT_LIMITS,
  type GuestReport,
  type LogEntry,
  type LogLevel,
  type Request,
  type Usage,
} from "@glovebox/sandbox";
import type { GuestRequest, RunGuest } from "../expression/evaluate.ts";
import { appliedNumbers, numbersOf } from "../policy/applied.ts";
import type { Layer } from "../policy/policy.ts";
import type { GuestPlace } from "../record/notes.ts";
import { printable } from "../run/printable.ts";
import { totalUsage } from "../run/usage.ts";
import type { RunContext } from "./context.ts";

/** Lines and characters of a line that a tool's log keeps; a guest's is bounded by its limits. */
const TOOL_LOG_LINES = 1_000;
const TOOL_LOG_LINE = 4_096;

/** What the guests of one attempt cost and what they and its tool logged. */
export class Meter {
  readonly #run: RunContext;
  readonly #signal: AbortSignal;
  readonly #layers: readonly Layer[];
  readonly #place: GuestPlace;
  readonly #audit: AuditEntry[] = [];
  readonly #log: LogEntry[] = [];
  #usage: Usage | undefined;

  /**
   * @param layers what none of the guests may exceed
   * @param place whose guests they are, for the run's record
   */
  constructor(run: RunContext, signal: AbortSignal, layers: readonly Layer[], place: GuestPlace) {
    this.#run = run;
    this.#signal = signal;
    this.#layers = layers;
    this.#place = place;
  }

  /** Runs a guest for the attempt, in a chamber of its own. */
  readonly guest: RunGuest = async (request: GuestRequest): Promise<GuestReport> => {
    const { isolationKey, sandbox } = this.#run;
    const report = await this.#recorded(request, (whole) => sandbox.run({ ...whole, isolationKey, signal: this.#signal }));
    this.#audit.push(...report.audit);
    this.#usage = totalUsage([this.#usage, report.usage]);
    this.#log.push(...report.log);
    return report;
  };

  /** Runs guests that one of the attempt's guests waits for: their wall time is part of its. */
  beside({ run }: Beside): RunGuest {
    return async ({ acceptOutput: _, grants: __, secrets: ___, ...request }: GuestRequest): Promise<GuestReport> => {
      const report = await this.#recorded(request, run);
      this.#usage = totalUsage([this.#usage, { ...report.usage, wallMs: 0 }]);
      return report;
    };
  }

  /** Runs a guest, and notes for the run's record what it was and what it left behind. */
  async #recorded(
    { purpose, ...request }: GuestRequest,
    run: (request: GuestRequest & Pick<Request, "record">) => Promise<GuestReport>,
  ): Promise<GuestReport> {
    const { notes } = this.#run;
    const whole = { ...request, ...this.#limits(request) };
    if (notes === undefined) return await run(whole);
    const startedMs = notes.now();
    const report = await run({ ...whole, record: notes.request });
    await notes.guest(this.#place, purpose === undefined ? whole : { ...whole, purpose }, report, startedMs);
    return report;
  }

  readonly log = (level: LogLevel, message: string): void => {
    if (this.#log.length < TOOL_LOG_LINES) this.#log.push({ level, message: printable(message, TOOL_LOG_LINE) });
  };

  /** All numbers written out: defaults may lie above what the operator allows. */
  #limits({ limits = {}, hostLimits = {} }: GuestRequest): Pick<GuestRequest, "limits" | "hostLimits"> {
    return {
      limits: numbersOf(appliedNumbers("limits", this.#layers, DEFAULT_LIMITS, limits)),
      hostLimits: numbersOf(appliedNumbers("hostLimits", this.#layers, DEFAULT_HOST_LIMITS, hostLimits)),
    };
  }

  /** What there is by now. */
  reading(): { readonly usage?: Usage; readonly log: readonly LogEntry[]; readonly audit?: readonly AuditEntry[] } {
    return {
      ...(this.#usage === undefined ? {} : { usage: this.#usage }),
      log: [...this.#log],
      ...(this.#audit.length === 0 ? {} : { audit: [...this.#audit] }),
    };
  }
}
