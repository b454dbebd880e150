import type { ChildProcess } from "node:child_process";
import { readFileSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import { FrameReader } from "./frame.ts";
import { type CellDeath, type CellEvents, type CellHome, type HomeOptions, takePiece } from "./home.ts";
import { inheritedDescriptors } from "./inherited.ts";
import { innermost } from "./innermost.ts";
import { forgetNote } from "./isolation-note.ts";
import { launch, NOT_GIVEN } from "./launch.ts";
import { nodeFlags } from "./node-flags.ts";
import { ThreadCpu } from "./schedstat.ts";

const PAGE = 4096;
/** From the end of the outermost process to the end of all that hold the line, which it takes with it. */
const LINGER_MS = 2000;
/** A cell that is a process of its own, wrapped: what untrusted guests run in. */
export function openProcess(options: HomeOptions, events: CellEvents): CellHome {
  const { folder, isolation } = options;
  const child = launch(isolation, [
    process.execPath,
    ...nodeFlags(folder, options.heapMiB),
    join(folder, "process-cell.mjs"),
    ...inheritedDescriptors(NOT_GIVEN).map(String),
  ]);
  const { line } = child;
  const reader = new FrameReader(events.frameBytesMax);
  let started = false;
  /** The cell's own process, where it can be told: a wrapper must not be measured in its stead. */
  let inner: number | undefined;
  let cpu: ThreadCpu | undefined;
  let killed = false;
  let gone = false;
  const end = (death: CellDeath) => {
    if (gone) return;
    gone = true;
    if (!started && !killed) forgetNote(folder);
    cpu?.[Symbol.dispose]();
    cpu = undefined;
    line.destroy();
    events.onGone(death);
  };
  const start = () => {
    started = true;
    const outermost = child.pid as number;
    inner = innermost(outermost);
    if (isolation.level !== "none" && inner === outermost) inner = undefined;
    cpu = inner === undefined ? undefined : ThreadCpu.open(inner, inner);
  };
  line.on("data", (piece: Buffer) => {
    if (killed) return;
    if (!started) start();
    takePiece(piece, reader, events);
    if (line.writableLength > 0 && !killed) line.pause();
  });
  /** What a cell says is heard when it has read what it was told: what it leaves unread is kept here, and there is one frame of that at the most. */
  const listen = () => {
    if (line.isPaused() && (killed || line.writableLength === 0)) line.resume();
  };
  line.on("error", () => {}); // the line breaks when the cell ends, which `close` tells
  child.on("error", (error) => end({ outOfMemory: false, reason: error.message }));
  child.on("exit", () => {
    line.resume(); // else its end would not be heard of
    setTimeout(() => line.destroy(), LINGER_MS).unref();
  });
  child.on("close", (code, signal) => end(deathOf(code, signal)));
  return {
    send: (frame) => {
      if (!gone) line.write(frame, listen);
    },
    kill: () => {
      killed = true;
      listen();
      if (!gone) killGroup(child);
    },
    cpuMs: () => cpu?.read(),
    residentBytes: () => (gone || inner === undefined ? undefined : residentBytes(inner)),
  };
}

/**
 * A wrapper that is killed while it starts leaves what it has forked by then, which waits for it without end and holds what we wait for. It is in
 * the wrapper's group, which is its own (launch.ts).
 */
function killGroup(child: ChildProcess): void {
  const { pid, exitCode, signalCode } = child;
  try {
    // While its leader is there, and we have not been told of its end, the number is no other group's.
    if (pid !== undefined && exitCode === null && signalCode === null) process.kill(-pid, "SIGKILL");
  } catch {
    // There are no groups on Windows.
  }
  child.kill("SIGKILL");
}

/** Signals that V8 aborts with where it can get no memory, by platform and build. One that we send is SIGKILL. */
const ABORTS: readonly NodeJS.Signals[] = ["SIGABRT", "SIGTRAP", "SIGILL"];

/** @param code of a wrapper, which ends with 128 and its child's signal */
function deathOf(code: number | null, signal: NodeJS.Signals | null): CellDeath {
  const by = signal ?? Object.entries(constants.signals).find(([, number]) => code === 128 + number)?.[0];
  return { outOfMemory: ABORTS.some((abort) => abort === by), reason: by ? `signal ${by}` : `exit code ${code}` };
}

function residentBytes(processId: number): number | undefined {
  try {
    return Number(readFileSync(`/proc/${processId}/statm`, "latin1").split(" ")[1]) * PAGE;
  } catch {
    return undefined;
  }
}
