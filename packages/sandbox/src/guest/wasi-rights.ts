import type { Node } from "./node.ts";

/** What a descriptor may be used for. Source: `rights` in `wasi_snapshot_preview1.witx`, in the order of their bits. */
const NAMES = [
  "fd_datasync",
  "fd_read",
  "fd_seek",
  "fd_fdstat_set_flags",
  "fd_sync",
  "fd_tell",
  "fd_write",
  "fd_advise",
  "fd_allocate",
  "path_create_directory",
  "path_create_file",
  "path_link_source",
  "path_link_target",
  "path_open",
  "fd_readdir",
  "path_readlink",
  "path_rename_source",
  "path_rename_target",
  "path_filestat_get",
  "path_filestat_set_size",
  "path_filestat_set_times",
  "fd_filestat_get",
  "fd_filestat_set_size",
  "fd_filestat_set_times",
  "path_symlink",
  "path_remove_directory",
  "path_unlink_file",
  "poll_fd_readwrite",
  "sock_shutdown",
  "sock_accept",
] as const;

export type Right = (typeof NAMES)[number];

export const RIGHT = Object.fromEntries(NAMES.map((name, bit) => [name, 1n << BigInt(bit)])) as Readonly<Record<Right, bigint>>;

const all = (...names: readonly Right[]): bigint => names.reduce((sum, name) => sum | RIGHT[name], 0n);

/** What means something for a directory, and for what is none. */
const DIRECTORY = all(
  "fd_fdstat_set_flags",
  "fd_sync",
  "fd_datasync",
  "fd_readdir",
  "fd_filestat_get",
  "fd_filestat_set_times",
  "path_create_directory",
  "path_create_file",
  "path_link_source",
  "path_link_target",
  "path_open",
  "path_readlink",
  "path_rename_source",
  "path_rename_target",
  "path_filestat_get",
  "path_filestat_set_size",
  "path_filestat_set_times",
  "path_symlink",
  "path_remove_directory",
  "path_unlink_file",
);
const FILE = all(
  "fd_datasync",
  "fd_read",
  "fd_seek",
  "fd_fdstat_set_flags",
  "fd_sync",
  "fd_tell",
  "fd_write",
  "fd_advise",
  "fd_allocate",
  "fd_filestat_get",
  "fd_filestat_set_size",
  "fd_filestat_set_times",
  "poll_fd_readwrite",
);
const CHANGES = all(
  "fd_write",
  "fd_allocate",
  "fd_filestat_set_size",
  "fd_filestat_set_times",
  "path_create_directory",
  "path_create_file",
  "path_link_source",
  "path_link_target",
  "path_rename_source",
  "path_rename_target",
  "path_filestat_set_size",
  "path_filestat_set_times",
  "path_symlink",
  "path_remove_directory",
  "path_unlink_file",
);

/** What a descriptor may be used for, and what those may that are opened through it. */
export interface Rights {
  readonly base: bigint;
  readonly inheriting: bigint;
}

/** Of a directory that the guest is given. */
export function givenRights(readOnly: boolean): Rights {
  const without = readOnly ? CHANGES : 0n;
  return { base: DIRECTORY & ~without, inheriting: (DIRECTORY | FILE) & ~without };
}

/** Of a standard stream: there is no position in it. */
export function streamRights({ read, write }: { readonly read: boolean; readonly write: boolean }): Rights {
  const base = all("fd_fdstat_set_flags", "fd_filestat_get", "poll_fd_readwrite");
  return { base: base | (read ? RIGHT.fd_read : 0n) | (write ? RIGHT.fd_write : 0n), inheriting: 0n };
}

/** Those of the rights that mean something for a node. */
export function rightsFor(node: Node, { base, inheriting }: Rights): Rights {
  return node.kind === "directory" ? { base: base & DIRECTORY, inheriting } : { base: base & FILE, inheriting };
}
