import type { Chamber, EnteredGuest, GuestEnd } from "../cell/attempt.ts";
import { isException } from "../runtimes/javascript/engine.ts";
import { QuickjsChamber } from "./quickjs-chamber.ts";
import type { QuickjsGuest } from "./quickjs-guest.ts";

/**
 * Chambers that hold an input against a JSON Schema (drafts 2020-12 and 07, by `$schema`; 2020-12 without one). The output is
 * `{ problems: [{ path, message }] }`, `path` as a JSON pointer into the input. An invalid schema is a guest that failed with a
 * SchemaError. Schemas are turned into code and regular expressions, so this happens in a guest of its own, under limits.
 */
export function schemaChamber(wasm: Uint8Array, module: WebAssembly.Module): Chamber {
  return new QuickjsChamber(wasm, module, check, WARM_UP);
}

const WARM_UP = {
  code: '{"type": "object", "properties": {"a": {"type": "array", "items": {"type": "string", "maxLength": 1}}}, "required": ["b"]}',
  input: '{"a": ["x", "yy", 1]}',
};

function check(guest: QuickjsGuest, { code, input, filename }: EnteredGuest): GuestEnd {
  const schema = guest.parseJson(code);
  if (isException(schema)) return guest.failed(filename);
  const value = guest.parseJson(input);
  if (isException(value)) return guest.failed(filename);
  const problems = guest.call(guest.block.own, [schema, value]);
  return isException(problems) ? guest.failed(filename) : guest.completed(problems);
}
