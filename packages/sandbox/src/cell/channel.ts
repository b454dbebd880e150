import type { Frame } from "./frame.ts";

/** The cell's end of the line to its parent. Both calls block. */
export interface Channel {
  /** The next frame, or undefined when the parent is gone. */
  receive(): Frame | undefined;
  send(frame: Uint8Array): void;
}
