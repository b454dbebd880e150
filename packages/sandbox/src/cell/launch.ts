import { type ChildProcess, spawn } from "node:child_process";
import type { Socket } from "node:net";
import { join } from "node:path";
import type { Isolation } from "./isolation.ts";
import { wrap } from "./wrap.ts";

/** The descriptor that a launched command has its line to us on. */
const LINE = 3;
const FILTER = 4;
/** Descriptors from here on were not given to what is launched. */
export const NOT_GIVEN = 5;

/**
 * Starts a command wrapped as its isolation says, without an environment, with nothing open but a line to us. It keeps no process alive.
 *
 * @returns the outermost process: whoever kills it kills the command
 */
export function launch({ level, place, filter }: Isolation, command: readonly string[]): ChildProcess & { readonly line: Socket } {
  const [file, ...given] = wrap(level, place, command, filter && { descriptor: FILTER }) as [string, ...string[]];
  const child = spawn(file, given, {
    cwd: join(place.folder, "empty"),
    env: {},
    detached: true, // a terminal's Ctrl-C is for us, who end what we launched ourselves
    stdio: ["ignore", "ignore", "ignore", "pipe", ...(filter ? ["pipe" as const] : [])],
  });
  child.unref();
  const line = child.stdio[LINE] as Socket;
  line.unref();
  if (filter) giveFilter(child.stdio[FILTER] as Socket, filter);
  return Object.assign(child, { line });
}

function giveFilter(pipe: Socket, filter: Uint8Array): void {
  pipe.on("error", () => {}); // the wrapper has ended before it read this, which `close` tells
  pipe.unref();
  pipe.end(filter);
}
