import type { Step } from "../workflow/document.ts";

/** Whether a step runs in the sandbox; the others run in the host, with its rights. */
export function isSandboxed({ type }: Pick<Step, "type">): boolean {
  return type === "code" || type === "condition" || type === "wasm";
}
