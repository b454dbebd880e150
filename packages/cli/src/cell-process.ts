import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { innermost } from "@glovebox/sandbox";

/** A cell as the operating system shows it to its parent. */
export interface Cell {
  readonly processId: number;
  /** Fields of `/proc/<pid>/status`. */
  readonly status: ReadonlyMap<string, string>;
  readonly commandLine: readonly string[];
  /** Names of environment variables that it was started with. */
  readonly environment: readonly string[];
  /** The kernel tells the CPU time of the cell's thread. */
  readonly cpuTold: boolean;
  /** Kinds of namespaces that it does not share with us. */
  readonly ownNamespaces: readonly string[];
}

/**
 * A cell that a process has started, inside of whatever wraps it; undefined where there is none, or the system does not show processes as
 * Linux does.
 */
export function findCell(parent = process.pid): Cell | undefined {
  const outermost = entries("/proc").find(
    (name) =>
      /^\d+$/.test(name) &&
      statusOf(name)?.get("PPid") === String(parent) &&
      words(`/proc/${name}/cmdline`).some((word) => word.endsWith("process-cell.mjs")),
  );
  if (outermost === undefined) return undefined;
  const name = String(innermost(Number(outermost)) ?? outermost);
  const status = statusOf(name);
  if (status === undefined) return undefined; // it has ended
  return {
    processId: Number(name),
    status,
    commandLine: words(`/proc/${name}/cmdline`),
    environment: words(`/proc/${name}/environ`).map((variable) => variable.replace(/=.*/s, "")),
    cpuTold: read(`/proc/${name}/task/${name}/schedstat`) !== undefined,
    ownNamespaces: entries("/proc/self/ns").filter((kind) => namespace("self", kind) !== namespace(name, kind)),
  };
}

function words(file: string): string[] {
  return (read(file) ?? "").split("\0").filter((word) => word !== "");
}

function statusOf(processId: string): ReadonlyMap<string, string> | undefined {
  const text = read(`/proc/${processId}/status`);
  if (text === undefined) return undefined;
  return new Map(text.split("\n").map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1).trim()]));
}

function namespace(processId: string, kind: string): string | undefined {
  try {
    return readlinkSync(`/proc/${processId}/ns/${kind}`);
  } catch {
    return undefined; // the kernel doesn't have it, or doesn't show it
  }
}

function entries(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // no /proc on this system
  }
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined; // the process has ended, or the kernel doesn't tell
  }
}
