import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { commandsOf } from "../scripts/commands.ts";
import { ROOT } from "../scripts/setup.js";

const PAGES = globSync(["*.md", "{docs,examples,bench}/**/*.md"], { cwd: ROOT });
const COMMANDS = PAGES.map((page) => ({ page, ...commandsOf(readFileSync(join(ROOT, page), "utf8")) }));

test("commandsOf() reads fenced blocks and code spans, and drops comments", () => {
  const page = "Use `npm run ok`.\n```sh\n$ npm start   # go\nnpx glovebox run a.yaml --json # one\n```\n`glovebox`, `npm`\n";
  assert.deepEqual(commandsOf(page), { scripts: ["start", "ok"], glovebox: [["run", "a.yaml", "--json"]] });
});

test("every npm script that a page names exists", () => {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  const named = COMMANDS.flatMap(({ page, scripts: names }) => names.map((name) => `${page}: ${name}`));
  assert.ok(named.includes("README.md: start") && named.includes("README.md: test"));
  assert.deepEqual(
    named.filter((name) => !(name.replace(/^.*: /, "") in scripts)),
    [],
  );
});

test("every glovebox command that a page shows exists, and so do the options and files in it", () => {
  const help = (...args: string[]) =>
    execFileSync(process.execPath, [join(ROOT, "packages/cli/bin/glovebox.js"), ...args, "--help"], { encoding: "utf8" });
  const wrong: string[] = [];
  for (const { page, glovebox } of COMMANDS) {
    for (const [command = "", ...args] of glovebox) {
      const known = command.startsWith("-") ? help() : help(...(new RegExp(`^ +${command}\\b`, "m").test(help()) ? [command] : []));
      const words = command.startsWith("-") ? [command] : args;
      if (!known.includes(command)) wrong.push(`${page}: glovebox ${command}`);
      for (const word of words) {
        if (/^--?[a-z]/.test(word) && !known.includes(word.replace(/=.*/, ""))) wrong.push(`${page}: glovebox ${command} ${word}`);
        if (/^(?:examples|guests)\//.test(word) && !existsSync(join(ROOT, word))) wrong.push(`${page}: ${word} does not exist`);
      }
    }
  }
  assert.deepEqual(wrong, []);
});
