// Plain JavaScript for Node 20: in a fresh clone this runs on the machine's own Node, whichever that is.
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { launch } from "../packages/cli/bin/launch.js";
import { suitableNode } from "../packages/cli/bin/pinned.js";
import { installPackages } from "./install.js";

export const ROOT = fileURLToPath(new URL("..", import.meta.url));

/**
 * Brings a clone into the state in which everything runs; what is done already is not done again.
 * @returns {Promise<string>} the path of the Node to run our TypeScript on
 */
export async function setUp() {
  const { versions, platform, arch } = process;
  if (Number(versions.node.split(".")[0]) < 20) throw new Error(`Cannot set up: this is Node ${versions.node}, older than 20`);
  await installPackages(ROOT);
  const node = suitableNode();
  if (node === undefined) throw new Error(`Cannot set up: no Node is packaged for ${platform}-${arch}; install 24 or newer`);
  const end = await launch(node, [join(ROOT, "packages/sandbox/src/runtimes/build.ts")], { cwd: ROOT });
  if (!("code" in end) || end.code !== 0) throw new Error("Cannot set up: the frozen runtimes were not built, see above");
  return node;
}
