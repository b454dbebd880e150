import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { PAGE_BYTES, readExports, readImports, readSections } from "../../wasm/binary.ts";
import { APPENDED_FUNCTION, freeze, type Snapshot } from "../freeze.ts";
import { takeOutBuiltins } from "./builtins.ts";
import { fixSources } from "./determinism.ts";
import { trampoline } from "./trampoline.ts";

const KEEP_EXPORTS = [
  "malloc",
  "free",
  "PyBytes_FromStringAndSize",
  "PyBytes_AsString",
  "PyBytes_Size",
  "PyObject_CallOneArg",
  "PyErr_Clear",
  "__indirect_function_table",
];

/** The parts of Pyodide's interface that booting needs. */
interface Pyodide {
  runPython(code: string, options?: { globals?: unknown; filename?: string }): unknown;
  toPy(value: object): unknown;
  FS: FileSystem;
}

interface FileSystem {
  readFile(path: string): Uint8Array;
  mkdirTree(path: string): void;
  writeFile(path: string, data: string): void;
}

/** The standard library as a guest gets it, and what only the boot needs. */
export interface PackedStdlib {
  /** One zip: bytecode and sources, without what a guest can't use. */
  readonly zip: Uint8Array;
  /** The loader's own Python packages: path to source. They are gone before the snapshot. */
  readonly loader: Readonly<Record<string, string>>;
}

export interface FrozenPython {
  readonly wasm: Uint8Array;
  /** Address of the function that enters a guest. */
  readonly enter: number;
}

function pyodideFolder(): string {
  return dirname(createRequire(import.meta.url).resolve("pyodide/package.json"));
}

/**
 * Boots CPython once through Pyodide's own loader, runs boot.py, and freezes what is then there. The result depends on the
 * package's files and ours alone: clocks, randomness and the environment are fixed while it boots, so call it in a process of its own.
 *
 * @param stdlibFile where the zip that {@link packStdlib} made stands
 */
export async function capturePython(stdlibFile: string, loader: PackedStdlib["loader"]): Promise<FrozenPython> {
  fixSources();
  const captured = watchInstantiation();
  const python = await load(stdlibFile, loader);
  const { instance, imports, module } = captured();
  const boot = readFileSync(new URL("boot.py", import.meta.url), "utf8");
  const runner = [
    "import sys, types",
    "api = sys.modules['glovebox'] = types.ModuleType('glovebox')",
    "exec(compile(api_source, '<glovebox>', 'exec'), api.__dict__)",
    "glovebox = types.ModuleType('glovebox_boot')",
    "exec(compile(source, '<glovebox>', 'exec'), glovebox.__dict__)",
    "address = id(glovebox.enter)",
  ].join("\n");
  const api = readFileSync(new URL("glovebox.py", import.meta.url), "utf8");
  const globals = python.toPy({ source: boot, api_source: api });
  python.runPython(runner, { globals, filename: "<glovebox>" });
  const enter = python.runPython("address", { globals });
  if (typeof enter !== "number") throw new Error("boot.py has no enter()");
  const memory = instance.exports["memory"] as WebAssembly.Memory;
  shortenStack(instance);
  takeOutBuiltins(memory, (instance.exports["PyImport_Inittab"] as WebAssembly.Global).value as number);
  python.runPython("glovebox.prepare()", { globals });
  protectStack(instance);

  const wasm = new Uint8Array(readFileSync(join(pyodideFolder(), "pyodide.asm.wasm")));
  const snapshot = takeSnapshot(wasm, module, instance, imports);
  return { wasm: freeze(wasm, snapshot, { keepExports: KEEP_EXPORTS, append: trampoline }), enter };
}

/**
 * The standard library again, with bytecode beside the sources (importing costs a fifth of compiling), and without the loader's own
 * packages. Made by the CPython that will read it. Call it in a process of its own, like {@link capturePython}.
 */
export async function packStdlib(): Promise<PackedStdlib> {
  fixSources();
  const python = await load(join(pyodideFolder(), "python_stdlib.zip"), {});
  python.runPython(readFileSync(new URL("pack.py", import.meta.url), "utf8"));
  const loader = new TextDecoder().decode(python.FS.readFile("/tmp/loader.json"));
  return { zip: python.FS.readFile("/tmp/stdlib.zip").slice(), loader: JSON.parse(loader) as PackedStdlib["loader"] };
}

async function load(stdLibURL: string, loader: PackedStdlib["loader"]): Promise<Pyodide> {
  const { loadPyodide } = (await import("pyodide")) as unknown as { loadPyodide(options: object): Promise<Pyodide> };
  return loadPyodide({
    indexURL: pyodideFolder(),
    stdLibURL,
    _sysExecutable: "/python",
    env: { HOME: "/home", PYTHONHASHSEED: "0", LANG: "C.UTF-8" },
    fsInit: async (files: FileSystem, { sitePackages }: { sitePackages: string }) => {
      for (const [path, source] of Object.entries(loader)) {
        files.mkdirTree(dirname(join(sitePackages, path)));
        files.writeFile(join(sitePackages, path), source);
      }
    },
  });
}

/**
 * Has CPython raise RecursionError when this much of its own stack (in linear memory) is used. V8's stack is another one, of which
 * the same calls use several times as much: cells are started with so much of it that this limit is reached first.
 */
const PYTHON_STACK_BYTES = 1_000_000;
/** What is kept of the stack: three times as much as CPython lets itself use, for code that does not ask it. */
const STACK_BYTES = 3 * 2 ** 20;
/** What malloc may take of a new piece of memory for itself: it asks for whole pages of 64 KiB. */
const SEGMENT_BYTES = 2 * PAGE_BYTES;
/** What `main` left on the stack, and may still be pointed to. */
const LEFT_BYTES_MAX = 1024;

/**
 * Pyodide is linked with a stack of 10 MB, most of which no guest reaches, and all of it has to be wiped after each. The upper part
 * becomes heap: malloc is told, once, that the program's break is there. Nothing of it is in use between calls.
 */
function shortenStack(instance: WebAssembly.Instance): void {
  const call = (name: string, ...given: number[]) => (instance.exports[name] as (...given: number[]) => number)(...given) >>> 0;
  const [base, end] = [call("emscripten_stack_get_base"), call("emscripten_stack_get_end")];
  const shortened = end + STACK_BYTES;
  const pointer = instance.exports["__stack_pointer"] as WebAssembly.Global;
  const used = pointer.value as number;
  if (used > base || used < base - LEFT_BYTES_MAX || shortened >= base)
    throw new Error("the stack is not where it was expected: look at the loader again");
  new Uint8Array((instance.exports["memory"] as WebAssembly.Memory).buffer).fill(0, shortened, used);
  pointer.value = shortened;
  call("emscripten_stack_set_limits", shortened, end);
  const place = call("emscripten_get_sbrk_ptr");
  const programBreak = numbersOf(instance).getUint32(place, true);
  numbersOf(instance).setUint32(place, shortened, true);
  const piece = call("malloc", used - shortened - SEGMENT_BYTES);
  const reached = numbersOf(instance).getUint32(place, true);
  numbersOf(instance).setUint32(place, programBreak, true);
  if (piece < shortened || reached > used) throw new Error("malloc did not take what was left of the stack");
  call("free", piece);
}

function protectStack(instance: WebAssembly.Instance): void {
  const call = (name: string, ...given: number[]) => (instance.exports[name] as (...given: number[]) => number)(...given);
  const base = call("emscripten_stack_get_base") >>> 0;
  const state = call("PyThreadState_GetUnchecked");
  if (call("PyUnstable_ThreadState_SetStackProtection", state, base - PYTHON_STACK_BYTES, PYTHON_STACK_BYTES) !== 0) {
    throw new Error("CPython refused the limit on its stack");
  }
}

type Instantiated = { module: WebAssembly.Module; imports: WebAssembly.Imports; instance: WebAssembly.Instance };

/** Pyodide's loader keeps its instance to itself: watch for the one whose imports have a GOT. */
function watchInstantiation(): () => Instantiated {
  let found: Instantiated | undefined;
  const instantiated = () => {
    if (!found) throw new Error("Pyodide's loader did not instantiate a module with a GOT");
    return found;
  };
  // The loader names the zone after its offset ("UTC-0000"); the C library keeps what it is told when it boots.
  const nameTimeZone = (offset: number, daylight: number, standardName: number, daylightName: number) => {
    const memory = numbersOf(instantiated().instance);
    memory.setInt32(offset, 0, true);
    memory.setInt32(daylight, 0, true);
    for (const name of [standardName, daylightName]) memory.setUint32(name, 0x00435455, true); // "UTC" and a NUL
  };
  const instantiate = WebAssembly.instantiate as (source: unknown, imports?: WebAssembly.Imports) => Promise<unknown>;
  const watched = async (source: unknown, imports?: WebAssembly.Imports) => {
    if (imports?.["GOT.func"] && imports["env"]) imports["env"]["_tzset_js"] = nameTimeZone;
    const result = (await instantiate.call(WebAssembly, source, imports)) as
      | WebAssembly.Instance
      | { module: WebAssembly.Module; instance: WebAssembly.Instance };
    if (imports?.["GOT.func"]) {
      found =
        result instanceof WebAssembly.Instance
          ? { module: source as WebAssembly.Module, imports, instance: result }
          : { ...result, imports };
    }
    return result;
  };
  Object.assign(WebAssembly, { instantiate: watched, instantiateStreaming: undefined });
  return instantiated;
}

function numbersOf(instance: WebAssembly.Instance): DataView {
  return new DataView((instance.exports["memory"] as WebAssembly.Memory).buffer);
}

function takeSnapshot(
  wasm: Uint8Array,
  module: WebAssembly.Module,
  instance: WebAssembly.Instance,
  imports: WebAssembly.Imports,
): Snapshot {
  const sections = readSections(wasm);
  const exports = readExports(wasm, sections);
  const functionIndex = new Map(exports.filter((e) => e.kind === 0).map((e) => [e.field, e.index]));
  const globals = new Map<number, number>();
  readImports(wasm, sections)
    .filter((entry) => entry.kind === "global")
    .forEach((entry, index) => {
      const global = imports[entry.module]?.[entry.field];
      if (!(global instanceof WebAssembly.Global)) throw new Error(`the loader gave no global for ${entry.field}`);
      globals.set(index, global.value as number);
    });
  const stackPointer = exports.find((entry) => entry.field === "__stack_pointer");
  if (!stackPointer) throw new Error("the module exports no stack pointer");
  globals.set(stackPointer.index, (instance.exports["__stack_pointer"] as WebAssembly.Global).value as number);

  // What the loader put into the table beyond the module's own elements: exports can be named again. JavaScript functions can't and
  // stay null, but for the trampoline: the slot that CPython's runtime state names gets ours.
  const table = instance.exports["__indirect_function_table"] as WebAssembly.Table;
  const untouched = bareTable(module, globals);
  const nameOf = new Map(Object.entries(instance.exports).map(([name, value]) => [value, name]));
  const trampolineSlot = findTrampoline(instance, table, nameOf);
  const added: [number, number][] = [];
  for (let slot = 0; slot < table.length; slot++) {
    const value: unknown = table.get(slot);
    if (!value || (slot < untouched.length && untouched.get(slot))) continue;
    const name = nameOf.get(value as WebAssembly.ExportValue);
    const index = slot === trampolineSlot ? APPENDED_FUNCTION : name === undefined ? undefined : functionIndex.get(name);
    if (index !== undefined) added.push([slot, index]);
  }
  return {
    memory: usedMemory(instance),
    globals,
    table: { length: table.length, added },
  };
}

/** All of memory up to the program's break. What is beyond was never used: the loader grows memory by more than it is asked for. */
function usedMemory(instance: WebAssembly.Instance): Uint8Array {
  const place = (instance.exports["emscripten_get_sbrk_ptr"] as () => number)() >>> 0;
  const programBreak = numbersOf(instance).getUint32(place, true);
  const bytes = new Uint8Array((instance.exports["memory"] as WebAssembly.Memory).buffer);
  const end = Math.ceil(programBreak / PAGE_BYTES) * PAGE_BYTES;
  if (bytes.subarray(end).some((byte) => byte !== 0)) throw new Error("memory beyond the program's break is in use");
  return bytes.slice(0, end);
}

/** The table of an instance that nothing has run in. */
function bareTable(module: WebAssembly.Module, globals: ReadonlyMap<number, number>): WebAssembly.Table {
  const imports: WebAssembly.Imports = {};
  let index = 0;
  for (const entry of WebAssembly.Module.imports(module)) {
    imports[entry.module] ??= {};
    const into = imports[entry.module] as Record<string, WebAssembly.ImportValue>;
    into[entry.name] =
      entry.kind === "function"
        ? () => {
            throw new Error(`${entry.name} was called before anything ran`);
          }
        : new WebAssembly.Global({ value: "i32", mutable: true }, globals.get(index++));
  }
  return new WebAssembly.Instance(module, imports).exports["__indirect_function_table"] as WebAssembly.Table;
}

/** CPython keeps the slot of its trampoline in `_PyRuntime`, at an offset that the module exports. */
function findTrampoline(instance: WebAssembly.Instance, table: WebAssembly.Table, nameOf: ReadonlyMap<unknown, string>): number {
  const numbers = numbersOf(instance);
  const address = (name: string) => (instance.exports[name] as WebAssembly.Global).value as number;
  const offset = numbers.getUint32(address("_PyEM_EMSCRIPTEN_TRAMPOLINE_OFFSET"), true);
  const slot = numbers.getUint32(address("_PyRuntime") + offset, true);
  const value: unknown = slot < table.length ? table.get(slot) : null;
  if (!value || nameOf.has(value)) throw new Error("CPython does not name a trampoline: its loader changed, look again");
  return slot;
}
