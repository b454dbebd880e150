import type { Preview1Name } from "../wasm/preview1.ts";
import type { GuestMemory } from "./memory.ts";
import * as fd from "./wasi-fd.ts";
import * as path from "./wasi-path.ts";
import { pollOneoff } from "./wasi-poll.ts";
import * as own from "./wasi-process.ts";
import type { WasiSession } from "./wasi-session.ts";

/**
 * One function: `values` are as WebAssembly passes them, i32 as numbers and i64 as bigints, both signed. Every one validates and charges before
 * it does anything, and refuses by returning an errno.
 */
export type Preview1Function = (session: WasiSession, memory: GuestMemory, ...values: never[]) => number;

/** All of WASI preview 1. Source: WASI snapshot preview1, `wasi_snapshot_preview1.witx`. */
const FUNCTIONS: Readonly<Record<Preview1Name, Preview1Function>> = {
  args_get: own.argsGet,
  args_sizes_get: own.argsSizesGet,
  clock_res_get: own.clockResGet,
  clock_time_get: own.clockTimeGet,
  environ_get: own.environGet,
  environ_sizes_get: own.environSizesGet,
  fd_advise: fd.fdAdvise,
  fd_allocate: fd.fdAllocate,
  fd_close: fd.fdClose,
  fd_datasync: fd.fdDatasync,
  fd_fdstat_get: fd.fdFdstatGet,
  fd_fdstat_set_flags: fd.fdFdstatSetFlags,
  fd_fdstat_set_rights: fd.fdFdstatSetRights,
  fd_filestat_get: fd.fdFilestatGet,
  fd_filestat_set_size: fd.fdFilestatSetSize,
  fd_filestat_set_times: fd.fdFilestatSetTimes,
  fd_pread: fd.fdPread,
  fd_prestat_dir_name: fd.fdPrestatDirName,
  fd_prestat_get: fd.fdPrestatGet,
  fd_pwrite: fd.fdPwrite,
  fd_read: fd.fdRead,
  fd_readdir: fd.fdReaddir,
  fd_renumber: fd.fdRenumber,
  fd_seek: fd.fdSeek,
  fd_sync: fd.fdSync,
  fd_tell: fd.fdTell,
  fd_write: fd.fdWrite,
  path_create_directory: path.pathCreateDirectory,
  path_filestat_get: path.pathFilestatGet,
  path_filestat_set_times: path.pathFilestatSetTimes,
  path_link: path.pathLink,
  path_open: path.pathOpen,
  path_readlink: path.pathReadlink,
  path_remove_directory: path.pathRemoveDirectory,
  path_rename: path.pathRename,
  path_symlink: path.pathSymlink,
  path_unlink_file: path.pathUnlinkFile,
  poll_oneoff: pollOneoff,
  proc_exit: own.procExit,
  proc_raise: own.procRaise,
  random_get: own.randomGet,
  sched_yield: own.schedYield,
  sock_accept: fd.noSocket,
  sock_recv: fd.noSocket,
  sock_send: fd.noSocket,
  sock_shutdown: fd.noSocket,
};

export function preview1(name: Preview1Name): Preview1Function {
  return FUNCTIONS[name];
}
