// What these numbers do not mean.
//
// They were taken on one machine, which had other things to do; its load stands above the table. Ratios are of things measured in turns in
// the same run and travel better than milliseconds do, but not everywhere: another CPU, another Node, another day gives others. A small
// step shows what a fresh chamber costs and nothing of what your step costs. A rival is measured in the simplest way that it is used by
// itself, from a fresh interpreter to a first result, because that is what we compare; whoever keeps interpreters, and needs no isolation
// between steps, pays less, with us as well. Nothing here says that anything is safe.
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import type { Comparison } from "./figure.ts";
import { load, machine } from "./machine.ts";
import { writeFigures } from "./readme.ts";
import { table } from "./table.ts";

const COMPARISONS: Readonly<Record<string, () => Promise<{ compare(): Promise<Comparison> }>>> = {
  "python-step": () => import("./compare/python-step.ts"),
  "recorded-step": () => import("./compare/recorded-step.ts"),
  "host-call": () => import("./compare/host-call.ts"),
  "javascript-step": () => import("./compare/javascript-step.ts"),
  "module-step": () => import("./compare/module-step.ts"),
  "python-code": () => import("./compare/python-code.ts"),
  "compiled-code": () => import("./compare/compiled-code.ts"),
  fuel: () => import("./compare/fuel.ts"),
  command: () => import("./compare/command.ts"),
  cell: () => import("./compare/cell.ts"),
  kill: () => import("./compare/kill.ts"),
};

const { values, positionals } = parseArgs({ allowPositionals: true, options: { write: { type: "boolean", default: false } } });
const names = positionals.length > 0 ? positionals : Object.keys(COMPARISONS);
const unknown = names.filter((name) => !Object.hasOwn(COMPARISONS, name));
if (unknown.length > 0) throw new Error(`no comparison "${unknown.join('", "')}"; there are ${Object.keys(COMPARISONS).join(", ")}`);
if (values.write && positionals.length > 0) throw new Error("--write is for all comparisons together: ratios belong to one run");

const loadBefore = load();
const comparisons: Comparison[] = [];
for (const name of names) {
  process.stderr.write(`${name} ...\n`);
  const { compare } = await (COMPARISONS[name] as (typeof COMPARISONS)[string])();
  comparisons.push(await compare());
}

const described = `${machine()}. Load average ${loadBefore.toFixed(1)} before, ${load().toFixed(1)} after (other work included).`;
const text = `${described}\n\n${table(comparisons)}`;
console.log(text);
if (values.write) writeFigures(fileURLToPath(new URL("../README.md", import.meta.url)), text);
