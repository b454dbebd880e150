import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";

/** Where the commands of one test file keep what is an installation's own: never where the developer's own is. */
const DATA = mkdtempSync(join(tmpdir(), "glovebox-data-"));
process.on("exit", () => rmSync(DATA, { recursive: true, force: true }));

export const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
export const BIN = binOf(ROOT);
export const EXAMPLES = join(ROOT, "examples");

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  readonly cwd?: string;
  readonly input?: string;
  /** Typed on the terminal once the promise is fulfilled. */
  readonly typed?: { readonly keys: string; readonly after: Promise<void> };
  readonly env?: Readonly<Record<string, string>>;
  /** Called with the process's id once it has been started. */
  readonly onStart?: (processId: number) => void;
}

/** Runs the command as a user would, without a terminal. */
export function glovebox(args: readonly string[], options: CommandOptions = {}): Promise<Ended> {
  return command(process.execPath, [BIN, ...args], options);
}

/** The same, of another installation. */
export function gloveboxOf(root: string, args: readonly string[], options: CommandOptions = {}): Promise<Ended> {
  return command(process.execPath, [binOf(root), ...args], options);
}

function binOf(root: string): string {
  return join(root, "packages/cli/bin/glovebox.js");
}

/** util-linux's `script` gives a program a terminal; other systems have another program of that name. */
const TERMINAL = "script";

export const WITH_TERMINAL = { skip: spawnSync(TERMINAL, ["--version"]).status === 0 ? false : "no terminal can be made here" };

/** Runs the command on a terminal of its own; what it writes to either stream is in `stdout`, with a carriage return at each line's end. */
export function gloveboxOnTerminal(args: readonly string[], options: CommandOptions = {}): Promise<Ended> {
  const line = [process.execPath, BIN, ...args].map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(" ");
  return command(TERMINAL, ["-qefc", line, "/dev/null"], options);
}

function command(file: string, args: readonly string[], { cwd = ROOT, input, typed, env = {}, onStart }: CommandOptions): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const { NO_COLOR: _no, FORCE_COLOR: _force, CI: _ci, ...inherited } = process.env; // each has a say in colours
    const child = spawn(file, args, {
      cwd,
      env: { ...inherited, TERM: "xterm-256color", GLOVEBOX_DATA: DATA, ...env },
      stdio: ["pipe", "pipe", "pipe"],
    });
    const [stdout, stderr] = [child.stdout, child.stderr].map((stream) => {
      const chunks: Buffer[] = [];
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      return chunks;
    });
    child.once("error", reject);
    child.once("close", (code, signal) => {
      resolve({ code, signal, stdout: Buffer.concat(stdout ?? []).toString(), stderr: Buffer.concat(stderr ?? []).toString() });
    });
    child.stdin.on("error", () => {}); // it may end without reading
    if (typed === undefined) child.stdin.end(input ?? "");
    else void typed.after.then(() => child.stdin.write(typed.keys));
    child.once("exit", () => child.stdin.end());
    if (child.pid !== undefined) onStart?.(child.pid);
  });
}

/** A folder with these files in it, gone when the test is over. */
export function folderWith(t: TestContext, files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), "glovebox-"));
  t.after(() => rmSync(folder, { recursive: true }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}

/** The text with what differs from one run to the next replaced: times, memory, and the padding in front of them. */
export function steady(text: string): string {
  return text
    .replace(/ *\b[\d.,]+ (?:ms|s)\b/g, " TIME")
    .replace(/ +CPU TIME/g, "  CPU TIME")
    .replace(/~\d+ms/g, "~TIME")
    .replace(/ *\b[\d.]+ [KM]iB\b/g, " SIZE");
}

export const RESULT_SCHEMA = JSON.parse(readFileSync(join(ROOT, "docs/run-result.schema.json"), "utf8"));
