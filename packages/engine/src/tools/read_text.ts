import { ToolError } from "./error.ts";
import { folderOf } from "./folder.ts";
import type { Tool } from "./tool.ts";

/** `{ file, missing? }` to `{ text, bytes }`. UTF-8 only; a byte order mark is dropped. */
export const readText: Tool = {
  name: "read_text",
  description: "Reads a text file (UTF-8) from the folder that tools may use.",
  arguments: [
    { name: "file", type: "string", names: "path", required: true, description: "Path of the file, relative to the folder." },
    {
      name: "missing",
      type: "string",
      required: false,
      description: "The text to go on with where there is no such file; without it, that is an error.",
    },
  ],
  async invoke({ file, missing }, context) {
    const path = String(file);
    const folder = folderOf(context);
    if (missing !== undefined && !(await folder.has(path))) return { text: String(missing), bytes: 0 };
    const bytes = await folder.read(path, { signal: context.signal });
    return { text: decode(path, bytes), bytes: bytes.byteLength };
  },
};

/** @throws ToolError where the bytes are not UTF-8: to read on with holes in the text would be a silent loss */
export function decode(path: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new ToolError(`Cannot read ${JSON.stringify(path)}: it is not UTF-8`, { cause });
  }
}
