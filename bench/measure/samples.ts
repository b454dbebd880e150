/** What is kept of many measurements of one thing, in milliseconds. */
export interface Samples {
  readonly median: number;
  readonly p95: number;
  readonly count: number;
}

export function summarise(values: readonly number[]): Samples {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (part: number) => sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))];
  const [median, p95] = [at(0.5), at(0.95)];
  if (median === undefined || p95 === undefined) throw new RangeError("no measurements");
  return { median, p95, count: sorted.length };
}

export function geometricMean(values: readonly number[]): number {
  return Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);
}
