// build.js [NAME...]: compiles the guest modules of this folder from their sources into the .wasm files beside them, as far as their compilers are
// installed: clang with lld and the WASI C library (on Debian: clang lld wasi-libc libclang-rt-dev-wasm32), AssemblyScript (from npm).
import { execFileSync, spawnSync } from "node:child_process";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const HERE = dirname(fileURLToPath(import.meta.url));
const ASC = fileURLToPath(import.meta.resolve("assemblyscript/bin/asc.js"));

const HANDLER = [
  "--target=wasm32",
  "-O2",
  "-ffreestanding",
  "-nostdlib",
  "-mbulk-memory",
  "-Wl,--no-entry",
  "-Wl,-z,stack-size=8192",
  "-Wl,--strip-all",
];
const COMMAND = ["--target=wasm32-wasi", "-Oz", "-Wl,--strip-all"];

/** @type {Record<string, { source: string, compiler: "clang" | "asc", flags: string[] }>} */
export const MODULES = {
  "hello_world/hello_world.wasm": { source: "hello_world/hello_world.c", compiler: "clang", flags: HANDLER },
  "hello_world/hello_world_buffer.wasm": { source: "hello_world/hello_world_buffer.c", compiler: "clang", flags: HANDLER },
  "word_count/word_count.wasm": { source: "word_count/word_count.c", compiler: "clang", flags: COMMAND },
  "shout/shout.wasm": { source: "shout/shout.ts", compiler: "asc", flags: ["-O3", "--runtime", "minimal"] },
  "../../examples/wasm_modules/hello_world.wasm": { source: "hello_world/hello_world.c", compiler: "clang", flags: HANDLER },
  "../../examples/wasm_modules/hello_world_buffer.wasm": { source: "hello_world/hello_world_buffer.c", compiler: "clang", flags: HANDLER },
  "../../examples/wasm_modules/treemap.wasm": {
    source: "treemap/treemap.ts",
    compiler: "asc",
    flags: ["-O3", "--shrinkLevel", "1", "--runtime", "stub", "--baseDir", HERE],
  },
};

/**
 * Without the folders of npm's binaries: clang optimises with whatever wasm-opt it finds on the path, and that of a package here knows
 * other features than clang 14 asks for.
 */
const CLANG_ENVIRONMENT = {
  PATH: (process.env["PATH"] ?? "")
    .split(delimiter)
    .filter((folder) => !folder.includes("node_modules"))
    .join(delimiter),
};

/**
 * Why a module can't be compiled here, or undefined.
 *
 * @param {string} name
 */
export function missingCompiler(name) {
  const { compiler, flags } = module(name);
  if (compiler === "asc") return undefined;
  const probe = spawnSync("clang", [...flags, "-x", "c", "-o", "/dev/null", "-"], {
    env: CLANG_ENVIRONMENT,
    input: flags === COMMAND ? "int main(void) { return 0; }" : "",
  });
  if (probe.error) return "clang is not installed";
  return probe.status === 0 ? undefined : "clang can't link for WebAssembly here";
}

/**
 * @param {string} name of {@link MODULES}
 * @param {string} output file
 */
export function build(name, output) {
  const { source, compiler, flags } = module(name);
  const from = join(HERE, source);
  if (compiler === "clang")
    execFileSync("clang", [...flags, "-Wall", "-Wextra", "-Werror", "-o", output, from], { stdio: "pipe", env: CLANG_ENVIRONMENT });
  else execFileSync(process.execPath, [ASC, from, "-o", output, ...flags], { stdio: "pipe" });
}

/** @param {string} name */
function module(name) {
  const module = MODULES[name];
  if (!module) throw new Error(`no module ${name}: there are ${Object.keys(MODULES).join(", ")}`);
  return module;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const names = process.argv.slice(2);
  for (const name of names.length > 0 ? names : Object.keys(MODULES)) {
    const missing = missingCompiler(name);
    if (missing === undefined) build(name, join(HERE, name));
    console.log(`${name}: ${missing ?? "built"}`);
  }
}
