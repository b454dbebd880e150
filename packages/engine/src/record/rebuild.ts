import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import type { FileTree, Guest, ModuleDirectory } from "@glovebox/sandbox";
import type { RecordedFile, RecordedGuest, RecordedNode } from "./entry.ts";
import { stateOf } from "./private.ts";

/** Why a guest can't be made again. */
export class Unbuildable extends Error {}

/** What a file of a module or a package may have. */
const FILE_BYTES_MAX = 64 * 2 ** 20;

/** Files that guests were made of, read again; each is held to the digest that it had. */
export class RecordedFiles {
  readonly #files = new Map<string, Promise<Uint8Array>>();

  /** @throws Unbuildable */
  async read({ name, path, content, sha256 }: RecordedFile): Promise<Uint8Array> {
    const what = JSON.stringify(path ?? name);
    const bytes = content === undefined ? await this.#readPath(path, what) : Buffer.from(content, "base64");
    if (createHash("sha256").update(bytes).digest("hex") !== sha256)
      throw new Unbuildable(`${what} is not what it was: its digest is another`);
    return bytes;
  }

  #readPath(path: string | undefined, what: string): Promise<Uint8Array> {
    if (path === undefined) throw new Unbuildable(`${what} is not in the record`);
    let bytes = this.#files.get(path);
    if (bytes === undefined) {
      bytes = readBounded(path, what);
      this.#files.set(path, bytes);
    }
    return bytes;
  }
}

async function readBounded(path: string, what: string): Promise<Uint8Array> {
  try {
    const stats = await stat(path);
    if (!stats.isFile()) throw new Error("it is no file");
    if (stats.size > FILE_BYTES_MAX) throw new Error(`it has ${stats.size} bytes, and ${FILE_BYTES_MAX} are allowed`);
    return await readFile(path);
  } catch (error) {
    throw new Unbuildable(`${what} can't be read: ${stateOf(error)}`, { cause: error });
  }
}

/**
 * The guest that a record tells of.
 * @throws Unbuildable
 */
export async function rebuildGuest(guest: RecordedGuest, files: RecordedFiles): Promise<Guest> {
  switch (guest.kind) {
    case "python": {
      const { code = missing("its code"), packages, ...others } = guest;
      const wheels = await Promise.all((packages ?? []).map(async (file) => ({ name: file.name, bytes: await files.read(file) })));
      return { ...others, code, ...(packages === undefined ? {} : { packages: wheels }) };
    }
    case "javascript":
    case "typescript": {
      const { code = missing("its code"), ...others } = guest;
      return { ...others, code };
    }
    case "module": {
      const { file, directories, ...others } = guest;
      const trees = directories?.map(
        async ({ name, readOnly, entries }): Promise<ModuleDirectory> => ({
          name,
          files: await rebuildTree(entries, files),
          ...(readOnly === undefined ? {} : { readOnly }),
        }),
      );
      return { ...others, bytes: await files.read(file), ...(trees === undefined ? {} : { directories: await Promise.all(trees) }) };
    }
    case "schema":
      return { kind: "schema", schema: guest.schema ?? missing("its schema") };
    case "syntax":
    case "outline":
      throw new Unbuildable("it is a program of Glovebox's own");
  }
}

async function rebuildTree(entries: readonly RecordedNode[], files: RecordedFiles): Promise<FileTree> {
  const nodes = entries.map(
    async (node): Promise<[string, FileTree[string]]> =>
      node.kind === "file" ? [node.file.name, await files.read(node.file)] : [node.name, await rebuildTree(node.entries, files)],
  );
  return Object.fromEntries(await Promise.all(nodes));
}

function missing(what: string): never {
  throw new Unbuildable(`${what} is not in the record`);
}
