import type { RunEvent, StepResult } from "@glovebox/engine";
import { duration, plural } from "./amount.ts";
import type { Paint } from "./paint.ts";
import { lineOf, type StepLine, shortly, stepLines } from "./step-line.ts";

/** A run that takes no longer than this shows nothing while it goes on: it would only flicker. */
const FIRST_MS = 120;
const EVERY_MS = 100;

/**
 * One line for each step, rewritten in place while a run goes on, and erased at its end. Only for a terminal. Owns a timer and the lines
 * that it wrote: dispose of it before anything else is written.
 */
export class Progress implements Disposable {
  readonly #stream: NodeJS.WriteStream;
  readonly #paint: Paint;
  readonly #interrupted: AbortSignal;
  readonly #lines = new Map<string, StepLine>();
  readonly #started = new Map<string, number>();
  readonly #startedAt = performance.now();
  #timer: NodeJS.Timeout;
  #written = 0;
  #steps = 0;
  #ended = 0;

  constructor(stream: NodeJS.WriteStream, paint: Paint, interrupted: AbortSignal) {
    this.#stream = stream;
    this.#paint = paint;
    this.#interrupted = interrupted;
    this.#timer = setTimeout(this.#tick, FIRST_MS);
  }

  /** For `RunOptions.onEvent`. */
  readonly receive = (event: RunEvent): void => {
    if (event.kind === "run_started") this.#steps = event.steps;
    else if (event.kind === "attempt_started") {
      if (!this.#started.has(event.step)) this.#started.set(event.step, performance.now());
      const note = event.number > 1 ? { note: `attempt ${event.number}` } : {};
      this.#lines.set(event.step, { id: event.step, state: "running", ...note });
    } else if (event.kind === "attempt_ended" && event.attempt.retryInMs !== undefined) {
      const note = `${shortly(event.attempt.outcome)}; again in ${duration(event.attempt.retryInMs)}`;
      this.#lines.set(event.step, { id: event.step, state: "waiting", note });
    } else if (event.kind === "step_ended") this.#end(event.step);
  };

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#write([]);
  }

  #end(step: StepResult): void {
    this.#ended++;
    this.#lines.set(step.id, lineOf(step));
  }

  readonly #tick = (): void => {
    this.#write(this.#rows());
    this.#timer = setTimeout(this.#tick, EVERY_MS);
  };

  #rows(): string[] {
    const now = performance.now();
    const all = [...this.#lines.values()].map((line) => {
      const startedAt = this.#started.get(line.id);
      return line.wallMs === undefined && startedAt !== undefined ? { ...line, wallMs: now - startedAt } : line;
    });
    // What is going on matters most, then what ended last.
    const room = Math.max(1, (this.#stream.rows || 24) - 3);
    const active = all.filter(({ state }) => state === "running" || state === "waiting").slice(0, room);
    const ended = all.filter((line) => !active.includes(line)).slice(-Math.max(1, room - active.length));
    const shown = all.length <= room ? all : [...ended.slice(0, room - active.length), ...active];
    const head = `${this.#ended} of ${plural(this.#steps, "step")}, ${duration(now - this.#startedAt)}`;
    const stopping = this.#interrupted.aborted ? "; stopping (Ctrl-C once more ends it at once)" : "";
    return [this.#paint("dim", head + stopping), ...stepLines(shown, this.#paint)];
  }

  /** Replaces what was written before. */
  #write(rows: readonly string[]): void {
    if (this.#written === 0 && rows.length === 0) return;
    const back = this.#written === 0 ? "" : `\u001b[${this.#written}A\u001b[J`;
    // Without wrapping, a line that is too long stays one line, and going back finds the first one.
    this.#stream.write(`${back}\u001b[?7l${rows.map((row) => `${row}\n`).join("")}\u001b[?7h`);
    this.#written = rows.length;
  }
}
