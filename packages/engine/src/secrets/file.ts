import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { GloveboxError } from "@glovebox/sandbox";
import type { SecretSource } from "./resolve.ts";

const BYTES_MAX = 2 ** 20;
const LINE = /^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=(.*)$/;

/** Secrets in a file of lines `NAME=value` that its owner alone may read (0600). It is read when the first secret is asked for. */
export function fileSecrets(path: string): SecretSource {
  let values: Promise<ReadonlyMap<string, string>> | undefined;
  return {
    words: `the file ${path}`,
    async get(name) {
      values ??= readSecrets(path);
      return (await values).get(name);
    },
  };
}

async function readSecrets(path: string): Promise<ReadonlyMap<string, string>> {
  const refuse = (why: string, cause?: unknown): never => {
    throw new GloveboxError("SECRET_SOURCE_FAILED", `Cannot read secrets from ${path}: ${why}`, { cause });
  };
  // Without O_NONBLOCK opening a pipe waits for a writer that may never come.
  const file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)).catch((cause: NodeJS.ErrnoException) =>
    refuse(cause.code === "ENOENT" ? "it does not exist" : `it can't be opened (${cause.code})`, cause),
  );
  try {
    const { mode, uid, size, isFile } = await file.stat().then((stats) => ({ ...stats, isFile: stats.isFile() }));
    if (!isFile) return refuse("it is no plain file");
    // Windows has no such modes: who may read a file there can't be told by them.
    if (process.platform !== "win32" && (mode & 0o077) !== 0) {
      return refuse(`others than its owner may read it (its mode is ${(mode & 0o777).toString(8).padStart(4, "0")}): chmod 600 it`);
    }
    const user = process.getuid?.();
    if (user !== undefined && uid !== user && user !== 0) return refuse("it belongs to another user");
    if (size > BYTES_MAX) return refuse(`it has ${size} bytes, and ${BYTES_MAX} are allowed`);
    const bytes = Buffer.alloc(BYTES_MAX + 1);
    let length = 0;
    for (;;) {
      const { bytesRead } = await file.read(bytes, length, bytes.length - length);
      length += bytesRead;
      if (bytesRead === 0 || length === bytes.length) break;
    }
    if (length > BYTES_MAX) return refuse(`it has more than ${BYTES_MAX} bytes`);
    return parseSecrets(new TextDecoder().decode(bytes.subarray(0, length)), (line, why) => refuse(`line ${line} ${why}`));
  } finally {
    await file.close();
  }
}

/**
 * Lines `NAME=value`; empty ones and those that begin with `#` are none. A value in single quotes is taken as it is, one in double quotes
 * as JSON would read it, any other without the blanks around it. Nothing is filled in or run. No message holds a value.
 */
export function parseSecrets(text: string, refuse: (line: number, why: string) => never): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  for (const [index, line] of text
    .replace(/^\uFEFF/, "")
    .split(/\r?\n/)
    .entries()) {
    if (/^\s*(?:#|$)/.test(line)) continue;
    const match = LINE.exec(line);
    if (match === null) return refuse(index + 1, "is not NAME=value");
    const [, name = "", rest = ""] = match;
    if (values.has(name)) return refuse(index + 1, `gives "${name}" again`);
    values.set(name, unquoted(rest.trim()) ?? refuse(index + 1, "has a quote that is not closed, or something behind it"));
  }
  return values;
}

function unquoted(written: string): string | undefined {
  if (written.startsWith("'")) return /^'[^']*'$/.test(written) ? written.slice(1, -1) : undefined;
  if (!written.startsWith('"')) return written;
  try {
    const value: unknown = JSON.parse(written);
    return typeof value === "string" ? value : undefined;
  } catch {
    return undefined;
  }
}
