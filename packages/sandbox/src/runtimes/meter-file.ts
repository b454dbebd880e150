import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { meterModule } from "../wasm/meter.ts";
import { descriptionFile, type MeteredDescription, meteredFile } from "./metered.ts";
import { digest } from "./store.ts";

/** Functions of ours behind CPython's own: the trampoline, whose one instruction for types guests may not have. */
const APPENDED: Readonly<Record<string, number>> = { python: 1 };

/** Meters a runtime's file in the working directory: its name and file are given. */
export function meterFile([name = "", plainFile = ""]: readonly string[]): void {
  const plain = new Uint8Array(readFileSync(plainFile));
  const metered = meterModule(plain, { without: APPENDED[name] ?? 0, bytesMax: plain.length });
  const description: MeteredDescription = { plain: digest(plain), sha256: digest(metered) };
  const work = mkdtempSync("metering-");
  try {
    writeFileSync(join(work, "wasm"), metered);
    writeFileSync(join(work, "json"), JSON.stringify(description));
    renameSync(join(work, "wasm"), meteredFile(name));
    renameSync(join(work, "json"), descriptionFile(name));
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
