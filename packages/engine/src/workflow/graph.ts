/** Ids to the ids that they depend on. Ids that have no entry of their own are passed over. Insertion order decides every tie. */
export type Edges = ReadonlyMap<string, readonly string[]>;

/**
 * One cycle for every set of steps that depend on each other, a shortest one through the first of the set:
 * `["a", "b", "a"]` where a depends on b and b on a. Linear in steps and dependencies, without recursion.
 */
export function findCycles(edges: Edges): readonly (readonly string[])[] {
  const order = new Map([...edges.keys()].map((id, index) => [id, index]));
  return knots(edges)
    .map((knot) => knot.toSorted((a, b) => (order.get(a) ?? 0) - (order.get(b) ?? 0)))
    .toSorted(([a = ""], [b = ""]) => (order.get(a) ?? 0) - (order.get(b) ?? 0))
    .map((knot) => shortestCycle(knot, edges));
}

/** A cycle as one line; of a long one the ends. */
export function printCycle(cycle: readonly string[]): string {
  const ids = cycle.length <= 12 ? cycle : [...cycle.slice(0, 6), `(${cycle.length - 10} more)`, ...cycle.slice(-4)];
  return ids.join(" -> ");
}

/** The strongly connected components that hold a cycle (Tarjan's algorithm, its stack kept by hand). */
function knots(edges: Edges): string[][] {
  const found: string[][] = [];
  const indexes = new Map<string, number>();
  const lows = new Map<string, number>();
  const open: string[] = [];
  const isOpen = new Set<string>();
  for (const root of edges.keys()) {
    if (indexes.has(root)) continue;
    const path: { readonly id: string; readonly targets: readonly string[]; next: number }[] = [];
    const enter = (id: string): void => {
      indexes.set(id, indexes.size);
      lows.set(id, indexes.size - 1);
      open.push(id);
      isOpen.add(id);
      path.push({ id, targets: edges.get(id) ?? [], next: 0 });
    };
    enter(root);
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const target = top.targets[top.next];
      top.next += 1;
      if (target !== undefined) {
        if (!edges.has(target)) continue;
        if (!indexes.has(target)) enter(target);
        else if (isOpen.has(target)) lower(lows, top.id, indexes.get(target) ?? 0);
        continue;
      }
      path.pop();
      const above = path.at(-1);
      if (above !== undefined) lower(lows, above.id, lows.get(top.id) ?? 0);
      if (lows.get(top.id) !== indexes.get(top.id)) continue;
      const knot = open.splice(open.lastIndexOf(top.id));
      for (const id of knot) isOpen.delete(id);
      if (knot.length > 1 || top.targets.includes(top.id)) found.push(knot);
    }
  }
  return found;
}

function lower(lows: Map<string, number>, id: string, low: number): void {
  lows.set(id, Math.min(lows.get(id) ?? low, low));
}

/** Breadth first from the knot's first id, inside the knot, until an edge leads back. */
function shortestCycle(knot: readonly string[], edges: Edges): readonly string[] {
  const [first = ""] = knot;
  const inside = new Set(knot);
  const from = new Map<string, string>();
  const queue = [first];
  for (const id of queue) {
    for (const target of edges.get(id) ?? []) {
      if (target === first) {
        const back: string[] = [first];
        for (let at = id; at !== first; at = from.get(at) ?? first) back.push(at);
        return [...back, first].reverse();
      }
      if (!inside.has(target) || from.has(target)) continue;
      from.set(target, id);
      queue.push(target);
    }
  }
  throw new Error("assertion: a knot without a cycle");
}
