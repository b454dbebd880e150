import { GloveboxError, type Guest, ISOLATION_LEVELS, type IsolationLevel, Sandbox } from "@glovebox/sandbox";
import { pinnedNode } from "../bin/pinned.js";
import { type Cell, findCell } from "./cell-process.ts";
import { complaintOf } from "./complaint.ts";
import { EXIT } from "./exit.ts";
import { type Finding, isolationFindings, levelFinding } from "./isolation.ts";
import { duration } from "./report/amount.ts";
import { type Paint, paintFor, type Style } from "./report/paint.ts";
import { shownLine } from "./report/shown.ts";

/** One guest for each frozen runtime, and what it must come to, as JSON. */
const TRIALS: readonly { readonly what: string; readonly guest: Guest; readonly input?: string; readonly output: string }[] = [
  { what: "Python", guest: { kind: "python", code: "import sys\nreturn '.'.join(map(str, sys.version_info[:2]))" }, output: '"3.14"' },
  { what: "JavaScript", guest: { kind: "javascript", code: "return [1, 2].map((n) => n * 21)" }, output: "[21,42]" },
  { what: "TypeScript", guest: { kind: "typescript", code: "const n: number = 42; return n" }, output: "42" },
  { what: "JSON Schema", guest: { kind: "schema", schema: { type: "string" } }, input: "text", output: '{"problems":[]}' },
];

const MARKS: Readonly<Record<Finding["state"], readonly [mark: string, style: Style]>> = {
  good: ["✓", "green"],
  weak: ["!", "yellow"],
  broken: ["✗", "red"],
};

/** `glovebox doctor`. What it says was tried or measured just now. Resolves to the exit code. */
export async function doctor(): Promise<number> {
  const paint = paintFor(process.stdout);
  const { findings, cell, level } = await tryGuests();
  const installation = [nodeFinding(), ...findings];
  const isolation = [...(level ? [await strength(level)] : []), ...isolationFindings(cell, process.platform)];
  process.stdout.write(section("Installation", installation, paint));
  process.stdout.write(section("Isolation of guests", isolation, paint));
  const broken = [...installation, ...isolation].some(({ state }) => state === "broken");
  process.stdout.write(
    broken ? "Guests can't run here as things are.\n" : "Guests run here. SECURITY.md says what each layer stops, and what it doesn't.\n",
  );
  return broken ? EXIT.failure : EXIT.done;
}

function section(title: string, findings: readonly Finding[], paint: Paint): string {
  const lines = findings.map(({ state, what, says }) => {
    const [mark, style] = MARKS[state];
    return `  ${paint(style, mark)} ${what.padEnd(18)} ${says}\n`;
  });
  return `${paint("bold", title)}\n${lines.join("")}\n`;
}

function nodeFinding(): Finding {
  const whose = process.execPath === pinnedNode() ? "the one that this installation pins" : process.execPath;
  return { state: "good", what: "Node", says: `${process.version} for ${process.platform}-${process.arch}, ${whose}` };
}

/** The level that cells have, and why it is no stronger one. */
async function strength(level: IsolationLevel): Promise<Finding> {
  const failed: string[] = [];
  for (const stronger of ISOLATION_LEVELS.slice(0, ISOLATION_LEVELS.indexOf(level))) {
    try {
      await using _ = new Sandbox({ isolation: stronger, spare: 0, warm: "none" });
    } catch (error) {
      failed.push(complaintOf(error).message);
    }
  }
  return levelFinding(level, failed);
}

/** Runs a guest in each runtime, in a cell as a workflow would get it, and looks at that cell from outside. */
async function tryGuests(): Promise<{ findings: readonly Finding[]; cell: Cell | undefined; level: IsolationLevel | undefined }> {
  const findings: Finding[] = [];
  let cell: Cell | undefined;
  let level: IsolationLevel | undefined;
  try {
    await using sandbox = new Sandbox({ cells: 1, warm: "none" });
    level = sandbox.isolation;
    for (const { what, guest, input, output } of TRIALS) {
      const started = performance.now();
      const { outcome } = await sandbox.run({ guest, ...(input === undefined ? {} : { input }), isolationKey: "glovebox doctor" });
      const took = duration(performance.now() - started);
      const came = JSON.stringify(outcome.kind === "completed" ? outcome.output : outcome);
      if (came === output)
        findings.push({ state: "good", what, says: `the frozen runtime has its digest, and works (${took} for the first guest)` });
      else findings.push({ state: "broken", what, says: `a guest came to ${shownLine(came, 300)}, not to ${output}` });
      cell ??= findCell();
    }
  } catch (error) {
    const missing = error instanceof GloveboxError && error.code === "RUNTIME_MISSING";
    const says = `${complaintOf(error).message}${missing ? "; the first run that needs them builds them" : ""}`;
    findings.push({ state: "broken", what: missing ? "Frozen runtimes" : "Cells", says });
  }
  return { findings, cell, level };
}
