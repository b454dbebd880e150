import type { Finding } from "./finding.ts";

/** What is expected in a source, as `code line:column`, in the order of the source. */
export interface Marked {
  readonly source: string;
  readonly expected: readonly string[];
}

/** Takes the marks out of a source: `«code»` stands in front of what is to be found. */
export function marked(text: string): Marked {
  const expected: string[] = [];
  const lines = text.split("\n").map((line, index) => {
    let plain = "";
    for (const part of line.split(/(«[a-z-]+»)/)) {
      if (part.startsWith("«")) expected.push(`${part.slice(1, -1)} ${index + 1}:${plain.length + 1}`);
      else plain += part;
    }
    return plain;
  });
  return { source: lines.join("\n"), expected };
}

/** Findings in the form of what is expected. */
export function placesOf(findings: readonly Finding[]): readonly string[] {
  return findings.map(({ code, at }) => `${code} ${"line" in at ? `${at.line}:${at.column}` : `0x${at.byte.toString(16)}`}`);
}
