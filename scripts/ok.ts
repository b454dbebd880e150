// The quick gate for every commit: types, lint, format, cycles, what is not used, and the tests that take milliseconds.
import { spawn } from "node:child_process";
import { join } from "node:path";
import { ROOT } from "./setup.js";

const CHECKS = [
  { name: "types", script: "node_modules/typescript/bin/tsc", args: ["--noEmit"] },
  { name: "lint, format, cycles", script: "node_modules/@biomejs/biome/bin/biome", args: ["check", "--error-on-warnings"] },
  { name: "unused", script: "node_modules/knip/bin/knip.js", args: ["--treat-config-hints-as-errors"] },
  { name: "quick tests", script: "scripts/test.ts", args: ["--quick"] },
] as const;

interface Result {
  readonly code: number | null;
  readonly output: string;
}

function check(script: string, args: readonly string[]): Promise<Result> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(ROOT, script), ...args], { cwd: ROOT, stdio: ["ignore", "pipe", "pipe"] });
    const chunks: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => chunks.push(chunk));
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, output: Buffer.concat(chunks).toString() }));
  });
}

for (const { name, script, args } of CHECKS) {
  const started = performance.now();
  const { code, output } = await check(script, args);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`${code === 0 ? "ok  " : "FAIL"} ${name} (${seconds} s)`);
  if (code !== 0) {
    console.log(output.trimEnd());
    process.exitCode = 1;
  }
}
