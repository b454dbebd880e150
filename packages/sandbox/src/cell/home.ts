import type { Frame, FrameReader } from "./frame.ts";
import type { Isolation } from "./isolation.ts";
import type { CellSetup } from "./message.ts";

/** Where cells live, as the parent sees one of them. */
export interface CellHome {
  send(frame: Uint8Array): void;
  /** Ends the cell, whatever it is doing. May be called again. */
  kill(): void;
  /** CPU milliseconds of the thread that executes guests, since it started; undefined where the system doesn't tell. */
  cpuMs(): number | undefined;
  /** Bytes of memory that the cell holds altogether; undefined where it can't be told apart from the parent's. */
  residentBytes(): number | undefined;
}

export interface CellEvents {
  onFrame(frame: Frame): void;
  /** The line carried something that no frame is. The cell is still there. */
  onBroken(): void;
  /** Called once, when the process or thread has ended. */
  onGone(death: CellDeath): void;
  /** Bytes that the next frame may have. */
  frameBytesMax(): number;
}

export interface CellDeath {
  /** V8 gave up for want of memory. */
  readonly outOfMemory: boolean;
  /** For operators, such as `signal SIGKILL` or `exit code 1`. */
  readonly reason: string;
}

export interface HomeOptions {
  /** Folder of the built runtimes: the only one that a cell can read. */
  readonly folder: string;
  readonly setup: CellSetup;
  /** MiB of V8's own heap in a cell. */
  readonly heapMiB: number;
  /** What a process is wrapped in; a thread can't be. */
  readonly isolation: Isolation;
}

export type OpenHome = (options: HomeOptions, events: CellEvents) => CellHome;

/**
 * Takes what has come from a cell. It speaks in turn: what it says is answered before it says more, so nothing comes behind a frame. Where no
 * frame may come, none may begin: what an idle cell leaves would be the next guest's first frame.
 */
export function takePiece(piece: Uint8Array, reader: FrameReader, events: CellEvents): void {
  const frames = reader.push(piece);
  const [frame, more] = frames ?? [];
  if (frame) events.onFrame(frame);
  if (!frames || more || (reader.hasBegun && (frame || events.frameBytesMax() === 0))) events.onBroken();
}
