import type { Json } from "@glovebox/sandbox";
import { printable } from "../run/printable.ts";
import { FINDINGS, type FindingCode } from "./finding.ts";

/** What an inspector, which is a guest, says that it saw in a source. */
export interface Observation {
  readonly imports: readonly ObservedImport[];
  readonly asks: readonly ObservedAsk[];
  readonly findings: readonly ObservedFinding[];
  /** How many of these were not kept. */
  readonly dropped: number;
  /** Why and where the source does not parse. What is above was then seen in the text alone. */
  readonly error: (TextPlace & { readonly message: string }) | undefined;
}

/** 1-based; columns count UTF-16 units. */
export interface TextPlace {
  readonly line: number;
  readonly column: number;
}

export interface ObservedImport extends TextPlace {
  readonly name: string;
  /** The interpreter has it. */
  readonly known: boolean;
}

/** Something that the code asks of the host, or an address that stands in it (`url`). */
interface ObservedAsk extends TextPlace {
  readonly what: "http" | "secret" | "file" | "url" | "time" | "random" | "host";
  /** As far as it is written out; undefined: not at all. */
  readonly value: string | undefined;
  /** `whole`: nothing is added to the value at run time. */
  readonly form: "whole" | "start" | "computed";
  /** Of a request; `?`: named at run time. Undefined: not said. */
  readonly method: string | undefined;
}

interface ObservedFinding extends TextPlace {
  readonly code: FindingCode;
  readonly subject: string;
}

/** More than an inspector sends. */
export const OBSERVED_MAX = { imports: 200, asks: 200, findings: 500 } as const;
const SUBJECT_MAX = 100;
const VALUE_MAX = 1_000;
const NUMBER_MAX = 2 ** 31;

const WHATS: ReadonlySet<unknown> = new Set<ObservedAsk["what"]>(["http", "secret", "file", "url", "time", "random", "host"]);
const FORMS: ReadonlySet<unknown> = new Set<ObservedAsk["form"]>(["whole", "start", "computed"]);

/**
 * Reads what came out of a cell. A source that got hold of its inspector could have written it, so all of it is looked at: shapes, known
 * words, numbers, lengths. Undefined: no inspector of ours says such a thing.
 */
export function readObservation(output: Json): Observation | undefined {
  const seen = asRecord(output, ["imports", "asks", "findings", "dropped", "error"]);
  if (seen === undefined || !isCount(seen["dropped"])) return undefined;
  const imports = readList(seen["imports"], OBSERVED_MAX.imports, readImport);
  const asks = readList(seen["asks"], OBSERVED_MAX.asks, readAsk);
  const findings = readList(seen["findings"], OBSERVED_MAX.findings, readFinding);
  const error = seen["error"] === null ? null : readError(seen["error"]);
  if (imports === undefined || asks === undefined || findings === undefined || error === undefined) return undefined;
  return { imports, asks, findings, dropped: seen["dropped"], error: error ?? undefined };
}

type Fields = { readonly [key: string]: Json };

/** An object with these keys and no other. */
function asRecord(value: Json | undefined, keys: readonly string[]): Fields | undefined {
  if (value === undefined || value === null || typeof value !== "object" || Array.isArray(value)) return undefined;
  const own = Object.keys(value);
  return own.length === keys.length && keys.every((key) => Object.hasOwn(value, key)) ? (value as Fields) : undefined;
}

function readList<T>(value: Json | undefined, max: number, read: (item: Json) => T | undefined): readonly T[] | undefined {
  if (!Array.isArray(value) || value.length > max) return undefined;
  const items = (value as readonly Json[]).map(read);
  return items.some((item) => item === undefined) ? undefined : (items as T[]);
}

function readImport(value: Json): ObservedImport | undefined {
  const item = asRecord(value, ["name", "known", "line", "column"]);
  const place = item && readPlace(item);
  if (item === undefined || place === undefined || !isText(item["name"], SUBJECT_MAX) || typeof item["known"] !== "boolean")
    return undefined;
  return { name: printable(item["name"], SUBJECT_MAX), known: item["known"], ...place };
}

function readAsk(item: Json): ObservedAsk | undefined {
  const ask = asRecord(item, ["what", "value", "form", "method", "line", "column"]);
  const place = ask && readPlace(ask);
  if (ask === undefined || place === undefined || !WHATS.has(ask["what"]) || !FORMS.has(ask["form"])) return undefined;
  const { value = null, method = null } = ask;
  if (!(value === null || isText(value, VALUE_MAX)) || !(method === null || isText(method, SUBJECT_MAX))) return undefined;
  return {
    what: ask["what"] as ObservedAsk["what"],
    form: ask["form"] as ObservedAsk["form"],
    value: value === null ? undefined : value,
    method: method === null ? undefined : printable(method, SUBJECT_MAX),
    ...place,
  };
}

function readFinding(value: Json): ObservedFinding | undefined {
  const item = asRecord(value, ["code", "subject", "line", "column"]);
  const place = item && readPlace(item);
  if (item === undefined || place === undefined || !isText(item["subject"], SUBJECT_MAX)) return undefined;
  const { code } = item;
  if (typeof code !== "string" || !Object.hasOwn(FINDINGS, code)) return undefined;
  return { code: code as FindingCode, subject: printable(item["subject"], SUBJECT_MAX), ...place };
}

function readError(value: Json | undefined): Observation["error"] {
  const error = asRecord(value, ["message", "line", "column"]);
  const place = error && readPlace(error);
  if (error === undefined || place === undefined || !isText(error["message"], SUBJECT_MAX)) return undefined;
  return { message: printable(error["message"], SUBJECT_MAX), ...place };
}

function readPlace({ line, column }: Fields): TextPlace | undefined {
  return isCount(line) && isCount(column) && line > 0 && column > 0 ? { line, column } : undefined;
}

function isCount(value: Json | undefined): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value < NUMBER_MAX;
}

function isText(value: Json | undefined, max: number): value is string {
  return typeof value === "string" && value.length <= max;
}
