import type { GuestReport, LogEntry, LogLevel, Request, Usage } from "@glovebox/sandbox";
import type { RunGuest } from "../expression/evaluate.ts";
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
  readonly #log: LogEntry[] = [];
  #usage: Usage | undefined;

  constructor(run: RunContext, signal: AbortSignal) {
    this.#run = run;
    this.#signal = signal;
  }

  /** Runs a guest for the attempt, in a chamber of its own. */
  readonly guest: RunGuest = async (request: Pick<Request, "guest" | "input" | "limits">): Promise<GuestReport> => {
    const report = await this.#run.sandbox.run({ ...request, isolationKey: this.#run.isolationKey, signal: this.#signal });
    this.#usage = totalUsage([this.#usage, report.usage]);
    this.#log.push(...report.log);
    return report;
  };

  readonly log = (level: LogLevel, message: string): void => {
    if (this.#log.length < TOOL_LOG_LINES) this.#log.push({ level, message: printable(message, TOOL_LOG_LINE) });
  };

  /** What there is by now. */
  reading(): { readonly usage?: Usage; readonly log: readonly LogEntry[] } {
    return { ...(this.#usage === undefined ? {} : { usage: this.#usage }), log: [...this.#log] };
  }
}
