import { maskLiterals } from "./mask.ts";
import type { ReferenceRoot } from "./reference.ts";

/** A name that an expression reads, as far as it can be told without running it. */
export interface Read {
  readonly root: ReferenceRoot;
  /** The part of the path that is written out. `steps[x]` has none. */
  readonly path: readonly (string | number)[];
  readonly offset: number;
  readonly length: number;
}

const ROOT = /(?<![\p{ID_Continue}$.])(inputs|steps|run|item|secrets)(?![\p{ID_Continue}$])/gu;
const NAME = /\s*\??\.\s*([\p{ID_Start}$_][\p{ID_Continue}$]*)/uy;
const OPEN = /\s*(?:\?\.\s*)?\[/y;
const KEY = /\s*(?:(0|[1-9]\d{0,9})|"([^"\\\n]*)"|'([^'\\\n]*)')\s*\]/y;

/**
 * What an expression reads: every use of `inputs`, `steps`, `run`, `item` and `secrets` outside of literals. Linear, and blind to
 * shadowing: `(steps) => steps.x` counts as a read of `steps.x`.
 */
export function readsOf(expression: string): readonly Read[] {
  const { code } = maskLiterals(expression, 0, false);
  const reads: Read[] = [];
  for (const match of code.matchAll(ROOT)) {
    const path: (string | number)[] = [];
    let at = match.index + match[0].length;
    for (;;) {
      const name = matchAt(NAME, code, at);
      if (name !== null) {
        path.push(name[1] ?? "");
        at += name[0].length;
        continue;
      }
      const open = matchAt(OPEN, code, at);
      // The key is looked up in the text itself: the mask has blanked strings.
      const key = open === null ? null : matchAt(KEY, expression, at + open[0].length);
      if (open === null || key === null) break;
      path.push(key[1] === undefined ? (key[2] ?? key[3] ?? "") : Number(key[1]));
      at += open[0].length + key[0].length;
    }
    reads.push({ root: match[1] as ReferenceRoot, path, offset: match.index, length: at - match.index });
  }
  return reads;
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}
