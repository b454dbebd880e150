import { ERRNO } from "./errno.ts";
import type { GuestMemory } from "./memory.ts";
import { type Node, type NodeKind, statOf } from "./node.ts";

// How preview 1 puts things into memory. Source: `wasi_snapshot_preview1.witx`.

/** `filetype`. */
export const FILE_TYPE: Readonly<Record<NodeKind, number>> = { device: 2, directory: 3, file: 4, pipe: 6, link: 7 };

const FILESTAT_BYTES = 64;

/** @returns an errno */
export function putU32(memory: GuestMemory, out: number, value: number): number {
  const to = memory.view(out, 4);
  if (!to) return ERRNO.EFAULT;
  to.setUint32(0, value, true);
  return 0;
}

/** @returns an errno */
export function putU64(memory: GuestMemory, out: number, value: bigint): number {
  const to = memory.view(out, 8);
  if (!to) return ERRNO.EFAULT;
  to.setBigUint64(0, value, true);
  return 0;
}

/** Writes a `filestat`. @returns an errno */
export function putFilestat(memory: GuestMemory, out: number, node: Node): number {
  const to = memory.view(out, FILESTAT_BYTES);
  if (!to) return ERRNO.EFAULT;
  const { inode, kind, links, size, accessedNs, modifiedNs, changedNs } = statOf(node);
  to.setBigUint64(0, 1n, true); // device: there is one
  to.setBigUint64(8, BigInt(inode), true);
  to.setBigUint64(16, BigInt(FILE_TYPE[kind]), true);
  to.setBigUint64(24, BigInt(links), true);
  to.setBigUint64(32, BigInt(size), true);
  to.setBigUint64(40, accessedNs, true);
  to.setBigUint64(48, modifiedNs, true);
  to.setBigUint64(56, changedNs, true);
  return 0;
}

const FSTFLAGS = { accessed: 1, accessedNow: 2, modified: 4, modifiedNow: 8 } as const;

/** Times that are to be set, of `fstflags` and the two that go with them; undefined where the flags contradict each other. */
export function timesToSet(
  accessed: bigint,
  modified: bigint,
  flags: number,
  now: bigint,
): { readonly accessedNs: bigint | undefined; readonly modifiedNs: bigint | undefined } | undefined {
  if (flags & ~15) return undefined;
  const pick = (given: bigint, set: number, setNow: number) => (flags & setNow ? now : flags & set ? BigInt.asUintN(64, given) : undefined);
  if (flags & FSTFLAGS.accessed && flags & FSTFLAGS.accessedNow) return undefined;
  if (flags & FSTFLAGS.modified && flags & FSTFLAGS.modifiedNow) return undefined;
  return {
    accessedNs: pick(accessed, FSTFLAGS.accessed, FSTFLAGS.accessedNow),
    modifiedNs: pick(modified, FSTFLAGS.modified, FSTFLAGS.modifiedNow),
  };
}
