import { encodeName, encodeU32, joinBytes, KIND, openSection, type Reader, readVector, SECTION, writeModule } from "./binary.ts";
import { Writer } from "./bytes.ts";
import { type CodeVisitor, skipType, UnsupportedFeature, walkCode } from "./code.ts";
import { I64, MeterAdditions, type OwnSignature } from "./meter-additions.ts";
import { type Body, BodyWriter } from "./meter-body.ts";
import { OPCODE } from "./opcodes.ts";
import { type ModuleOutline, outlineModule } from "./outline.ts";
import { Planner, type Signatures } from "./regions.ts";
import { OWN_EXPORTS } from "./rewrite.ts";

export interface MeterOptions {
  /** Functions at the end that are left as they are: ours, short, and without loops. */
  readonly without?: number;
  /** Bytes that the module may have. Default: as any. */
  readonly bytesMax?: number;
}

/** Longer bodies are not looked at for being free. */
export const FREE_BYTES = 256;

/**
 * The module with its fuel and its stack metered, and its meaning kept. Equal modules give equal bytes, and the same calls spend the same
 * fuel, wherever and however often they are compiled.
 *
 * Within a function the meter is in a local, which is what makes it quick; the global has its value while another function runs. What is
 * added stands behind all that is there, so no index moves. The start function is exported as {@link OWN_EXPORTS}`.start`, to be called
 * when the meter was set, which is 0 until then.
 *
 * Of a guest that ends in a trap, what it has spent is known as of the last loop, call or return before.
 *
 * The compiler must have accepted the module as it was.
 *
 * @throws MalformedModule
 * @throws UnsupportedFeature naming an instruction, a type or a kind of memory
 */
export function meterModule(bytes: Uint8Array, options: MeterOptions = {}): Uint8Array {
  const outline = outlineModule(bytes, options.bytesMax);
  const { sections } = outline;
  refuseMemories(outline);
  const types = readTypes(bytes, outline);
  const importedFunctions = outline.imports.filter((entry) => entry.kind === "function").length;
  const free = new Set<number>();
  const module: Signatures = { types, functions: outline.functions, importedFunctions, tags: readTags(bytes, outline), free };
  const added = new MeterAdditions(outline, types);
  const metered = new Writer(65_536);
  const planner = new Planner(bytes, module);
  let last: Body | undefined;
  /** Plans bodies of at most `bytesMax`. */
  const plan = (bytesMax: number, done: (writer: BodyWriter, index: number) => void) => {
    let open: Body | undefined;
    const close = () => {
      if (open) done(new BodyWriter(bytes, open, planner.finish(), added, metered), open.index);
      open = undefined;
    };
    const visitor: CodeVisitor = {
      body: (body, start, first, end) => {
        close();
        const index = importedFunctions + body;
        const type = outline.functions[index] as number;
        last = { index, type, start, code: first, end };
        if (end - start > bytesMax) return false;
        open = last;
        planner.begin(type);
        return true;
      },
      instruction: (_body, opcode, first, second, start, end) => planner.instruction(opcode, first, second, start, end),
    };
    walkCode(bytes, sections, visitor, options.without);
    close();
  };
  // How a call is metered depends on the function that it calls, which may stand behind it.
  plan(FREE_BYTES, (writer, index) => {
    if (writer.isFree) free.add(index);
  });
  const code = new Writer(bytes.length * 2);
  plan(Number.POSITIVE_INFINITY, (writer, index) => {
    metered.clear();
    writer.write(free.has(index));
    code.u32(metered.length);
    code.bytes(metered.view());
  });
  const own = openSection(bytes, sections, SECTION.code);
  const count = own?.u32() ?? 0;
  const left = own && options.without ? bytes.subarray(last?.end ?? own.at, own.end) : [];

  const replaced = new Map<number, Uint8Array | null>([[SECTION.start, null]]);
  const extend = (id: number, entries: readonly (readonly number[] | Uint8Array)[]) => {
    if (entries.length === 0) return;
    const reader = openSection(bytes, sections, id);
    const present = reader?.u32() ?? 0;
    replaced.set(id, joinBytes([encodeU32(present + entries.length), reader ? bytes.subarray(reader.at, reader.end) : [], ...entries]));
  };
  extend(SECTION.type, added.types);
  extend(
    SECTION.function,
    added.bodies.map(() => encodeU32(added.sizedType)),
  );
  extend(SECTION.global, [[I64, 1, 0x42, 0, OPCODE.end]]);
  const exports = [[...encodeName(OWN_EXPORTS.meter), KIND.global, ...encodeU32(added.meter)]];
  if (outline.start !== undefined) exports.push([...encodeName(OWN_EXPORTS.start), KIND.function, ...encodeU32(outline.start)]);
  extend(SECTION.export, exports);
  if (count > 0) replaced.set(SECTION.code, joinBytes([encodeU32(count + added.bodies.length), code.view(), left, ...added.bodies]));
  return writeModule(bytes, sections, replaced);
}

/** Sizes and addresses are charged as numbers of 32 bits, and of one memory. */
function refuseMemories({ imports, memories, tables }: ModuleOutline): void {
  const imported = (kind: "memory" | "table") => imports.flatMap((entry) => (entry.kind === kind ? [entry.limits] : []));
  const refuse = (what: string): never => {
    throw new UnsupportedFeature(what);
  };
  const all = [...imported("memory"), ...memories];
  if (all.length > 1) refuse("several memories (multi-memory)");
  if (all.some((limits) => limits.wide)) refuse("a 64-bit memory (memory64)");
  if (all.some((limits) => limits.shared)) refuse("a shared memory (threads)");
  const tableLimits = [...imported("table"), ...tables.map((table) => table.limits)];
  if (tableLimits.some((limits) => limits.wide)) refuse("a 64-bit table (memory64)");
  if (tableLimits.some((limits) => limits.shared)) refuse("a shared table (threads)");
}

function readTypes(bytes: Uint8Array, { sections }: ModuleOutline): OwnSignature[] {
  const reader = openSection(bytes, sections, SECTION.type);
  if (!reader) return [];
  const values = () => {
    const count = reader.u32();
    for (let i = 0; i < count; i++) skipType(reader);
    return count;
  };
  return readVector(reader, "types", () => {
    reader.byte();
    const parameters = values();
    const start = reader.at;
    const results = values();
    return { parameters, results, encodedResults: bytes.subarray(start, reader.at) };
  });
}

function readTags(bytes: Uint8Array, { imports, sections }: ModuleOutline): number[] {
  const reader = openSection(bytes, sections, SECTION.tag);
  const tag = (from: Reader) => {
    from.byte();
    return from.u32();
  };
  const own = reader ? readVector(reader, "tags", () => tag(reader)) : [];
  return [...imports.flatMap((entry) => (entry.kind === "tag" ? [entry.type] : [])), ...own];
}
