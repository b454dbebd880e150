import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { javascriptChamber } from "../guest/javascript.ts";
import { pythonChamber } from "../guest/python.ts";
import { schemaChamber } from "../guest/schema.ts";
import type { RuntimeName } from "../runtimes/store.ts";
import type { Chamber } from "./attempt.ts";
import type { RuntimeSetup } from "./message.ts";

/** Loads and compiles a frozen runtime. Its digest is compared at every load: a cell runs the bytes that were built, or nothing. */
export function openRuntime(name: RuntimeName, setup: RuntimeSetup): Chamber {
  const wasm = readChecked(setup.wasm, setup.sha256);
  const module = new WebAssembly.Module(wasm);
  switch (name) {
    case "python": {
      if (!setup.stdlib || setup.enter === undefined) throw new Error("the Python runtime lacks its library or its entry");
      return pythonChamber(wasm, module, readChecked(setup.stdlib.file, setup.stdlib.sha256), setup.enter);
    }
    case "javascript":
    case "typescript":
      return javascriptChamber(wasm, module, name);
    case "syntax":
      return javascriptChamber(wasm, module, "javascript");
    case "schema":
      return schemaChamber(wasm, module);
  }
}

function readChecked(file: string, sha256: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(readFileSync(file));
  if (createHash("sha256").update(bytes).digest("hex") !== sha256) throw new Error("a runtime's file does not have its digest");
  return bytes;
}
