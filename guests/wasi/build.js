// build.js [NAME...]: compiles the programs of this folder into the .wasm files beside them, as far as their compilers are installed: clang with lld
// and the WASI C library (on Debian: clang lld wasi-libc libclang-rt-dev-wasm32), Rust for wasm32-wasi (on Debian: rustc libstd-rust-dev-wasm32),
// AssemblyScript (from npm).
import { execFileSync, spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const HERE = dirname(fileURLToPath(import.meta.url));
const ASC = fileURLToPath(import.meta.resolve("assemblyscript/bin/asc.js"));

/** Without npm's folders: clang optimises with whatever wasm-opt it finds on the path. */
const ENVIRONMENT = {
  ...process.env,
  PATH: (process.env["PATH"] ?? "")
    .split(delimiter)
    .filter((folder) => !folder.includes("node_modules"))
    .join(delimiter),
};

/** Debian's own comes first: what rustup puts on the path may know other targets. */
const RUSTC = ["/usr/bin/rustc", "rustc"].find((file) => spawnSync(file, ["--version"]).status === 0) ?? "rustc";

/** @type {Record<string, { command: string, flags: string[], made: string, probe: string | undefined }>} */
const COMPILERS = {
  ".c": {
    command: "clang",
    flags: ["--target=wasm32-wasi", "-Os", "-Wl,--strip-all", `-fmacro-prefix-map=${HERE}/=`, "-Wall", "-Wextra", "-Werror"],
    made: "clang version 14.",
    probe: "#include <wasi/api.h>\nint main(void) { return 0; }",
  },
  ".rs": {
    command: RUSTC,
    flags: [
      ...["--target", "wasm32-wasi", "--edition", "2021", "-Copt-level=s", "-Clto", "-Cstrip=symbols", "-Cpanic=abort", "-Ccodegen-units=1"],
      `--remap-path-prefix=${HERE}/=`,
    ],
    made: "rustc 1.63.0",
    probe: "fn main() {}",
  },
  ".ts": { command: process.execPath, flags: [ASC, "-Os", "--runtime", "stub", "--exportStart", "_start"], made: "", probe: undefined },
};

/** Source files by the names of the programs. */
export const PROGRAMS = new Map(
  readdirSync(HERE)
    .filter((file) => /\.(c|rs|ts)$/.test(file) && !file.endsWith(".test.ts"))
    .map((file) => [file.replace(/\.\w+$/, ""), file]),
);

/** @param {string} name */
function compilerOf(name) {
  const file = PROGRAMS.get(name);
  const compiler = file && COMPILERS[file.slice(file.lastIndexOf("."))];
  if (!compiler) throw new Error(`no program ${name}: there are ${[...PROGRAMS.keys()].join(", ")}`);
  return { ...compiler, file: join(HERE, file) };
}

/**
 * Why a program can't be compiled here, or undefined.
 *
 * @param {string} name of {@link PROGRAMS}
 */
export function missingCompiler(name) {
  const { command, flags, file, probe } = compilerOf(name);
  if (probe === undefined) return undefined;
  const language = file.endsWith(".c") ? ["-x", "c"] : [];
  const { error, status } = spawnSync(command, [...flags, ...language, "-o", "/dev/null", "-"], { env: ENVIRONMENT, input: probe });
  if (error) return `${command} is not installed`;
  return status === 0 ? undefined : `${command} can't compile for WASI here`;
}

/**
 * Whether the compiler here is the one that made the committed files: others make other bytes of the same meaning.
 *
 * @param {string} name of {@link PROGRAMS}
 */
export function isSameCompiler(name) {
  const { command, made } = compilerOf(name);
  return made === "" || execFileSync(command, ["--version"], { encoding: "utf8" }).includes(made);
}

/**
 * @param {string} name of {@link PROGRAMS}
 * @param {string} output file
 */
export function build(name, output) {
  const { command, flags, file } = compilerOf(name);
  execFileSync(command, [...flags, "-o", output, file], { stdio: "pipe", env: ENVIRONMENT });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const named = process.argv.slice(2);
  for (const name of named.length > 0 ? named : PROGRAMS.keys()) build(name, join(HERE, `${name}.wasm`));
}
