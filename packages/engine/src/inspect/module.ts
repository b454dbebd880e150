import type { Json } from "@glovebox/sandbox";
import { printable } from "../run/printable.ts";
import { inOrder } from "./code.ts";
import { type Finding, finding } from "./finding.ts";
import type { InspectedImport, Inspection, ModuleSummary } from "./inspection.ts";
import { ask, type Surroundings } from "./look.ts";
import { type Ask, needsOf } from "./needs.ts";
import { readModuleReport, type SeenModule } from "./seen-module.ts";
import { suggest } from "./suggest.ts";

/** Pages of 64 KiB that a handler may well start with: twice what Rust and Go ask for. */
const PAGES_USUAL = 512;
/** Entries of tables, of 100,000 that are allowed. */
const ENTRIES_USUAL = 10_000;

/** The host functions of modules, and what they ask for. */
const ASKED: Readonly<Record<string, Ask["what"]>> = {
  http_request: "http",
  read_secret: "secret",
  open_file: "file",
  get_time: "time",
  log: "host",
  read_input: "host",
  write_output: "host",
};
const CLOCK = /^clock_/;
const CHANCE = "random_get";

/** Looks at a module, its instructions included, in a cell. Nothing of it is run. */
export async function inspectModuleFile(name: string, bytes: Uint8Array, surroundings: Surroundings): Promise<Inspection> {
  const language = "module";
  const { outcome } = await ask({ guest: { kind: "outline", bytes, name: "module" } }, surroundings);
  if (outcome.kind === "failed" && outcome.error.name === "ModuleRefused") {
    const message = printable(outcome.error.message.replace(/^Cannot load module "module": /, ""), 500);
    return { kind: "unparsable", name, language, message, at: { byte: 0 }, findings: [] };
  }
  if (outcome.kind !== "completed") return { kind: "ended", name, language, outcome };
  const seen = readModuleReport(outcome.output as Json);
  if (seen === undefined) return { kind: "ended", name, language, outcome: { kind: "trapped", trap: "protocol" } };
  const imports = seen.imports.map(({ module, field, offered, at }): InspectedImport => {
    return { name: `${module}.${field}`, state: offered ? "offered" : "missing", at: { byte: at } };
  });
  const { needs, findings } = needsOf(asksOf(seen));
  return {
    kind: "inspected",
    name,
    language,
    imports,
    needs,
    findings: inOrder([...findingsOf(seen), ...findings]),
    dropped: 0,
    suggestion: suggest(needs, []),
    module: summaryOf(seen),
  };
}

function findingsOf({ refused, memory, tables, startAt, imports }: SeenModule): readonly Finding[] {
  const found: Finding[] = [];
  if (refused !== undefined) found.push(finding("module-refused", refused, { byte: 0 }));
  for (const { module, field, offered, at } of imports)
    if (!offered) found.push(finding("unknown-import", `${module}.${field}`, { byte: at }));
  if (memory !== undefined) {
    const at = { byte: memory.at };
    if (memory.maximum === undefined) found.push(finding("no-memory-maximum", "", at));
    if (memory.minimum > PAGES_USUAL) found.push(finding("big-memory", String(memory.minimum / 16), at));
  }
  if (tables.entries > ENTRIES_USUAL) found.push(finding("big-table", String(tables.entries), { byte: tables.at }));
  if (startAt !== undefined) found.push(finding("start-function", "", { byte: startAt }));
  return found;
}

/** What its imports ask for. Addresses are looked for among its bytes; which of them it asks for, and what it adds to them, can't be told. */
function asksOf({ imports, urls }: SeenModule): readonly Ask[] {
  const asked = imports.flatMap(({ module, field, at }): Ask[] => {
    const what = whatOf(module, field);
    const named = what === "host" || what === "time" || what === "random";
    return what === undefined
      ? []
      : [{ what, value: named ? field : undefined, form: named ? "whole" : "computed", method: undefined, at: { byte: at } }];
  });
  const requests = asked.some(({ what }) => what === "http");
  return [
    ...asked.filter(({ what }) => what !== "http" || urls.length === 0),
    ...urls.map(
      ({ url, at }): Ask => ({ what: requests ? "http" : "url", value: url, form: "start", method: undefined, at: { byte: at } }),
    ),
  ];
}

function whatOf(module: string, field: string): Ask["what"] | undefined {
  if (module === "glovebox") return Object.hasOwn(ASKED, field) ? ASKED[field] : undefined;
  if (module !== "wasi_snapshot_preview1") return undefined;
  if (CLOCK.test(field)) return "time";
  return field === CHANCE ? "random" : undefined;
}

function summaryOf({ kind, memory, functions, instructions, features, exports }: SeenModule): ModuleSummary {
  return {
    ...(kind === undefined ? {} : { kind }),
    ...(memory === undefined
      ? {}
      : { memory: { minimum: memory.minimum, ...(memory.maximum === undefined ? {} : { maximum: memory.maximum }) } }),
    functions,
    instructions,
    features,
    exports: exports.map(({ field, type }) => (type === undefined ? field : `${field} ${type}`)),
  };
}
