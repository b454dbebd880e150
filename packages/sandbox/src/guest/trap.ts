/**
 * A module of one function, `end`, whose body is `unreachable`. A guest can catch what JavaScript throws, also a
 * `WebAssembly.RuntimeError` that JavaScript made, but not a trap: it unwinds to whoever entered the guest.
 */
const TRAP = Uint8Array.of(
  ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
  ...[1, 4, 1, 0x60, 0, 0], // type: () -> ()
  ...[3, 2, 1, 0],
  ...[7, 7, 1, 3, 0x65, 0x6e, 0x64, 0, 0], // export "end"
  ...[10, 5, 1, 3, 0, 0x00, 0x0b], // unreachable
);

let end: (() => void) | undefined;

/** Ends the guest that called the import in which this is called. The caller has noted the reason before. */
export function trap(): never {
  end ??= new WebAssembly.Instance(new WebAssembly.Module(TRAP)).exports["end"] as () => void;
  end();
  throw new Error("a trap returned");
}
