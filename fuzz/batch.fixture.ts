import { ROOT } from "../scripts/setup.js";
import { runBatch } from "./batch.ts";

// For tests, where Node runs no other tests by itself: FILE ROUNDS runs a batch and prints what came of it.

const [file = "", rounds = ""] = process.argv.slice(2);
console.log(JSON.stringify(await runBatch(ROOT, file, 1, Number(rounds), 60_000)));
