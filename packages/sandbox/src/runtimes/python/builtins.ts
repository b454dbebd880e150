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
 * Takes the entries out of CPython's tables of built-in modules, in the booted memory: arrays of {name, init function} pointers that
 * end with a null name (`struct _inittab`, Include/cpython/import.h). CPython consults a copy that it makes when it starts; every
 * array that begins as the original does is one.
 *
 * @param pointer address of `PyImport_Inittab`, the pointer to the original
 */
export function takeOutBuiltins(memory: WebAssembly.Memory, pointer: number): void {
  const words = new Uint32Array(memory.buffer);
  const original = (words[pointer / 4] as number) / 4;
  const [name, initialise, next] = [words[original], words[original + 1], words[original + 2]];
  const missing = new Set(TAKEN_OUT);
  let found = 0;
  for (let at = 0; at < words.length - 2; at++) {
    if (words[at] !== name || words[at + 1] !== initialise || words[at + 2] !== next) continue;
    takeOutOf(memory, at * 4, missing);
    found++;
  }
  if (found < 2) throw new Error(`CPython's copy of its built-in modules was not found (${found})`);
  if (missing.size > 0) throw new Error(`CPython has no built-in module ${[...missing].join(", ")}: the list has to be looked at again`);
}

function takeOutOf(memory: WebAssembly.Memory, table: number, missing: Set<string>): void {
  const bytes = new Uint8Array(memory.buffer);
  const numbers = new DataView(memory.buffer);
  const nameAt = (address: number) => new TextDecoder().decode(bytes.subarray(address, bytes.indexOf(0, address)));
  let to = table;
  for (let from = table; ; from += 8) {
    const name = numbers.getUint32(from, true);
    if (name !== 0 && TAKEN_OUT.has(nameAt(name))) {
      missing.delete(nameAt(name));
      continue;
    }
    numbers.setUint32(to, name, true);
    numbers.setUint32(to + 4, name === 0 ? 0 : numbers.getUint32(from + 4, true), true);
    to += 8;
    if (name === 0) break;
  }
}
