// How a property tells what it ran, and how that is run again.

/** What a property says of itself when it has ended. */
export function countOf(seed: number, cases: number): string {
  return `${cases} cases with GLOVEBOX_SEED=${seed}`;
}

/** The cases that a line of {@link countOf} tells of; undefined for any other line. */
export function casesIn(diagnostic: string): number | undefined {
  const count = /^(\d+) cases with GLOVEBOX_SEED=/.exec(diagnostic)?.[1];
  return count === undefined ? undefined : Number(count);
}

/** @param file below the root of the repository */
export function repeatCommand(file: string, seed: number, rounds: number): string {
  return `GLOVEBOX_SEED=${seed} GLOVEBOX_ROUNDS=${rounds} npm test -- ${file}`;
}
