import { existsSync, lstatSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join, resolve, sep } from "node:path";
import type { FileTree, GuestReport, ModuleDirectory, Sandbox } from "@glovebox/sandbox";

// Cases in the layout of the public wasi-testsuite: NAME.wasm (or NAME.wat) with NAME.json beside it, where there is anything to say: `args`, `env`,
// `dirs`, `root` (a directory that is `/`), `exit_code`, `stdout`, `stderr`; or the same as a list of `operations`.

/** One case: a module, and the file that says what is to come of it, if there is one. */
export interface WasiCase {
  /** With the folder that it is in, seen from the folder that was asked for. */
  readonly name: string;
  readonly module: string;
  readonly specification: string;
}

/** What a case is to be run with and what is to come of it. */
interface Specification {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly stdin: string;
  readonly directories: readonly { readonly name: string; readonly folder: string }[];
  readonly exitCode: number;
  /** undefined: not looked at. */
  readonly stdout: Expected | undefined;
  readonly stderr: Expected | undefined;
}

interface Expected {
  readonly text: string;
  /** What comes behind it is not looked at. */
  readonly beginning: boolean;
}

/** How an operating system ends what aborts: SIGABRT over 128. */
const ABORTED = 134;

/** What a checked-out suite has beside its cases for preview 1: components, for the later WASI of this name. */
const LATER = /^wasm32-wasip[23]$/;

/**
 * The cases of a folder, in the order of their names; of one without modules, those of all suites below it, which are folders with a
 * `manifest.json`.
 */
export function readCases(folder: string): readonly WasiCase[] {
  const here = casesIn(folder, "");
  return here.length > 0 ? here : casesBelow(folder, "");
}

function casesBelow(folder: string, prefix: string): readonly WasiCase[] {
  const folders = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return folders
    .map(({ name }) => name)
    .filter((name) => name !== "node_modules" && !LATER.test(name))
    .sort()
    .flatMap((name) => {
      const below = join(folder, name);
      const path = `${prefix}${name}/`;
      return [...(existsSync(join(below, "manifest.json")) ? casesIn(below, path) : []), ...casesBelow(below, path)];
    });
}

function casesIn(folder: string, prefix: string): readonly WasiCase[] {
  const files = readdirSync(folder).filter((file) => /\.(wasm|wat)$/.test(file));
  const names = new Set(files.map((file) => file.replace(/\.(wasm|wat)$/, "")));
  return [...names].sort().map((name) => {
    const module = files.includes(`${name}.wasm`) ? `${name}.wasm` : `${name}.wat`;
    return { name: `${prefix}${name}`, module: join(folder, module), specification: join(folder, `${name}.json`) };
  });
}

function readSpecification(file: string): Specification {
  const given = existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>) : {};
  const { operations, ...merged } = given;
  for (const operation of (operations as Record<string, unknown>[] | undefined) ?? []) {
    const { type, id, payload = "", ...rest } = operation;
    const append = (stream: string) => {
      merged[stream] = `${(merged[stream] as string | undefined) ?? ""}${String(payload)}`;
    };
    if (type === "run" || type === "wait") Object.assign(merged, rest);
    else if (type === "read" && (id === undefined || id === "stdout" || id === "stderr")) append(id ?? "stdout");
    else if (type === "write" && (id === undefined || id === "stdin")) append("stdin");
    else throw new Error(`${file}: an operation "${String(type)}" is none that a module in a sandbox could take part in`);
  }
  const { args = [], env = {}, dirs = [], root, exit_code = 0, stdin = "", stdout, stderr } = merged;
  const base = dirname(file);
  const directories = (dirs as string[]).map((dir) => ({ name: dir, folder: resolve(base, dir) }));
  if (root !== undefined) directories.unshift({ name: "/", folder: resolve(base, root as string) });
  // An operation reads as much as it expects, and leaves the rest.
  const expected = (text: unknown) => (text === undefined ? undefined : { text: text as string, beginning: operations !== undefined });
  return {
    args: args as string[],
    env: env as Record<string, string>,
    stdin: stdin as string,
    directories,
    exitCode: exit_code as number,
    stdout: expected(stdout),
    stderr: expected(stderr),
  };
}

/** A folder's files, read into memory. What earlier runs of other runtimes have left behind (`*.cleanup`) isn't there. */
function readTree(folder: string): FileTree {
  const tree: Record<string, Uint8Array | FileTree> = Object.create(null) as Record<string, Uint8Array | FileTree>;
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    const stat = lstatSync(path);
    if (name.endsWith(".cleanup")) continue;
    if (stat.isDirectory()) tree[name] = readTree(path);
    else if (stat.isFile()) tree[name] = new Uint8Array(readFileSync(path));
  }
  return tree;
}

/**
 * Runs one case in a chamber of its own.
 *
 * @returns what was other than expected, one sentence each
 * @throws Error what can't be read is an error, and no case is left out for it
 */
export async function runCase(sandbox: Sandbox, wasiCase: WasiCase): Promise<readonly string[]> {
  const { args, env, stdin, directories, exitCode, stdout, stderr } = readSpecification(wasiCase.specification);
  const given: ModuleDirectory[] = directories.map(({ name, folder }) => ({ name, files: readTree(folder) }));
  const bytes = await readModule(wasiCase.module);
  const report = await sandbox.run({
    guest: {
      kind: "module",
      bytes,
      name: basename(wasiCase.module),
      arguments: args,
      environment: env,
      directories: given,
      stdout: "text",
    },
    input: new TextEncoder().encode(stdin),
    limits: { wallMs: 20_000, memoryBytes: 64 * 2 ** 20 },
    isolationKey: "wasi",
  });
  const problems: string[] = [];
  const status = exitStatus(report);
  const printed = { stdout: standardOutput(report), stderr: logged(report, "warning") };
  if (typeof status === "string") problems.push(status);
  else if (status !== exitCode) problems.push(`exited with ${status}, not ${exitCode}`);
  if (stdout && !isAs(stdout, printed.stdout))
    problems.push(`standard output is ${JSON.stringify(printed.stdout)}, not ${JSON.stringify(stdout.text)}`);
  if (stderr && !isAs(stderr, printed.stderr))
    problems.push(`standard error is ${JSON.stringify(printed.stderr)}, not ${JSON.stringify(stderr.text)}`);
  if (problems.length > 0 && stderr === undefined && printed.stderr !== "") problems.push(`standard error: ${printed.stderr.trim()}`);
  return problems;
}

async function readModule(file: string): Promise<Uint8Array> {
  const bytes = new Uint8Array(readFileSync(file));
  if (!file.endsWith(".wat")) return bytes;
  const { default: wabt } = await import("wabt");
  const module = (await wabt()).parseWat(file.split(sep).at(-1) ?? file, new TextDecoder().decode(bytes));
  try {
    return Uint8Array.from(module.toBinary({}).buffer);
  } finally {
    module.destroy();
  }
}

/** The status that a command ended with, or why there is none. */
function exitStatus({ outcome }: GuestReport): number | string {
  if (outcome.kind === "completed") return 0;
  if (outcome.kind === "trapped") return ABORTED;
  const status = outcome.kind === "failed" ? /^exited with status (\d+)$/.exec(outcome.error.message)?.[1] : undefined;
  return status === undefined ? `ended otherwise: ${JSON.stringify(outcome)}` : Number(status);
}

/** What a command printed is its output, and what one printed that failed is in the log. */
function standardOutput(report: GuestReport): string {
  return report.outcome.kind === "completed" ? String(report.outcome.output) : logged(report, "info");
}

function logged({ log }: GuestReport, level: string): string {
  return log
    .filter((entry) => entry.level === level)
    .map(({ message }) => message)
    .join("\n");
}

/** Logs are lines: whether the last one ended is not told. */
function isAs({ text, beginning }: Expected, printed: string): boolean {
  const told = withoutLastNewline(printed);
  const wanted = withoutLastNewline(text);
  return beginning ? told.startsWith(wanted) : told === wanted;
}

function withoutLastNewline(text: string): string {
  return text.replace(/\n$/, "");
}
