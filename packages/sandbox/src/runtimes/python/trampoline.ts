import type { AppendedFunction, FunctionType } from "../freeze.ts";

const I32 = 0x7f;
const FUNCREF = 0x70;
const takes = (count: number): FunctionType => ({ parameters: Array<number>(count).fill(I32), results: [I32] });

/**
 * `call(known, function, a, b, c)`: calls a C function of three, two, one or no arguments, whatever its type really is, and writes
 * to `*known` whether it has any of these types. CPython calls C functions through such a trampoline because extensions are
 * careless with their signatures and WebAssembly is not. It finds the trampoline by the table slot that Pyodide's loader fills with a
 * function of a small module of its own; the frozen module holds this one instead, so that no call takes the way through JavaScript.
 *
 * Source: `PyEM_TrampolineCall` in CPython's Python/emscripten_trampoline.c; `ref.test` is WebAssembly 3.0.
 */
export const trampoline: AppendedFunction = {
  type: takes(5),
  body: (typeIndex) => {
    const known = 0;
    const called = 1;
    const local = 5;
    const leb = (value: number): number[] => (value < 128 ? [value] : [(value & 127) | 128, ...leb(value >> 7)]);
    // A heap type is a signed number: one byte holds 0 to 63 only.
    const heapType = (index: number): number[] => (index < 64 ? [index] : [(index & 127) | 128, ...heapType(index >> 7)]);
    const attempt = (count: number) => {
      const index = typeIndex(TYPES[count] as FunctionType);
      const argumentsOf = Array.from({ length: count }, (_, i) => [0x20, 2 + i]).flat();
      return [
        ...[0x20, local, 0xfb, 0x14, ...heapType(index)], // ref.test (ref $type)
        ...[0x04, 0x40], // if
        ...argumentsOf,
        ...[0x20, called, 0x11, ...leb(index), 0], // call_indirect $type in table 0
        ...[0x0f, 0x0b], // return, end
      ];
    };
    return [
      ...[1, 1, FUNCREF],
      ...[0x20, known, 0x41, 1, 0x36, 2, 0], // *known = 1
      ...[0x20, called, 0x25, 0, 0x21, local], // table.get 0
      ...attempt(3),
      ...attempt(2),
      ...attempt(1),
      ...attempt(0),
      ...[0x20, known, 0x41, 0, 0x36, 2, 0], // *known = 0
      ...[0x41, 0, 0x0b],
    ];
  },
};

const TYPES: readonly FunctionType[] = [takes(0), takes(1), takes(2), takes(3)];
