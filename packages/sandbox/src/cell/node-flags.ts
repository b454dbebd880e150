/**
 * V8's stack in a cell, KiB, under a larger one of the operating system (wrap.ts). CPython's own limit (runtimes/python/capture.ts) and
 * QuickJS's are reached first, so that recursion is an error of the guest's and not the end of the instance.
 */
const V8_STACK_KIB = 30_000;

/**
 * Node and V8 flags of a process cell. SECURITY.md says what each one stops and doesn't.
 *
 * @param folder the only one that the cell can read
 * @param heapMiB of V8's own heap, linear memories not counted
 */
export function nodeFlags(folder: string, heapMiB: number): string[] {
  return [
    "--permission",
    `--allow-fs-read=${folder}`,
    "--disable-sigusr1",
    "--disable-proto=delete",
    "--disallow-code-generation-from-strings",
    "--freeze-flags-after-init",
    "--no-addons",
    "--no-warnings",
    "--expose-gc", // memories that were dropped are collected (guest/dropped.ts)
    "--zero-fill-buffers",
    `--max-heap-size=${heapMiB}`,
    `--stack-size=${V8_STACK_KIB}`,
    "--wasm-max-mem-pages=65536",
    "--wasm-max-table-size=200000",
  ];
}
