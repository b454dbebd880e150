import { LOG_LINES_MAX } from "../grants.ts";
import { RateWindow } from "../host/rate.ts";
import type { Redactor } from "../host/redact.ts";
import type { LogEntry, LogLevel } from "../outcome.ts";
import { neutralise } from "../text.ts";
import type { Stop } from "./stop.ts";

const LINE_CHARACTERS_MAX = 8192;

export interface GuestLogOptions {
  readonly bytesMax: number;
  readonly linesPerSecond: number;
  readonly stop: Stop;
  /** Takes the attempt's secrets out of every line. */
  readonly redactor: Redactor | undefined;
}

/**
 * Keeps what a guest prints, and stops a guest that prints more bytes than it may, more than {@link LOG_LINES_MAX} lines, or more lines in a
 * second than it may; what came until then is kept.
 * Control sequences are made visible: a log is read in terminals and browsers.
 */
export class GuestLog {
  bytes = 0;
  readonly #bytesMax: number;
  readonly #stop: Stop;
  readonly #entries: LogEntry[] = [];
  readonly #open = new Map<LogLevel, { decoder: TextDecoder; text: string }>();

  readonly #redactor: Redactor | undefined;
  /** Undefined: the bound on all lines is reached before. */
  readonly #rate: RateWindow | undefined;
  readonly #linesPerSecond: number;
  #tooFast = false;

  constructor({ bytesMax, linesPerSecond, stop, redactor }: GuestLogOptions) {
    this.#bytesMax = bytesMax;
    this.#linesPerSecond = linesPerSecond;
    this.#rate = linesPerSecond < LOG_LINES_MAX ? new RateWindow(linesPerSecond) : undefined;
    this.#stop = stop;
    this.#redactor = redactor;
  }

  /** Returns false when the guest has been stopped: it is not answered. */
  append(level: LogLevel, bytes: Uint8Array): boolean {
    const kept = bytes.subarray(0, this.#bytesMax - this.bytes);
    this.bytes += bytes.length;
    const open = this.#open.get(level) ?? { decoder: new TextDecoder(), text: "" };
    this.#open.set(level, open);
    const lines = (open.text + open.decoder.decode(kept, { stream: true })).split("\n");
    open.text = lines.pop() as string;
    for (const line of lines) this.#add(level, line);
    if (open.text.length > LINE_CHARACTERS_MAX) {
      // A secret may have arrived by half: what could be its beginning waits for the rest.
      const clean = this.#redactor?.text(open.text) ?? open.text;
      const kept = Math.min(this.#redactor?.reach ?? 0, LINE_CHARACTERS_MAX / 2);
      this.#add(level, clean.slice(0, clean.length - kept));
      open.text = kept === 0 ? "" : clean.slice(-kept);
    }
    if (this.bytes > this.#bytesMax) {
      this.#stop({ kind: "exhausted", limit: "log", used: this.bytes, max: this.#bytesMax });
      return false;
    }
    if (this.#tooFast) {
      this.#stop({ kind: "exhausted", limit: "lines", used: this.#linesPerSecond + 1, max: this.#linesPerSecond });
      return false;
    }
    if (this.#entries.length >= LOG_LINES_MAX) {
      this.#stop({ kind: "exhausted", limit: "lines", used: this.#entries.length, max: LOG_LINES_MAX });
      return false;
    }
    return true;
  }

  #add(level: LogLevel, line: string): void {
    if (this.#entries.length >= LOG_LINES_MAX || this.#tooFast) return;
    if (this.#rate && !this.#rate.take(performance.now())) {
      this.#tooFast = true;
      return;
    }
    const clean = this.#redactor?.text(line) ?? line;
    this.#entries.push({ level, message: neutralise(clean.slice(0, LINE_CHARACTERS_MAX)) });
  }

  /** All entries, with what no newline has ended yet. */
  finish(): readonly LogEntry[] {
    for (const [level, { text }] of this.#open) if (text !== "") this.#add(level, this.#redactor?.cutText(text) ?? text);
    this.#open.clear();
    return this.#entries;
  }
}
