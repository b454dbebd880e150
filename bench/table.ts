import { type Comparison, type Figure, isMet } from "./figure.ts";

/** The comparisons as one Markdown table, and what is to be known about each below it. */
export function table(comparisons: readonly Comparison[]): string {
  const rows = comparisons.flatMap(({ title, figures }) => [`| **${title}** | | | | |`, ...figures.map(row)]);
  const notes = comparisons.flatMap(({ title, notes }) => (notes.length > 0 ? [`- **${title}.** ${notes.join(" ")}`] : []));
  return ["| | median | 95th percentile | ratio | aim |", "|---|--:|--:|--:|:--|", ...rows, "", ...notes].join("\n");
}

function row(figure: Figure): string {
  const { what, value, p95, unit, ratio } = figure;
  const cells = [
    what,
    amount(value, unit),
    p95 === undefined ? "" : amount(p95, unit),
    ratio === undefined ? "" : `${digits(ratio)}×`,
    aim(figure),
  ];
  return `| ${cells.join(" | ")} |`;
}

function aim(figure: Figure): string {
  if (!figure.aim) return "";
  const bound = "atMost" in figure.aim ? `≤ ${grouped(figure.aim.atMost)}` : `≥ ${grouped(figure.aim.atLeast)}`;
  return isMet(figure) ? `${bound}: met` : `${bound}: **missed**`;
}

function amount(value: number, unit: Figure["unit"]): string {
  if (unit === "times") return `${digits(value)}×`;
  return unit === "per second and core" ? `${digits(value)}/s/core` : `${digits(value)} ${unit}`;
}

/** Three digits that mean something; more would not. */
function digits(value: number): string {
  return value >= 100 ? grouped(Math.round(value)) : Number(value.toPrecision(3)).toString();
}

function grouped(value: number): string {
  return value.toLocaleString("en");
}
