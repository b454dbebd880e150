import wabt from "wabt";

const { parseWat } = await wabt();
const FEATURES = { exceptions: true, tail_call: true, memory64: true, threads: true, simd: true, bulk_memory: true, reference_types: true };

/** For tests: text into a module that need not be valid. */
export function assemble(wat: string): Uint8Array<ArrayBuffer> {
  const module = parseWat("test.wat", wat, FEATURES);
  try {
    return Uint8Array.from(module.toBinary({}).buffer);
  } finally {
    module.destroy();
  }
}
