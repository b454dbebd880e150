import { existsSync, lstatSync, readdirSync, readFileSync } from "node:fs";
import { basename, join, resolve, sep } from "node:path";
import type { FileTree, GuestReport, ModuleDirectory, Sandbox } from "@glovebox/sandbox";

// Cases in the layout of the public wasi-testsuite: NAME.wasm (or NAME.wat) with NAME.json beside it, where there is anything to say: `args`, `env`,
// `dirs`, `root` (a directory that is `/`), `exit_code`, `stdout`, `stderr`; or the same as a list of `operations`.

/** One case, with what it is to be run with and what is to come of it. */
export interface WasiCase {
  readonly name: string;
  readonly module: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly stdin: string;
  readonly directories: readonly { readonly name: string; readonly folder: string }[];
  readonly exitCode: number;
  /** undefined: not looked at. */
  readonly stdout: string | undefined;
  readonly stderr: string | undefined;
}

/** How an operating system ends what aborts: SIGABRT over 128. */
const ABORTED = 134;

/** The cases of a folder, in the order of their names. A case that can't be read is an error, never left out. */
export function readCases(folder: string): readonly WasiCase[] {
  const files = readdirSync(folder).filter((file) => /\.(wasm|wat)$/.test(file));
  const names = new Set(files.map((file) => file.replace(/\.(wasm|wat)$/, "")));
  return [...names].sort().map((name) => {
    const module = files.includes(`${name}.wasm`) ? `${name}.wasm` : `${name}.wat`;
    return readCase(folder, name, join(folder, module));
  });
}

function readCase(folder: string, name: string, module: string): WasiCase {
  const file = join(folder, `${name}.json`);
  const given = existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>) : {};
  const merged = { ...given };
  for (const operation of (given["operations"] as Record<string, unknown>[] | undefined) ?? []) {
    const { type, id, payload, ...rest } = operation;
    if (type === "run" || type === "wait") Object.assign(merged, rest);
    else if (type === "read" && (id === undefined || id === "stdout" || id === "stderr")) merged[id ?? "stdout"] = payload;
    else if (type === "write" && (id === undefined || id === "stdin"))
      merged["stdin"] = `${(merged["stdin"] as string | undefined) ?? ""}${String(payload)}`;
    else throw new Error(`${file}: an operation "${String(type)}" is none that a module in a sandbox could take part in`);
  }
  const { args = [], env = {}, dirs = [], root, exit_code = 0, stdin = "", stdout, stderr } = merged;
  const directories = (dirs as string[]).map((dir) => ({ name: dir, folder: resolve(folder, dir) }));
  if (root !== undefined) directories.unshift({ name: "/", folder: resolve(folder, root as string) });
  return {
    name,
    module,
    args: args as string[],
    env: env as Record<string, string>,
    stdin: stdin as string,
    directories,
    exitCode: exit_code as number,
    stdout: stdout as string | undefined,
    stderr: stderr as string | undefined,
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

/** Runs one case in a chamber of its own. @returns what was other than expected, one sentence each */
export async function runCase(sandbox: Sandbox, wasiCase: WasiCase): Promise<readonly string[]> {
  const { args, env, stdin, directories, exitCode, stdout, stderr } = wasiCase;
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
  if (stdout !== undefined && withoutLastNewline(printed.stdout) !== withoutLastNewline(stdout)) {
    problems.push(`standard output is ${JSON.stringify(printed.stdout)}, not ${JSON.stringify(stdout)}`);
  }
  if (stderr !== undefined && withoutLastNewline(printed.stderr) !== withoutLastNewline(stderr)) {
    problems.push(`standard error is ${JSON.stringify(printed.stderr)}, not ${JSON.stringify(stderr)}`);
  }
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
function withoutLastNewline(text: string): string {
  return text.replace(/\n$/, "");
}
