import { constants } from "node:fs";
import { type FileHandle, open, realpath } from "node:fs/promises";
import { isAbsolute } from "node:path";
import { GloveboxError } from "../error.ts";
import type { FileGrant } from "../grants.ts";

const FILES_MAX = 256;
const NAME_BYTES_MAX = 255;

/** What a guest gets of a granted file: a name of its own, and bytes. */
export interface GrantedFile {
  readonly name: string;
  readonly content: Uint8Array;
}

/** @throws GloveboxError `GRANT_INVALID` */
export function checkFileGrants(grants: readonly FileGrant[]): void {
  if (grants.length > FILES_MAX) refuse(`${grants.length} files, and ${FILES_MAX} are allowed`);
  const names = new Set<string>();
  for (const { name, path } of grants) {
    if (typeof name !== "string" || typeof path !== "string") refuse("a file has a name and a path");
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
    if (/[/\\\u0000-\u001f\u007f]/.test(name) || name === "" || name === "." || name === ".." || Buffer.byteLength(name) > NAME_BYTES_MAX) {
      refuse(`"${name.slice(0, 100)}" is no name for a file: one path segment is`);
    }
    if (names.has(name.normalize("NFC"))) refuse(`two files have the name "${name}"`);
    names.add(name.normalize("NFC"));
    if (!isAbsolute(path)) refuse(`the path of file "${name}" is not absolute`);
  }
}

function refuse(why: string): never {
  throw new GloveboxError("GRANT_INVALID", `Cannot grant file: ${why}`);
}

/**
 * Reads granted files, here and now: what the guest sees doesn't change under it, and no path reaches it. Links, of any kind and anywhere in
 * the path, are refused, and so is what is no plain file.
 *
 * @param bytesMax of all together
 * @throws GloveboxError `GRANT_FILE_REFUSED`
 */
export async function readGrantedFiles(grants: readonly FileGrant[], bytesMax: number): Promise<readonly GrantedFile[]> {
  const files: GrantedFile[] = [];
  let left = bytesMax;
  for (const grant of grants) {
    const content = await readGrantedFile(grant, left);
    left -= content.length;
    files.push({ name: grant.name, content });
  }
  return files;
}

async function readGrantedFile({ name, path }: FileGrant, bytesMax: number): Promise<Uint8Array> {
  const refuseFile = (why: string, cause?: unknown): never => {
    throw new GloveboxError("GRANT_FILE_REFUSED", `Cannot grant file "${name}" (${path}): ${why}`, { cause });
  };
  let file: FileHandle;
  try {
    // Without waiting: opening a pipe that nobody writes would.
    file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    return refuseFile(code === "ELOOP" ? "it is a link" : code === "ENOENT" ? "it is not there" : `it can't be opened (${code})`, cause);
  }
  try {
    const stat = await file.stat();
    if (!stat.isFile()) refuseFile("it is no plain file");
    if (stat.nlink > 1) refuseFile("it is a link: it has several names");
    if ((await realpath(path)) !== path) refuseFile("its path leads through a link, or is not in its shortest form");
    if (stat.size > bytesMax) refuseFile(`it has ${stat.size} bytes, and ${bytesMax} are left for files`);
    // What was measured is not trusted: a file may grow while it is read.
    const bytes = new Uint8Array(Math.min(stat.size + 65_536, bytesMax + 1));
    let length = 0;
    for (;;) {
      const { bytesRead } = await file.read(bytes, length, bytes.length - length);
      length += bytesRead;
      if (bytesRead === 0 || length === bytes.length) break;
    }
    if (length > bytesMax) refuseFile(`it has more than the ${bytesMax} bytes that are left for files`);
    if (length === bytes.length) refuseFile("it grew while it was read");
    return bytes.subarray(0, length);
  } finally {
    await file.close();
  }
}
