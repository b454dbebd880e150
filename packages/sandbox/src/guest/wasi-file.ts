import type { FileSystem } from "./filesystem.ts";
import type { Node } from "./node.ts";
import { OpenFile } from "./open-file.ts";
import { RIGHT, type Right, type Rights } from "./wasi-rights.ts";

/** `fdflags`. What is written is kept in memory at once, so those about syncing are kept and told, and do nothing. */
export const FDFLAGS = { append: 1, dsync: 2, nonblock: 4, rsync: 8, sync: 16 } as const;
export const FDFLAGS_ALL = 31;

/** An open descriptor of a WASI guest: with it go the rights. Preview 1 has no way to share one between two numbers. */
export class WasiFile extends OpenFile {
  rights: Rights;
  #flags = 0;
  /** Under which name the guest was given it; undefined for what it opened itself. */
  readonly preopen: Uint8Array | undefined;

  constructor(files: FileSystem, node: Node, rights: Rights, preopen?: Uint8Array) {
    super(files, node, { read: (rights.base & RIGHT.fd_read) !== 0n, write: (rights.base & WRITING) !== 0n });
    this.rights = rights;
    this.preopen = preopen;
  }

  get flags(): number {
    return this.#flags;
  }

  set flags(flags: number) {
    this.#flags = flags;
    this.append = (flags & FDFLAGS.append) !== 0;
  }

  /** Whether it has all of these rights. */
  may(...rights: readonly Right[]): boolean {
    return rights.every((right) => (this.rights.base & RIGHT[right]) !== 0n);
  }
}

/** The rights that have a file opened for writing. */
export const WRITING = RIGHT.fd_write | RIGHT.fd_allocate | RIGHT.fd_filestat_set_size;
