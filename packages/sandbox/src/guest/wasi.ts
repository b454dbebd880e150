import { PREVIEW1, type Preview1Name } from "../wasm/preview1.ts";
import { ERRNO } from "./errno.ts";
import type { ModuleSession } from "./module-imports.ts";

/** One function of WASI preview 1: validates, charges, then does; returns an error number, never a negative one. */
export type Preview1Function = (session: ModuleSession, ...values: never[]) => number;

/** What there is of preview 1. The rest of its names link, and answer ENOSYS. */
export function preview1(name: string): Preview1Function {
  return BUILT[name as Preview1Name] ?? (() => ERRNO.ENOSYS);
}
