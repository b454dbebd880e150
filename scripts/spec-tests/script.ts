/** The commands of a test script of the WebAssembly specification, as wast2json writes them. */
export interface Script {
  readonly source_filename: string;
  readonly commands: readonly Command[];
}

export interface Value {
  readonly type: string;
  /** Decimal digits of the bits, `nan:canonical`, `nan:arithmetic`, `null`, or a host's number; of a vector, its lanes. */
  readonly value?: string | readonly string[];
  readonly lane_type?: string;
  /** Of the type `either`. */
  readonly values?: readonly Value[];
}

export interface Action {
  readonly type: "invoke" | "get";
  readonly module?: string;
  readonly field: string;
  readonly args?: readonly Value[];
}

export interface Command {
  readonly type: string;
  readonly line: number;
  readonly name?: string;
  readonly filename?: string;
  readonly module_type?: string;
  readonly as?: string;
  readonly action?: Action;
  readonly expected?: readonly Value[];
  readonly text?: string;
  readonly module?: string;
  readonly instance?: string;
}

const LANE_BYTES: Readonly<Record<string, number>> = { i8: 1, i16: 2, i32: 4, i64: 8, f32: 4, f64: 8 };

/** The bits of a number or vector as bytes, little-endian. */
export function bytesOf({ type, value, lane_type }: Value): Uint8Array {
  const lanes = Array.isArray(value) ? (value as readonly string[]) : [value as string];
  const size = LANE_BYTES[lane_type ?? type];
  if (size === undefined) throw new Error(`a value of type ${type} has no bits`);
  const bytes = new Uint8Array(size * lanes.length);
  lanes.forEach((lane, index) => {
    let bits = BigInt.asUintN(size * 8, BigInt(lane));
    for (let i = 0; i < size; i++) {
      bytes[index * size + i] = Number(bits & 255n);
      bits >>= 8n;
    }
  });
  return bytes;
}

/** Whether what a call gave, as written by call.ts, is what was expected. */
export function fulfils(given: string, expected: Value): boolean {
  if (expected.type === "either") return (expected.values ?? []).some((value) => fulfils(given, value));
  const { value } = expected;
  const isLane = (given: string, lane: string, type: string): boolean => {
    const size = LANE_BYTES[type] as number;
    if (!lane.startsWith("nan:")) return given === hex(bytesOf({ type, value: lane }));
    const bits = BigInt(`0x${(given.match(/../g) ?? []).reverse().join("")}`);
    const quiet = size === 4 ? 0x7fc0_0000n : 0x7ff8_0000_0000_0000n;
    const sign = 1n << BigInt(size * 8 - 1);
    return lane === "nan:canonical" ? (bits & ~sign) === quiet : (bits & quiet) === quiet;
  };
  if (Array.isArray(value)) {
    const type = expected.lane_type ?? "i32";
    const digits = (LANE_BYTES[type] as number) * 2;
    return (value as readonly string[]).every((lane, i) => isLane(given.slice(i * digits, (i + 1) * digits), lane, type));
  }
  if (LANE_BYTES[expected.type] !== undefined) return isLane(given, value as string, expected.type);
  if (value === "null" || expected.type === "refnull" || expected.type.startsWith("null")) return given === "null";
  if (expected.type === "externref" && value !== undefined) return given === `extern ${value as string}`;
  return given !== "null";
}

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
