// One step in one Pyodide in one process.
import { firstResult, open } from "./pyodide-open.ts";

console.log(firstResult(await open({})));
process.exit(0); // its loader leaves handles open
