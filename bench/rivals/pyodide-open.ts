import { loadPyodide } from "pyodide";
import { PYTHON_INPUT, PYTHON_STEP } from "./step.ts";

/** What is used of Pyodide; snapshots are not in its types. */
export interface Pyodide {
  readonly version: string;
  makeMemorySnapshot(): Uint8Array;
  runPython(code: string): unknown;
}

export async function open(options: { _makeSnapshot?: true; _loadSnapshot?: Uint8Array }): Promise<Pyodide> {
  return (await loadPyodide(options as object)) as unknown as Pyodide;
}

export function firstResult(pyodide: Pyodide): string {
  const input = JSON.stringify(JSON.stringify(PYTHON_INPUT)); // JSON's strings are Python's, for these
  return String(pyodide.runPython(`import json\n${PYTHON_STEP}\njson.dumps(step(json.loads(${input})))`));
}
