import { type Problem, renderProblem, type Source } from "@glovebox/engine";
import type { Paint } from "./paint.ts";

/** Problems of a document, with the place that they name marked. */
export function problemLines(problems: readonly Problem[], source: Source, paint: Paint): string[] {
  return problems.flatMap((problem) => {
    const [head = "", ...rest] = renderProblem(problem, source).split("\n");
    const { severity } = problem;
    const mark = `: ${severity}: `;
    const at = head.indexOf(mark);
    const style = severity === "error" ? "red" : "yellow";
    const painted = `${paint("bold", head.slice(0, at + 1))} ${paint(style, `${severity}:`)} ${head.slice(at + mark.length)}`;
    return [
      painted,
      ...rest.map((line) => line.replace(/^( +\| \s*)(\^~*)$/, (_, lead: string, caret: string) => lead + paint(style, caret))),
    ];
  });
}
