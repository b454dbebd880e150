import { ERRNO } from "../../guest/errno.ts";
import { type Node, type NodeKind, statOf } from "../../guest/node.ts";
import type { PythonSession } from "./session.ts";

const STAT_BYTES = 96; // `struct stat` of Emscripten's musl, wasm32
const STATFS_BYTES = 72; // as far as we fill `struct statfs`
const BLOCK_BYTES = 4096;
const NS_PER_SECOND = 1_000_000_000n;

/** `S_IF...`. The standard streams are pipes to whoever asks: there is no terminal. */
const FORMAT: Readonly<Record<NodeKind, number>> = {
  directory: 0o040000,
  file: 0o100000,
  device: 0o020000,
  pipe: 0o010000,
  link: 0o120000,
};

/** Writes a node's `struct stat`. @returns 0 or a negative errno */
export function writeStat(session: PythonSession, node: Node, out: number): number {
  const view = session.memory.view(out, STAT_BYTES);
  if (!view) return -ERRNO.EFAULT;
  const stat = statOf(node);
  const format = node.kind === "device" && node.links === 0 ? FORMAT.pipe : FORMAT[node.kind];
  view.setUint32(0, 1, true); // device: there is one
  view.setUint32(4, format | stat.mode, true);
  view.setUint32(8, stat.kind === "directory" ? 2 : stat.links, true);
  view.setUint32(12, 0, true); // user
  view.setUint32(16, 0, true); // group
  view.setUint32(20, 0, true); // device number
  view.setBigInt64(24, BigInt(stat.size), true);
  view.setInt32(32, BLOCK_BYTES, true);
  view.setInt32(36, Math.ceil(stat.size / 512), true);
  writeTimespec(view, 40, stat.accessedNs);
  writeTimespec(view, 56, stat.modifiedNs);
  writeTimespec(view, 72, stat.changedNs);
  view.setBigUint64(88, BigInt(stat.inode), true);
  return 0;
}

/** Writes `struct statfs` of a file system that is as large as the attempt's memory. */
export function writeStatfs(session: PythonSession, out: number): number {
  const { files, account } = session;
  const view = session.memory.view(out, STATFS_BYTES);
  if (!view) return -ERRNO.EFAULT;
  const free = BigInt(Math.floor(account.free / BLOCK_BYTES));
  view.setUint32(0, 0x01021994, true); // TMPFS_MAGIC
  view.setUint32(4, BLOCK_BYTES, true);
  view.setBigUint64(8, BigInt(Math.floor(account.max / BLOCK_BYTES)), true);
  view.setBigUint64(16, free, true);
  view.setBigUint64(24, free, true);
  view.setBigUint64(32, BigInt(files.bounds.nodesMax), true);
  view.setBigUint64(40, BigInt(Math.max(0, files.bounds.nodesMax - files.nodesUsed)), true);
  view.setBigUint64(48, 0n, true); // file system id
  view.setUint32(56, files.bounds.nameBytesMax, true);
  view.setUint32(60, BLOCK_BYTES, true);
  view.setUint32(64, 0, true); // flags
  return 0;
}

function writeTimespec(view: DataView, at: number, ns: bigint): void {
  const fraction = ((ns % NS_PER_SECOND) + NS_PER_SECOND) % NS_PER_SECOND;
  view.setBigInt64(at, (ns - fraction) / NS_PER_SECOND, true);
  view.setUint32(at + 8, Number(fraction), true);
}
