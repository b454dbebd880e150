import { createHash } from "node:crypto";
import { lstatSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { GloveboxError } from "../error.ts";

export type RuntimeName = "python" | "javascript" | "typescript" | "schema" | "syntax";

export interface RuntimeFile {
  /** Name in the store's folder. */
  readonly file: string;
  /** SHA-256, hex; compared at every load. */
  readonly sha256: string;
  readonly bytes: number;
}

export interface Runtime {
  readonly wasm: RuntimeFile;
  /** CPython's standard library. */
  readonly stdlib?: RuntimeFile;
  /** Address of the function that enters a guest, where the runtime is entered by one. */
  readonly enter?: number;
}

/** What stands in `runtimes.json`, beside the files that it names. */
export interface Manifest {
  /** Digest of everything that the runtimes were made from: the packages' files, our sources, the version of Node. */
  readonly inputs: string;
  readonly runtimes: Readonly<Record<RuntimeName, Runtime>>;
}

export const MANIFEST_FILE = "runtimes.json";

/** Where runtimes are kept: `GLOVEBOX_CACHE`, else `glovebox` in the user's cache folder. One folder a set of inputs. */
export function cacheFolder(): string {
  const { GLOVEBOX_CACHE, XDG_CACHE_HOME } = process.env;
  return GLOVEBOX_CACHE ?? join(XDG_CACHE_HOME ?? join(homedir(), ".cache"), "glovebox");
}

/**
 * Reads the manifest of a folder of built runtimes.
 *
 * @throws GloveboxError `RUNTIME_MISSING` if there is none; `RUNTIME_CORRUPT` if others may write the folder, or it can't be read
 */
export function readManifest(folder: string): Manifest {
  let text: string;
  try {
    const { mode, uid } = lstatSync(folder);
    const ours = process.getuid === undefined || (uid === process.getuid() && (mode & 0o022) === 0);
    if (!ours) throw new GloveboxError("RUNTIME_CORRUPT", `Cannot use runtimes in ${folder}: others than you may write there`);
    text = readFileSync(join(folder, MANIFEST_FILE), "utf8");
  } catch (cause) {
    if (cause instanceof GloveboxError) throw cause;
    throw new GloveboxError("RUNTIME_MISSING", `Cannot find frozen runtimes in ${folder}: run "npm run build:runtimes"`, { cause });
  }
  try {
    return JSON.parse(text) as Manifest;
  } catch (cause) {
    throw new GloveboxError("RUNTIME_CORRUPT", `Cannot use runtimes in ${folder}: ${MANIFEST_FILE} is no JSON`, { cause });
  }
}

export function digest(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
