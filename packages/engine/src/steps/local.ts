import type { LocalStep } from "../workflow/document.ts";
import { completed, type Ending, refused } from "./ending.ts";
import { LOCAL_PROCESSORS, optionProblems } from "./processors.ts";

/** A local processor, in the host: it is ours, and pure. An analyzer's output is the text that it got. */
export function runLocal(step: LocalStep, payload: string | undefined): Ending {
  const processor = LOCAL_PROCESSORS.get(step.processor);
  if (processor === undefined) return refused("ProcessorError", `Cannot run processor "${step.processor}": there is none of that name`);
  const [problem] = optionProblems(processor, step.options);
  if (problem !== undefined) return refused("ProcessorError", `Cannot run processor "${step.processor}": ${problem}`);
  if (payload === undefined) return refused("ProcessorError", `Cannot run processor "${step.processor}": no text reaches it`);
  if (processor.work.kind === "analyze") return { ...completed(payload), metadata: processor.work.apply(payload) };
  return completed(processor.work.apply(payload, (name) => String(step.options[name] ?? "")));
}
