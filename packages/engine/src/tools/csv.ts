import type { Json } from "@glovebox/sandbox";
import { ToolError } from "./error.ts";
import { folderOf } from "./folder.ts";
import { decode } from "./read_text.ts";
import type { Tool, ToolContext } from "./tool.ts";

/** Characters of one record: an opening quote that is never closed takes in the rest of the file, and should be told. */
const RECORD_MAX = 1_000_000;
/** What a spreadsheet holds at most. */
const COLUMNS_MAX = 16_384;
/** A decimal number with nothing left out or in front, so that codes such as `007` stay text. */
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/**
 * `{ file, delimiter?, numbers? }` to `{ columns, rows }`: the names of the header row, and an object per record. With `numbers` (the default) a column in which
 * every value that is not empty is a number holds numbers, and null where it is empty.
 */
export const csv: Tool = {
  name: "csv",
  description: "Reads a CSV file with a header row from the folder that tools may use.",
  arguments: [
    { name: "file", type: "string", names: "path", required: true, description: "Path of the file, relative to the folder." },
    { name: "delimiter", type: "string", required: false, description: "One character; a comma where it is not given." },
    {
      name: "numbers",
      type: "boolean",
      required: false,
      description: "Whether columns of numbers become numbers; true where it is not given.",
    },
  ],
  async invoke({ file, delimiter = ",", numbers = true }, context) {
    const path = String(file);
    if (typeof delimiter !== "string" || delimiter.length !== 1)
      throw new ToolError(`Cannot read ${JSON.stringify(path)}: the delimiter is not one character`);
    const text = decode(path, await folderOf(context).read(path, { signal: context.signal }));
    const [header, ...records] = await parse(path, text, delimiter, context);
    const columns = header ?? [];
    checkColumns(path, columns);
    const numeric = columns.map((_, index) => numbers === true && isNumeric(records, index));
    const rows = records.map((record) =>
      Object.fromEntries(columns.map((name, index) => [name, typed(record[index] ?? "", numeric[index] === true)])),
    );
    return { columns, rows };
  },
};

async function parse(path: string, text: string, delimiter: string, { signal }: ToolContext): Promise<string[][]> {
  const { parse: parser } = await import("csv-parse");
  const records: string[][] = [];
  try {
    for await (const record of parser(text, { delimiter, bom: true, skip_empty_lines: true, max_record_size: RECORD_MAX })) {
      signal.throwIfAborted();
      records.push(record as string[]);
    }
  } catch (cause) {
    if (signal.aborted) throw cause;
    throw new ToolError(`Cannot read ${JSON.stringify(path)} as CSV: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
  return records;
}

function checkColumns(path: string, columns: readonly string[]): void {
  if (columns.length > COLUMNS_MAX)
    throw new ToolError(`Cannot read ${JSON.stringify(path)} as CSV: ${columns.length} columns, and ${COLUMNS_MAX} are allowed`);
  const twice = columns.find((name, index) => columns.indexOf(name) < index);
  if (twice !== undefined)
    throw new ToolError(`Cannot read ${JSON.stringify(path)} as CSV: two columns are called ${JSON.stringify(twice)}`);
}

function isNumeric(records: readonly (readonly string[])[], column: number): boolean {
  let seen = false;
  for (const record of records) {
    const value = record[column] ?? "";
    if (value === "") continue;
    if (!isExact(value)) return false;
    seen = true;
  }
  return seen;
}

/** Whole numbers beyond 2^53 (long keys, mostly) would be rounded: they stay text. */
function isExact(value: string): boolean {
  if (!NUMBER.test(value)) return false;
  const number = Number(value);
  return Number.isInteger(number) ? Number.isSafeInteger(number) : Number.isFinite(number);
}

function typed(value: string, numeric: boolean): Json {
  if (!numeric) return value;
  return value === "" ? null : Number(value);
}
