import { createHash } from "node:crypto";
import { friendlyKinds } from "./friendly.ts";
import { FATAL_KINDS, HOSTILE_KINDS } from "./hostile.ts";
import type { Kind } from "./trial.ts";

/** One run of a soak: which guest, for whom. `n` is its number, from which its input is made. */
export interface Planned {
  readonly n: number;
  readonly kind: Kind;
  readonly isolationKey: string;
}

/** Who runs guests at the same time as the others, one after the other. */
export type Lane = readonly Planned[];

const TENANTS = 4;
/** Runs of one tenant before another takes its turn. */
const TURN = 2000;

/**
 * All runs of a soak, in an order that the seed alone decides, for three that run guests at once: one user who stays, so that one cell
 * serves thousands of guests; tenants who take turns, each with cells of their own; and one whose cells are killed all the time.
 */
export function programme(runs: number, seed: number): readonly Lane[] {
  const random = numbers(seed);
  const friendly = friendlyKinds();
  const lanes: Planned[][] = [[], [], []];
  const [stays, takeTurns, isKilled] = lanes as [Planned[], Planned[], Planned[]];
  for (const { kind, n } of shuffled(apportioned([...friendly, ...HOSTILE_KINDS, ...FATAL_KINDS], runs), random)) {
    const lane = random();
    if (FATAL_KINDS.includes(kind) || (kind.inNewCells && lane < 0.2)) isKilled.push({ n, kind, isolationKey: "killed" });
    else if (lane < 0.6 && !kind.waits) stays.push({ n, kind, isolationKey: "stays" });
    else takeTurns.push({ n, kind, isolationKey: `tenant ${Math.floor(takeTurns.length / TURN) % TENANTS}` });
  }
  return lanes;
}

/** As many runs of each kind as its share among all is, and at least one. */
function apportioned(kinds: readonly Kind[], runs: number): { readonly kind: Kind; readonly n: number }[] {
  const all = kinds.reduce((sum, { share }) => sum + share, 0);
  const chosen: Kind[] = [];
  let due = 0;
  for (const kind of kinds) {
    due += (kind.share / all) * runs;
    const from = chosen.length;
    while (chosen.length < Math.round(due) || chosen.length === from) chosen.push(kind);
  }
  return chosen.map((kind, n) => ({ kind, n }));
}

function shuffled<T>(items: T[], random: () => number): T[] {
  for (let i = items.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [items[i], items[j]] = [items[j] as T, items[i] as T];
  }
  return items;
}

/** Numbers from 0 to below 1, the same everywhere. */
function numbers(seed: number): () => number {
  let count = 0;
  return () => createHash("sha256").update(`${seed} ${count++}`).digest().readUInt32LE() / 2 ** 32;
}
