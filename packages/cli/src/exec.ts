import { readFileSync } from "node:fs";
import { basename } from "node:path";
import type { Most } from "@glovebox/engine";
import type { Guest, GuestReport, Limits, Request } from "@glovebox/sandbox";
import { Chambers } from "./chambers.ts";
import { EXIT, Refusal } from "./exit.ts";
import { findConfiguration } from "./find-configuration.ts";
import { asJson, parseJson, stateOf } from "./input.ts";
import { Interrupt } from "./interrupt.ts";
import { guestFailureLines, guestNoteLines } from "./report/failure.ts";
import { logLines } from "./report/log.ts";
import { paintFor } from "./report/paint.ts";
import { printedJson, roomOf, shownValue } from "./report/shown.ts";

export interface ExecFlags {
  readonly python?: string;
  readonly javascript?: string;
  readonly typescript?: string;
  readonly module?: string;
  readonly input?: string;
  readonly memoryMb?: number;
  readonly cpuMs?: number;
  readonly wallMs?: number;
  readonly config?: string;
  readonly profile?: string;
  readonly json?: boolean;
}

/** Of what `--json` prints. It grows by new members only. */
const VERSION = 1;

/** The option that raises a limit, and the key that ceilings have for it. */
const RAISED_BY: Readonly<Record<string, { readonly flag: string; readonly key: string }>> = {
  memory: { flag: "--memory-mb", key: "memory_mb" },
  cpu: { flag: "--cpu-ms", key: "cpu_ms" },
  wall: { flag: "--wall-ms", key: "wall_ms" },
};

/** `glovebox exec`. Resolves to the exit code. */
export async function exec(flags: ExecFlags): Promise<number> {
  const guest = readGuest(flags);
  const input =
    flags.input === undefined ? {} : { input: guest.kind === "module" ? asJson(flags.input) : parseJson(flags.input, "--input") };
  await using chambers = new Chambers(1);
  using interrupt = new Interrupt(() => chambers.kill());
  const bounds = await boundsOf(flags, chambers);
  await chambers.expect({ guests: 1, warm: "code" in guest ? guest.kind : "none" });
  const { most, ...numbers } = bounds;
  const report = await chambers.run({ guest, ...input, ...numbers, isolationKey: "glovebox exec", signal: interrupt.signal });
  tell(guest, report, raisingBy(numbers.limits, most), flags.json === true);
  if (report.outcome.kind === "cancelled") return interrupt.exitCode ?? EXIT.failure;
  return report.outcome.kind === "completed" ? EXIT.done : EXIT.runFailed;
}

interface Bounds extends Pick<Request, "hostLimits"> {
  readonly limits: Partial<Limits>;
  /** The most that each may be by the operator's word; missing: there is none. */
  readonly most?: ReadonlyMap<string, Most>;
}

/** What is asked for, held against what the operator allows. The engine, which takes longest to load, is for that alone. */
async function boundsOf(flags: ExecFlags, chambers: Chambers): Promise<Bounds> {
  const limits = limitsOf(flags);
  if (findConfiguration(flags.config) === undefined && flags.profile === undefined) return { limits };
  const [{ readOperator }, { loneGuestNumbers, mostOf }] = await Promise.all([import("./operator.ts"), import("@glovebox/engine")]);
  const { policy, isolation, weakIsolation } = readOperator(flags);
  chambers.require(isolation);
  const numbers = loneGuestNumbers(policy, limits);
  if (policy.profile === "untrusted" && !weakIsolation && (await chambers.isolation()) === "none") {
    const { GloveboxError } = await import("@glovebox/sandbox");
    const words = 'the profile is "untrusted", and cells have no wrapper on this machine';
    throw new GloveboxError(
      "ISOLATION_TOO_WEAK",
      `Cannot run the program: ${words} ("weakIsolation: true" in the configuration puts up with that)`,
    );
  }
  return { ...numbers, most: mostOf(policy, policy.profile) };
}

/** What raises a limit: an option, unless that is at its most. */
function raisingBy(limits: Partial<Limits>, most: Bounds["most"]): (limit: string) => string | undefined {
  const now: Readonly<Record<string, number | undefined>> = {
    memory: limits.memoryBytes === undefined ? undefined : limits.memoryBytes / 2 ** 20,
    cpu: limits.cpuMs,
    wall: limits.wallMs,
  };
  return (limit) => {
    const by = RAISED_BY[limit];
    if (by === undefined) return undefined;
    const { value, words } = most?.get(by.key) ?? {};
    if (value === undefined || (now[limit] ?? 0) < value) return `to allow more: ${by.flag} N`;
    return `${value} is the most that ${by.flag} may be here${words === undefined ? "" : `: ${words} allows no more`}`;
  };
}

function tell(guest: Guest, report: GuestReport, raising: (limit: string) => string | undefined, json: boolean): void {
  const { outcome, usage, log, audit } = report;
  const { stdout, stderr } = process;
  if (json) {
    stdout.write(printedJson({ version: VERSION, outcome, usage, log, ...(audit.length === 0 ? {} : { audit }) }));
    return;
  }
  print(stderr, logLines(log, roomOf(stderr), paintFor(stderr)));
  if (outcome.kind === "completed") {
    stdout.write(`${shownValue(outcome.output, roomOf(stdout)).join("\n")}\n`);
    print(stderr, guestNoteLines(nameOf(guest), report, paintFor(stderr)));
  } else print(stderr, guestFailureLines(nameOf(guest), report, raising, roomOf(stderr), paintFor(stderr)));
}

function print(stream: NodeJS.WriteStream, lines: readonly string[]): void {
  if (lines.length > 0) stream.write(`${lines.join("\n")}\n`);
}

function nameOf(guest: Guest): string {
  return ("filename" in guest ? guest.filename : "name" in guest ? guest.name : undefined) ?? `the ${guest.kind} program`;
}

function limitsOf({ memoryMb, cpuMs, wallMs }: ExecFlags): Partial<Limits> {
  return {
    ...(memoryMb === undefined ? {} : { memoryBytes: memoryMb * 2 ** 20 }),
    ...(cpuMs === undefined ? {} : { cpuMs }),
    ...(wallMs === undefined ? {} : { wallMs }),
  };
}

function readGuest(flags: ExecFlags): Guest {
  for (const kind of ["python", "javascript", "typescript"] as const) {
    const given = flags[kind];
    if (given !== undefined) return { kind, ...readCode(given) };
  }
  if (flags.module !== undefined) return { kind: "module", bytes: readBytes(flags.module), name: basename(flags.module) };
  throw new Refusal("Cannot run a guest: none was given; one of --python, --javascript, --typescript and --module is needed");
}

/** What looks like the name of a source file is one: its text would be no program. */
const FILE_NAME = /^[^\n;(){}="']+\.(?:py|js|mjs|ts|mts)$/;
const STANDARD_INPUT = 0;

function readCode(given: string): { readonly code: string; readonly filename?: string } {
  if (given === "-") return { code: readFileSync(STANDARD_INPUT, "utf8") };
  if (!FILE_NAME.test(given)) return { code: given };
  return { code: new TextDecoder().decode(readBytes(given)), filename: basename(given) };
}

function readBytes(file: string): Uint8Array {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw new Refusal(`Cannot read ${file}: ${stateOf(cause)}`, EXIT.usage, { cause });
  }
}
