import { createHash } from "node:crypto";
import { readFileSync, readlinkSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { IsolationLevel } from "./wrap.ts";

export const NOTE_FILE = "isolation.json";

/** What was found out about wrappers on this machine, kept in the runtimes' folder. That one does not work is never noted: it is tried anew. */
export interface IsolationNote {
  /** {@link situationOf}, when it was found out. */
  readonly situation: string;
  /** What a cell is made of (`Place.files`). */
  readonly files: readonly string[];
  readonly working: readonly { readonly level: IsolationLevel; readonly nobody: boolean }[];
}

/** A digest of everything that decides whether wrappers work: another boot, user, container, privilege or program asks for another trial. */
export function situationOf(programs: readonly string[], filter: Uint8Array | undefined): string {
  const status = readFileSync("/proc/self/status", "utf8").match(/^(Uid|Gid|Groups|Cap\w+|NoNewPrivs|Seccomp):.*$/gm) ?? [];
  const namespaces = ["user", "mnt", "pid"].map((kind) => readlinkSync(`/proc/self/ns/${kind}`));
  const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8");
  const changed = programs.map((path) => [path, statSync(path).mtimeMs]);
  const parts = [boot, status, namespaces, changed, filter ? Buffer.from(filter).toString("base64") : ""];
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex");
}

export function readNote(folder: string, situation: string): IsolationNote | undefined {
  try {
    const note = JSON.parse(readFileSync(join(folder, NOTE_FILE), "utf8")) as IsolationNote;
    return note.situation === situation ? note : undefined;
  } catch {
    return undefined; // none yet
  }
}

export function writeNote(folder: string, note: IsolationNote): void {
  const file = join(folder, NOTE_FILE);
  try {
    const whole = `${file}.${process.pid}`;
    writeFileSync(whole, JSON.stringify(note), { mode: 0o600 });
    renameSync(whole, file);
  } catch {
    // A store that can't be written: it is tried each time.
  }
}

/** Has everything tried anew: a cell did not start as it should have. */
export function forgetNote(folder: string): void {
  try {
    rmSync(join(folder, NOTE_FILE), { force: true });
  } catch {
    // A store that can't be written has no note.
  }
}
