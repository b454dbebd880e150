#!/usr/bin/env node
// Plain JavaScript, and nothing newer than Node 20 in it: a shell may start this on a Node that is too old for the rest.
import module from "node:module";
import { fileURLToPath } from "node:url";
import { isSuitable, NODE_MAJOR_MIN, suitableNode } from "./pinned.js";

if (isSuitable(process.versions.node)) {
  module.enableCompileCache(fileURLToPath(new URL("../.cache/compile", import.meta.url)));
  await import("../src/main.ts");
} else {
  await runOn(suitableNode());
}

/** @param {string | undefined} node */
async function runOn(node) {
  if (node === undefined) {
    console.error(`Cannot start glovebox: it needs Node ${NODE_MAJOR_MIN} or newer, and this is ${process.versions.node}`);
    process.exitCode = 3;
    return;
  }
  const { endLike, launch } = await import("./launch.js");
  endLike(await launch(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)]));
}
