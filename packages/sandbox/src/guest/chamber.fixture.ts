import type { AskedFunction, Attempt, Chamber, GuestEnd, HostAnswer } from "../cell/attempt.ts";
import { DEFAULT_LIMITS, type Limits } from "../limits.ts";
import type { LogEntry, LogLevel } from "../outcome.ts";

/** An attempt whose clock stands still, whose randomness is counted out, and which keeps its log. For tests of chambers. */
export class StillAttempt implements Attempt {
  readonly limits: Limits;
  over = false;
  exitStatus: number | undefined = undefined;
  readonly memory = { peakBytes: 0, growthsDenied: 0 };
  fuel: { readonly spent: number } | undefined = undefined;
  readonly entries: LogEntry[] = [];
  #random: number;

  constructor(limits: Partial<Limits> = {}, seed = 1) {
    this.limits = { ...DEFAULT_LIMITS, ...limits };
    this.#random = seed;
  }

  /** 2023-11-14T22:13:20.123Z */
  wallClockNs(): bigint {
    return 1_700_000_000_123_000_000n;
  }

  monotonicNs(): bigint {
    return 5_000_000n;
  }

  fillRandom(into: Uint8Array): void {
    for (let i = 0; i < into.length; i++) {
      this.#random = (this.#random * 75) % 65_537;
      into[i] = this.#random & 255;
    }
  }

  sleepNs(): void {}

  readonly files = new Map<string, Uint8Array>();
  readonly callBytesMax = 2 ** 20;

  /** Calls that were too large to be made, with their sizes. */
  readonly tooLarge: (readonly [AskedFunction, number])[] = [];

  callTooLarge(hostFunction: AskedFunction, bytes: number): HostAnswer {
    this.tooLarge.push([hostFunction, bytes]);
    return { kind: "refused" };
  }

  readonly calls: { readonly hostFunction: AskedFunction; readonly argument: Uint8Array }[] = [];
  /** What calls are answered; each is taken once, and after the last everything is refused. */
  readonly answers: HostAnswer[] = [];

  call(hostFunction: AskedFunction, argument: Uint8Array): HostAnswer {
    this.calls.push({ hostFunction, argument: argument.slice() });
    return this.answers.shift() ?? { kind: "refused" };
  }

  log(level: LogLevel, text: Uint8Array): void {
    this.entries.push({ level, message: new TextDecoder().decode(text).replace(/\n$/, "") });
  }
}

export interface Ended {
  readonly end: GuestEnd;
  /** The output as JSON, where the guest completed. */
  readonly output: unknown;
  readonly log: readonly LogEntry[];
  readonly memory: { readonly peakBytes: number; readonly growthsDenied: number };
}

/** Prepares a chamber and enters it, as a cell does. */
export function enterChamber(
  chamber: Chamber,
  code: string,
  options: { input?: unknown; limits?: Partial<Limits>; filename?: string; seed?: number } = {},
): Ended {
  const attempt = new StillAttempt(options.limits, options.seed);
  const encoder = new TextEncoder();
  chamber.prepare(attempt.limits.memoryBytes);
  const input = encoder.encode(JSON.stringify(options.input ?? {}));
  const end = chamber.enter({ code: encoder.encode(code), input, filename: options.filename ?? "step.js", imports: undefined }, attempt);
  const output: unknown = end.kind === "completed" ? JSON.parse(new TextDecoder().decode(end.output)) : undefined;
  return { end, output, log: attempt.entries, memory: attempt.memory };
}
