// Runs the core tests of the WebAssembly specification, as wast2json writes them, with plain and with metered modules:
// `node scripts/run-spec-tests.ts FOLDER`. Metered modules must do what plain ones do, spend the same fuel every time, and
// as much as the instructions cost that were executed.
import { globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { isMainThread, Worker, workerData } from "node:worker_threads";
import { type Command, fulfils, type Script } from "./spec-tests/script.ts";
import { type Result, World, type WorldKind } from "./spec-tests/world.ts";

export interface Tally {
  readonly file: string;
  /** Commands that gave the same metered as plain, and what the script expects. */
  passed: number;
  /** Modules that the meter does not take, and commands that depend on these, by reason. */
  readonly refused: Map<string, number>;
  readonly skipped: Map<string, number>;
  /** Commands where plain modules don't do what the script expects either: the compiler is of another version than the test. */
  readonly compiler: string[];
  readonly failed: string[];
}

/** Runs one script. */
export function runScript(file: string): Tally {
  const { commands } = JSON.parse(readFileSync(file, "utf8")) as Script;
  const tally: Tally = { file, passed: 0, refused: new Map(), skipped: new Map(), compiler: [], failed: [] };
  const folder = dirname(file);
  const worlds = ["plain", "metered", "metered", "counted"].map((kind) => new World(folder, kind as WorldKind));
  const [plain, metered, again, counted] = worlds as [World, World, World, World];
  const count = (into: Map<string, number>, reason: string) => into.set(reason, (into.get(reason) ?? 0) + 1);
  for (const [index, command] of commands.entries()) {
    const [expected, given] = [plain.run(command), metered.run(command)];
    again.run(command);
    counted.run(command);
    const fuel = metered.fuel[index] as number;
    const executed = counted.fuel[index] as number;
    const where = `line ${command.line}: ${command.type}${command.action ? ` ${command.action.field}` : ""}`;
    if (expected.kind === "broken" || given.kind === "broken")
      tally.failed.push(`${where}: plain ${text(expected)}, metered ${text(given)}`);
    else if (expected.kind === "refused" && given.kind === "refused") count(tally.refused, given.reason);
    else if (expected.kind === "skipped") count(tally.skipped, expected.reason);
    else if (!same(expected, given)) tally.failed.push(`${where}: plain ${text(expected)}, metered ${text(given)}`);
    else if (fuel !== again.fuel[index] && !(given.kind === "exhausted" && !given.counted))
      tally.failed.push(`${where}: spent ${fuel}, and ${again.fuel[index]} when it was run again`);
    else if ((given.kind === "values" || given.kind === "done") && (counted.mayCostMore ? fuel < executed : fuel !== executed))
      tally.failed.push(`${where}: spent ${fuel} for instructions that cost ${executed}`);
    else if (!isExpected(command, expected)) tally.compiler.push(`${where}: ${text(expected)}`);
    else tally.passed++;
  }
  if (plain.printed.join("\n") !== metered.printed.join("\n")) tally.failed.push("what was printed differs");
  if (plain.memories().join() !== metered.memories().join()) tally.failed.push("memories differ at the end");
  return tally;
}

function same(a: Result, b: Result): boolean {
  return text(a) === text(b);
}

function text(result: Result): string {
  switch (result.kind) {
    case "values":
      return `(${result.values.join(", ")})`;
    case "done":
    case "exhausted":
      return result.kind;
    case "refused":
    case "skipped":
      return `${result.kind}: ${result.reason}`;
    case "link":
    case "compile":
      return result.kind; // messages name offsets
    default:
      return `${result.kind}: ${result.message}`;
  }
}

function isExpected(command: Command, result: Result): boolean {
  switch (command.type) {
    case "assert_return": {
      if (result.kind !== "values") return false;
      if (command.action?.type === "get") return true; // as a number: compared with the plain one's only
      const expected = command.expected ?? [];
      return expected.length === result.values.length && expected.every((value, i) => fulfils(result.values[i] as string, value));
    }
    case "assert_trap":
    case "assert_uninstantiable":
      return result.kind === "trap";
    case "assert_exhaustion":
      return result.kind === "exhausted";
    case "assert_exception":
      return result.kind === "exception";
    case "assert_invalid":
    case "assert_malformed":
      return result.kind === "compile";
    case "assert_unlinkable":
      return result.kind === "link";
    default:
      return result.kind === "done" || result.kind === "values";
  }
}

function main(folder: string | undefined): void {
  if (folder === undefined) {
    console.error("usage: run-spec-tests.ts FOLDER");
    process.exitCode = 2;
    return;
  }
  const total = { passed: 0, refused: new Map<string, number>(), skipped: new Map<string, number>(), compiler: 0, failed: 0 };
  const files = globSync("**/*.json", { cwd: folder }).sort();
  for (const name of files) {
    let tally: Tally;
    try {
      tally = runScript(join(folder, name));
    } catch (error) {
      console.log(`${name}: FAILED: not a script: ${error instanceof Error ? error.message : String(error)}`);
      total.failed++;
      continue;
    }
    const { passed, refused, skipped, compiler, failed } = tally;
    const sum = (map: ReadonlyMap<string, number>) => [...map.values()].reduce((a, b) => a + b, 0);
    const notes = [
      `${passed} passed`,
      ...(refused.size > 0 ? [`${sum(refused)} refused`] : []),
      ...(skipped.size > 0 ? [`${sum(skipped)} skipped`] : []),
      ...(compiler.length > 0 ? [`${compiler.length} not as expected, plain either`] : []),
      ...(failed.length > 0 ? [`${failed.length} FAILED`] : []),
    ];
    console.log(`${name}: ${notes.join(", ")}`);
    for (const line of failed) console.log(`  FAILED ${line}`);
    for (const line of compiler.slice(0, 3)) console.log(`  plain: ${line}`);
    total.passed += passed;
    total.compiler += compiler.length;
    total.failed += failed.length;
    for (const [into, from] of [
      [total.refused, refused],
      [total.skipped, skipped],
    ] as const) {
      for (const [reason, times] of from) into.set(reason, (into.get(reason) ?? 0) + times);
    }
  }
  console.log(
    `\n${files.length} scripts: ${total.passed} passed, ${total.failed} failed, ${total.compiler} not as expected without a meter either`,
  );
  const list = (title: string, reasons: ReadonlyMap<string, number>) => {
    if (reasons.size > 0) console.log(`${title}:`);
    for (const [reason, times] of [...reasons].sort((a, b) => b[1] - a[1])) console.log(`  ${times}  ${reason}`);
  };
  list("commands refused, by the reason", total.refused);
  list("commands skipped", total.skipped);
  if (total.failed > 0 || files.length === 0) process.exitCode = 1;
}

/** More than a metered guest's stack, so that the meter ends a recursion and not V8. */
const STACK_MIB = 30;

if (isMainThread && process.argv[1] === fileURLToPath(import.meta.url)) {
  const worker = new Worker(new URL(import.meta.url), { workerData: process.argv[2], resourceLimits: { stackSizeMb: STACK_MIB } });
  worker.once("exit", (code) => {
    process.exitCode = code;
  });
} else if (!isMainThread && process.argv[1] === fileURLToPath(import.meta.url)) main(workerData as string | undefined);
