/** One line of the table. */
export interface Figure {
  readonly what: string;
  /** A median, where there are samples; a single number otherwise. */
  readonly value: number;
  readonly p95?: number;
  readonly unit: Unit;
  /** What it is held against, as a ratio to one of ours in the same run. */
  readonly ratio?: number;
  /** What this project set out to reach. Of the value, or of the ratio where there is one. */
  readonly aim?: { readonly atMost: number } | { readonly atLeast: number };
}

type Unit = "ms" | "per second and core" | "times" | "MiB";

/** What one file of `compare/` finds out. */
export interface Comparison {
  readonly title: string;
  readonly figures: readonly Figure[];
  /** Whole sentences: how it was measured, what is missing and why. */
  readonly notes: readonly string[];
}

export function isMet({ value, ratio, aim }: Figure): boolean {
  const reached = ratio ?? value;
  return !aim || ("atMost" in aim ? reached <= aim.atMost : reached >= aim.atLeast);
}
