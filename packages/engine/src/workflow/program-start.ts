import { GloveboxError, givenStart } from "@glovebox/sandbox";
import type { WasmStep } from "./document.ts";
import { anyText, choice, list, mapOf, type Placed, text, type Values } from "./fields.ts";
import type { Findings } from "./findings.ts";
import type { ReadCollector } from "./templates.ts";
import { quoted } from "./text.ts";
import { type Node, toJson } from "./tree.ts";

/** Where granted files stand. */
const GRANTED = "/granted";
const TEXT_MAX = 100_000;

/** The keys of a wasm step that say what a WASI program is started with. */
export const PROGRAM_START = {
  arguments: list("what a WASI program finds behind its own name; `${{ }}` may stand in them", anyText("an argument", TEXT_MAX)),
  environment: mapOf("what a WASI program finds in its environment; `${{ }}` may stand in values", anyText("a variable's value", TEXT_MAX)),
  scratch: list("empty directories in memory that a WASI program may write into, such as /tmp", text("a directory's name", 255)),
  stdout: choice("what a WASI command writes to standard output: JSON, or text as it is; without it, JSON", ["json", "text"]),
};

export type ProgramStart = Pick<WasmStep, "arguments" | "environment" | "scratch" | "stdout">;

/** What a step says of its program's start, as far as the sandbox would take it. What stands in templates is known only when they are filled. */
export function readProgramStart(given: Values<typeof PROGRAM_START>, reads: ReadCollector, findings: Findings): ProgramStart {
  const { arguments: listed, environment, scratch, stdout } = given;
  for (const { value, node } of listed?.value ?? []) check(node, { arguments: [value] }, findings);
  for (const [name, { value, node, key }] of environment?.value ?? []) {
    if (check(key, { environment: { [name]: "" } }, findings)) check(node, { environment: { [name]: value } }, findings);
  }
  if (listed !== undefined) reads.template(listed.node);
  if (environment !== undefined) reads.template(environment.node);
  return {
    ...(listed === undefined ? {} : { arguments: listed.value.map(({ value }) => value) }),
    ...(environment === undefined ? {} : { environment: toJson(environment.node) as Readonly<Record<string, string>> }),
    ...(scratch === undefined ? {} : { scratch: readScratch(scratch.value, findings) }),
    ...(stdout === undefined ? {} : { stdout: stdout.value }),
  };
}

function readScratch(placed: readonly Placed<string>[], findings: Findings): readonly string[] {
  const names: string[] = [];
  for (const { value, node } of placed) {
    if (value.includes("${{")) findings.error("invalid-start", node, "a directory's name is written out: nothing is filled into it");
    else if (value === GRANTED) findings.error("invalid-start", node, `${quoted(value)} is where granted files stand`);
    else if (check(node, { directories: [...names, value].map((name) => ({ name, files: {} })) }, findings)) names.push(value);
  }
  return names;
}

function check(
  at: Node | Placed<string>["key"],
  part: Omit<Parameters<typeof givenStart>[0], "kind" | "bytes">,
  findings: Findings,
): boolean {
  try {
    givenStart({ kind: "module", bytes: new Uint8Array(), ...part });
    return true;
  } catch (error) {
    if (!(error instanceof GloveboxError)) throw error;
    findings.error("invalid-start", at, error.message.replace(/^Cannot run guest: /, ""));
    return false;
  }
}
