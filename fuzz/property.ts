import { relative } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { countOf, repeatCommand } from "./round.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** CPU that one case may take. Cases are small and take milliseconds; what takes this long grows with something that it should not. */
const CASE_CPU_MS_MAX = 10_000;

type Arbitraries<Values extends unknown[]> = { [At in keyof Values]: fc.Arbitrary<Values[At]> };

/**
 * Registers a test: `holds` for whatever `given` makes. It fails where `holds` throws, returns false, or takes seconds of CPU for one case;
 * the failure shows the smallest counterexample that was found, and the command that finds it again.
 *
 * The seed is `GLOVEBOX_SEED`, else a fresh one, and the cases are as many as `GLOVEBOX_ROUNDS` says, else `rounds`. Cases depend on the
 * seed alone, so `holds` draws nothing at random itself.
 *
 * @param rounds cases in the ordinary suite: what takes a second at the most
 * @param atEnd called after all cases, to see that they were what they should be; not where fewer than `rounds` were asked for
 */
export function property<Values extends [unknown, ...unknown[]]>(
  title: string,
  rounds: number,
  given: Arbitraries<Values>,
  holds: (...values: Values) => unknown,
  atEnd?: () => void,
): void {
  test(title, async (context) => {
    const seed = fromEnvironment("GLOVEBOX_SEED") ?? Math.floor(Math.random() * 2 ** 31);
    const numRuns = fromEnvironment("GLOVEBOX_ROUNDS") ?? rounds;
    const checked = fc.asyncProperty(fc.tuple<Values>(...given), async (values: Values) => {
      const before = process.cpuUsage();
      const held = await holds(...values);
      const { user, system } = process.cpuUsage(before);
      if (user + system > CASE_CPU_MS_MAX * 1000) throw new Error(`took ${Math.round((user + system) / 1000)} ms of CPU`);
      return held !== false;
    });
    const details = await fc.check(checked, { seed, numRuns });
    context.diagnostic(countOf(seed, details.numRuns));
    if (details.failed) throw failureOf(details, fileOf(context));
    try {
      if (numRuns >= rounds) atEnd?.();
    } catch (cause) {
      throw new Error(`holds, but for cases that show little; again: ${repeatCommand(fileOf(context), seed, numRuns)}`, { cause });
    }
  });
}

function failureOf<Values extends readonly unknown[]>(details: fc.RunDetails<[Values]>, file: string): Error {
  const { seed, numRuns, numShrinks, counterexample, errorInstance } = details;
  const [values = []] = counterexample ?? [];
  const message = [
    `does not hold for case ${numRuns}, made smaller ${numShrinks} times:`,
    values.map((value) => fc.stringify(value)).join(",\n"),
    `again: ${repeatCommand(file, seed, numRuns)}`,
  ].join("\n");
  return new Error(message, { cause: errorInstance ?? new Error("returned false") });
}

function fileOf({ filePath }: TestContext): string {
  return relative(ROOT, filePath ?? "").replaceAll("\\", "/");
}

function fromEnvironment(name: string): number | undefined {
  const text = process.env[name];
  if (text === undefined || text === "") return undefined;
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new Error(`${name} is "${text}", not a whole number`);
  return value;
}
