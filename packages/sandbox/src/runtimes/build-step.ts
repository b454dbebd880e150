import { readFileSync, writeFileSync, writeSync } from "node:fs";
import { bundleCells } from "./bundle.ts";
import { capturePython, packStdlib } from "./python/capture.ts";

// One step of building the runtimes, in a process of its own and in a folder of its own, in which it leaves files. A boot's state
// must depend on nothing but its inputs, so no two boots share a process.

async function build(step: string | undefined, given: readonly string[]): Promise<void> {
  switch (step) {
    case "stdlib": {
      const { zip, loader } = await packStdlib();
      writeFileSync("stdlib.zip", zip);
      writeFileSync("loader.json", JSON.stringify(loader));
      break;
    }
    case "python": {
      const { wasm, enter } = await capturePython(
        `${process.cwd()}/stdlib.zip`,
        JSON.parse(readFileSync("loader.json", "utf8")) as Record<string, string>,
      );
      writeFileSync("python.wasm", wasm);
      writeFileSync("python.json", JSON.stringify({ enter }));
      break;
    }
    case "javascript":
    case "typescript":
    case "schema":
    case "syntax": {
      const { captureJavaScript } = await import("./javascript/capture.ts");
      writeFileSync(`${step}.wasm`, await captureJavaScript(step));
      break;
    }
    case "meter": {
      const { meterFile } = await import("./meter-file.ts");
      meterFile(given);
      break;
    }
    case "cells":
      await bundleCells();
      break;
    default:
      throw new Error(`no such step: ${step}`);
  }
}

try {
  await build(process.argv[2], process.argv.slice(3));
} catch (error) {
  // Not thrown on: Node would show the line that threw, and the loader is one line of a megabyte.
  writeSync(2, error instanceof Error ? `${error.message}\n` : String(error));
  process.exit(1);
}
process.exit(0); // Pyodide's loader leaves handles open
