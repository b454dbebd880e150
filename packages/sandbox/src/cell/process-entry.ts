import { closeSync, readSync, writeSync } from "node:fs";
import { runCell } from "./cell.ts";
import type { Channel } from "./channel.ts";
import { type Frame, FrameReader } from "./frame.ts";

// The whole program of a process cell. Its arguments are descriptors that it has to close. The line to the parent is descriptor 3, read and written blocking: the event loop never turns.

const LINE = 3;
const PIECE_BYTES = 65_536;

class Pipe implements Channel {
  readonly #reader = new FrameReader(() => Number.MAX_SAFE_INTEGER); // the parent is trusted
  readonly #piece = new Uint8Array(PIECE_BYTES);
  readonly #waiting: Frame[] = [];

  receive(): Frame | undefined {
    while (this.#waiting.length === 0) {
      const length = readSync(LINE, this.#piece);
      if (length === 0) return undefined;
      this.#waiting.push(...(this.#reader.push(this.#piece.slice(0, length)) ?? []));
    }
    return this.#waiting.shift();
  }

  send(frame: Uint8Array): void {
    for (let at = 0; at < frame.length; ) at += writeSync(LINE, frame, at);
  }
}

/** What was open in the parent, and stayed open by mistake: arguments, as numbers. Nothing of a guest's has run so far. */
function closeInherited(): void {
  for (const descriptor of process.argv.slice(2)) {
    try {
      closeSync(Number(descriptor));
    } catch {
      // The wrapper has closed it.
    }
  }
}

closeInherited();
runCell(new Pipe());
