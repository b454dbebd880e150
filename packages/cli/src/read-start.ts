import { closeSync, openSync, readSync } from "node:fs";

/**
 * The first bytes of a file, whatever size it says that it has: a device or a pipe may go on for ever.
 *
 * @param file a path, or a descriptor, which stays open
 * @param bytesMax that are read; when there are as many, there may be more
 */
export function readStart(file: string | number, bytesMax: number): Buffer {
  const descriptor = typeof file === "number" ? file : openSync(file, "r");
  try {
    let bytes = Buffer.allocUnsafe(Math.min(16_384, bytesMax));
    for (let filled = 0; ; ) {
      const length = readSync(descriptor, bytes, filled, bytes.length - filled, null);
      filled += length;
      if (length === 0 || filled >= bytesMax) return bytes.subarray(0, filled);
      if (filled === bytes.length) bytes = Buffer.concat([bytes, Buffer.allocUnsafe(Math.min(bytes.length, bytesMax - filled))]);
    }
  } finally {
    if (descriptor !== file) closeSync(descriptor);
  }
}
