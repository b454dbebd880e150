import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { GloveboxError } from "../error.ts";
import { type Manifest, readManifest } from "./store.ts";

/** Names the folder of the runtimes that were built last for this installation; written by build.ts. */
export const POINTER_FILE = fileURLToPath(new URL("../../.cache/runtimes.json", import.meta.url));

/**
 * The runtimes of a folder, or those that were built for this installation.
 *
 * @throws GloveboxError `RUNTIME_MISSING`, `RUNTIME_CORRUPT`
 */
export function findRuntimes(folder = installedFolder()): { folder: string; manifest: Manifest } {
  return { folder, manifest: readManifest(folder) };
}

function installedFolder(): string {
  try {
    return (JSON.parse(readFileSync(POINTER_FILE, "utf8")) as { folder: string }).folder;
  } catch (cause) {
    throw new GloveboxError("RUNTIME_MISSING", 'Cannot find frozen runtimes: none were built here; run "npm run build:runtimes"', {
      cause,
    });
  }
}
