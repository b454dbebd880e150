import { existsSync, readFileSync } from "node:fs";
import { basename, join, sep } from "node:path";
import { launch } from "../packages/cli/bin/launch.js";

/** @typedef {{ version?: string, integrity?: string, resolved?: string, link?: boolean, optional?: boolean }} LockedPackage */

/**
 * Installs what the lock file names, unless all of it is there already.
 * @param {string} root the workspace's folder
 */
export async function installPackages(root) {
  const missing = whatIsMissing(root);
  if (missing === undefined) return;
  console.error(`Installing packages (${missing}). The first time takes about 190 MB from the registry.`);
  const started = Date.now();
  const npm = npmCommand(root);
  const end = await launch(npm.file, npm.args, { cwd: root, shell: npm.shell, stdio: ["inherit", 2, 2] });
  if (!("code" in end) || end.code !== 0) throw new Error("Cannot install the packages: npm failed, see above");
  const still = whatIsMissing(root);
  if (still !== undefined) throw new Error(`Cannot install the packages: ${still} after npm ended`);
  console.error(`Installed in ${Math.round((Date.now() - started) / 1000)} s.`);
}

/**
 * What npm recorded as installed, held against the lock file.
 * @param {string} root
 * @returns {string | undefined} what differs, or undefined where nothing does
 */
export function whatIsMissing(root) {
  // npm writes this record last: an install that was interrupted has none.
  const record = join(root, "node_modules", ".package-lock.json");
  if (!existsSync(record)) return "none are installed";
  const locked = readPackages(join(root, "package-lock.json"));
  const installed = readPackages(record);
  for (const [path, entry] of locked) {
    if (!path.includes("node_modules/")) continue;
    const found = installed.get(path);
    // npm leaves out the optional packages of other platforms.
    if (found === undefined && entry.optional) continue;
    if (found === undefined || !existsSync(join(root, path))) return `${path} is missing`;
    if (found.version !== entry.version || found.integrity !== entry.integrity) return `${path} is not as locked`;
  }
  for (const path of installed.keys()) if (!locked.has(path)) return `${path} is no longer needed`;
  return undefined;
}

/**
 * @param {string} file
 * @returns {Map<string, LockedPackage>}
 */
function readPackages(file) {
  return new Map(Object.entries(JSON.parse(readFileSync(file, "utf8")).packages));
}

/**
 * @param {string} root
 * @returns {{ file: string, args: string[], shell: boolean }}
 */
function npmCommand(root) {
  // Windows does not delete a program that runs, and `ci` deletes the pinned Node with all the rest.
  const onPinned = process.execPath.startsWith(join(root, "node_modules") + sep);
  const verb = process.platform === "win32" && onPinned ? ["install", "--no-save"] : ["ci"];
  // The machine's own settings may leave out what we need. Warnings are about the machine's Node, which runs npm and nothing else.
  const args = [...verb, "--include=dev", "--include=optional", "--loglevel=error", "--no-audit", "--no-fund"];
  const npm = process.env["npm_execpath"];
  if (npm !== undefined && basename(npm) === "npm-cli.js") return { file: process.execPath, args: [npm, ...args], shell: false };
  return { file: "npm", args, shell: process.platform === "win32" };
}
