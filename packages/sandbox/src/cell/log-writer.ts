import type { LogLevel } from "../outcome.ts";
import type { Line } from "./line.ts";

export const LOG_LEVELS: readonly LogLevel[] = ["debug", "info", "warning", "error"];

/** So many writes are sent as they come: what was printed before an endless loop is seen. */
const SENT_AT_ONCE = 64;
/** After these, writes are gathered until there are so many bytes or so much time has passed. */
const GATHERED_BYTES = 8192;
const GATHERED_MS = 5;
/** The longest piece of one call, far below what the parent takes in one frame. */
const PIECE_BYTES = 65_536;

/**
 * Sends what a guest prints to the parent, as calls of `log`. A guest that printed more than it may is never answered, and so never goes on.
 */
export class LogWriter {
  readonly #line: Line;
  #sent = 0;
  #sentAt = 0;
  #level: LogLevel = "info";
  #gathered: Uint8Array[] = [];
  #bytes = 0;

  constructor(line: Line) {
    this.#line = line;
  }

  /** Copies `text` before it returns, in pieces that are sent one after the other: a guest may pass all of its memory. */
  write(level: LogLevel, text: Uint8Array): void {
    if (level !== this.#level) this.flush();
    this.#level = level;
    for (let at = 0; at < text.length; at += PIECE_BYTES) {
      const piece = text.slice(at, at + PIECE_BYTES);
      this.#gathered.push(piece);
      this.#bytes += piece.length;
      if (this.#sent < SENT_AT_ONCE || this.#bytes >= GATHERED_BYTES || performance.now() - this.#sentAt >= GATHERED_MS) this.flush();
    }
  }

  flush(): void {
    if (this.#bytes === 0) return;
    this.#line.post("log", [Uint8Array.of(LOG_LEVELS.indexOf(this.#level)), ...this.#gathered]);
    this.#gathered = [];
    this.#bytes = 0;
    this.#sent++;
    this.#sentAt = performance.now();
  }

  /** Sends what is left and waits until the parent has it: whatever comes next on the line belongs to the next attempt. */
  close(): void {
    this.flush();
    this.#line.settle();
  }
}
