import type { Json } from "@glovebox/sandbox";
import { printable } from "../run/printable.ts";

/** What a cell told of a module, looked at: names are printable, numbers are numbers. */
export interface SeenModule {
  readonly kind: string | undefined;
  readonly refused: string | undefined;
  readonly memory: { readonly minimum: number; readonly maximum: number | undefined; readonly at: number } | undefined;
  readonly tables: { readonly entries: number; readonly at: number };
  readonly functions: number;
  readonly instructions: number;
  readonly startAt: number | undefined;
  readonly imports: readonly { readonly module: string; readonly field: string; readonly offered: boolean; readonly at: number }[];
  readonly exports: readonly { readonly field: string; readonly type: string | undefined }[];
  readonly features: readonly string[];
  readonly urls: readonly { readonly url: string; readonly at: number }[];
}

const LISTED_MAX = 500;
const TEXT_MAX = 1_000;
const NUMBER_MAX = 2 ** 32;

/** Undefined: no cell of ours says such a thing. */
export function readModuleReport(output: Json): SeenModule | undefined {
  try {
    return read(output);
  } catch (error) {
    if (error === MISFIT) return undefined;
    throw error;
  }
}

const MISFIT = new Error("not what a cell of ours says");

function read(output: Json): SeenModule {
  const report = record(output);
  const memory = report["memory"] === null ? undefined : record(report["memory"]);
  const tables = record(report["tables"]);
  return {
    kind: optional(report["kind"], text),
    refused: optional(report["refused"], text),
    memory: memory && { minimum: count(memory["minimum"]), maximum: optional(memory["maximum"], count), at: count(memory["at"]) },
    tables: { entries: count(tables["entries"]), at: count(tables["at"]) },
    functions: count(report["functions"]),
    instructions: count(report["instructions"]),
    startAt: optional(report["startAt"], count),
    imports: list(report["imports"], (item) => {
      const { module, field, offered, at } = record(item);
      if (typeof offered !== "boolean") throw MISFIT;
      return { module: text(module), field: text(field), offered, at: count(at) };
    }),
    exports: list(report["exports"], (item) => {
      const { field, type } = record(item);
      return { field: text(field), type: optional(type, text) };
    }),
    features: list(report["features"], text),
    urls: list(report["urls"], (item) => {
      const { url, at } = record(item);
      return { url: text(url), at: count(at) };
    }),
  };
}

function record(value: Json | undefined): { readonly [key: string]: Json } {
  if (value === undefined || value === null || typeof value !== "object" || Array.isArray(value)) throw MISFIT;
  return value as { readonly [key: string]: Json };
}

function list<T>(value: Json | undefined, read: (item: Json) => T): readonly T[] {
  if (!Array.isArray(value) || value.length > LISTED_MAX) throw MISFIT;
  return (value as readonly Json[]).map(read);
}

function optional<T>(value: Json | undefined, read: (value: Json | undefined) => T): T | undefined {
  return value === null ? undefined : read(value);
}

function text(value: Json | undefined): string {
  if (typeof value !== "string" || value.length > TEXT_MAX + 10) throw MISFIT;
  return printable(value, TEXT_MAX + 10);
}

function count(value: Json | undefined): number {
  if (typeof value !== "number" || !Number.isInteger(value) || value < 0 || value > NUMBER_MAX) throw MISFIT;
  return value;
}
