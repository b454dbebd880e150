import { constants, existsSync, lstatSync, mkdirSync, type Stats } from "node:fs";
import { dirname } from "node:path";
import { GloveboxError } from "@glovebox/sandbox";

/** Windows has no such modes and owners: there a user's own folders are private by what they inherit. */
const HAS_MODES = process.platform !== "win32";
const OTHERS = 0o077;
const OTHERS_WRITE = 0o022;

/** For files that nobody else may put there or read. */
export const OPEN_NEW = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | (constants.O_NOFOLLOW ?? 0);
export const OPEN_OLD = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

/**
 * Makes a directory (0700) where there is none, and refuses one that is not the user's own.
 * @param mayBeSeen others may list it: a directory that the user named for one run. They may never write there.
 * @throws GloveboxError `RECORD_PLACE_REFUSED`
 */
export function makePrivateDirectory(path: string, { mayBeSeen = false }: { readonly mayBeSeen?: boolean } = {}): void {
  try {
    makeDirectories(path);
    const stats = lstatSync(path);
    const wrong = stats.isDirectory() ? whyNotPrivate(stats, mayBeSeen ? OTHERS_WRITE : OTHERS) : "it is a link, or no directory";
    if (wrong !== undefined) throw refusal(path, wrong);
  } catch (error) {
    throw error instanceof GloveboxError ? error : refusal(path, stateOf(error), error);
  }
}

/** Node's own `recursive` tries without end where a directory is there and still none can be made in it, as in /proc. */
function makeDirectories(path: string): void {
  if (existsSync(path)) return;
  const above = dirname(path);
  if (above !== path) makeDirectories(above);
  try {
    mkdirSync(path, 0o700);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
  }
}

/** Why a file or directory is not its user's alone. Undefined: it is. */
export function whyNotPrivate({ mode, uid }: Stats, others: number = OTHERS): string | undefined {
  if (!HAS_MODES) return undefined;
  if (uid !== process.geteuid?.()) return "it belongs to another user";
  if ((mode & others) === 0) return undefined;
  const may = others === OTHERS_WRITE ? "write there" : "read or write it";
  return `others may ${may} (its mode is ${(mode & 0o777).toString(8).padStart(4, "0")}): chmod go-${others === OTHERS_WRITE ? "w" : "rwx"} it`;
}

export function refusal(path: string, state: string, cause?: unknown): GloveboxError {
  return new GloveboxError("RECORD_PLACE_REFUSED", `Cannot keep records in ${path}: ${state}`, { cause });
}

/** Why something on the disk could not be done, in few words. */
export function stateOf(error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : undefined;
  return (code === undefined ? undefined : STATES[code]) ?? (error instanceof Error ? error.message : String(error));
}

const STATES: Readonly<Record<string, string>> = {
  ENOENT: "it does not exist",
  ENOTDIR: "it is no directory",
  EISDIR: "it is a directory",
  EACCES: "permission denied",
  EPERM: "permission denied",
  EROFS: "the disk can only be read",
  ENOSPC: "the disk is full",
  EDQUOT: "the disk's quota is used up",
  EFBIG: "the file may not become larger",
  ELOOP: "it is a link",
};
