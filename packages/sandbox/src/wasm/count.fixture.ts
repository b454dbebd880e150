import { encodeName, encodeU32, joinBytes, openSection, Reader, readVector, SECTION, writeModule } from "./binary.ts";
import { skipType, walkCode } from "./code.ts";
import { FREE_BYTES } from "./meter.ts";
import { frameUnits, isFree } from "./meter-body.ts";
import { OPCODE, slot } from "./opcodes.ts";
import { type ModuleOutline, outlineModule } from "./outline.ts";
import { type BodyPlan, Planner } from "./regions.ts";
import { IMPORT_WEIGHT, SIZED_WORK, type SizedWork, WEIGHT } from "./weights.ts";

const [I32, I64, V128] = [0x7f, 0x7e, 0x7b];
const [LOCAL_GET, LOCAL_SET, GLOBAL_GET, GLOBAL_SET] = [0x20, 0x21, 0x23, 0x24];
const [I64_CONST, I64_ADD, I64_SHL, I64_SHR_U, I64_LT_U, EXTEND_U, SELECT] = [0x42, 0x7c, 0x86, 0x88, 0x54, 0xad, 0x1b];

/** The exported global that has the count, an i64. */
export const COUNTED = "counted one by one";

type Piece = Uint8Array | readonly number[];

/**
 * For tests: a module that counts, in the exported global {@link COUNTED}, what each instruction costs when it is executed: one instruction
 * after another, with no thought of speed, so that what the meter charges by regions has something to be held against. What a branch that
 * takes eight values along costs is not counted.
 */
export function countModule(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const outline = outlineModule(bytes);
  const { sections, types, functions } = outline;
  const imported = countImported(outline);
  const plans = planAll(bytes, outline);
  const counted = encodeU32(outline.globals);
  const add = (amount: readonly number[]) => [GLOBAL_GET, ...counted, ...amount, I64_ADD, GLOBAL_SET, ...counted];
  const out: Piece[] = [];
  let pieces: Piece[] = [];
  let copied = 0;
  let bodyEnd = 0;
  let free = false;
  let temporary: readonly number[] = [];
  const close = () => {
    if (bodyEnd === 0) return;
    const body = joinBytes([...pieces, bytes.subarray(copied, bodyEnd)]);
    out.push(encodeU32(body.length), body);
  };
  walkCode(bytes, sections, {
    body: (body, start, code, end) => {
      close();
      const plan = plans[body] as BodyPlan;
      const locals = readLocals(bytes, start, code);
      const slots = (types[functions[imported + body] as number] as string).indexOf(">") + locals.count;
      const wide = plan.simd || locals.wide || types.some((type) => type.includes("v"));
      const units = frameUnits(slots, plan, wide ? 16 : 8);
      free = end - start <= FREE_BYTES && isFree(plan, units);
      temporary = encodeU32(slots);
      // One more local: an i32 for sizes.
      pieces = [encodeU32(locals.groups + 1), bytes.subarray(locals.first, code), [1, I32], free ? [] : add(constant(units))];
      copied = code;
      bodyEnd = end;
      return true;
    },
    instruction: (_body, opcode, first, _second, start) => {
      const weight = WEIGHT[slot(opcode)] as number;
      if (free || weight === 0) return;
      pieces.push(bytes.subarray(copied, start));
      copied = start;
      const work = SIZED_WORK.get(opcode);
      if (work) pieces.push([LOCAL_SET, ...temporary], add(amountOf(work, [LOCAL_GET, ...temporary])), [LOCAL_GET, ...temporary]);
      const leaves = (opcode === OPCODE.call || opcode === OPCODE.returnCall) && first < imported;
      pieces.push(add(constant(weight + (leaves ? IMPORT_WEIGHT : 0))));
    },
  });
  close();
  const extended = (id: number, entry: readonly number[]) => {
    const reader = openSection(bytes, sections, id);
    const own = reader?.u32() ?? 0;
    return joinBytes([encodeU32(own + 1), reader ? bytes.subarray(reader.at, reader.end) : [], entry]);
  };
  const replaced = new Map<number, Uint8Array>([
    [SECTION.global, extended(SECTION.global, [I64, 1, ...constant(0), OPCODE.end])],
    [SECTION.export, extended(SECTION.export, [...encodeName(COUNTED), 3, ...counted])],
  ]);
  if (plans.length > 0) replaced.set(SECTION.code, joinBytes([encodeU32(plans.length), ...out]));
  return Uint8Array.from(writeModule(bytes, sections, replaced));
}

function countImported({ imports }: ModuleOutline): number {
  return imports.filter((entry) => entry.kind === "function").length;
}

function constant(value: number): number[] {
  const rest = (left: number): number[] => (left < 64 ? [left] : [(left & 127) | 128, ...rest(Math.floor(left / 128))]);
  return [I64_CONST, ...rest(value)];
}

/** What work costs whose size the instructions `get` give. */
function amountOf({ shift, max }: SizedWork, get: readonly number[]): number[] {
  const size = [...get, EXTEND_U];
  const capped = max === undefined ? size : [...size, ...constant(max), ...size, ...constant(max), I64_LT_U, SELECT];
  return [...capped, ...constant(Math.abs(shift)), shift < 0 ? I64_SHR_U : I64_SHL];
}

function readLocals(bytes: Uint8Array, start: number, end: number): { groups: number; first: number; count: number; wide: boolean } {
  const reader = new Reader(bytes, start, end);
  const groups = reader.u32();
  const first = reader.at;
  let count = 0;
  let wide = false;
  for (let i = 0; i < groups; i++) {
    count += reader.u32();
    wide ||= bytes[reader.at] === V128;
    skipType(reader);
  }
  return { groups, first, count, wide };
}

/** What is only taken from here is how high stacks are, and which functions are free. */
function planAll(bytes: Uint8Array, outline: ModuleOutline): BodyPlan[] {
  const importedFunctions = countImported(outline);
  const types = outline.types.map((type) => {
    const [parameters = "", results = ""] = type.split(">");
    return { parameters: parameters.length, results: results.length };
  });
  const reader = openSection(bytes, outline.sections, SECTION.tag);
  const own = reader ? readVector(reader, "tags", () => reader.skip(1) && reader.u32()) : [];
  const tags = [...outline.imports.flatMap((entry) => (entry.kind === "tag" ? [entry.type] : [])), ...own];
  const planner = new Planner(bytes, { types, functions: outline.functions, importedFunctions, tags, free: new Set() });
  const plans: BodyPlan[] = [];
  let open = false;
  walkCode(bytes, outline.sections, {
    body: (body) => {
      if (open) plans.push(planner.finish());
      open = true;
      planner.begin(outline.functions[importedFunctions + body] as number);
      return true;
    },
    instruction: (_body, opcode, first, second, start, end) => planner.instruction(opcode, first, second, start, end),
  });
  if (open) plans.push(planner.finish());
  return plans;
}
