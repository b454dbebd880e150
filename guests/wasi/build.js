// build.js [NAME...]: compiles the C programs of this folder into the .wasm files beside them. It takes clang with lld and the WASI C library (on
// Debian: clang lld wasi-libc libclang-rt-dev-wasm32).
import { execFileSync, spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const HERE = dirname(fileURLToPath(import.meta.url));
const FLAGS = ["--target=wasm32-wasi", "-Os", "-Wl,--strip-all", `-fmacro-prefix-map=${HERE}/=`];

/** Without npm's folders: clang optimises with whatever wasm-opt it finds on the path. */
const ENVIRONMENT = {
  PATH: (process.env["PATH"] ?? "")
    .split(delimiter)
    .filter((folder) => !folder.includes("node_modules"))
    .join(delimiter),
};

export const PROGRAMS = readdirSync(HERE)
  .filter((file) => file.endsWith(".c"))
  .map((file) => file.slice(0, -2));

/** Why nothing can be compiled here, or undefined. */
export function missingCompiler() {
  const options = { env: ENVIRONMENT, input: "#include <wasi/api.h>\nint main(void) { return 0; }" };
  const probe = spawnSync("clang", [...FLAGS, "-x", "c", "-o", "/dev/null", "-"], options);
  if (probe.error) return "clang is not installed";
  return probe.status === 0 ? undefined : "clang can't link for WASI here";
}

/**
 * @param {string} name of {@link PROGRAMS}
 * @param {string} output file
 */
export function build(name, output) {
  const flags = [...FLAGS, "-Wall", "-Wextra", "-Werror", "-o", output, join(HERE, `${name}.c`)];
  execFileSync("clang", flags, { stdio: "pipe", env: ENVIRONMENT });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const named = process.argv.slice(2);
  for (const name of named.length > 0 ? named : PROGRAMS) build(name, join(HERE, `${name}.wasm`));
}
