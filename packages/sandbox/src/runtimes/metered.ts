import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { digest, type RuntimeFile, type RuntimeName } from "./store.ts";

const run = promisify(execFile);
const BYTES_MAX = 64 * 2 ** 20;

/** What metered.ts of a folder's runtimes has been asked for in this process: nothing is made twice at a time. */
const asked = new Map<string, Promise<RuntimeFile>>();

/**
 * A built runtime with its fuel metered: made beside the plain one when it is first asked for, which takes a second or two, and kept. The
 * same plain runtime gives the same bytes. Several processes may make it at once.
 *
 * @param folder of the built runtimes; it must be writable the first time
 */
export function meteredRuntime(folder: string, name: RuntimeName, plain: RuntimeFile): Promise<RuntimeFile> {
  const key = join(folder, name);
  const known = asked.get(key);
  if (known) return known;
  const made = make(folder, name, plain);
  asked.set(key, made);
  made.catch(() => asked.delete(key));
  return made;
}

/** What is written beside a metered runtime. */
export interface MeteredDescription {
  /** SHA-256 of the plain runtime. */
  readonly plain: string;
  readonly sha256: string;
}

async function make(folder: string, name: RuntimeName, plain: RuntimeFile): Promise<RuntimeFile> {
  const found = read(folder, name, plain);
  if (found) return found;
  const script = fileURLToPath(new URL("build-step.ts", import.meta.url));
  // Tens of megabytes of code are walked and written: not in the thread that runs the sandbox.
  await run(process.execPath, ["--no-warnings", script, "meter", name, plain.file], { cwd: folder, env: {}, maxBuffer: 2 ** 20 });
  const made = read(folder, name, plain);
  if (!made) throw new Error(`the metered runtime "${name}" was not made`);
  return made;
}

function read(folder: string, name: RuntimeName, plain: RuntimeFile): RuntimeFile | undefined {
  const file = meteredFile(name);
  try {
    const description = JSON.parse(readFileSync(join(folder, descriptionFile(name)), "utf8")) as MeteredDescription;
    if (description.plain !== plain.sha256) return undefined;
    const bytes = new Uint8Array(readFileSync(join(folder, file)));
    if (bytes.length > BYTES_MAX || digest(bytes) !== description.sha256) return undefined; // cut off, or of another build: make it again
    return { file, sha256: description.sha256, bytes: bytes.length };
  } catch {
    return undefined; // not made yet
  }
}

export function meteredFile(name: string): string {
  return `${name}-metered.wasm`;
}

export function descriptionFile(name: string): string {
  return `${name}-metered.json`;
}
