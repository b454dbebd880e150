import fc from "fast-check";
import { property } from "../../../../fuzz/property.ts";
import { backoffMs } from "./retry.ts";

const share = fc.double({ min: 0, max: 1, noNaN: true });
const retries = fc.record({
  backoff: fc.constantFrom("none", "linear", "exponential", "fibonacci"),
  baseMs: fc.nat(100_000),
  capMs: fc.nat(100_000),
  jitter: share,
});

property(
  "backoffMs() never passes the cap, and stays a number after many attempts",
  200,
  [retries, fc.integer({ min: 1, max: 5_000 }), share],
  (retry, attempts, random) => {
    const delay = backoffMs(retry, attempts, random);
    return delay >= 0 && delay <= retry.capMs;
  },
);
