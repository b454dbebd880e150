import { isTranscript, type LimitName, type TrapCode } from "@glovebox/sandbox";
import type { EndState, RunResult } from "../run/result.ts";
import type { Step } from "../workflow/document.ts";
import type { GuestPurpose, LeftOutPart, LeftOutReason, RecordEntry } from "./entry.ts";

/*
 * What a line of a record must look like. Anyone may have written it: each member that is read anywhere is checked here, and nowhere else.
 * Members that are not known are passed over.
 */

/** The path of what is wrong, such as `.usage.cpuMs`; undefined: nothing is. */
type Check = (value: unknown) => string | undefined;
type Checks = Readonly<Record<string, Check>>;

const NAME_MAX = 65_536;
const ITEMS_MAX = 1_000_000;

/** Where an entry is not what it has to be; undefined: it is one. */
export function wrongIn(value: unknown): string | undefined {
  if (!isObject(value)) return "the line";
  const { kind } = value;
  const check = typeof kind === "string" && Object.hasOwn(ENTRIES, kind) ? ENTRIES[kind as RecordEntry["kind"]] : undefined;
  const wrong = check === undefined ? ".kind" : check(value);
  return wrong === undefined ? undefined : wrong.slice(1);
}

function test(holds: (value: unknown) => boolean): Check {
  return (value) => (holds(value) ? undefined : "");
}

/** Each member in turn; the first that is wrong is told. */
function object(required: Checks, optional: Checks = {}): Check {
  return (value) => {
    if (!isObject(value)) return "";
    for (const [name, check] of Object.entries(required)) {
      const wrong = Object.hasOwn(value, name) ? check(value[name]) : "";
      if (wrong !== undefined) return `.${name}${wrong}`;
    }
    for (const [name, check] of Object.entries(optional)) {
      const wrong = Object.hasOwn(value, name) ? check(value[name]) : undefined;
      if (wrong !== undefined) return `.${name}${wrong}`;
    }
    return undefined;
  };
}

/** Members whose names are anyone's. */
function values(check: Check): Check {
  return (value) => {
    if (!isObject(value)) return "";
    return Object.values(value).every((item) => check(item) === undefined) ? undefined : "";
  };
}

function list(check: Check, max = ITEMS_MAX): Check {
  return (value) => {
    if (!Array.isArray(value) || value.length > max) return "";
    for (const [index, item] of (value as readonly unknown[]).entries()) {
      const wrong = check(item);
      if (wrong !== undefined) return `[${index}]${wrong}`;
    }
    return undefined;
  };
}

/** By the member `kind`. */
function variant(kinds: Readonly<Record<string, Check>>): Check {
  return (value) => {
    if (!isObject(value)) return "";
    const { kind } = value;
    const check = typeof kind === "string" && Object.hasOwn(kinds, kind) ? kinds[kind] : undefined;
    return check === undefined ? ".kind" : check(value);
  };
}

/** One of the names of a type; that none is forgotten, the compiler sees. */
function one<T extends string>(names: Readonly<Record<T, true>>): Check {
  return test((value) => typeof value === "string" && Object.hasOwn(names, value));
}

const anything: Check = () => undefined;
const text = test((value) => typeof value === "string");
const name = test((value) => typeof value === "string" && value.length <= NAME_MAX);
const hex = test((value) => typeof value === "string" && /^[0-9a-f]{64}$/.test(value));
const flag = test((value) => typeof value === "boolean");
const number = test((value) => typeof value === "number" && Number.isFinite(value));
const amount = test((value) => typeof value === "number" && Number.isFinite(value) && value >= 0);
const whole = test((value) => Number.isSafeInteger(value) && Number(value) >= 0);
const nothing = object({});

const limitName = one<LimitName>({
  memory: true,
  cpu: true,
  fuel: true,
  wall: true,
  output: true,
  log: true,
  lines: true,
  input: true,
  stack: true,
  calls: true,
  module: true,
  table: true,
});
const trapCode = one<TrapCode>({
  unreachable: true,
  out_of_bounds: true,
  division_by_zero: true,
  integer_overflow: true,
  indirect_call: true,
  uncaught_exception: true,
  aborted: true,
  cell_died: true,
  protocol: true,
  other: true,
});
const leftOut: Check = (value) => {
  if (!isObject(value)) return "";
  return Object.keys(value).every((part) => Object.hasOwn(PARTS, part) && reason(value[part]) === undefined) ? undefined : "";
};
const PARTS: Readonly<Record<LeftOutPart, true>> = {
  text: true,
  guest: true,
  input: true,
  output: true,
  log: true,
  transcript: true,
  outputs: true,
  attempts: true,
};
const reason = one<LeftOutReason>({ too_large: true, secret: true });

const error = object({ name: text, message: text, traceback: text }, { line: whole, column: whole });
const stepError = object(
  { name: text, message: text, traceback: text, by: one<"guest" | "host">({ guest: true, host: true }) },
  { line: whole, column: whole },
);
function outcomeOf(failure: Check): Check {
  return variant({
    completed: object({}, { output: anything }),
    failed: object({ error: failure }),
    trapped: object({ trap: trapCode }, { detail: text }),
    exhausted: object({ limit: limitName, used: amount, max: amount }, { error }),
    refused: object({ hostFunction: text, reason: text }),
    cancelled: nothing,
  });
}
const outcome = outcomeOf(error);
const stepOutcome = outcomeOf(stepError);
const usage = object(
  {
    wallMs: amount,
    cpuMs: amount,
    instantiateMs: amount,
    peakMemoryBytes: amount,
    growthsDenied: amount,
    inputBytes: amount,
    outputBytes: amount,
    logBytes: amount,
    hostCalls: values(amount),
  },
  { fuel: amount },
);
const log = list(object({ level: one({ debug: true, info: true, warning: true, error: true }), message: text }));
const audit = list(
  object({
    hostFunction: text,
    verdict: one({ given: true, refused: true, failed: true, exhausted: true }),
    subject: text,
    reason: text,
    atMs: number,
  }),
);

const file = object({ name: text, sha256: hex, bytes: amount }, { path: text, content: text });
const node: Check = (value) =>
  variant({ file: object({ file }), directory: object({ name: text, entries: list((entry) => node(entry)) }) })(value);
const jsonOrText = one({ json: true, text: true });
const script = object({}, { code: text, filename: text });
const guest = variant({
  python: object({}, { code: text, imports: list(text), packages: list(file), filename: text }),
  javascript: script,
  typescript: script,
  module: object(
    { file },
    {
      name: text,
      arguments: list(text),
      environment: values(text),
      directories: list(object({ name: text, entries: list(node) }, { readOnly: flag })),
      stdout: jsonOrText,
    },
  ),
  schema: object({}, { schema: anything }),
  syntax: nothing,
  outline: nothing,
});
const grants = object(
  {},
  {
    http: list(
      object(
        { allow: text },
        {
          methods: list(text),
          auth: object({ header: text, secret: text }, { format: text }),
          addresses: list(text),
          redirects: amount,
        },
      ),
    ),
    secrets: list(text),
    files: list(object({ name: text, path: text }, { sha256: hex, bytes: amount })),
  },
);

const endState = one<EndState>({ succeeded: true, failed: true, skipped: true, cancelled: true });
const stepType = one<Step["type"]>({ code: true, condition: true, wasm: true, tool: true, local: true });
const why = variant({
  when_false: nothing,
  branch_not_taken: object({ condition: text }),
  dependency_failed: object({ step: text }),
  dependency_skipped: object({ step: text }),
  step_failed: object({ step: text }),
  run_timeout: object({ maxMs: amount }),
  interrupted: nothing,
});
const attempt = object(
  { number: whole, startedMs: number, endedMs: number, outcome: stepOutcome, log },
  { retryInMs: amount, usage, audit },
);
const step = object(
  { id: name, type: stepType, state: endState, endedMs: number },
  {
    why,
    side: test((value) => value === "then" || value === "else"),
    startedMs: number,
    outcome: stepOutcome,
    usage,
    metadata: values(anything),
  },
);
const cause = variant({
  step_failed: object({ step: text, outcome: stepOutcome }),
  run_timeout: object({ maxMs: amount }),
  interrupted: nothing,
  output_failed: object({ output: text, outcome: stepOutcome }),
});
const result = object(
  {
    runId: name,
    workflow: text,
    state: one<RunResult["state"]>({ succeeded: true, failed: true, cancelled: true }),
    wallMs: amount,
    steps: list(step),
    outputs: values(anything),
  },
  { cause, usage, payload: object({ input: text, output: text }) },
);

const ENTRIES: Readonly<Record<RecordEntry["kind"], Check>> = {
  run: object(
    {
      runId: name,
      keyId: name,
      startedAt: test((value) => typeof value === "string" && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(value)),
      workflow: object({ name: text, file: text, sha256: hex }, { text }),
      profile: name,
      versions: object({ glovebox: name, node: name, platform: name }),
    },
    { input: anything, leftOut },
  ),
  guest: object(
    {
      step: test((value) => value === null || (typeof value === "string" && value.length <= NAME_MAX)),
      attempt: whole,
      purpose: one<GuestPurpose>({ work: true, expression: true, schema: true }),
      guest,
      limits: values(amount),
      hostLimits: values(amount),
      grants,
      startedMs: number,
      endedMs: number,
      outcome,
      usage,
      log,
      audit,
    },
    { input: anything, isolation: name, transcript: test(isTranscript), leftOut },
  ),
  attempt: object({ step: name, attempt }, { leftOut }),
  end: object({}, { result, refused: object({ code: name, message: text }), entriesMissing: whole, leftOut }),
};

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
