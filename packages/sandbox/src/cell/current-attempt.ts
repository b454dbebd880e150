import type { Limits } from "../limits.ts";
import type { LogLevel } from "../outcome.ts";
import type { AskedFunction, Attempt, HostAnswer } from "./attempt.ts";
import { AttemptClock } from "./clock.ts";
import type { Line } from "./line.ts";
import type { LogWriter } from "./log-writer.ts";
import type { RunHeader } from "./message.ts";
import { SeededRandom } from "./random.ts";

const CLOCK_STEP_NS = 1_000_000n; // coarse: a guest times nothing finer than a millisecond
const sleeper = new Int32Array(new SharedArrayBuffer(4));

/** The state of one attempt, made from its request. */
export class CurrentAttempt implements Attempt {
  readonly limits: Limits;
  over = false;
  exitStatus: number | undefined = undefined;
  readonly memory = { peakBytes: 0, growthsDenied: 0 };
  fuel: { readonly spent: number } | undefined = undefined;
  /** What a metered guest has slept. */
  #sleptNs = 0n;
  readonly clock: AttemptClock;
  readonly #clockBaseNs: bigint;
  readonly #seed: string;
  /** Made when it is first drawn from. */
  #random: SeededRandom | undefined;
  readonly #line: Line;
  readonly #log: LogWriter;
  readonly files: ReadonlyMap<string, Uint8Array>;

  constructor(header: RunHeader, line: Line, log: LogWriter, files: ReadonlyMap<string, Uint8Array>) {
    this.#line = line;
    this.files = files;
    this.limits = header.limits;
    this.clock = new AttemptClock(header.clock);
    this.#clockBaseNs = BigInt(header.clockBaseNs);
    this.#seed = header.seed;
    this.#log = log;
  }

  monotonicNs(): bigint {
    // Time must not make a metered guest spend more or less: a unit of fuel takes a nanosecond, and so does one of sleep.
    if (!this.fuel) return BigInt(this.clock.elapsedMs()) * CLOCK_STEP_NS;
    const passed = BigInt(this.fuel.spent) + this.#sleptNs;
    return passed - (passed % CLOCK_STEP_NS);
  }

  wallClockNs(): bigint {
    const now = this.#clockBaseNs + this.monotonicNs();
    return now - (now % CLOCK_STEP_NS);
  }

  fillRandom(into: Uint8Array): void {
    this.#random ??= new SeededRandom(Buffer.from(this.#seed, "hex"));
    this.#random.fill(into);
  }

  sleepNs(nanoseconds: bigint): void {
    if (this.fuel && nanoseconds > 0n) this.#sleptNs += nanoseconds;
    if (this.clock.isPlayed) return;
    // Longer than any wall limit is for ever: the parent ends it.
    const milliseconds = Math.min(Number(nanoseconds) / 1e6, this.limits.wallMs * 2);
    if (milliseconds > 0) Atomics.wait(sleeper, 0, 0, milliseconds);
  }

  call(hostFunction: AskedFunction, argument: Uint8Array): HostAnswer {
    if (this.over) return { kind: "refused" };
    this.#log.flush(); // what was printed before the call comes before it
    return this.#line.ask(hostFunction, argument);
  }

  get callBytesMax(): number {
    return this.#line.callBytesMax;
  }

  callTooLarge(hostFunction: AskedFunction, bytes: number): HostAnswer {
    this.#log.flush();
    return this.#line.askTooMuch(hostFunction, bytes);
  }

  log(level: LogLevel, text: Uint8Array): void {
    if (!this.over && text.length > 0) this.#log.write(level, text);
  }
}
