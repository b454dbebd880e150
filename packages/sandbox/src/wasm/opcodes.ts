/**
 * Every instruction that a module may contain, by number, name and form of its immediates. Source: WebAssembly core specification 3.0,
 * chapter 5.4, and the legacy exception handling proposal. An opcode with a prefix is `prefix * 0x100 + number`.
 */

/** What follows an opcode in the binary. */
export const FORM = {
  unknown: 0,
  none: 1,
  block: 2, // a block type
  index: 3, // one u32: a label, local, global, function, table, type, tag or segment
  indexPair: 4, // two u32: type and table, segment and table, table and table
  labels: 5, // br_table
  address: 6, // alignment and offset
  addressLane: 7,
  memory: 8, // the memory's index
  memoryPair: 9,
  segmentMemory: 10,
  i32: 11,
  i64: 12,
  f32: 13,
  f64: 14,
  v128: 15, // sixteen bytes
  lane: 16,
  valueTypes: 17, // select with types
  heapType: 18,
  handlers: 19, // try_table: a block type and its catch clauses
} as const;

type Form = (typeof FORM)[keyof typeof FORM];

/** The instructions that something here looks for by name. */
export const OPCODE = {
  unreachable: 0x00,
  block: 0x02,
  loop: 0x03,
  if: 0x04,
  else: 0x05,
  try: 0x06,
  catch: 0x07,
  throw: 0x08,
  rethrow: 0x09,
  throwRef: 0x0a,
  end: 0x0b,
  branch: 0x0c,
  branchIf: 0x0d,
  branchTable: 0x0e,
  return: 0x0f,
  call: 0x10,
  callIndirect: 0x11,
  returnCall: 0x12,
  returnCallIndirect: 0x13,
  callRef: 0x14,
  returnCallRef: 0x15,
  delegate: 0x18,
  catchAll: 0x19,
  tryTable: 0x1f,
  globalSet: 0x24,
  tableSet: 0x26,
  memoryGrow: 0x40,
  branchOnNull: 0xd5,
  branchOnNonNull: 0xd6,
  memoryInit: 0xfc08,
  dataDrop: 0xfc09,
  memoryCopy: 0xfc0a,
  memoryFill: 0xfc0b,
  tableInit: 0xfc0c,
  elemDrop: 0xfc0d,
  tableCopy: 0xfc0e,
  tableGrow: 0xfc0f,
  tableFill: 0xfc11,
} as const;

const COMPARISONS = "eq ne lt_s lt_u gt_s gt_u le_s le_u ge_s ge_u";
const FLOAT_COMPARISONS = "eq ne lt gt le ge";
const INTEGER_NUMERIC = "clz ctz popcnt add sub mul div_s div_u rem_s rem_u and or xor shl shr_s shr_u rotl rotr";
const FLOAT_NUMERIC = "abs neg ceil floor trunc nearest sqrt add sub mul div min max copysign";
const LANE_FLOAT = "abs neg - sqrt add sub mul div min max pmin pmax";

/** The names of one type's instructions; `-` stands for a number that is not assigned. */
function of(type: string, names: string): string {
  return names.replaceAll(/\S+/g, (name) => (name === "-" ? "-" : `${type}.${name}`));
}

/** The first number, the form, and the names of consecutive numbers. */
const RUNS: readonly (readonly [number, Form, string])[] = [
  [0x00, FORM.none, "unreachable nop"],
  [0x02, FORM.block, "block loop if"],
  [0x05, FORM.none, "else"],
  [0x06, FORM.block, "try"],
  [0x07, FORM.index, "catch throw rethrow"],
  [0x0a, FORM.none, "throw_ref end"],
  [0x0c, FORM.index, "br br_if"],
  [0x0e, FORM.labels, "br_table"],
  [0x0f, FORM.none, "return"],
  [0x10, FORM.index, "call"],
  [0x11, FORM.indexPair, "call_indirect"],
  [0x12, FORM.index, "return_call"],
  [0x13, FORM.indexPair, "return_call_indirect"],
  [0x14, FORM.index, "call_ref return_call_ref"],
  [0x18, FORM.index, "delegate"],
  [0x19, FORM.none, "catch_all drop select"],
  [0x1c, FORM.valueTypes, "select"],
  [0x1f, FORM.handlers, "try_table"],
  [0x20, FORM.index, "local.get local.set local.tee global.get global.set table.get table.set"],
  [0x28, FORM.address, "i32.load i64.load f32.load f64.load"],
  [0x2c, FORM.address, "i32.load8_s i32.load8_u i32.load16_s i32.load16_u"],
  [0x30, FORM.address, "i64.load8_s i64.load8_u i64.load16_s i64.load16_u i64.load32_s i64.load32_u"],
  [0x36, FORM.address, "i32.store i64.store f32.store f64.store"],
  [0x3a, FORM.address, "i32.store8 i32.store16 i64.store8 i64.store16 i64.store32"],
  [0x3f, FORM.memory, "memory.size memory.grow"],
  [0x41, FORM.i32, "i32.const"],
  [0x42, FORM.i64, "i64.const"],
  [0x43, FORM.f32, "f32.const"],
  [0x44, FORM.f64, "f64.const"],
  [0x45, FORM.none, of("i32", `eqz ${COMPARISONS}`)],
  [0x50, FORM.none, of("i64", `eqz ${COMPARISONS}`)],
  [0x5b, FORM.none, of("f32", FLOAT_COMPARISONS)],
  [0x61, FORM.none, of("f64", FLOAT_COMPARISONS)],
  [0x67, FORM.none, of("i32", INTEGER_NUMERIC)],
  [0x79, FORM.none, of("i64", INTEGER_NUMERIC)],
  [0x8b, FORM.none, of("f32", FLOAT_NUMERIC)],
  [0x99, FORM.none, of("f64", FLOAT_NUMERIC)],
  [0xa7, FORM.none, of("i32", "wrap_i64 trunc_f32_s trunc_f32_u trunc_f64_s trunc_f64_u")],
  [0xac, FORM.none, of("i64", "extend_i32_s extend_i32_u trunc_f32_s trunc_f32_u trunc_f64_s trunc_f64_u")],
  [0xb2, FORM.none, of("f32", "convert_i32_s convert_i32_u convert_i64_s convert_i64_u demote_f64")],
  [0xb7, FORM.none, of("f64", "convert_i32_s convert_i32_u convert_i64_s convert_i64_u promote_f32")],
  [0xbc, FORM.none, "i32.reinterpret_f32 i64.reinterpret_f64 f32.reinterpret_i32 f64.reinterpret_i64"],
  [0xc0, FORM.none, "i32.extend8_s i32.extend16_s i64.extend8_s i64.extend16_s i64.extend32_s"],
  [0xd0, FORM.heapType, "ref.null"],
  [0xd1, FORM.none, "ref.is_null"],
  [0xd2, FORM.index, "ref.func"],
  [0xd4, FORM.none, "ref.as_non_null"],
  [0xd5, FORM.index, "br_on_null br_on_non_null"],
  [0xfc00, FORM.none, of("i32", "trunc_sat_f32_s trunc_sat_f32_u trunc_sat_f64_s trunc_sat_f64_u")],
  [0xfc04, FORM.none, of("i64", "trunc_sat_f32_s trunc_sat_f32_u trunc_sat_f64_s trunc_sat_f64_u")],
  [0xfc08, FORM.segmentMemory, "memory.init"],
  [0xfc09, FORM.index, "data.drop"],
  [0xfc0a, FORM.memoryPair, "memory.copy"],
  [0xfc0b, FORM.memory, "memory.fill"],
  [0xfc0c, FORM.indexPair, "table.init"],
  [0xfc0d, FORM.index, "elem.drop"],
  [0xfc0e, FORM.indexPair, "table.copy"],
  [0xfc0f, FORM.index, "table.grow table.size table.fill"],
  [0xfd00, FORM.address, of("v128", "load load8x8_s load8x8_u load16x4_s load16x4_u load32x2_s load32x2_u")],
  [0xfd07, FORM.address, of("v128", "load8_splat load16_splat load32_splat load64_splat store")],
  [0xfd0c, FORM.v128, "v128.const i8x16.shuffle"],
  [0xfd0e, FORM.none, "i8x16.swizzle i8x16.splat i16x8.splat i32x4.splat i64x2.splat f32x4.splat f64x2.splat"],
  [0xfd15, FORM.lane, of("i8x16", "extract_lane_s extract_lane_u replace_lane")],
  [0xfd18, FORM.lane, of("i16x8", "extract_lane_s extract_lane_u replace_lane")],
  [0xfd1b, FORM.lane, "i32x4.extract_lane i32x4.replace_lane i64x2.extract_lane i64x2.replace_lane"],
  [0xfd1f, FORM.lane, "f32x4.extract_lane f32x4.replace_lane f64x2.extract_lane f64x2.replace_lane"],
  [0xfd23, FORM.none, of("i8x16", COMPARISONS)],
  [0xfd2d, FORM.none, of("i16x8", COMPARISONS)],
  [0xfd37, FORM.none, of("i32x4", COMPARISONS)],
  [0xfd41, FORM.none, of("f32x4", FLOAT_COMPARISONS)],
  [0xfd47, FORM.none, of("f64x2", FLOAT_COMPARISONS)],
  [0xfd4d, FORM.none, of("v128", "not and andnot or xor bitselect any_true")],
  [0xfd54, FORM.addressLane, of("v128", "load8_lane load16_lane load32_lane load64_lane")],
  [0xfd58, FORM.addressLane, of("v128", "store8_lane store16_lane store32_lane store64_lane")],
  [0xfd5c, FORM.address, "v128.load32_zero v128.load64_zero"],
  [0xfd5e, FORM.none, "f32x4.demote_f64x2_zero f64x2.promote_low_f32x4"],
  [0xfd60, FORM.none, of("i8x16", "abs neg popcnt all_true bitmask narrow_i16x8_s narrow_i16x8_u")],
  [0xfd67, FORM.none, of("f32x4", "ceil floor trunc nearest")],
  [0xfd6b, FORM.none, of("i8x16", "shl shr_s shr_u add add_sat_s add_sat_u sub sub_sat_s sub_sat_u")],
  [0xfd74, FORM.none, "f64x2.ceil f64x2.floor i8x16.min_s i8x16.min_u i8x16.max_s i8x16.max_u f64x2.trunc i8x16.avgr_u"],
  [0xfd7c, FORM.none, "i16x8.extadd_pairwise_i8x16_s i16x8.extadd_pairwise_i8x16_u"],
  [0xfd7e, FORM.none, "i32x4.extadd_pairwise_i16x8_s i32x4.extadd_pairwise_i16x8_u"],
  [0xfd80, FORM.none, of("i16x8", "abs neg q15mulr_sat_s all_true bitmask narrow_i32x4_s narrow_i32x4_u")],
  [0xfd87, FORM.none, of("i16x8", "extend_low_i8x16_s extend_high_i8x16_s extend_low_i8x16_u extend_high_i8x16_u")],
  [0xfd8b, FORM.none, of("i16x8", "shl shr_s shr_u add add_sat_s add_sat_u sub sub_sat_s sub_sat_u")],
  [0xfd94, FORM.none, "f64x2.nearest i16x8.mul i16x8.min_s i16x8.min_u i16x8.max_s i16x8.max_u - i16x8.avgr_u"],
  [0xfd9c, FORM.none, of("i16x8", "extmul_low_i8x16_s extmul_high_i8x16_s extmul_low_i8x16_u extmul_high_i8x16_u")],
  [0xfda0, FORM.none, of("i32x4", "abs neg - all_true bitmask")],
  [0xfda7, FORM.none, of("i32x4", "extend_low_i16x8_s extend_high_i16x8_s extend_low_i16x8_u extend_high_i16x8_u")],
  [0xfdab, FORM.none, of("i32x4", "shl shr_s shr_u add - - sub")],
  [0xfdb5, FORM.none, of("i32x4", "mul min_s min_u max_s max_u dot_i16x8_s -")],
  [0xfdbc, FORM.none, of("i32x4", "extmul_low_i16x8_s extmul_high_i16x8_s extmul_low_i16x8_u extmul_high_i16x8_u")],
  [0xfdc0, FORM.none, of("i64x2", "abs neg - all_true bitmask")],
  [0xfdc7, FORM.none, of("i64x2", "extend_low_i32x4_s extend_high_i32x4_s extend_low_i32x4_u extend_high_i32x4_u")],
  [0xfdcb, FORM.none, of("i64x2", "shl shr_s shr_u add - - sub - - - mul eq ne lt_s gt_s le_s ge_s")],
  [0xfddc, FORM.none, of("i64x2", "extmul_low_i32x4_s extmul_high_i32x4_s extmul_low_i32x4_u extmul_high_i32x4_u")],
  [0xfde0, FORM.none, of("f32x4", LANE_FLOAT)],
  [0xfdec, FORM.none, of("f64x2", LANE_FLOAT)],
  [0xfdf8, FORM.none, "i32x4.trunc_sat_f32x4_s i32x4.trunc_sat_f32x4_u f32x4.convert_i32x4_s f32x4.convert_i32x4_u"],
  [0xfdfc, FORM.none, of("i32x4", "trunc_sat_f64x2_s_zero trunc_sat_f64x2_u_zero")],
  [0xfdfe, FORM.none, "f64x2.convert_low_i32x4_s f64x2.convert_low_i32x4_u"],
];

/** Names of what is recognised only to be refused. */
const REFUSED_RUNS: readonly (readonly [number, string])[] = [
  [0xd3, "ref.eq"],
  [0xe0, "cont.new cont.bind suspend resume resume_throw resume_throw_ref switch"],
  [0xfb00, of("struct", "new new_default get get_s get_u set")],
  [0xfb06, of("array", "new new_default new_fixed new_data new_elem get get_s get_u set len fill copy init_data init_elem")],
  [0xfb14, "ref.test ref.test ref.cast ref.cast br_on_cast br_on_cast_fail any.convert_extern extern.convert_any"],
  [0xfb1c, "ref.i31 i31.get_s i31.get_u"],
  [0xfc12, "memory.discard i64.add128 i64.sub128 i64.mul_wide_s i64.mul_wide_u"],
];

/** The families that the other numbers behind a prefix belong to. */
const REFUSED_FAMILIES: Readonly<Record<number, string>> = {
  251: "garbage collection",
  253: "relaxed SIMD",
  254: "threads",
};

const forms = new Uint8Array(0x400);
const names = new Map<number, string>();
for (const [first, form, text] of RUNS) {
  for (const [i, name] of text.split(" ").entries()) {
    if (name === "-") continue;
    forms[slot(first + i)] = form;
    names.set(first + i, name);
  }
}
const refusedNames = new Map<number, string>();
for (const [first, text] of REFUSED_RUNS) {
  for (const [i, name] of text.split(" ").entries()) refusedNames.set(first + i, name);
}

/** Where a table by opcode has its entry: instructions without a prefix first, then 256 for each of the prefixes 0xfc and 0xfd. */
export function slot(opcode: number): number {
  return opcode < 0x100 ? opcode : opcode - 0xfb00;
}

/** Forms by opcode, for the walker's inner loop: `0x000-0x0ff` without prefix, `0x100-0x1ff` behind 0xfc, `0x200-0x2ff` behind 0xfd. */
export const FORMS: Uint8Array = forms;

/** Every allowed opcode and its name. */
export const ALLOWED: ReadonlyMap<number, string> = names;

/** What to call an opcode that is not allowed, in a message. `number` is what followed the prefix, or the opcode itself. */
export function refusedName(prefix: number | undefined, number: number): string {
  const name = refusedNames.get((prefix ?? 0) * 0x100 + number);
  if (name && number < 0x100) return name;
  const digits = (prefix === undefined ? [number] : [prefix, number]).map((part) => `0x${part.toString(16).padStart(2, "0")}`).join(" ");
  const family = REFUSED_FAMILIES[prefix ?? number];
  return family ? `${digits} (${family})` : digits;
}
