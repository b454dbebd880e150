import type { Json } from "@glovebox/sandbox";
import { argumentProblems } from "../tools/arguments.ts";
import { ToolError } from "../tools/error.ts";
import type { Tool, ToolContext, ToolValues } from "../tools/tool.ts";
import type { ToolStep } from "../workflow/document.ts";
import type { AttemptContext } from "./context.ts";
import { completed, type Ending, refused } from "./ending.ts";
import { TOOL_OUTPUT_BYTES } from "./limits.ts";
import type { Meter } from "./meter.ts";

/** How long a tool may take to leave after its signal was aborted: to close and remove what it has open. */
const LEAVE_MS = 2_000;

const CANCELLED: Ending = { outcome: { kind: "cancelled" }, transient: false };

/** A trusted tool, in the host. `signal` ends the attempt; a tool that does not heed it is abandoned after {@link LEAVE_MS}. */
export async function runTool(step: ToolStep, args: Json, context: AttemptContext, meter: Meter, signal: AbortSignal): Promise<Ending> {
  const tool = context.run.tools.get(step.tool);
  if (tool === undefined) return refused("ToolError", `Cannot call tool "${step.tool}": there is none of that name`);
  const values = valuesOf(args);
  if (values === undefined) return refused("ToolError", `Cannot call tool "${step.tool}": its arguments are not an object`);
  const [problem] = argumentProblems(tool, values);
  if (problem !== undefined) return refused("ToolError", `Cannot call tool "${step.tool}": ${problem}`);
  const { folder, clock } = context.run;
  const call: ToolContext = { folder, signal, idempotencyKey: context.idempotencyKey, log: meter.log };
  const left = new AbortController();
  const abandoned = aborted(signal, left.signal).then(() => clock.wait(LEAVE_MS, left.signal));
  try {
    return await Promise.race([invoke(tool, values, call, step), abandoned.then(() => CANCELLED)]);
  } finally {
    left.abort();
  }
}

async function invoke(tool: Tool, values: ToolValues, call: ToolContext, step: ToolStep): Promise<Ending> {
  try {
    return accept(await tool.invoke(values, call), step);
  } catch (error) {
    if (call.signal.aborted) return CANCELLED;
    const { name, message } = error instanceof Error ? error : { name: "Error", message: String(error) };
    const transient = error instanceof ToolError && error.transient;
    const retryAfterMs = error instanceof ToolError ? error.retryAfterMs : undefined;
    return { ...refused(name, message), transient, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
  }
}

/** Takes the tool's result as JSON, so that nothing is shared with it, and every step downstream sees the same plain data. */
function accept(result: Json, step: ToolStep): Ending {
  const max = step.limits.outputBytes ?? TOOL_OUTPUT_BYTES;
  const text = JSON.stringify(result) as string | undefined;
  if (text === undefined) return refused("ToolError", `Cannot use what tool "${step.tool}" returned: it is no JSON value`);
  const used = Buffer.byteLength(text);
  if (used > max) return { outcome: { kind: "exhausted", limit: "output", used, max }, transient: false };
  return completed(JSON.parse(text) as Json);
}

function valuesOf(args: Json): ToolValues | undefined {
  if (args === null || typeof args !== "object" || Array.isArray(args)) return undefined;
  return Object.assign(Object.create(null) as Record<string, Json>, args);
}

/** Resolves when `signal` is aborted, and never if `until` is first. */
function aborted(signal: AbortSignal, until: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true, signal: until });
  });
}
