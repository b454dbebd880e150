import { endOfThrow } from "../../guest/ending.ts";
import { ERRNO } from "../../guest/errno.ts";
import { trap } from "../../guest/trap.ts";
import { gmtime, timegm, tzset } from "./calendar.ts";
import { clockResGet, clockTimeGet, dateNow, now } from "./clock.ts";
import * as paths from "./paths.ts";
import * as guestProcess from "./process.ts";
import type { PythonHost, PythonSession } from "./session.ts";
import * as transfers from "./transfers.ts";

/** An import that has work to do. Numbers come as WebAssembly passes them: signed. */
type Call = (session: PythonSession, ...given: never[]) => number | bigint | undefined;

/** An import that does nothing and always returns the same. */
interface Answer {
  readonly answer: number | bigint | null | undefined;
}

const refuse = (errno: number): Answer => ({ answer: -errno });
/** Nothing is returned, nothing is done. */
const NOTHING: Answer = { answer: undefined };
/** A null reference: what the interpreter's C code takes for "an error has happened". */
const NO_REFERENCE: Answer = { answer: null };
/** -1: a status that says failed. */
const FAILED: Answer = { answer: -1 };
const NULL: Answer = { answer: 0 };
const FALSE: Answer = { answer: 0 };
const TRUE: Answer = { answer: 1 };
const ZERO: Answer = { answer: 0 };

const EAI_FAIL = -4;

/** What the C library asks by WASI's names. Descriptor 0 is empty, 1 and 2 are the attempt's log; there is no environment. */
const WASI: Readonly<Record<string, Call | Answer>> = {
  fd_read: transfers.fdRead,
  fd_write: transfers.fdWrite,
  fd_pread: transfers.fdPread,
  fd_pwrite: transfers.fdPwrite,
  fd_seek: transfers.fdSeek,
  fd_close: transfers.fdClose,
  fd_sync: transfers.fdSync,
  fd_fdstat_get: transfers.fdStatus,
  clock_time_get: clockTimeGet,
  clock_res_get: clockResGet,
  random_get: guestProcess.randomGet,
  environ_sizes_get: guestProcess.environSizesGet,
  environ_get: ZERO,
  proc_exit: guestProcess.exit,
};

/** Files, memory, time and the process, in the attempt's own state. */
const SYSTEM: Readonly<Record<string, Call | Answer>> = {
  // Paths, in the attempt's file system.
  __syscall_openat: paths.openAt,
  __syscall_stat64: paths.statPath,
  __syscall_lstat64: paths.statPath, // there are no symbolic links
  __syscall_newfstatat: paths.statAt,
  __syscall_fstat64: paths.statDescriptor,
  __syscall_faccessat: paths.accessAt,
  __syscall_mkdirat: paths.makeDirectoryAt,
  __syscall_unlinkat: paths.unlinkAt,
  __syscall_rmdir: paths.removeDirectory,
  __syscall_renameat: paths.renameAt,
  __syscall_readlinkat: paths.readLinkAt,
  __syscall_symlinkat: refuse(ERRNO.EPERM),
  __syscall_mknodat: refuse(ERRNO.EPERM),
  __syscall_chmod: paths.changeMode,
  __syscall_fchmodat2: paths.changeModeAt,
  __syscall_fchownat: paths.changeOwnerAt,
  __syscall_truncate64: paths.truncatePath,
  __syscall_utimensat: paths.changeTimesAt,
  __syscall_chdir: paths.changeWorkingDirectory,
  __syscall_fchdir: paths.changeWorkingDirectoryTo,
  __syscall_getcwd: paths.getWorkingDirectory,
  __syscall_statfs64: paths.statfsPath,

  // Descriptors.
  __syscall_fdatasync: transfers.dataSync,
  __syscall_dup: transfers.duplicate,
  __syscall_dup3: transfers.duplicateTo,
  __syscall_fcntl64: transfers.control,
  __syscall_ioctl: transfers.deviceControl,
  __syscall_fchmod: transfers.changeModeOf,
  __syscall_fchown32: transfers.changeOwnerOf,
  __syscall_ftruncate64: transfers.resize,
  __syscall_fallocate: transfers.allocate,
  __syscall_fadvise64: transfers.advise,
  __syscall_fstatfs64: transfers.statfsDescriptor,
  __syscall_getdents64: transfers.readDirectory,
  __syscall_pipe: transfers.pipe,
  __syscall_poll: transfers.poll,

  // Files are not mapped. Anonymous mappings need no import: the C library takes them from its heap.
  _mmap_js: refuse(ERRNO.ENODEV),
  _munmap_js: refuse(ERRNO.EINVAL),
  _msync_js: refuse(ERRNO.EINVAL),

  // Clocks tell the attempt's time in whole milliseconds; the zone is UTC.
  emscripten_get_now: now,
  emscripten_date_now: dateNow,
  _gmtime_js: gmtime,
  _localtime_js: gmtime,
  _timegm_js: timegm,
  _mktime_js: timegm,
  _tzset_js: tzset,
  _setitimer_js: FAILED, // nothing could interrupt a guest

  // Memory.
  emscripten_resize_heap: guestProcess.resizeHeap,
  emscripten_get_heap_max: guestProcess.heapMax,

  // The process: one user, no other programs.
  exit: guestProcess.exit,
  _abort_js: guestProcess.abort,
  __assert_fail: guestProcess.assertionFailed,
  _emscripten_system: refuse(ERRNO.ENOSYS),
  __syscall_getuid32_js: ZERO,
  __syscall_umask_js: guestProcess.setUmask,
  _emscripten_get_progname: guestProcess.programName,
  _Py_emscripten_runtime: NULL, // a string that describes the host
  _Py_CheckEmscriptenSignals_Helper: ZERO, // the signal that the host has raised: none
  emscripten_runtime_keepalive_push: NOTHING,
  emscripten_runtime_keepalive_pop: NOTHING,
  _emscripten_runtime_keepalive_clear: NOTHING,
  emscripten_debugger: NOTHING,
  emscripten_log_impl_js: NOTHING,
  _emscripten_log_formatted: NOTHING,
  emscripten_set_up_async_input_device_js: FAILED,
};

/** What would leave the chamber by way of the operating system. */
const OUTSIDE: Readonly<Record<string, Answer>> = {
  // Sockets: there is no network, and what a descriptor names is never a socket.
  __syscall_socket: refuse(ERRNO.EAFNOSUPPORT),
  __syscall_accept4: refuse(ERRNO.ENOTSOCK),
  __syscall_bind: refuse(ERRNO.ENOTSOCK),
  __syscall_connect: refuse(ERRNO.ENOTSOCK),
  __syscall_getpeername: refuse(ERRNO.ENOTSOCK),
  __syscall_getsockname: refuse(ERRNO.ENOTSOCK),
  __syscall_getsockopt: refuse(ERRNO.ENOTSOCK),
  __syscall_listen: refuse(ERRNO.ENOTSOCK),
  __syscall_recvfrom: refuse(ERRNO.ENOTSOCK),
  __syscall_recvmsg: refuse(ERRNO.ENOTSOCK),
  __syscall_sendmsg: refuse(ERRNO.ENOTSOCK),
  __syscall_sendto: refuse(ERRNO.ENOTSOCK),
  getaddrinfo: { answer: EAI_FAIL },
  getnameinfo: { answer: EAI_FAIL },
  getprotobyname: NULL,
  _emscripten_lookup_name: ZERO, // 0.0.0.0
  // Pyodide's sockets: not theirs, so the plain calls above are made.
  _maybe_connect_async: NO_REFERENCE,
  _maybe_recvfrom_async: NO_REFERENCE,
  _maybe_sendto_async: NO_REFERENCE,
  _maybe_poll_async: NO_REFERENCE,
  _try_fcntl64: FALSE,
  _try_shutdown: FALSE,
  // Loading code.
  _dlopen_js: NULL,
  _dlsym_js: NULL,
  _emscripten_dlopen_js: NOTHING,
  emscripten_promise_create: NULL,
  emscripten_promise_resolve: NOTHING,
  emscripten_promise_destroy: NOTHING,
};

/** The bridge between Python and JavaScript, with nothing on its other side. */
const BRIDGE: Readonly<Record<string, Call | Answer>> = {
  // Those that throw in JavaScript, and are not returned from.
  JsvError_Throw: guestProcess.bridgeFailed,
  hiwire_invalid_ref_js: guestProcess.bridgeFailed,
  throw_no_gil: guestProcess.bridgeFailed,
  emscripten_asm_const_int: guestProcess.bridgeFailed, // runs text as JavaScript
  ffi_call_js: guestProcess.bridgeFailed, // calls a C function by a description that the guest writes

  JsvError_Check: TRUE, // a null reference is an error
  JsvNoValue_Check: TRUE,
  is_comlink_proxy: FALSE,
  can_run_sync_js: FALSE,
  pyproxy_Check: FALSE,
  Jsv_to_bool: FALSE,
  Jsv_less_than: FALSE,
  Jsv_less_than_equal: FALSE,
  Jsv_equal: FALSE,
  Jsv_not_equal: FALSE,
  Jsv_greater_than: FALSE,
  Jsv_greater_than_equal: FALSE,
  JsvArray_Check: FALSE,
  JsvFunction_Check: FALSE,
  JsvPromise_Check: FALSE,
  JsvGenerator_Check: FALSE,
  JsvAsyncGenerator_Check: FALSE,
  JsProxy_Bool_js: FALSE,

  // Pointers to Python objects, strings, closures.
  js2python_immutable_js: NULL,
  js2python_js: NULL,
  js2python_convert: NULL,
  pyproxy_AsPyObject: NULL,
  JsDoubleProxy_unwrap_js: NULL,
  Jsv_constructorName: NULL,
  ffi_closure_alloc_js: NULL,
  __hiwire_deduplicate_get: NULL,

  // Statuses, sizes and positions.
  JsProxy_compute_typeflags: FAILED,
  _agen_handle_result_js: FAILED,
  JsvArray_Set: FAILED,
  JsvArray_slice_assign: FAILED,
  JsvArray_Push: FAILED,
  JsvArray_Insert: FAILED,
  JsArray_inplace_repeat_js: FAILED,
  JsArray_index_js: FAILED,
  JsArray_reverse_js: FAILED,
  JsArray_count_js: FAILED,
  JsvBuffer_assignToPtr: FAILED,
  JsvBuffer_assignFromPtr: FAILED,
  JsvBuffer_writeToFile: FAILED,
  JsvBuffer_readFromFile: FAILED,
  JsvBuffer_intoFile: FAILED,
  JsObjMap_length_js: FAILED,
  JsObjMap_ass_subscript_js: FAILED,
  JsObjMap_contains_js: FAILED,
  JsMap_clear_js: FAILED,
  JsProxy_exit_js: FAILED,
  JsProxy_DelAttr_js: FAILED,
  JsProxy_SetAttr_js: FAILED,
  JsvObject_SetAttr: FAILED,
  JsvNum_toInt: FAILED,
  JsvMap_Set: FAILED,
  JsvSet_Add: FAILED,
  _python2js_add_to_cache: FAILED,
  _JsObject_Set_js: FAILED,
  _JsArray_PushEntry_helper: FAILED,
  get_length_helper: FAILED,
  get_length_string: FAILED,
  destroy_proxies_js: FAILED,
  jslib_init_buffers_js: FAILED,
  jslib_init_js: FAILED,
  ffi_prep_closure_loc_js: { answer: 1 }, // FFI_BAD_TYPEDEF

  // What only tells JavaScript something.
  capture_stderr: NOTHING,
  fail_test: NOTHING,
  raw_call_js: NOTHING,
  set_pyodide_module: NOTHING,
  destroy_proxy: NOTHING,
  destroy_proxies: NOTHING,
  destroy_jsarray_entries: NOTHING,
  JsBuffer_get_info: NOTHING,
  JsvArray_Extend: NOTHING,
  gc_register_proxies: NOTHING,
  proxy_cache_set: NOTHING,
  set_suspender: NOTHING,
  _python2js_addto_postprocess_list: NOTHING,
  _python2js_handle_postprocess_list: NOTHING,
  pyodide_js_init: NOTHING,
  restoreState: NOTHING,
  JsvPromise_Syncify_handleError: NOTHING,
  ffi_closure_free_js: NOTHING,
  __hiwire_deduplicate_set: NOTHING,
  __hiwire_deduplicate_delete: NOTHING,

  // References to JavaScript values: there are none.
  restore_stderr: NO_REFERENCE,
  new_error: NO_REFERENCE,
  JsProxy_GetAttr_js: NO_REFERENCE,
  handle_next_result_js: NO_REFERENCE,
  JsvArray_New: NO_REFERENCE,
  JsvArray_Get: NO_REFERENCE,
  JsvArray_Delete: NO_REFERENCE,
  JsvPromise_Resolve: NO_REFERENCE,
  create_promise_handles: NO_REFERENCE,
  JsModule_GetAll_js: NO_REFERENCE,
  JsObjMap_GetIter_js: NO_REFERENCE,
  JsObjMap_subscript_js: NO_REFERENCE,
  JsMap_GetIter_js: NO_REFERENCE,
  JsProxy_GetIter_js: NO_REFERENCE,
  JsProxy_GetAsyncIter_js: NO_REFERENCE,
  JsProxy_subscript_js: NO_REFERENCE,
  JsvArray_slice: NO_REFERENCE,
  JsvArray_ShallowCopy: NO_REFERENCE,
  JsArray_repeat_js: NO_REFERENCE,
  JsException_new_helper: NO_REFERENCE,
  JsProxy_Dir_js: NO_REFERENCE,
  JsProxy_to_weakref_js: NO_REFERENCE,
  JsProxy_aexit_js: NO_REFERENCE,
  JsvObject_toString: NO_REFERENCE,
  Jsv_typeof: NO_REFERENCE,
  JsvObject_Entries: NO_REFERENCE,
  JsvObject_Keys: NO_REFERENCE,
  JsvObject_Values: NO_REFERENCE,
  create_once_callable: NO_REFERENCE,
  JsArray_reversed_iterator: NO_REFERENCE,
  JsBuffer_DecodeString_js: NO_REFERENCE,
  JsvFunction_Construct: NO_REFERENCE,
  JsvFunction_CallBound: NO_REFERENCE,
  JsvObject_New: NO_REFERENCE,
  my_dict_converter: NO_REFERENCE,
  wrap_generator: NO_REFERENCE,
  wrap_async_generator: NO_REFERENCE,
  get_async_js_call_done_callback: NO_REFERENCE,
  JsvUTF8ToString: NO_REFERENCE,
  proxy_cache_get: NO_REFERENCE,
  _pyproxyGen_make_result: NO_REFERENCE,
  JsvFunction_Call_OneArg: NO_REFERENCE,
  _pyproxy_get_buffer_result: NO_REFERENCE,
  array_to_js: NO_REFERENCE,
  pyproxy_new_ex: NO_REFERENCE,
  pyproxy_new: NO_REFERENCE,
  _python2js_buffer_inner: NO_REFERENCE,
  Jsv_GetError_import: NO_REFERENCE,
  JsvObject_CallMethod: NO_REFERENCE,
  JsvObject_CallMethod_NoArgs: NO_REFERENCE,
  JsvObject_CallMethod_OneArg: NO_REFERENCE,
  JsvObject_CallMethod_TwoArgs: NO_REFERENCE,
  JsvBigInt_fromInt: NO_REFERENCE,
  JsvNum_fromInt: NO_REFERENCE,
  JsvNum_fromDouble: NO_REFERENCE,
  JsvBigInt_fromDigits: NO_REFERENCE,
  Jsv_BigIntToNum: NO_REFERENCE,
  JsvMap_New: NO_REFERENCE,
  JsvLiteralMap_New: NO_REFERENCE,
  JsvSet_New: NO_REFERENCE,
  _python2js_cache_lookup: NO_REFERENCE,
  python2js__default_converter_js: NO_REFERENCE,
  python2js__eager_converter_js: NO_REFERENCE,
  python2js_custom__create_jscontext: NO_REFERENCE,
  _JsArray_PostProcess_helper: NO_REFERENCE,
  _python2js_ascii: NO_REFERENCE,
  _python2js_ucs1: NO_REFERENCE,
  _python2js_ucs2: NO_REFERENCE,
  _python2js_ucs4: NO_REFERENCE,
  saveState: NO_REFERENCE,
  get_suspender: NO_REFERENCE,
  syncifyHandler: NO_REFERENCE,
  __hiwire_deduplicate_new: NO_REFERENCE,
};

/** Calls of table entries that the guest chooses. */
const TABLE_CALLS = ["_PyEM_TrampolineCall_JS", "__call_sighandler"];

const TABLES: Readonly<Record<string, Readonly<Record<string, Call | Answer>>>> = {
  env: { ...SYSTEM, ...OUTSIDE, ...BRIDGE },
  wasi_snapshot_preview1: WASI,
};

/**
 * Everything that frozen CPython imports, for one instance. Nothing of it throws for what a guest passes, and none takes or returns a
 * reference to anything. What an import knows is in `host.session`; when that attempt is over, the guest that calls is ended.
 *
 * @throws Error if the module imports what the table doesn't have: then it is another CPython
 */
export function pythonImports(host: PythonHost, module: WebAssembly.Module): WebAssembly.Imports {
  const imports: WebAssembly.Imports = {};
  for (const { module: from, name, kind } of WebAssembly.Module.imports(module)) {
    imports[from] ??= {};
    imports[from][name] = kind === "memory" ? host.memory.memory : importOf(host, from, name);
  }
  return imports;
}

function importOf(host: PythonHost, from: string, name: string): (...given: never[]) => unknown {
  if (TABLE_CALLS.includes(name)) return (index: number, ...given: number[]) => guestProcess.callTable(host, index, ...given);
  const what = TABLES[from]?.[name];
  if (what === undefined) throw new Error(`frozen CPython imports ${from}.${name}, which is not in the table`);
  if (typeof what !== "function") return () => what.answer;
  return (...given: never[]) => {
    const { session } = host;
    if (!session || session.attempt.over) return trap();
    session.calls++;
    try {
      return what(session, ...given);
    } catch (error) {
      session.attempt.over = true;
      // A trap of session.end(), or a stack that was used up in here: no guest can catch either. The rest is a mistake of ours, which it
      // might catch, to go on with an import half done.
      if (endOfThrow(error)) throw error;
      return session.end({ kind: "fault", error });
    }
  };
}
