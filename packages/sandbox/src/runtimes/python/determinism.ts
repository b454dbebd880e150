import nodeCrypto from "node:crypto";
import { syncBuiltinESMExports } from "node:module";

const EPOCH_MS = Date.UTC(2026, 0, 1);

/**
 * Fixes what a boot could draw from: the clock goes on by a millisecond per look, randomness counts, and the process has no
 * environment. For a process of its own, in which nothing but a boot happens: it is not undone.
 */
export function fixSources(): void {
  let looks = 0;
  const elapsed = () => ++looks;
  const FixedDate = new Proxy(Date, {
    construct: (target, given, newTarget) =>
      Reflect.construct(target, given.length > 0 ? given : [EPOCH_MS + elapsed()], newTarget) as object,
    apply: () => new Date(EPOCH_MS + elapsed()).toString(),
    get: (target, key) => (key === "now" ? () => EPOCH_MS + elapsed() : (Reflect.get(target, key) as unknown)),
  });
  globalThis.Date = FixedDate;
  Math.random = () => 0.5;
  performance.now = elapsed;
  process.hrtime.bigint = () => BigInt(elapsed()) * 1_000_000n;
  let state = 1;
  const fill = <T extends ArrayBufferLike | NodeJS.ArrayBufferView>(array: T): T => {
    const bytes = ArrayBuffer.isView(array) ? new Uint8Array(array.buffer, array.byteOffset, array.byteLength) : new Uint8Array(array);
    for (let i = 0; i < bytes.length; i++) {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      bytes[i] = state >>> 24;
    }
    return array;
  };
  crypto.getRandomValues = fill;
  nodeCrypto.randomFillSync = fill;
  syncBuiltinESMExports();
  for (const name of Object.keys(process.env)) delete process.env[name];
  process.env["TZ"] = "UTC";
  process.argv.splice(1);
}
