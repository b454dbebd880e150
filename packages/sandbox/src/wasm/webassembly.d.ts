// TypeScript describes WebAssembly only among the browser's globals, and those would let code use a `window` that Node does not have.
// What is here is the part of the WebAssembly JavaScript Interface 2.0 (and its exception handling) that Node offers.

declare namespace WebAssembly {
  type ImportExportKind = "function" | "global" | "memory" | "table" | "tag";
  type ValueType = "anyfunc" | "externref" | "f32" | "f64" | "i32" | "i64" | "v128";
  type ExportValue = ((...args: never[]) => unknown) | Global | Memory | Table | Tag;
  type ImportValue = ExportValue | number | bigint;
  type Imports = Record<string, Record<string, ImportValue>>;
  type Exports = Record<string, ExportValue>;

  interface ModuleImportDescriptor {
    readonly module: string;
    readonly name: string;
    readonly kind: ImportExportKind;
  }
  interface ModuleExportDescriptor {
    readonly name: string;
    readonly kind: ImportExportKind;
  }

  class Module {
    constructor(bytes: ArrayBufferView<ArrayBuffer> | ArrayBuffer);
    static customSections(module: Module, name: string): ArrayBuffer[];
    static exports(module: Module): ModuleExportDescriptor[];
    static imports(module: Module): ModuleImportDescriptor[];
  }
  class Instance {
    constructor(module: Module, imports?: Imports);
    readonly exports: Exports;
  }
  class Memory {
    /** `initial` and `maximum` are pages of 64 KiB. */
    constructor(descriptor: { initial: number; maximum?: number; shared?: boolean });
    readonly buffer: ArrayBuffer;
    grow(pages: number): number;
  }
  class Table {
    constructor(descriptor: { element: "anyfunc" | "externref"; initial: number; maximum?: number }, value?: unknown);
    readonly length: number;
    get(index: number): unknown;
    grow(entries: number, value?: unknown): number;
    set(index: number, value?: unknown): void;
  }
  class Global {
    constructor(descriptor: { value: ValueType; mutable?: boolean }, value?: unknown);
    value: unknown;
    valueOf(): unknown;
  }
  class Tag {
    constructor(descriptor: { parameters: ValueType[] });
  }
  class Exception extends Error {
    constructor(tag: Tag, payload: unknown[], options?: { traceStack?: boolean });
    getArg(tag: Tag, index: number): unknown;
    is(tag: Tag): boolean;
  }
  class CompileError extends Error {}
  class LinkError extends Error {}
  class RuntimeError extends Error {}

  function compile(bytes: ArrayBufferView<ArrayBuffer> | ArrayBuffer): Promise<Module>;
  function instantiate(module: Module, imports?: Imports): Promise<Instance>;
  function validate(bytes: ArrayBufferView<ArrayBuffer> | ArrayBuffer): boolean;
}
