import { GloveboxError } from "../error.ts";
import { type ImportEntry, KIND, SECTION } from "./binary.ts";
import { walkCode } from "./code.ts";
import { inspectModule, type ModuleKind, offeredType, refusing } from "./inspect.ts";
import { describeType, type ModuleOutline, outlineModule } from "./outline.ts";

/** What a module consists of, as JSON, for whoever wants to know before it is run. Offsets are bytes from the start of the file. */
export interface ModuleReport {
  /** How it would be entered; null where it is refused. */
  readonly kind: ModuleKind | null;
  /** Why it can't be run here; null where it can. */
  readonly refused: string | null;
  /** Pages of 64 KiB. */
  readonly memory: { readonly minimum: number; readonly maximum: number | null; readonly at: number } | null;
  /** Entries of all its tables together, as it starts. */
  readonly tables: { readonly entries: number; readonly at: number };
  /** Functions that it defines. */
  readonly functions: number;
  readonly instructions: number;
  /** Where it says which function runs by itself; null where there is none. */
  readonly startAt: number | null;
  /** The first {@link LISTED_MAX}. */
  readonly imports: readonly {
    readonly module: string;
    readonly field: string;
    readonly kind: ImportEntry["kind"];
    /** As a person writes it; null for what is no function. */
    readonly type: string | null;
    readonly offered: boolean;
    readonly at: number;
  }[];
  /** The first {@link LISTED_MAX}. */
  readonly exports: readonly { readonly field: string; readonly kind: string; readonly type: string | null }[];
  /** What its instructions need beyond the first version of WebAssembly. */
  readonly features: readonly string[];
  /** Texts that look like addresses, the first {@link URLS_MAX}. */
  readonly urls: readonly { readonly url: string; readonly at: number }[];
}

export const LISTED_MAX = 500;
export const URLS_MAX = 100;
const NAME_MAX = 200;

/**
 * Looks at all of a module, its instructions included, and has it validated: only ever in a cell.
 *
 * @throws GloveboxError `MODULE_REFUSED` if it is so malformed that there is nothing to tell
 */
export function reportModule(bytes: Uint8Array, name: string): ModuleReport {
  const outline = refusing(name, () => outlineModule(bytes));
  const code = new CodeReport();
  const { kind, refused } = judge(() => {
    const facts = inspectModule(bytes, name);
    refusing(name, () => {
      walkCode(bytes, outline.sections, code);
      new WebAssembly.Module(bytes as Uint8Array<ArrayBuffer>);
    });
    return facts.kind;
  });
  const at = (id: number): number => outline.sections.find((section) => section.id === id)?.start ?? 0;
  const imported = outline.imports.find((entry) => entry.kind === "memory");
  const memory = imported?.kind === "memory" ? imported.limits : outline.memories[0];
  return {
    kind,
    refused,
    memory: memory
      ? { minimum: memory.minimum, maximum: memory.maximum ?? null, at: imported ? imported.start : at(SECTION.memory) }
      : null,
    tables: { entries: outline.tables.reduce((sum, { limits }) => sum + limits.minimum, 0), at: at(SECTION.table) },
    functions: outline.functions.length - outline.imports.filter((entry) => entry.kind === "function").length,
    instructions: code.instructions,
    startAt: outline.start === undefined ? null : at(SECTION.start),
    imports: outline.imports.slice(0, LISTED_MAX).map((entry) => describeImport(entry, outline)),
    exports: outline.exports.slice(0, LISTED_MAX).map(({ field, kind: what, index }) => ({
      field: field.slice(0, NAME_MAX),
      kind: KIND_NAMES[what] ?? "unknown",
      type: what === KIND.function ? typeOf(outline, outline.functions[index]) : null,
    })),
    features: [
      ...code.features,
      ...(outline.types.some((type) => (type.split(">")[1] ?? "").length > 1) ? ["multiple results"] : []),
    ].sort(),
    urls: findUrls(bytes),
  };
}

const KIND_NAMES: Readonly<Record<number, string>> = Object.fromEntries(Object.entries(KIND).map(([name, number]) => [number, name]));

/** How it would be entered, or why not. */
function judge(look: () => ModuleKind): Pick<ModuleReport, "kind" | "refused"> {
  try {
    return { kind: look(), refused: null };
  } catch (error) {
    if (!(error instanceof GloveboxError)) throw error;
    return { kind: null, refused: error.message.replace(/^Cannot load module "[^"]*": /, "").slice(0, 500) };
  }
}

function describeImport(entry: ImportEntry, outline: ModuleOutline): ModuleReport["imports"][number] {
  const { module, field, kind, start } = entry;
  const isFunction = entry.kind === "function";
  const offered = isFunction
    ? outline.types[entry.type] === offeredType(module, field)
    : kind === "memory" && module === "env" && field === "memory";
  const type = isFunction ? typeOf(outline, entry.type) : null;
  return { module: module.slice(0, NAME_MAX), field: field.slice(0, NAME_MAX), kind, type, offered, at: start };
}

function typeOf(outline: ModuleOutline, index: number | undefined): string | null {
  const type = index === undefined ? undefined : outline.types[index];
  return type === undefined ? null : describeType(type).slice(0, NAME_MAX);
}

/** Inclusive ranges of opcodes, and the feature that they belong to. */
const FEATURES: readonly (readonly [first: number, last: number, name: string])[] = [
  [0x06, 0x0a, "exceptions"],
  [0x18, 0x19, "exceptions"],
  [0x1f, 0x1f, "exceptions"],
  [0x12, 0x13, "tail calls"],
  [0x14, 0x14, "typed references"],
  [0x15, 0x15, "tail calls"],
  [0xd4, 0xd6, "typed references"],
  [0x1c, 0x1c, "reference types"],
  [0x25, 0x26, "reference types"],
  [0xd0, 0xd2, "reference types"],
  [0xfc0f, 0xfc11, "reference types"],
  [0x40, 0x40, "memory growth"],
  [0xc0, 0xc4, "sign extension"],
  [0xfc00, 0xfc07, "saturating conversions"],
  [0xfc08, 0xfc0e, "bulk memory"],
  [0xfd00, 0xfdff, "SIMD"],
];

class CodeReport {
  instructions = 0;
  readonly features = new Set<string>();
  readonly #seen = new Uint8Array(0x10000);

  instruction(_body: number, opcode: number): void {
    this.instructions++;
    if (this.#seen[opcode] === 1) return;
    this.#seen[opcode] = 1;
    for (const [first, last, name] of FEATURES) if (opcode >= first && opcode <= last) this.features.add(name);
  }
}

/** Bytes are read as Latin-1: every byte is one character, so a place in the text is one in the file, and addresses are ASCII. */
function findUrls(bytes: Uint8Array): ModuleReport["urls"] {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
  const found: ModuleReport["urls"][number][] = [];
  for (const match of text.matchAll(/https?:\/\/[!#-;=?-[\]_a-z~]{1,1000}/g)) {
    found.push({ url: match[0], at: match.index });
    if (found.length >= URLS_MAX) break;
  }
  return found;
}
