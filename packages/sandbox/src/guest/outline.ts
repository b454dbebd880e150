import type { Attempt, Chamber, EnteredGuest, GuestEnd } from "../cell/attempt.ts";
import { GloveboxError } from "../error.ts";
import { reportModule } from "../wasm/module-report.ts";
import { guestError } from "./ending.ts";

/**
 * Looks at modules, and enters none. It is our own code that reads hostile bytes; that it does so in a cell is what bounds its time and
 * its memory. One that is too malformed to be told of is a guest that failed, with the name `ModuleRefused`.
 */
export const OUTLINE: Chamber = {
  instantiateMs: 0,
  spent: false,
  prepare: () => {},
  enter: ({ input, filename }: EnteredGuest, { limits }: Attempt): GuestEnd => {
    let output: Uint8Array;
    try {
      output = new TextEncoder().encode(JSON.stringify(reportModule(input, filename)));
    } catch (error) {
      if (error instanceof GloveboxError) return { kind: "failed", error: guestError("ModuleRefused", error.message) };
      throw error;
    }
    const max = limits.outputBytes;
    if (output.length > max) return { kind: "exhausted", limit: "output", used: output.length, max };
    return { kind: "completed", form: "json", output };
  },
};
