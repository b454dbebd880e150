import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { inputsDigest } from "./inputs.ts";
import { POINTER_FILE } from "./installed.ts";
import {
  cacheFolder,
  digest,
  MANIFEST_FILE,
  type Manifest,
  type Runtime,
  type RuntimeFile,
  type RuntimeName,
  readManifest,
} from "./store.ts";

const STEPS = ["stdlib", "python", "javascript", "typescript", "schema", "syntax", "cells"] as const;

export interface BuildProgress {
  readonly step: (typeof STEPS)[number];
  readonly position: number;
  readonly count: number;
}

/**
 * Builds the frozen runtimes from the installed packages, unless those of the same inputs are there, and returns their folder.
 * The result is byte for byte the same wherever and whenever it is built. Two builds at once do no harm: the first to finish wins.
 *
 * @throws GloveboxError `RUNTIME_CORRUPT` if a package's file isn't the one that was pinned
 */
export function buildRuntimes(options: { cache?: string; onProgress?: (progress: BuildProgress) => void } = {}): string {
  const inputs = inputsDigest();
  const cache = options.cache ?? cacheFolder();
  const folder = join(cache, inputs.slice(0, 16));
  if (existsSync(join(folder, MANIFEST_FILE)) && readManifest(folder).inputs === inputs) return install(folder);

  mkdirSync(cache, { recursive: true, mode: 0o700 });
  const work = mkdtempSync(join(cache, "building-"));
  try {
    STEPS.forEach((step, position) => {
      options.onProgress?.({ step, position, count: STEPS.length });
      runStep(step, work);
    });
    writeFileSync(join(work, MANIFEST_FILE), JSON.stringify(describe(inputs, work), null, 2));
    for (const name of ["python.json", "loader.json"]) rmSync(join(work, name));
    mkdirSync(join(work, "empty")); // the working directory of cells
    // Whatever our umask: a cell may be another user's.
    for (const name of readdirSync(work)) chmodSync(join(work, name), name === "empty" ? 0o755 : 0o644);
    chmodSync(work, 0o755);
    try {
      renameSync(work, folder);
    } catch (error) {
      // Another build was quicker: what it made is the same. A folder without a manifest is a build that was cut off.
      if (!existsSync(join(folder, MANIFEST_FILE))) throw error;
    }
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  return install(folder);
}

/** Has this installation use the folder from now on. */
function install(folder: string): string {
  mkdirSync(dirname(POINTER_FILE), { recursive: true });
  writeFileSync(POINTER_FILE, JSON.stringify({ folder }));
  return folder;
}

function runStep(step: string, work: string): void {
  const script = fileURLToPath(new URL("build-step.ts", import.meta.url));
  // No environment: TZ, HOME and LANG of this machine must not reach the snapshot.
  const { status, stderr, error } = spawnSync(process.execPath, ["--no-warnings", script, step], {
    cwd: work,
    env: { TZ: "UTC" },
    stdio: ["ignore", "ignore", "pipe"],
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`Cannot build runtimes: step "${step}" ended with ${status ?? error?.message}\n${stderr}`);
}

function describe(inputs: string, work: string): Manifest {
  const file = (name: string): RuntimeFile => {
    const bytes = new Uint8Array(readFileSync(join(work, name)));
    return { file: name, sha256: digest(bytes), bytes: bytes.length };
  };
  const { enter } = JSON.parse(readFileSync(join(work, "python.json"), "utf8")) as { enter: number };
  const runtimes: Record<RuntimeName, Runtime> = {
    python: { wasm: file("python.wasm"), stdlib: file("stdlib.zip"), enter },
    javascript: { wasm: file("javascript.wasm") },
    typescript: { wasm: file("typescript.wasm") },
    schema: { wasm: file("schema.wasm") },
    syntax: { wasm: file("syntax.wasm") },
  };
  return { inputs, runtimes };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const started = performance.now();
  let built = false;
  const folder = buildRuntimes({
    onProgress: ({ step, position, count }) => {
      built = true;
      process.stderr.write(`building runtimes ${position + 1}/${count}: ${step}\n`);
    },
  });
  process.stderr.write(
    built
      ? `runtimes built in ${((performance.now() - started) / 1000).toFixed(1)} s: ${folder}\n`
      : `runtimes are up to date: ${folder}\n`,
  );
}
