import type { Limits, Request } from "@glovebox/sandbox";
import { contained, ends, exhausts, fails, gives, type Kind, outcomeOf, type Trial } from "./trial.ts";
import { wordOf } from "./word.ts";
import type { World } from "./world.ts";

type Rest = Omit<Request, "guest" | "isolationKey">;

const python = (code: string) => (): Request["guest"] => ({ kind: "python", code });
const javascript = (code: string) => (): Request["guest"] => ({ kind: "javascript", code });
const module = (source: string) => (_n: number, world: World) => ({ kind: "module", bytes: world.module(source) }) as const;

function kind(
  name: string,
  share: number,
  guest: (n: number, world: World) => Request["guest"],
  wrong: (n: number) => Trial["wrong"],
  rest: Rest | ((world: World, n: number) => Rest) = {},
): Kind {
  return {
    name,
    share,
    make: (n, world) => {
      const input = { id: n, text: wordOf(n) };
      const more = typeof rest === "function" ? rest(world, n) : rest;
      return { request: { guest: guest(n, world), input, ...more }, wrong: wrong(n) };
    },
  };
}

/** Enough for what a module does, and soon used up. */
const SMALL: Partial<Limits> = { memoryBytes: 2 ** 22, outputBytes: 10_000 };

const trapped = (trap: string) => () => outcomeOf((outcome) => outcome.kind === "trapped" && outcome.trap === trap);
const refused = () => outcomeOf((outcome) => outcome.kind === "refused");
const exhausted =
  (...limit: Parameters<typeof exhausts>) =>
  () =>
    exhausts(...limit);
const failed = (name: string, message: RegExp) => () => fails(name, message);
/** The call is told that it is wrong, or the guest that it failed: never more than that. */
const rejected: Trial["wrong"] = (ended) => {
  if (ended instanceof Error) return ended.code === "MODULE_REFUSED" ? undefined : ended.message;
  return fails("ModuleRefused", /^Cannot load/)(ended);
};

/** Its first bytes, as many as the run has it. */
const cut = (n: number, world: World) => {
  const whole = world.module("word_count/word_count.wasm");
  return { kind: "module", bytes: whole.subarray(0, (n * 37) % (whole.length - 1)) } as const;
};

/** With one bit of it wrong, of its code or of anything else. */
const changed = (source: string) => (n: number, world: World) => {
  const bytes = Uint8Array.from(world.module(source));
  const at = (n * 31) % bytes.length;
  bytes[at] = (bytes[at] ?? 0) ^ (1 << (n % 8));
  return { kind: "module", bytes } as const;
};

const MUCH_MEMORY = "x = []\ntry:\n  while True: x.append(bytes(10 ** 6))\nexcept MemoryError: x = None\nreturn inputs['id']";

const BROKEN_BYTECODE =
  "import types\nc = (lambda: 0).__code__\nf = types.FunctionType(c.replace(co_code=bytes([101, 255] * 40 + [83, 0] + [1, 255] * 40)), {})\nf()";

/** Those that come to an end by themselves: their cell goes on with the next guest. */
export const HOSTILE_KINDS: readonly Kind[] = [
  kind("python: raises", 100, python("def f():\n  raise ValueError(inputs['text'])\nf()"), (n) => fails("ValueError", wordOf(n))),
  kind("python: no Python", 20, python("return )"), failed("SyntaxError", /unmatched/)),
  kind("python: no JSON", 20, python("return {1j}"), failed("TypeError", /not JSON/)),
  kind("python: recursion", 15, python("def f(): return f() + 1\nf()"), exhausted("stack")),
  kind("python: memory", 30, python("x = []\nwhile True: x.append(bytes(10 ** 6))"), exhausted("memory"), {
    limits: { memoryBytes: 2 ** 23 },
  }),
  kind("python: memory, caught", 20, python("try: bytes(10 ** 8)\nexcept MemoryError: return inputs['id']"), (n) => gives(n)),
  kind("python: output", 30, python("return 'x' * 10 ** 5"), exhausted("output"), { limits: { outputBytes: 1000 } }),
  kind("python: broken bytecode", 20, python(BROKEN_BYTECODE), () => contained),
  kind("python: what is not there", 30, python("import js"), failed("ModuleNotFoundError", /'js'/)),
  kind("python: a secret", 30, python("import glovebox\nglovebox.secret('KEY')"), refused, {
    grants: { secrets: ["OTHER"] },
    secrets: new Map([
      ["KEY", "never to be seen"],
      ["OTHER", "may be seen"],
    ]),
  }),
  kind("python: an address", 30, python("import glovebox\nglovebox.http_request('http://169.254.169.254/')"), refused, ({ base }) => ({
    grants: { http: [{ allow: `${base}/*`, addresses: ["127.0.0.1"] }] },
  })),
  kind("python: much memory, caught", 10, python(MUCH_MEMORY), (n) => gives(n), { limits: { memoryBytes: 2 ** 27 } }),
  kind("javascript: throws", 100, javascript("(() => { throw new RangeError(inputs.text) })()"), (n) => fails("RangeError", wordOf(n))),
  kind("javascript: no JavaScript", 20, javascript("return )"), failed("SyntaxError", /./)),
  kind("javascript: recursion", 15, javascript("const f = (n) => f(n + 1) + 1; return f(0)"), exhausted("stack")),
  kind("javascript: memory", 30, javascript("const x = []; for (;;) x.push(new Uint8Array(1e6).fill(1))"), exhausted("memory"), {
    limits: { memoryBytes: 2 ** 23 },
  }),
  kind("javascript: output", 30, javascript("return 'x'.repeat(1e5)"), exhausted("output"), { limits: { outputBytes: 1000 } }),
  kind("javascript: a proxy", 20, javascript("return new Proxy({}, { ownKeys() { throw new Error(inputs.text) } })"), () => contained),
  kind("javascript: rejected for ever", 20, javascript("Promise.reject(new Error(inputs.text)); return 1"), (n) =>
    fails("Error", wordOf(n)),
  ),
  kind("javascript: an address", 40, javascript("glovebox.httpRequest('file:///etc/passwd')"), refused),
  kind("javascript: fuel", 40, javascript("for (;;);"), exhausted("fuel"), { limits: { fuel: 1e6 } }),
  kind(
    "schema: of no schema",
    20,
    () => ({ kind: "schema", schema: { type: "nothing" } }),
    () => contained,
  ),
  kind("module: cut", 60, cut, () => rejected),
  kind("module: changed", 60, changed("hello_world/hello_world.wasm"), () => orRefused(contained), { limits: { ...SMALL, cpuMs: 200 } }),
  {
    name: "outline: cut",
    share: 20,
    make: (n, world) => ({ request: { guest: { ...cut(n, world), kind: "outline" } }, wrong: contained }),
  },
  kind("module: unreachable", 30, module("hostile/unreachable.wat"), trapped("unreachable"), { limits: SMALL }),
  kind("module: out of bounds", 30, module("hostile/out_of_bounds.wat"), trapped("out_of_bounds"), { limits: SMALL }),
  kind("module: a null call", 20, module("hostile/null_call.wat"), trapped("indirect_call"), { limits: SMALL }),
  kind("module: division by zero", 20, module("hostile/division_by_zero.wat"), trapped("division_by_zero"), { limits: SMALL }),
  kind("module: an exception", 20, module("hostile/uncaught_exception.wat"), trapped("uncaught_exception"), { limits: SMALL }),
  kind("module: a trap in its start", 20, module("hostile/trap_in_start.wat"), trapped("unreachable"), { limits: SMALL }),
  kind("module: recursion", 15, module("hostile/deep_recursion.wat"), exhausted("stack"), { limits: SMALL }),
  kind("module: recursion into the host", 1, module("hostile/deep_recursion_into_the_host.wat"), exhausted("stack"), { limits: SMALL }),
  kind("module: memory", 30, module("hostile/memory_hog.wat"), exhausted("memory"), { limits: SMALL }),
  kind("module: tables", 20, module("hostile/table_hog.wat"), exhausted("table"), { limits: SMALL }),
  kind("module: output", 20, module("hostile/output_flood.wat"), exhausted("output"), { limits: SMALL }),
  kind("module: standard output", 20, module("hostile/stdout_flood.wat"), exhausted("output"), { limits: SMALL }),
  kind("module: a length of 4 GiB", 20, module("hostile/length_of_4_gib.wat"), exhausted("output"), { limits: SMALL }),
  kind("module: a result behind memory", 20, module("hostile/result_behind_memory.wat"), failed("InvalidOutput", /returned 65536/), {
    limits: SMALL,
  }),
  kind("module: bad pointers to the host", 30, module("hostile/bad_pointers_to_the_host.wat"), () => gives(null), { limits: SMALL }),
  kind("module: an exit status", 20, module("friendly/exit_status.wat"), () => fails("ExitStatus", "exited with status 3")),
  kind("module: fuel", 30, module("hostile/endless_loop.wat"), exhausted("fuel"), { limits: { ...SMALL, fuel: 1e6 } }),
  {
    name: "no request at all",
    share: 30,
    make: (n) => ({
      request: { guest: { kind: "python", code: "return 1" }, limits: { memoryBytes: 2 ** 40 + n } },
      wrong: (ended) => (ended instanceof Error && ended.code === "LIMIT_ABOVE_CAP" ? undefined : "was not refused"),
    }),
  },
];

const LOOP: Partial<Limits> = { cpuMs: 30 };
const FLOOD: Partial<Limits> = { logBytes: 1000 };
const flooded =
  (n: number): Trial["wrong"] =>
  (ended) =>
    exhausts("log")(ended) ?? first(n)(ended);

/** Those that only the end of their cell stops, which costs a new cell: 0.2 s of CPU each. */
export const FATAL_KINDS: readonly Kind[] = [
  kind("python: endless", 4, python("while True: pass"), exhausted("cpu"), { limits: LOOP }),
  kind("python: backtracks", 3, python("import re\nre.match('(x+x+)+y', 'x' * 100)"), exhausted("cpu"), { limits: LOOP }),
  kind("python: sleeps", 3, python("import time\ntime.sleep(60)"), exhausted("wall"), { limits: { wallMs: 40 } }),
  kind("python: log flood", 4, python("while True: print(inputs['text'])"), flooded, { limits: FLOOD }),
  kind("python: call flood", 3, python("import glovebox\nwhile True: glovebox.now()"), exhausted("calls"), { hostLimits: { calls: 20 } }),
  kind(
    "python: request flood",
    3,
    python("import glovebox\nwhile True: glovebox.http_request(inputs['url'])"),
    exhausted("calls"),
    requests,
  ),
  kind(
    "python: waits for an answer",
    3,
    python("import glovebox\nglovebox.http_request(inputs['url'])"),
    exhausted("wall"),
    (world, n) => ({
      ...requests(world, n),
      input: { url: `${world.base}/hang` },
      limits: { wallMs: 60 },
    }),
  ),
  kind(
    "python: cancelled",
    3,
    python("while True: pass"),
    () => ends({ kind: "cancelled" }),
    () => ({ signal: AbortSignal.timeout(30) }),
  ),
  kind("javascript: endless", 4, javascript("for (;;);"), exhausted("cpu"), { limits: LOOP }),
  kind("javascript: endless jobs", 3, javascript("const f = () => Promise.resolve().then(f); await f()"), exhausted("cpu"), {
    limits: LOOP,
  }),
  kind("javascript: log flood", 3, javascript("for (;;) console.log(inputs.text)"), flooded, { limits: FLOOD }),
  kind("javascript: call flood", 3, javascript("for (;;) try { glovebox.secret('x') } catch {}"), exhausted("calls"), {
    hostLimits: { calls: 20 },
  }),
  kind("module: endless", 4, module("hostile/endless_loop.wat"), exhausted("cpu"), { limits: LOOP }),
  kind("module: endless from its start", 3, module("hostile/endless_loop_in_start.wat"), exhausted("cpu"), { limits: LOOP }),
  kind("module: log flood", 3, module("hostile/log_flood.wat"), exhausted("log"), { limits: FLOOD }),
];

function requests({ base }: World, n: number): Rest {
  return {
    input: { url: `${base}/of/${n}` },
    grants: { http: [{ allow: `${base}/*`, addresses: ["127.0.0.1"] }] },
    hostLimits: { httpRequests: 2 },
  };
}

/** What it printed before it was ended is seen, and is its own. */
function first(n: number): Trial["wrong"] {
  return (ended) => {
    if (ended instanceof Error) return ended.message;
    const [entry] = ended.log;
    return entry?.message === wordOf(n) ? undefined : `logged ${JSON.stringify(entry)}`;
  };
}

function orRefused(right: Trial["wrong"]): Trial["wrong"] {
  return (ended) => (ended instanceof Error ? rejected(ended) : right(ended));
}
