import fc from "fast-check";
import { encodeName, encodeU32, encodeVector, joinBytes, SECTION } from "./binary.ts";

/** For tests: small programs that end, with every kind of control flow, and what they are made of. */

const I32 = 0x7f;
const I64 = 0x7e;
const LOCALS = 4;
/** Behind the two parameters and the locals: counters of loops, by depth. */
const COUNTERS = 6;
const HEADER = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];

/** Types of functions and blocks: so many i32 in, so many out. */
const SHAPES: readonly (readonly [number, number])[] = [
  [0, 0],
  [0, 1],
  [0, 2],
  [1, 1],
  [2, 1],
  [2, 2],
  [1, 0],
  [0, 3],
];
const shapeOf = (parameters: number, results: number) => SHAPES.findIndex(([p, r]) => p === parameters && r === results);
/** Every function is of this type. */
const FUNCTION_SHAPE = shapeOf(2, 1);
const TAG_SHAPE = shapeOf(1, 0);

type Exceptions = "legacy" | "try_table" | "none";

interface Place {
  /** The arity of each label, the innermost last. */
  readonly labels: readonly number[];
  /** Labels of legacy catches, from the inside counted, that `rethrow` may name. */
  readonly catches: readonly number[];
  readonly loops: number;
  /** Functions with a higher index than this may be called. */
  readonly self: number;
  readonly functions: number;
  readonly exceptions: Exceptions;
}

/** Draws numbers below `max`. */
type Draw = (max: number) => number;

const s32 = (value: number): number[] => {
  const out: number[] = [];
  for (let rest = value; ; ) {
    const byte = rest & 127;
    rest >>= 7;
    if ((rest === 0 && byte < 64) || (rest === -1 && byte >= 64)) return [...out, byte];
    out.push(byte | 128);
  }
};
const constant = (value: number) => [0x41, ...s32(value)];
const pick = <T>(draw: Draw, choices: readonly T[]): T => choices[draw(choices.length)] as T;

/** One i32. */
function expression(draw: Draw, place: Place, size: number): number[] {
  if (size < 1) return draw(2) === 0 ? constant(draw(20) - 4) : [0x20, draw(2 + LOCALS)];
  const part = () => expression(draw, place, Math.floor(size / 2));
  switch (draw(14)) {
    case 0:
      return [...part(), ...part(), pick(draw, [0x6a, 0x6b, 0x6c, 0x71, 0x72, 0x73, 0x74])];
    case 1:
      return [...part(), ...part(), pick(draw, [0x46, 0x48, 0x4b, 0x4e])];
    case 2:
      return [...part(), ...constant(1020), 0x71, 0x28, 2, 0]; // memory, always in bounds
    case 3:
      return [...part(), ...part(), ...part(), 0x1b];
    case 4:
      return [...part(), 0x22, draw(2 + LOCALS)];
    case 5:
      return [...part(), ...part(), 0x6d]; // may trap
    case 6:
    case 7:
      return call(draw, place, part);
    case 8:
      return [...part(), 0x04, ...block(0, 1), ...within(draw, place, 1, size, 1), 0x05, ...within(draw, place, 1, size, 1), 0x0b];
    case 9:
      return [0x02, ...block(0, 1), ...within(draw, place, 1, size, 1), 0x0b];
    case 10:
      return [...part(), ...part(), 0x02, ...block(2, 2), ...statements(draw, inside(place, 2), size / 2), 0x0b, 0x6a];
    case 11:
      return [0x3f, 0];
    case 12:
      return [...part(), ...constant(1), 0x71, 0x40, 0]; // grows by a page, or by none
    default:
      return [...part(), ...part(), 0x1a];
  }
}

function call(draw: Draw, place: Place, part: () => number[]): number[] {
  const left = place.functions - place.self - 1;
  if (left <= 0) return [...part(), 0x45];
  const callee = place.self + 1 + draw(left);
  if (draw(3) > 0) return [...part(), ...part(), 0x10, callee];
  // Through the table, which may have nothing there or (never) another type.
  return [...part(), ...part(), ...constant(draw(12) === 0 ? 40 : callee), 0x11, FUNCTION_SHAPE, 0];
}

const block = (parameters: number, results: number) => s32(shapeOf(parameters, results));
const inside = (place: Place, arity: number): Place => ({
  ...place,
  labels: [...place.labels, arity],
  catches: place.catches.map((label) => label + 1),
});

/** Statements and then values, in a block with a label of this arity. */
function within(draw: Draw, place: Place, arity: number, size: number, values: number): number[] {
  const inner = inside(place, arity);
  return [...statements(draw, inner, size / 2), ...several(draw, inner, values, size / 3)];
}

function several(draw: Draw, place: Place, count: number, size: number): number[] {
  return Array.from({ length: count }, () => expression(draw, place, size)).flat();
}

function statements(draw: Draw, place: Place, size: number): number[] {
  const out: number[] = [];
  for (let i = draw(4); i > 0 && size >= 1; i--) out.push(...statement(draw, place, size));
  return out;
}

/** Leaves the stack as it is, or leaves altogether. */
function statement(draw: Draw, place: Place, size: number): number[] {
  const half = size / 2;
  const value = (of = half) => expression(draw, place, of);
  const label = () => draw(place.labels.length);
  const arityOf = (of: number) => place.labels[place.labels.length - 1 - of] as number;
  switch (draw(18)) {
    case 0:
    case 1:
      return [...value(), 0x21, draw(2 + LOCALS)];
    case 2:
      return [...value(), ...constant(1020), 0x71, ...value(), 0x36, 2, 0];
    case 3:
      return [...value(), 0x04, 0x40, ...within(draw, place, 0, size, 0), 0x0b];
    case 4:
      return [...value(), 0x04, 0x40, ...within(draw, place, 0, size, 0), 0x05, ...within(draw, place, 0, size, 0), 0x0b];
    case 5:
      return [0x02, 0x40, ...within(draw, place, 0, size, 0), 0x0b];
    case 6:
    case 7:
      return loop(draw, place, half);
    case 8: {
      const to = label();
      const arity = arityOf(to);
      return [...several(draw, place, arity, half), ...value(), 0x0d, to, ...Array<number>(arity).fill(0x1a)];
    }
    case 9: {
      const to = label();
      // What follows is never reached, and is there all the same.
      return [...value(), 0x04, 0x40, ...several(draw, inside(place, 0), arityOf(to), half), 0x0c, to + 1, 0x01, 0x0b];
    }
    case 10: {
      const first = label();
      const same = place.labels.map((_, i) => i).filter((i) => arityOf(i) === arityOf(first));
      const labels = Array.from({ length: draw(4) }, () => pick(draw, same) + 1);
      return [
        ...[...value(), 0x04, 0x40],
        ...several(draw, inside(place, 0), arityOf(first), half),
        ...[...expression(draw, inside(place, 0), half), 0x0e, labels.length, ...labels, first + 1],
        0x0b,
      ];
    }
    case 11:
      return [...value(), 0x04, 0x40, ...several(draw, inside(place, 0), 1, half), 0x0f, 0x0b];
    case 12: {
      const left = place.functions - place.self - 1;
      if (left <= 0) return [0x01];
      const values = several(draw, inside(place, 0), 2, half);
      return [...value(), 0x04, 0x40, ...values, 0x12, place.self + 1 + draw(left), 0x0b];
    }
    case 13:
    case 14:
      return place.exceptions === "none" ? [0x01] : handled(draw, place, half);
    case 15:
      if (place.exceptions === "none") return [0x01];
      return [...value(), 0x04, 0x40, ...several(draw, inside(place, 0), 1, half), 0x08, 0, 0x0b];
    case 16:
      return [...constant(draw(1000)), ...value(), ...constant(draw(64)), 0xfc, 11, 0]; // memory.fill
    default:
      return draw(30) === 0 ? [0x00] : [...value(), 0x1a];
  }
}

/** Goes round at most five times. */
function loop(draw: Draw, place: Place, size: number): number[] {
  if (place.loops >= COUNTERS) return [0x01];
  const counter = 2 + LOCALS + place.loops;
  const outer = inside({ ...place, loops: place.loops + 1 }, 0);
  const inner = inside(outer, 0);
  return [
    ...[...constant(draw(5)), 0x21, counter],
    ...[0x02, 0x40, 0x03, 0x40],
    ...[0x20, counter, 0x45, 0x0d, 1, 0x20, counter, ...constant(1), 0x6b, 0x21, counter],
    ...statements(draw, inner, size),
    ...(draw(3) === 0 ? [...expression(draw, inner, size), 0x0d, 0] : []),
    ...(draw(4) === 0 ? [] : [0x0c, 0]),
    ...[0x0b, 0x0b],
  ];
}

function handled(draw: Draw, place: Place, size: number): number[] {
  const store = [0x21, draw(2 + LOCALS)];
  if (place.exceptions === "try_table") {
    // block (result i32)  try_table (catch $e 0) (or catch_all 1)  ...  br 1  end  end
    const outer = inside(place, 0);
    const target = inside(outer, 1);
    const all = draw(3) === 0;
    const clauses = all ? [1, 2, 1] : [1, 0, 0, 0];
    return [
      ...[0x02, 0x40, 0x02, I32],
      ...[0x1f, 0x40, ...clauses],
      ...statements(draw, inside(target, 0), size),
      ...[0x0b, ...constant(draw(5)), ...(draw(2) === 0 ? [0x0c, 0] : [])],
      ...[0x0b, ...store],
      ...[0x0b],
    ];
  }
  const caught = (): Place => ({ ...inside(place, 0), catches: [0, ...place.catches.map((label) => label + 1)] });
  const rethrow = () => {
    const { catches } = caught();
    return draw(5) === 0 ? [0x20, 0, 0x04, 0x40, 0x09, pick(draw, catches) + 1, 0x0b] : [];
  };
  const body = statements(draw, inside(place, 0), size);
  switch (draw(4)) {
    case 0:
      return [0x06, 0x40, ...body, 0x19, ...statements(draw, caught(), size), ...rethrow(), 0x0b];
    case 1:
      return [0x06, 0x40, ...body, 0x07, 0, ...store, ...statements(draw, caught(), size), 0x19, ...rethrow(), 0x0b];
    case 2:
      return [0x06, 0x40, 0x06, 0x40, ...statements(draw, inside(inside(place, 0), 0), size), 0x18, 0, 0x19, 0x0b];
    default:
      return [0x06, 0x40, ...body, 0x07, 0, ...store, ...statements(draw, caught(), size), 0x0b];
  }
}

function body(draw: Draw, self: number, functions: number, exceptions: Exceptions, size: number): Uint8Array {
  const place: Place = { labels: [1], catches: [], loops: 0, self, functions, exceptions };
  const code = [...statements(draw, place, size), ...expression(draw, place, size), 0x0b];
  return joinBytes([[2, ...encodeU32(LOCALS), I32, ...encodeU32(COUNTERS), I32], code]);
}

interface Program {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** It may throw exceptions and catch them. */
  readonly throws: boolean;
}

/** A module with functions `f0`, `f1`, ... of two i32 to one, of which each may call those behind it, and a memory. */
export const programs: fc.Arbitrary<Program> = fc
  .record({
    numbers: fc.uint16Array({ minLength: 50, maxLength: 2_000, size: "max" }),
    functions: fc.integer({ min: 1, max: 5 }),
    exceptions: fc.constantFrom<Exceptions>("legacy", "try_table", "none"),
    size: fc.integer({ min: 1, max: 24 }),
  })
  .map(({ numbers, functions, exceptions, size }) => {
    let drawn = 0;
    const draw: Draw = (max) => (numbers[drawn++] ?? 0) % max;
    const bodies = Array.from({ length: functions }, (_, self) => body(draw, self, functions, exceptions, size));
    const section = (id: number, contents: Uint8Array) => joinBytes([[id, ...encodeU32(contents.length)], contents]);
    const list = (count: number, type: number) => [...encodeU32(count), ...Array<number>(count).fill(type)];
    const ids = bodies.map((_, i) => i);
    const bytes = Uint8Array.from(
      joinBytes([
        HEADER,
        section(SECTION.type, encodeVector(SHAPES.map(([p, r]) => [0x60, ...list(p, I32), ...list(r, I32)]))),
        section(SECTION.function, encodeVector(ids.map(() => [FUNCTION_SHAPE]))),
        section(SECTION.table, encodeVector([[0x70, 0, 32]])),
        section(SECTION.memory, encodeVector([[1, 1, 4]])),
        section(SECTION.tag, encodeVector([[0, TAG_SHAPE]])),
        section(SECTION.global, encodeVector([[I64, 1, 0x42, 0, 0x0b]])),
        section(SECTION.export, encodeVector([[...encodeName("memory"), 2, 0], ...ids.map((i) => [...encodeName(`f${i}`), 0, i])])),
        section(SECTION.element, encodeVector([[0, 0x41, 0, 0x0b, ...encodeU32(ids.length), ...ids]])),
        section(SECTION.code, encodeVector(bodies.map((code) => joinBytes([encodeU32(code.length), code])))),
      ]),
    );
    return { bytes, throws: exceptions !== "none" };
  });
