import { MalformedModule, type Section } from "../wasm/binary.ts";
import { walkCode } from "../wasm/code.ts";
import { OPCODE } from "../wasm/opcodes.ts";

/** Instructions that write a table, and which of their immediates names it. */
const WRITES: ReadonlyMap<number, "first" | "second"> = new Map([
  [OPCODE.tableSet, "first"],
  [OPCODE.tableGrow, "first"],
  [OPCODE.tableFill, "first"],
  [OPCODE.tableCopy, "first"],
  [OPCODE.tableInit, "second"],
]);

/**
 * Proves, by looking at every instruction, that the function table of a module never changes: an instance may then be reset in place
 * without putting its table back. Tables of other kinds may change; the runtime compares their lengths, and they start empty.
 *
 * @throws MalformedModule naming the function that writes the table
 * @throws UnsupportedFeature for an instruction that the walker does not know
 */
export function proveTableConstant(wasm: Uint8Array, sections: readonly Section[]): void {
  walkCode(wasm, sections, {
    instruction(body, opcode, first, second) {
      const names = WRITES.get(opcode);
      if (names === undefined || (names === "first" ? first : second) !== 0) return;
      throw new MalformedModule(`cannot prove that the function table is constant: function body ${body} writes it`);
    },
  });
}
