import type { Workflow } from "@glovebox/engine";
import type { Json } from "@glovebox/sandbox";
import { Refusal } from "./exit.ts";
import { readStart } from "./read-start.ts";

/** Where a run's input comes from; at most one of them is given. */
export interface InputFlags {
  readonly input?: readonly string[];
  readonly inputFile?: string;
}

/**
 * The input of a run as the command line gives it. Undefined: nothing was given.
 * @throws Refusal where it is not what the workflow takes, or can't be read
 */
export function readInput(
  workflow: Pick<Workflow, "payload" | "inputs">,
  argument: string | undefined,
  flags: InputFlags,
): Json | undefined {
  if (argument !== undefined && (flags.input !== undefined || flags.inputFile !== undefined)) {
    throw new Refusal("Cannot take the input from several places: it is given behind the file and by an option");
  }
  const text = argument ?? (flags.inputFile === undefined ? undefined : readText(flags.inputFile));
  if (workflow.payload === "text") {
    if (flags.input !== undefined)
      throw new Refusal("Cannot take --input key=value: this workflow's input is one text, given behind the file");
    // What ends a file's last line is the file's, not the text's.
    return argument ?? text?.replace(/\r?\n$/, "");
  }
  if (text !== undefined) return parseJson(text, argument === undefined ? `the input in ${flags.inputFile}` : "the input behind the file");
  return flags.input === undefined ? undefined : fromAssignments(flags.input, workflow.inputs);
}

/** The object that `key=value` arguments make. */
export function fromAssignments(assignments: readonly string[], schema: Json | undefined): Json {
  const values: Record<string, Json> = Object.create(null) as Record<string, Json>;
  for (const assignment of assignments) {
    const at = assignment.indexOf("=");
    if (at < 1) throw new Refusal(`Cannot read input ${JSON.stringify(assignment)}: it is not key=value`);
    const key = assignment.slice(0, at);
    if (Object.hasOwn(values, key)) throw new Refusal(`Cannot take input ${JSON.stringify(key)}: it is given twice`);
    const value = assignment.slice(at + 1);
    values[key] = isText(schema, key) ? value : asJson(value);
  }
  return values;
}

/** Whether the document says that an input is a string, whatever it looks like. */
function isText(schema: Json | undefined, key: string): boolean {
  return field(field(field(schema, "properties"), key), "type") === "string";
}

function field(value: Json | undefined, key: string): Json | undefined {
  if (value === null || typeof value !== "object" || Array.isArray(value) || !Object.hasOwn(value, key)) return undefined;
  return (value as { readonly [key: string]: Json })[key];
}

/** JSON where the text is JSON, else the text. */
export function asJson(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return text;
  }
}

/** @param what names the text, as in "Cannot read WHAT: it is not JSON" */
export function parseJson(text: string, what: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch (cause) {
    throw new Refusal(`Cannot read ${what}: it is not JSON (${cause instanceof Error ? cause.message : String(cause)})`, undefined, {
      cause,
    });
  }
}

const STANDARD_INPUT = 0;
/** What no guest's input may exceed (`LIMIT_CAPS.inputBytes`). The sandbox is not loaded yet. */
const INPUT_BYTES_MAX = 64 * 2 ** 20;

function readText(file: string): string {
  const what = file === "-" ? "standard input" : file;
  let bytes: Buffer;
  try {
    bytes = readStart(file === "-" ? STANDARD_INPUT : file, INPUT_BYTES_MAX + 1);
  } catch (cause) {
    throw new Refusal(`Cannot read ${what}: ${stateOf(cause)}`, undefined, { cause });
  }
  if (bytes.length > INPUT_BYTES_MAX) throw new Refusal(`Cannot read ${what}: an input has at most ${INPUT_BYTES_MAX} bytes`);
  return bytes.toString();
}

/** Why a file could not be read, in few words. */
export function stateOf(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "ENOENT") return "it does not exist";
  if (code === "EISDIR") return "it is a folder";
  if (code === "EACCES" || code === "EPERM") return "permission denied";
  return error instanceof Error ? error.message : String(error);
}
