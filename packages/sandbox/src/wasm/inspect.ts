import { GloveboxError } from "../error.ts";
import { type ImportEntry, KIND, MalformedModule } from "./binary.ts";
import { UnsupportedFeature } from "./code.ts";
import { HOST_IMPORTS, HOST_MODULE } from "./host-imports.ts";
import { describeType, INITIAL_PAGES_MAX, type ModuleOutline, outlineModule, TABLE_ENTRIES_MAX } from "./outline.ts";
import { PREVIEW1, PREVIEW1_MODULE } from "./preview1.ts";

/** How a module is entered: guest/text.ts, guest/buffer.ts, guest/wasi-command.ts and guest/handler.ts. */
export type ModuleKind = "text" | "buffer" | "wasi" | "handler";

export interface ModuleFacts {
  readonly kind: ModuleKind;
  /** Pages of 64 KiB that the module starts with, and that it declares as its own maximum. */
  readonly memory: { readonly minimum: number; readonly maximum: number | undefined };
  /** Entries of all tables together, as the module starts. */
  readonly tableEntries: number;
  /** The module is a reactor: its `_initialize` comes before everything else. */
  readonly initialize: boolean;
  readonly outline: ModuleOutline;
}

/** Begins the names of what rewriting adds to a module: a guest's own may not. */
export const OWN_PREFIX = "glovebox:";

/**
 * Tells how a module is entered, and refuses one that can't be: malformed, of no known kind, or asking for what is not offered. Only
 * the sections are read, so this may happen outside of a cell; instructions are looked at, and compiled, inside.
 *
 * @param name shown in messages
 * @throws GloveboxError `MODULE_REFUSED`
 */
export function inspectModule(bytes: Uint8Array, name = "module"): ModuleFacts {
  return refusing(name, () => {
    const outline = outlineModule(bytes);
    const memory = checkMemory(outline);
    for (const entry of outline.imports) checkImport(entry, outline);
    const tableEntries = checkTables(outline);
    if (outline.start !== undefined && functionType(outline, outline.start) !== ">") refuse("its start function takes or returns values");
    const exported = exportedFunctions(outline);
    const kind = findKind(exported);
    if (!outline.exports.some((entry) => entry.field === "memory" && entry.kind === KIND.memory)) refuse("it does not export its memory");
    return { kind, memory, tableEntries, initialize: exported.get("_initialize") === ">", outline };
  });
}

/** Runs `read` on a module and turns what it finds wrong with it into a refusal. */
export function refusing<T>(name: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof MalformedModule || error instanceof UnsupportedFeature || error instanceof WebAssembly.CompileError))
      throw error;
    throw new GloveboxError("MODULE_REFUSED", `Cannot load module ${quote(name)}: ${error.message}`, { cause: error });
  }
}

function refuse(why: string): never {
  throw new UnsupportedFeature(why);
}

/** A name out of a module, fit for a message: cut, and without control characters. */
function quote(text: string): string {
  const cut = text.length > 100 ? `${text.slice(0, 100)}...` : text;
  return `"${cut.replaceAll(/[\p{C}"\\]/gu, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`)}"`;
}

/** AssemblyScript's programs end by it: message, file, line and column. */
const ABORT = "iiii>";

/** The type of a function that modules may import; undefined: it is not offered. */
export function offeredType(module: string, field: string): string | undefined {
  if (module === "env" && field === "abort") return ABORT;
  if (module === HOST_MODULE && Object.hasOwn(HOST_IMPORTS, field)) return HOST_IMPORTS[field as keyof typeof HOST_IMPORTS];
  if (module === PREVIEW1_MODULE && Object.hasOwn(PREVIEW1, field)) return PREVIEW1[field as keyof typeof PREVIEW1];
  return undefined;
}

function checkImport(entry: ImportEntry, outline: ModuleOutline): void {
  const what = `${quote(entry.module)} ${quote(entry.field)}`;
  if (entry.kind === "memory") {
    if (entry.module !== "env" || entry.field !== "memory") refuse(`it imports the memory ${what}; only "env" "memory" is offered`);
    return;
  }
  if (entry.kind !== "function") refuse(`it imports the ${entry.kind} ${what}, which is not offered`);
  const offered = offeredType(entry.module, entry.field);
  if (offered === undefined) refuse(`it imports the function ${what}, which is not offered`);
  const type = typeAt(outline, entry.type);
  if (type !== offered) refuse(`it imports ${what} as ${describeType(type)}, but it is ${describeType(offered)}`);
}

function checkMemory(outline: ModuleOutline): ModuleFacts["memory"] {
  const imported = outline.imports.flatMap((entry) => (entry.kind === "memory" ? [entry.limits] : []));
  const [memory, second] = [...imported, ...outline.memories];
  if (!memory) refuse("it has no memory");
  if (second) refuse("it has several memories");
  if (memory.wide) refuse("it has a 64-bit memory");
  if (memory.shared) refuse("it has a shared memory");
  if (memory.maximum !== undefined && memory.maximum < memory.minimum) refuse("the maximum of its memory is below the minimum");
  if (memory.minimum > INITIAL_PAGES_MAX) refuse(`its memory starts with ${memory.minimum} pages (at most ${INITIAL_PAGES_MAX})`);
  return { minimum: memory.minimum, maximum: memory.maximum };
}

function checkTables(outline: ModuleOutline): number {
  let entries = 0;
  for (const { limits } of outline.tables) {
    if (limits.wide) refuse("it has a 64-bit table");
    if (limits.shared) refuse("it has a shared table");
    if (limits.maximum !== undefined && limits.maximum < limits.minimum) refuse("the maximum of a table is below the minimum");
    entries += limits.minimum;
  }
  if (entries > TABLE_ENTRIES_MAX) refuse(`its tables start with ${entries} entries (at most ${TABLE_ENTRIES_MAX})`);
  return entries;
}

function typeAt(outline: ModuleOutline, index: number): string {
  return outline.types[index] ?? refuse(`it refers to type ${index}, which it does not have`);
}

function functionType(outline: ModuleOutline, index: number): string {
  const type = outline.functions[index];
  return type === undefined ? refuse(`it refers to function ${index}, which it does not have`) : typeAt(outline, type);
}

function exportedFunctions(outline: ModuleOutline): Map<string, string> {
  const types = new Map<string, string>();
  for (const { field, kind, index } of outline.exports) {
    if (field.startsWith(OWN_PREFIX)) refuse(`it exports ${quote(field)}, a name that is Glovebox's own`);
    if (kind === KIND.function) types.set(field, functionType(outline, index));
  }
  return types;
}

const CONTRACTS: Readonly<Record<ModuleKind, Readonly<Record<string, string>>>> = {
  text: { process: "i>i", allocate: "i>i", deallocate: "ii>" },
  buffer: { process: "iii>i", allocate: "i>i", deallocate: "ii>" },
  wasi: { _start: ">" },
  handler: { handle: ">i" },
};

/** The contract that the exports fulfil. `text` and `buffer` differ by the type of `process`, so at most one of these two does. */
function findKind(exported: ReadonlyMap<string, string>): ModuleKind {
  const missing = (kind: ModuleKind) => Object.entries(CONTRACTS[kind]).filter(([name, type]) => exported.get(name) !== type);
  const kind = (["text", "buffer", "wasi", "handler"] as const).find((candidate) => missing(candidate).length === 0);
  if (kind) return kind;
  // It fits none: say what is missing for the one that it comes closest to.
  const process = exported.get("process");
  const closest = process === CONTRACTS.text["process"] ? "text" : process === CONTRACTS.buffer["process"] ? "buffer" : undefined;
  if (closest)
    return refuse(
      `it is like a ${closest} module, but ${missing(closest)
        .map(([name, type]) => lack(exported, name, type))
        .join("; ")}`,
    );
  if (process !== undefined) {
    refuse(
      `its process is ${describeType(process)}; a text module's is ${describeType("i>i")}, and a buffer module's ${describeType("iii>i")}`,
    );
  }
  if (exported.has("_start")) refuse(lack(exported, "_start", ">"));
  if (exported.has("handle")) refuse(lack(exported, "handle", ">i"));
  const names = [...exported.keys()].slice(0, 5).map(quote).join(", ");
  return refuse(
    `it exports neither process (a text or buffer module), nor _start (a WASI command), nor handle (a handler), but ${names === "" ? "no function" : names}`,
  );
}

function lack(exported: ReadonlyMap<string, string>, name: string, type: string): string {
  const own = exported.get(name);
  return own === undefined
    ? `${name} ${describeType(type)} is missing`
    : `its ${name} is ${describeType(own)} and not ${describeType(type)}`;
}
