import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";

/** What the sandbox takes of one input at most, and far more than any module of a step should have. */
const MODULE_BYTES_MAX = 64 * 2 ** 20;

/** A module's or a package's file could not be read. */
export class ModuleError extends Error {}

/** A file that bytes were read from. */
export interface FileSource {
  /** Absolute. */
  readonly path: string;
  /** Of the bytes, in hexadecimal digits; computed when it is first asked for. */
  sha256(): string;
}

/** The files of one run's modules and packages: each is read once, so that all attempts of all steps run the same bytes. */
export class ModuleFiles {
  readonly #folder: string;
  readonly #files = new Map<string, Promise<Uint8Array>>();
  readonly #sources = new WeakMap<Uint8Array, FileSource>();

  /** @param document the workflow's file; modules are found relative to its folder */
  constructor(document: string) {
    this.#folder = dirname(resolve(document));
  }

  /** @throws ModuleError */
  read(module: string, what: "module" | "package" = "module"): Promise<Uint8Array> {
    const path = resolve(this.#folder, module);
    let bytes = this.#files.get(path);
    if (bytes === undefined) {
      bytes = readModule(path, module, what).then((read) => {
        this.#sources.set(read, sourceOf(path, read));
        return read;
      });
      this.#files.set(path, bytes);
    }
    return bytes;
  }

  /** Where bytes come from that were read here. */
  readonly sourceOf = (bytes: Uint8Array): FileSource | undefined => this.#sources.get(bytes);
}

function sourceOf(path: string, bytes: Uint8Array): FileSource {
  let digest: string | undefined;
  return {
    path,
    sha256() {
      digest ??= createHash("sha256").update(bytes).digest("hex");
      return digest;
    },
  };
}

async function readModule(path: string, module: string, what: string): Promise<Uint8Array> {
  try {
    const stats = await stat(path);
    if (!stats.isFile()) throw new Error("it is not a file");
    if (stats.size > MODULE_BYTES_MAX) throw new Error(`it has ${stats.size} bytes, and ${MODULE_BYTES_MAX} are allowed`);
    return await readFile(path);
  } catch (cause) {
    const state =
      cause instanceof Error && "code" in cause && cause.code === "ENOENT"
        ? "it does not exist"
        : cause instanceof Error
          ? cause.message
          : String(cause);
    throw new ModuleError(`Cannot load ${what} ${JSON.stringify(module)}: ${state}`, { cause });
  }
}
