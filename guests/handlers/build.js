// build.js [NAME...]: compiles the handlers of this folder into the .wasm files beside them, as far as their compilers are installed.
import { execFileSync, spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const HERE = dirname(fileURLToPath(import.meta.url));
const ASC = fileURLToPath(import.meta.resolve("assemblyscript/bin/asc.js"));
const CLANG = "--target=wasm32 -O2 -ffreestanding -nostdlib -mbulk-memory -Wl,--no-entry -Wl,-z,stack-size=8192 -Wl,--strip-all".split(" ");
const RUST = "--edition 2021 --target wasm32-unknown-unknown --crate-type cdylib -C opt-level=s -C panic=abort -C strip=symbols".split(" ");

/** Debian's own comes first: what rustup puts on the path may know other targets. */
const RUSTC = ["/usr/bin/rustc", "rustc"].find((file) => spawnSync(file, [...RUST, "-o", "/dev/null", "-"], { input: "" }).status === 0);

/** @type {Record<string, (source: string, output: string) => [command: string, args: string[]]>} */
const COMPILERS = {
  c: (source, output) => ["clang", [...CLANG, "-Wall", "-Wextra", "-Werror", "-o", output, source]],
  ts: (source, output) => [process.execPath, [ASC, source, "-o", output, "-O3", "--runtime", "minimal", "--baseDir", HERE]],
  rs: (source, output) => [RUSTC ?? "rustc", [...RUST, "-o", output, source]],
};

/** Sources by the name of what they become. */
export const HANDLERS = /** @type {Record<string, string>} */ ({ relay: "relay.c", tidy: "tidy.ts", sign: "sign.rs" });

/**
 * Why a handler can't be compiled here, or undefined.
 *
 * @param {string} name of {@link HANDLERS}
 */
export function missingCompiler(name) {
  const language = HANDLERS[name]?.split(".").at(-1);
  if (language === "ts") return undefined;
  if (language === "c") {
    const { status } = spawnSync("clang", [...CLANG, "-x", "c", "-o", "/dev/null", "-"], { input: "" });
    return status === 0 ? undefined : "clang, or its linker for WebAssembly, is not installed";
  }
  return RUSTC === undefined ? "rustc, or its wasm32-unknown-unknown target, is not installed" : undefined;
}

/**
 * @param {string} name of {@link HANDLERS}
 * @param {string} output file
 */
export function build(name, output) {
  const source = HANDLERS[name] ?? "";
  const compiler = COMPILERS[source.split(".").at(-1) ?? ""];
  if (!compiler) throw new Error(`no handler ${name}: there are ${Object.keys(HANDLERS).join(", ")}`);
  const [command, args] = compiler(join(HERE, source), output);
  execFileSync(command, args, { stdio: "pipe", cwd: HERE });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const names = process.argv.slice(2);
  for (const name of names.length > 0 ? names : Object.keys(HANDLERS)) {
    const missing = missingCompiler(name);
    if (missing === undefined) build(name, join(HERE, `${name}.wasm`));
    console.log(`${name}: ${missing ?? "built"}`);
  }
}
