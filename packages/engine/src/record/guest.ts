import { createHash } from "node:crypto";
import type { FileTree, Grants, Guest, Transcript } from "@glovebox/sandbox";
import type { FileSource } from "../steps/modules.ts";
import type { RecordedDirectory, RecordedFile, RecordedGrants, RecordedGuest, RecordedNode } from "./entry.ts";

/** Characters of code that are kept; what has more is no step that a person wrote. */
const CODE_CHARACTERS_MAX = 512 * 1024;
/** Bytes of files without a place of their own that are kept with one guest. */
const CONTENT_BYTES_MAX = 256 * 1024;

/** Where bytes were read from; undefined: from no file. */
export type SourceOf = (bytes: Uint8Array) => FileSource | undefined;

/** A guest as a record has it: modules and packages by their digests, code as it is. `whole`: it can be made again from that. */
export function recordedGuest(guest: Guest, sourceOf: SourceOf): { readonly guest: RecordedGuest; readonly whole: boolean } {
  switch (guest.kind) {
    case "python": {
      const { kind, code, packages, ...others } = guest;
      const files = packages?.map(({ name, bytes }) => recordedFile(name, bytes, sourceOf(bytes)));
      const kept = code.length <= CODE_CHARACTERS_MAX;
      return {
        guest: { kind, ...(kept ? { code } : {}), ...others, ...(files === undefined ? {} : { packages: files }) },
        whole: kept && (files ?? []).every(isWhole),
      };
    }
    case "javascript":
    case "typescript": {
      const { kind, code, ...others } = guest;
      const kept = code.length <= CODE_CHARACTERS_MAX;
      return { guest: { kind, ...(kept ? { code } : {}), ...others }, whole: kept };
    }
    case "module": {
      const { kind, bytes, directories, ...others } = guest;
      const file = recordedFile(guest.name ?? "module", bytes, sourceOf(bytes));
      const room = { bytes: CONTENT_BYTES_MAX };
      const recorded = directories?.map(
        ({ name, files, readOnly }): RecordedDirectory => ({
          name,
          ...(readOnly === undefined ? {} : { readOnly }),
          entries: recordedTree(files, sourceOf, room),
        }),
      );
      return {
        guest: { kind, file, ...others, ...(recorded === undefined ? {} : { directories: recorded }) },
        whole: isWhole(file) && room.bytes >= 0,
      };
    }
    case "schema": {
      const kept = JSON.stringify(guest.schema).length <= CODE_CHARACTERS_MAX;
      return { guest: { kind: "schema", ...(kept ? { schema: guest.schema } : {}) }, whole: kept };
    }
    case "syntax":
    case "outline":
      return { guest: { kind: guest.kind }, whole: false };
  }
}

/** @param room goes below zero where a file is in no place from which it could be read again, and too large to be kept */
function recordedTree(tree: FileTree, sourceOf: SourceOf, room: { bytes: number }): readonly RecordedNode[] {
  return Object.entries(tree).map(([name, node]): RecordedNode => {
    if (!(node instanceof Uint8Array)) return { kind: "directory", name, entries: recordedTree(node, sourceOf, room) };
    const file = recordedFile(name, node, sourceOf(node));
    if (file.path !== undefined) return { kind: "file", file };
    room.bytes -= node.length;
    return { kind: "file", file: room.bytes < 0 ? file : { ...file, content: Buffer.from(node).toString("base64") } };
  });
}

function recordedFile(name: string, bytes: Uint8Array, source: FileSource | undefined): RecordedFile {
  return {
    name,
    sha256: source?.sha256() ?? createHash("sha256").update(bytes).digest("hex"),
    bytes: bytes.length,
    ...(source === undefined ? {} : { path: source.path }),
  };
}

function isWhole({ path, content }: RecordedFile): boolean {
  return path !== undefined || content !== undefined;
}

/** @param transcript has the files as the guest saw them */
export function recordedGrants(grants: Grants | undefined, transcript: Transcript | undefined): RecordedGrants {
  if (grants === undefined) return {};
  const { http, secrets, files } = grants;
  return {
    ...(http === undefined || http.length === 0 ? {} : { http }),
    ...(secrets === undefined || secrets.length === 0 ? {} : { secrets }),
    ...(files === undefined || files.length === 0 ? {} : { files: files.map((file) => ({ ...file, ...digestOf(file.name, transcript) })) }),
  };
}

/** A file that holds a secret has no digest here: whoever knows the rest of it could try secrets against one. */
function digestOf(name: string, transcript: Transcript | undefined): { readonly sha256?: string; readonly bytes?: number } {
  const content = transcript?.files.find((file) => file.name === name)?.content;
  if (content === undefined) return {};
  const hash = createHash("sha256");
  let length = 0;
  for (const part of content) {
    if (typeof part !== "string") return {};
    const bytes = Buffer.from(part, "base64");
    length += bytes.length;
    hash.update(bytes);
  }
  return { sha256: hash.digest("hex"), bytes: length };
}
