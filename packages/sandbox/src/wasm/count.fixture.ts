import { encodeName, encodeU32, joinBytes, openSection, type Reader, readSections, SECTION, writeModule } from "./binary.ts";
import { walkCode } from "./code.ts";
import { frameUnits, isFree } from "./meter-body.ts";
import { OPCODE, slot } from "./opcodes.ts";
import { outlineModule } from "./outline.ts";
import { type BodyPlan, Planner } from "./regions.ts";
import { SIZED_WORK, WEIGHT } from "./weights.ts";

const I32 = 0x7f;
const I64 = 0x7e;

/**
 * For tests: a module that counts, in the exported global `counted`, what each instruction costs when it is executed: one instruction after
 * another, with no thought of speed, so that what the meter charges by regions has something to be held against. Of functions with two i32
 * parameters, in modules without imports.
 */
export function countModule(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const sections = readSections(bytes);
  const outline = outlineModule(bytes);
  const plans = planAll(bytes);
  const add = (amount: readonly number[]) => [0x23, ...encodeU32(outline.globals), ...amount, 0x7c, 0x24, ...encodeU32(outline.globals)];
  const constant = (value: number) => [0x42, ...(value < 64 ? [value] : [(value & 127) | 128, ...s64(value >> 7)])];
  const out: (Uint8Array | readonly number[])[] = [];
  let pieces: (Uint8Array | readonly number[])[] = [];
  let copied = 0;
  let bodyEnd = 0;
  let free = false;
  const close = () => {
    if (bodyEnd === 0) return;
    const body = joinBytes([...pieces, bytes.subarray(copied, bodyEnd)]);
    out.push(encodeU32(body.length), body);
  };
  walkCode(bytes, sections, {
    body: (body, start, code, end) => {
      close();
      const plan = plans[body] as BodyPlan;
      const locals = countLocals(bytes, start);
      const units = frameUnits(2 + locals.count, plan, 8);
      free = isFree(plan, units);
      // Two more locals: an i32 for sizes.
      pieces = [encodeU32(locals.groups + 1), bytes.subarray(locals.first, code), [1, I32], free ? [] : add(constant(units))];
      copied = code;
      bodyEnd = end;
      temporary = 2 + locals.count;
      return true;
    },
    instruction: (_body, opcode, _first, _second, start) => {
      const weight = WEIGHT[slot(opcode)] as number;
      if (free || weight === 0 || opcode === OPCODE.else) return;
      pieces.push(bytes.subarray(copied, start));
      copied = start;
      const work = SIZED_WORK.get(opcode);
      if (work) {
        const size = [0x20, ...encodeU32(temporary), 0xad];
        const amount = work.shift < 0 ? [...size, 0x42, -work.shift, 0x88] : [...size, 0x42, work.shift, 0x86];
        pieces.push([0x21, ...encodeU32(temporary)], add(amount), [0x20, ...encodeU32(temporary)]);
      }
      pieces.push(add(constant(weight)));
    },
  });
  close();
  const count = (openSection(bytes, sections, SECTION.code) as Reader).u32();
  const extended = (id: number, entry: readonly number[]) => {
    const reader = openSection(bytes, sections, id);
    const own = reader?.u32() ?? 0;
    return joinBytes([encodeU32(own + 1), reader ? bytes.subarray(reader.at, reader.end) : [], entry]);
  };
  const replaced = new Map<number, Uint8Array>([
    [SECTION.global, extended(SECTION.global, [I64, 1, 0x42, 0, 0x0b])],
    [SECTION.export, extended(SECTION.export, [...encodeName("counted"), 3, ...encodeU32(outline.globals)])],
    [SECTION.code, joinBytes([encodeU32(count), ...out])],
  ]);
  return Uint8Array.from(writeModule(bytes, sections, replaced));
}

let temporary = 0;

function s64(value: number): number[] {
  return value < 64 ? [value] : [(value & 127) | 128, ...s64(value >> 7)];
}

function countLocals(bytes: Uint8Array, start: number): { groups: number; first: number; count: number } {
  // Groups of one-byte numbers and types are all that these modules have.
  const groups = bytes[start] as number;
  let count = 0;
  for (let i = 0; i < groups; i++) count += bytes[start + 1 + i * 2] as number;
  return { groups, first: start + 1, count };
}

/** What is only taken from here is how high stacks are, and which functions are free. */
function planAll(bytes: Uint8Array): BodyPlan[] {
  const outline = outlineModule(bytes);
  const types = outline.types.map((type) => {
    const [parameters = "", results = ""] = type.split(">");
    return { parameters: parameters.length, results: results.length };
  });
  const planner = new Planner(bytes, {
    types,
    functions: outline.functions,
    importedFunctions: 0,
    tags: [types.findIndex(({ parameters, results }) => parameters === 1 && results === 0)],
    free: new Set(),
  });
  const plans: BodyPlan[] = [];
  let open = false;
  walkCode(bytes, outline.sections, {
    body: (body) => {
      if (open) plans.push(planner.finish());
      open = true;
      planner.begin(outline.functions[body] as number);
      return true;
    },
    instruction: (_body, opcode, first, second, start, end) => planner.instruction(opcode, first, second, start, end),
  });
  if (open) plans.push(planner.finish());
  return plans;
}
