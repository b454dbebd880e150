/** The names under which a guest's exhaustion is reported. */
export type LimitName = "memory" | "cpu" | "fuel" | "wall" | "output" | "log" | "lines" | "input" | "stack" | "calls" | "module" | "table";

/** What one guest may use in one attempt. Every number is a hard bound, enforced from outside of the guest. */
export interface Limits {
  /** Bytes of linear memory above what the runtime, or the module as it was loaded, starts with. */
  readonly memoryBytes: number;
  /** Milliseconds of CPU of the thread that executes the guest. Time spent waiting for a host function is not counted. */
  readonly cpuMs: number;
  /** Milliseconds from the moment the guest is entered, whatever it does. */
  readonly wallMs: number;
  /** Bytes of the result, as UTF-8 JSON (or as the text or bytes that a module hands back). */
  readonly outputBytes: number;
  /** Bytes of what the guest prints and logs. */
  readonly logBytes: number;
  /** Bytes of the input, as UTF-8 JSON (or text). */
  readonly inputBytes: number;
  /**
   * Work, in units of about one instruction (docs/fuel.md), the same for the same guest and input everywhere. Missing: it is not metered,
   * and the guest is quicker.
   */
  readonly fuel?: number;
}

const MiB = 2 ** 20;

/** Defaults: a code step of the design's table, and sizes that a person could still read or a store still keep. */
export const DEFAULT_LIMITS: Limits = {
  memoryBytes: 32 * MiB, // over the runtime's base
  cpuMs: 10_000,
  wallMs: 30_000, // three times the CPU: room for host calls and a busy machine
  outputBytes: 4 * MiB,
  logBytes: 256 * 1024,
  inputBytes: 16 * MiB,
};

/** What no request may exceed, whatever it asks for: the request is refused with `LIMIT_ABOVE_CAP`. */
export const LIMIT_CAPS: Required<Limits> = {
  memoryBytes: 1024 * MiB, // a cell is a process of its own; four of them fit a small machine
  cpuMs: 3_600_000,
  wallMs: 3_600_000,
  outputBytes: 64 * MiB,
  logBytes: 16 * MiB,
  inputBytes: 64 * MiB,
  fuel: 8_000_000_000_000, // what the meter can count to; more than an hour
};
