import { GloveboxError } from "./error.ts";

const PACKAGES_MAX = 32;
const ENTRIES_MAX = 8192;
const NAME_BYTES_MAX = 1024;
const UNPACKED_BYTES_MAX = 128 * 2 ** 20;
/** Python source shrinks to a fifth; a bomb is hundreds of times smaller than what comes out of it. */
const RATIO_MAX = 100;
const RATIO_BYTES_MIN = 64 * 1024; // what is small is allowed to be all the same letter

const END = { signature: 0x06054b50, bytes: 22, commentMax: 0xffff } as const;
const CENTRAL = { signature: 0x02014b50, bytes: 46 } as const;
const LOCAL = { signature: 0x04034b50, bytes: 30 } as const;
const FLAGS = { encrypted: 1, descriptor: 8, strong: 64, masked: 8192 } as const;
const STORED = 0;
const DEFLATED = 8;
const TYPE_MASK = 0o170000;
const ORDINARY_TYPES: ReadonlySet<number> = new Set([0, 0o100000, 0o040000]);

/** A pure-Python package as a wheel. */
export interface PythonPackage {
  /** The wheel's file name, for messages and tracebacks. */
  readonly name: string;
  /** Owned by the caller; read during the call only. */
  readonly bytes: Uint8Array;
}

/** Wheels that were looked at, and what can be imported of them. */
export interface AcceptedPackages {
  readonly packages: readonly PythonPackage[];
  /** Names of their top-level modules. */
  readonly modules: readonly string[];
}

/**
 * Looks at wheels from outside: at the names and sizes that they declare, and nothing that is compressed. What is really in them is found out in
 * the cell, under the guest's limits.
 *
 * @throws GloveboxError `PACKAGE_REFUSED`
 */
export function acceptPackages(packages: readonly PythonPackage[]): AcceptedPackages {
  if (!Array.isArray(packages)) refuse("packages", "they are no list");
  if (packages.length > PACKAGES_MAX) refuse("packages", `there are ${packages.length}, and ${PACKAGES_MAX} are allowed`);
  const names = new Set<string>();
  const modules = new Set<string>();
  for (const { name, bytes } of packages) {
    if (typeof name !== "string" || !/^[A-Za-z0-9._+!-]{1,200}\.whl$/.test(name) || name.startsWith("."))
      refuse(String(name), "its name is not that of a wheel");
    if (!(bytes instanceof Uint8Array)) refuse(name, "it has no bytes");
    if (names.has(name)) refuse(name, "there are two of the name");
    names.add(name);
    for (const module of topLevel(readNames(name, bytes))) modules.add(module);
  }
  return { packages, modules: [...modules] };
}

function refuse(name: string, why: string): never {
  throw new GloveboxError("PACKAGE_REFUSED", `Cannot use package ${JSON.stringify(name.slice(0, 200))}: ${why}`);
}

/** What Python can import: `name.py` and folders, but for what describes the wheel itself. */
function topLevel(names: readonly string[]): Set<string> {
  const found = new Set<string>();
  for (const name of names) {
    const [first = "", second] = name.split("/");
    const module = second === undefined ? (/^(.+)\.py$/.exec(first)?.[1] ?? "") : first;
    if (/^[\p{L}_][\p{L}\p{N}_]*$/u.test(module)) found.add(module);
  }
  return found;
}

/** Names of all entries, after every number that leads to them was checked. */
function readNames(wheel: string, bytes: Uint8Array): readonly string[] {
  const no = (why: string): never => refuse(wheel, why);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const end = findEnd(view) ?? no("it is no zip file");
  const [disk, firstDisk, here, total] = [4, 6, 8, 10].map((at) => view.getUint16(end + at, true));
  const size = view.getUint32(end + 12, true);
  const start = view.getUint32(end + 16, true);
  if (disk !== 0 || firstDisk !== 0 || here !== total) no("it is one of several parts");
  if (total === 0xffff || size === 0xffff_ffff || start === 0xffff_ffff) no("it is in the 64-bit format");
  const count = total ?? 0;
  if (count > ENTRIES_MAX) no(`it has ${count} entries, and ${ENTRIES_MAX} are allowed`);
  if (start + size !== end) no("its directory does not stand before its end");

  const seen = new Set<string>();
  const names: string[] = [];
  const ranges: (readonly [from: number, to: number])[] = [];
  let unpacked = 0;
  let at = start;
  for (let index = 0; index < count; index++) {
    if (at + CENTRAL.bytes > end || view.getUint32(at, true) !== CENTRAL.signature) no("its directory is malformed");
    const entry = readEntry(view, at);
    const next = at + CENTRAL.bytes + entry.nameBytes + entry.extraBytes + entry.commentBytes;
    if (next > end) no("its directory is malformed");
    const name =
      decodeName(bytes.subarray(at + CENTRAL.bytes, at + CENTRAL.bytes + entry.nameBytes)) ?? no("it has a name that is no text");
    const why = whatIsWrong(name, entry);
    if (why) no(`its entry ${JSON.stringify(name.slice(0, 200))} ${why}`);
    // Names that some file system takes for the same are the same.
    const key = name.replace(/\/$/, "").normalize("NFC").toLowerCase();
    if (seen.has(key)) no(`it has ${JSON.stringify(name.slice(0, 200))} twice`);
    seen.add(key);
    unpacked += entry.size;
    if (unpacked > UNPACKED_BYTES_MAX) no(`it has more than ${UNPACKED_BYTES_MAX} bytes when it is unpacked`);
    ranges.push(
      localRange(view, entry, bytes.subarray(at + CENTRAL.bytes, at + CENTRAL.bytes + entry.nameBytes), bytes, start) ??
        no(`its entry ${JSON.stringify(name.slice(0, 200))} is not where, or not what, its directory says`),
    );
    names.push(name);
    at = next;
  }
  if (at !== end) no("its directory is malformed");
  ranges.sort(([a], [b]) => a - b);
  for (let index = 1; index < ranges.length; index++) {
    if ((ranges[index]?.[0] ?? 0) < (ranges[index - 1]?.[1] ?? 0)) no("two of its entries share bytes");
  }
  return names;
}

/** Where the end record stands; undefined where there is none, or bytes that belong to nothing behind it. */
function findEnd(view: DataView): number | undefined {
  const first = Math.max(0, view.byteLength - END.bytes - END.commentMax);
  for (let at = view.byteLength - END.bytes; at >= first; at--) {
    if (view.getUint32(at, true) === END.signature && at + END.bytes + view.getUint16(at + 20, true) === view.byteLength) return at;
  }
  return undefined;
}

interface ZipEntry {
  readonly flags: number;
  readonly method: number;
  readonly packed: number;
  readonly size: number;
  readonly nameBytes: number;
  readonly extraBytes: number;
  readonly commentBytes: number;
  readonly attributes: number;
  readonly offset: number;
}

function readEntry(view: DataView, at: number): ZipEntry {
  return {
    flags: view.getUint16(at + 8, true),
    method: view.getUint16(at + 10, true),
    packed: view.getUint32(at + 20, true),
    size: view.getUint32(at + 24, true),
    nameBytes: view.getUint16(at + 28, true),
    extraBytes: view.getUint16(at + 30, true),
    commentBytes: view.getUint16(at + 32, true),
    attributes: view.getUint32(at + 38, true),
    offset: view.getUint32(at + 42, true),
  };
}

function decodeName(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function whatIsWrong(name: string, { nameBytes, flags, method, packed, size, attributes }: ZipEntry): string | undefined {
  if (name === "" || nameBytes > NAME_BYTES_MAX) return "has a name that is empty or too long";
  const segments = name.replace(/\/$/, "").split("/");
  if (segments.some((segment) => segment === "" || segment === "." || segment === "..")) return "leads out of the package";
  if (/[\\:\p{C}]/u.test(name)) return "has a name with a backslash, a colon or a control character in it";
  if (!ORDINARY_TYPES.has((attributes >>> 16) & TYPE_MASK)) return "is a link, or no plain file";
  if (flags & (FLAGS.encrypted | FLAGS.strong | FLAGS.masked)) return "is encrypted";
  if (method !== STORED && method !== DEFLATED) return `is compressed by method ${method}, which Python does not read`;
  if (method === STORED && packed !== size) return "has two sizes";
  if (size === 0xffff_ffff || packed === 0xffff_ffff) return "is in the 64-bit format";
  if (size > RATIO_BYTES_MIN && size > packed * RATIO_MAX) return `is said to become ${size} bytes out of ${packed}`;
  if (/\.(so|pyd|dylib|dll|a|o)$|\.so\./i.test(name)) return "is compiled for some machine: only packages of Python alone can be used";
  return undefined;
}

/** The bytes that an entry takes, its own head included; undefined where that head is not what the directory says. */
function localRange(
  view: DataView,
  entry: ZipEntry,
  name: Uint8Array,
  bytes: Uint8Array,
  limit: number,
): readonly [number, number] | undefined {
  const { offset, flags, method, packed, size } = entry;
  if (offset + LOCAL.bytes > limit || view.getUint32(offset, true) !== LOCAL.signature) return undefined;
  const nameBytes = view.getUint16(offset + 26, true);
  const data = offset + LOCAL.bytes + nameBytes + view.getUint16(offset + 28, true);
  if (data + packed > limit || nameBytes !== name.length) return undefined;
  if (view.getUint16(offset + 6, true) !== flags || view.getUint16(offset + 8, true) !== method) return undefined;
  if (!name.every((byte, index) => bytes[offset + LOCAL.bytes + index] === byte)) return undefined;
  // Written as a stream, the sizes stand behind the bytes and not before them.
  const [localPacked, localSize] = [view.getUint32(offset + 18, true), view.getUint32(offset + 22, true)];
  const isStream = (flags & FLAGS.descriptor) !== 0 && localPacked === 0 && localSize === 0;
  return isStream || (localPacked === packed && localSize === size) ? [offset, data + packed] : undefined;
}
