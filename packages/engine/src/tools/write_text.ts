import { folderOf } from "./folder.ts";
import type { Tool } from "./tool.ts";

/** `{ file, text }` to `{ file, bytes }`. */
export const writeText: Tool = {
  name: "write_text",
  description: "Writes a text file (UTF-8) into the folder that tools may use, whole or not at all.",
  arguments: [
    {
      name: "file",
      type: "string",
      names: "path",
      required: true,
      description: "Path of the file, relative to the folder. Folders on the way are made.",
    },
    { name: "text", type: "string", required: true, description: "What the file is to hold." },
  ],
  async invoke({ file, text }, context) {
    const written = await folderOf(context).write(String(file), String(text));
    return { file: written.path, bytes: written.bytes };
  },
};
