/**
 * Built-in modules that no guest gets. They reach for what a chamber doesn't have (a loader, foreign functions, processes) or are
 * CPython's own test helpers, which exist to break it. Leaving them out makes for honest ImportErrors; it is not a boundary.
 */
const TAKEN_OUT = new Set([
  "_ctypes",
  "_posixsubprocess",
  "_pyodide_core",
  "_remote_debugging",
  "_testbuffer",
  "_testcapi",
  "_testclinic",
  "_testclinic_limited",
  "_testinternalcapi",
  "_testlimitedcapi",
  "_xxtestfuzz",
  "xxsubtype",
]);

/**
 * Takes the entries out of CPython's table of built-in modules, in the booted memory: an array of {name, init function} pointers that
 * ends with a null name (`struct _inittab`, Include/cpython/import.h).
 *
 * @param pointer address of `PyImport_Inittab`, the pointer to that array
 */
export function takeOutBuiltins(memory: WebAssembly.Memory, pointer: number): void {
  const bytes = new Uint8Array(memory.buffer);
  const numbers = new DataView(memory.buffer);
  const nameAt = (address: number) => new TextDecoder().decode(bytes.subarray(address, bytes.indexOf(0, address)));
  let from = numbers.getUint32(pointer, true);
  let to = from;
  const missing = new Set(TAKEN_OUT);
  for (; ; from += 8) {
    const name = numbers.getUint32(from, true);
    const out = name !== 0 && missing.delete(nameAt(name));
    if (out) continue;
    numbers.setUint32(to, name, true);
    numbers.setUint32(to + 4, name === 0 ? 0 : numbers.getUint32(from + 4, true), true);
    to += 8;
    if (name === 0) break;
  }
  if (missing.size > 0) throw new Error(`CPython has no built-in module ${[...missing].join(", ")}: the list has to be looked at again`);
}
