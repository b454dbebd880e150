import type { Chamber, EnteredGuest, GuestEnd } from "../cell/attempt.ts";
import type { GuestError } from "../outcome.ts";
import { isException, PROMISE } from "../runtimes/javascript/engine.ts";
import { QuickjsChamber } from "./quickjs-chamber.ts";
import type { QuickjsGuest } from "./quickjs-guest.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The user's code is the body of an async function; it begins on the third line, which has number 1. */
const BEFORE = encoder.encode("(async function () {\n\n");
const FIRST_LINE = -1;
/**
 * Reads `result` and `output` in the scope of the code, so that a `let result` counts too. `const` comes first because no unfinished
 * statement goes on with it: after `if (x)` it is an error, as the end of the code is.
 */
const AFTER = encoder.encode(
  '\nconst glovebox$ = typeof result === "undefined" ? (typeof output === "undefined" ? undefined : output) : result; return glovebox$;\n})',
);

/**
 * Chambers for JavaScript and TypeScript. Each guest is a fresh QuickJS-NG; types are stripped inside of it.
 *
 * Its code is the body of an async function: `return` and `await` work. `inputs` is the input and `output` an empty object. The result
 * is what was returned, else `result`, else `output` if anything was put into it, else null. `console` goes to the log. There are no
 * modules, no timers and nothing else of a host's; `Date` and `Math.random` are the attempt's. The guest ends when nothing is left to
 * be done: it failed if its code threw, if its code waits for what never comes, and if a promise was rejected that nobody listened to.
 */
export function javascriptChamber(wasm: Uint8Array, module: WebAssembly.Module, variant: "javascript" | "typescript"): Chamber {
  return new QuickjsChamber(wasm, module, (guest, entered) => run(guest, entered, variant), WARM_UP);
}

/** Touches what most steps use. */
const WARM_UP = {
  input: '{"rows": [{"name": "a", "n": 1.5}, {"name": "b", "n": null}], "text": "k1=v1; k2=\\u00e9"}',
  code: `
const { rows, text } = inputs;
class Counter { #n = 0; add(n = 1) { this.#n += n; return this } get n() { return this.#n } }
const pairs = Object.fromEntries(text.split(/;s*/).map((pair) => pair.split("=")));
const sorted = [...rows].sort((a, b) => b.n - a.n || a.name.localeCompare(b.name));
const names = new Map(sorted.map(({ name, ...rest }) => [name.toUpperCase(), rest]));
let total = 0;
for (const [name, { n }] of names) if (n !== null) total += Math.round(n * 100) / 100 + name.length;
try { null.x } catch (error) { console.log(error.message, [1, { a: "b" }], "%d", text.replace(/d/g, (d) => +d + 1)) }
await Promise.all([1, 2].map(async (n) => { await null; return n }));
return { pairs, names: [...names.keys()], total, n: new Counter().add(2).n, at: new Date(0).toISOString(), json: JSON.stringify(rows), unique: [...new Set([1, 1])], random: Math.random() < 1, all: Object.entries(pairs).filter(([k]) => k.startsWith("k")).reduce((sum, [, v]) => sum + v.length, 0) };
`,
};

function run(guest: QuickjsGuest, entered: EnteredGuest, variant: "javascript" | "typescript"): GuestEnd {
  const { filename } = entered;
  const inputs = guest.parseJson(entered.input);
  if (isException(inputs)) return guest.failed(filename);
  guest.setInputs(inputs);

  const body = compile(guest, entered, variant);
  if (isException(body)) return { kind: "failed", error: placeSyntaxError(guest.failed(filename).error, entered) };
  const promise = guest.call(body, []);
  if (isException(promise)) return guest.failed(filename);

  const uncaught = guest.runJobs();
  if (uncaught !== undefined) return guest.failed(filename, uncaught);
  const state = guest.promiseState(promise);
  if (state === PROMISE.rejected) return guest.failed(filename, guest.promiseResult(promise));
  const unhandled = guest.unhandledReason();
  if (unhandled !== undefined) return guest.failed(filename, unhandled);
  if (state === PROMISE.pending) return neverSettled();

  const json = guest.call(guest.block.finish, [guest.promiseResult(promise)]);
  return isException(json) ? guest.failed(filename) : guest.completed(json);
}

function compile(guest: QuickjsGuest, { code, filename }: EnteredGuest, variant: "javascript" | "typescript"): bigint {
  if (variant === "javascript") return guest.evaluate([BEFORE, code, AFTER], filename, FIRST_LINE);
  const texts = [code, encoder.encode(filename), BEFORE, AFTER].map((text) => guest.newString(text));
  const failed = texts.find(isException);
  const source = failed ?? guest.call(guest.block.own, texts);
  return isException(source) ? source : guest.evaluateString(source, filename, FIRST_LINE);
}

function neverSettled(): GuestEnd {
  const message = "the code waits for a promise that is never settled";
  return { kind: "failed", error: { name: "Error", message, traceback: `Error: ${message}` } };
}

/** Keeps the place within the user's code, and says what an `import` statement runs into. */
function placeSyntaxError(error: GuestError, { code, filename }: EnteredGuest): GuestError {
  if (error.name !== "SyntaxError" || error.line === undefined) return error;
  const lines = decoder.decode(code).split("\n");
  const at = (message: string, line: number, column: number | undefined): GuestError => ({
    name: error.name,
    message,
    traceback: `${error.name}: ${message}\n    at ${filename}:${line}${column === undefined ? "" : `:${column}`}`,
    line,
    ...(column === undefined ? {} : { column }),
  });
  // What stands behind the code is ours, and for the user it is the end.
  if (error.line > lines.length) return at("unexpected end of the code", lines.length, undefined);
  if (/^\s*(import\b(?!\s*[(.])|export\b)/.test(lines[error.line - 1] as string)) {
    return at("import and export are not available: a step has no modules", error.line, error.column);
  }
  return at(error.message, error.line, error.column);
}
