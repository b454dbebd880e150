import type { GivenDirectory, Program } from "./cell/attempt.ts";
import { GloveboxError } from "./error.ts";
import type { FileTree, Guest } from "./request.ts";

/** What a guest may be started with. The numbers are those of a program that somebody might really start so, and no more. */
const ARGUMENTS_MAX = 1024;
const VARIABLES_MAX = 1024;
const START_BYTES_MAX = 256 * 1024; // ARG_MAX is eight times that
const DIRECTORIES_MAX = 16;
const ENTRIES_MAX = 2048; // half of what a guest's file system holds
const DEPTH_MAX = 32;
const NAME_BYTES_MAX = 255;

/** What a module is started with: arguments, environment, directories. */
export interface GivenStart {
  readonly program: Program;
  readonly directories: readonly GivenDirectory[];
}

/**
 * Checks what a request says of a module's start.
 *
 * @throws GloveboxError `REQUEST_INVALID`
 */
export function givenStart(guest: Extract<Guest, { kind: "module" }>): GivenStart {
  const { arguments: given = [], environment = {}, directories = [], stdout = "json", name = "module" } = guest;
  if (!Array.isArray(given)) invalid("arguments must be a list of texts");
  if (given.length > ARGUMENTS_MAX) invalid(`there are ${given.length} arguments, and ${ARGUMENTS_MAX} are allowed`);
  if (typeof environment !== "object" || environment === null) invalid("environment must be an object");
  const variables = Object.entries(environment);
  if (variables.length > VARIABLES_MAX) invalid(`the environment has ${variables.length} variables, and ${VARIABLES_MAX} are allowed`);
  let left = START_BYTES_MAX;
  const charge = (text: unknown, what: string): string => {
    if (typeof text !== "string" || !text.isWellFormed() || text.includes("\0")) invalid(`${what} must be a text without NUL`);
    left -= Buffer.byteLength(text) + 1;
    if (left < 0) invalid(`arguments and environment have more than ${START_BYTES_MAX} bytes`);
    return text;
  };
  for (const argument of given) charge(argument, "an argument");
  for (const [variable, value] of variables) {
    charge(variable, "the name of a variable");
    if (variable === "" || variable.includes("=")) invalid("a variable's name is empty, or has a = in it");
    charge(value, `the variable ${JSON.stringify(variable.slice(0, 100))}`);
  }
  if (stdout !== "json" && stdout !== "text") invalid('stdout is "json" or "text"');
  return {
    program: { arguments: [charge(name, "the name").split(/[/\\]/).at(-1) ?? "", ...given], environment: variables, stdout },
    directories: givenDirectories(directories),
  };
}

function givenDirectories(directories: NonNullable<Extract<Guest, { kind: "module" }>["directories"]>): readonly GivenDirectory[] {
  if (!Array.isArray(directories)) invalid("directories must be a list");
  if (directories.length > DIRECTORIES_MAX) invalid(`there are ${directories.length} directories, and ${DIRECTORIES_MAX} are allowed`);
  const names = new Set<string>();
  let left = ENTRIES_MAX;
  return directories.map(({ name, files, readOnly = false }) => {
    if (typeof name !== "string" || name === "" || !isPlain(name) || Buffer.byteLength(name) > NAME_BYTES_MAX) {
      invalid(`${JSON.stringify(String(name).slice(0, 100))} is no name for a directory`);
    }
    if (names.has(name)) invalid(`two directories have the name ${JSON.stringify(name)}`);
    names.add(name);
    const entries: (readonly [string, Uint8Array | undefined])[] = [];
    const visit = (tree: FileTree, above: string, depth: number): void => {
      if (depth > DEPTH_MAX) invalid(`directory ${JSON.stringify(name)} is more than ${DEPTH_MAX} deep`);
      for (const [entry, content] of Object.entries(tree)) {
        checkEntryName(entry);
        if (--left < 0) invalid(`the directories have more than ${ENTRIES_MAX} entries`);
        const path = above + entry;
        const isFile = content instanceof Uint8Array;
        if (!isFile && (typeof content !== "object" || content === null))
          invalid(`${JSON.stringify(path)} has neither bytes nor files in it`);
        entries.push([path, isFile ? content : undefined]);
        if (!isFile) visit(content, `${path}/`, depth + 1);
      }
    };
    if (typeof files !== "object" || files === null || files instanceof Uint8Array) invalid("a directory's files are an object");
    visit(files, "", 1);
    return { name, readOnly: readOnly === true, entries };
  });
}

/** As the guest could have named it itself: see guest/wasi-path.ts. */
function checkEntryName(name: string): void {
  if (name === "" || name === "." || name === ".." || name.includes("/") || !isPlain(name) || Buffer.byteLength(name) > NAME_BYTES_MAX) {
    invalid(`${JSON.stringify(name.slice(0, 100))} is no name for a file`);
  }
}

function isPlain(name: string): boolean {
  return name.isWellFormed() && !/[\0\\]/.test(name) && name.normalize("NFC") === name;
}

function invalid(what: string): never {
  throw new GloveboxError("REQUEST_INVALID", `Cannot run guest: ${what}`);
}

/** Bytes of all files in directories. */
export function sizeOf(directories: readonly GivenDirectory[]): number {
  return directories.reduce((sum, { entries }) => entries.reduce((inner, [, content]) => inner + (content?.length ?? 0), sum), 0);
}
