import { readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type GuestReport, type Json, type Request, Sandbox } from "@glovebox/sandbox";

/** One attack: what is tried, and what has to come of it. Source of the rows: the list of attacks that the sandbox must stand. */
export interface Row {
  readonly section: string;
  readonly attack: string;
  /** A guest to run, or a procedure that drives the sandbox itself. Undefined: the part that it attacks is not built. */
  readonly run: ((context: Context) => Request | Promise<Request>) | undefined;
  /** Throws, or returns what is wrong, unless the outcome is the safe one. */
  readonly expect: (report: GuestReport, context: Context) => string | undefined;
}

/** A row that drives other parts than a guest: its own code asserts, and returns what is wrong. */
export interface Check {
  readonly section: string;
  readonly attack: string;
  readonly check: ((context: Context) => string | undefined | Promise<string | undefined>) | undefined;
}

export interface Context {
  readonly sandbox: Sandbox;
  readonly home: "process" | "thread";
  /** A file of the host's that no guest may read or change. */
  readonly canary: string;
  readonly canaryText: string;
  /** Where a listener stands that nobody may reach. */
  readonly sinkPort: number;
}

export interface Verdict {
  readonly section: string;
  readonly attack: string;
  readonly home: string;
  readonly result: "contained" | "not built" | string;
}

const ISOLATION_KEY = "audit";

/** Runs rows one after the other on one pool, each followed by the cross-check. */
export async function audit(rows: readonly (Row | Check)[], home: Context["home"], onVerdict: (verdict: Verdict) => void): Promise<void> {
  const canary = join(tmpdir(), `glovebox-audit-canary-${process.pid}`);
  const canaryText = `canary ${Math.random()}`;
  writeFileSync(canary, canaryText, { mode: 0o600 });
  const modified = statSync(canary).mtimeMs;
  process.env["GLOVEBOX_AUDIT_CANARY"] = canaryText;
  let reached = 0;
  const sink: Server = createServer((socket) => {
    reached++;
    socket.destroy();
  });
  await new Promise<void>((resolve) => sink.listen(0, "127.0.0.1", resolve));
  const { port } = sink.address() as { port: number };
  const rejections: unknown[] = [];
  const onRejection = (reason: unknown) => rejections.push(reason);
  process.on("unhandledRejection", onRejection);
  const sandbox = new Sandbox({ home, cells: 1, spare: 0 });
  try {
    const context: Context = { sandbox, home, canary, canaryText, sinkPort: port };
    for (const row of rows) {
      const verdict = (result: string) => onVerdict({ section: row.section, attack: row.attack, home, result });
      const wrong = await tryRow(row, context);
      if (wrong === NOT_BUILT) {
        verdict("not built");
        continue;
      }
      const after = wrong ?? (await crossCheck(context, { modified, reached: () => reached, rejections }));
      verdict(after ?? "contained");
    }
  } finally {
    await sandbox[Symbol.asyncDispose]();
    process.off("unhandledRejection", onRejection);
    sink.close();
    delete process.env["GLOVEBOX_AUDIT_CANARY"];
  }
}

const NOT_BUILT = "not built";

async function tryRow(row: Row | Check, context: Context): Promise<string | undefined> {
  try {
    if ("check" in row) return row.check ? await row.check(context) : NOT_BUILT;
    if (!row.run) return NOT_BUILT;
    const report = await context.sandbox.run(await row.run(context));
    const told = JSON.stringify(report);
    if (told.includes(context.canaryText)) return "the canary is in the report";
    return row.expect(report, context);
  } catch (error) {
    return `threw ${error instanceof Error ? `${error.name}: ${error.message}` : String(error)}`;
  }
}

interface Observed {
  readonly modified: number;
  reached(): number;
  readonly rejections: readonly unknown[];
}

/** The host is alive, the canary untouched, nothing was sent, and the next guests of both languages are served correctly. */
async function crossCheck(
  { sandbox, canary, canaryText }: Context,
  { modified, reached, rejections }: Observed,
): Promise<string | undefined> {
  if (readFileSync(canary, "utf8") !== canaryText || statSync(canary).mtimeMs !== modified) return "the canary file was changed";
  if (reached() > 0) return "the sink was reached";
  if (rejections.length > 0) return `an unhandled rejection: ${String(rejections[0])}`;
  if (Object.keys({}).length > 0 || "polluted" in {}) return "the host's Object.prototype was changed";
  const benign: Request[] = [
    {
      guest: {
        kind: "python",
        code: "import json, sys\nreturn [inputs['n'] + 1, 'leaked' in sys.modules, hasattr(__builtins__, 'leaked')]",
      },
      input: { n: 1 },
      isolationKey: ISOLATION_KEY,
    },
    {
      guest: { kind: "javascript", code: "return [inputs.n + 1, 'leaked' in globalThis, 'leaked' in {}]" },
      input: { n: 1 },
      isolationKey: ISOLATION_KEY,
    },
  ];
  for (const request of benign) {
    const { outcome } = await sandbox.run(request);
    const expected: Json = [2, false, false];
    if (outcome.kind !== "completed" || JSON.stringify(outcome.output) !== JSON.stringify(expected)) {
      return `the next ${request.guest.kind} guest came to ${JSON.stringify(outcome).slice(0, 200)}`;
    }
  }
  return undefined;
}

/** Limits that end an attack quickly; all are far above what a benign guest needs. */
export const TIGHT = { cpuMs: 1500, wallMs: 4000 };

export function python(code: string, rest: Partial<Request> = {}): Request {
  return { guest: { kind: "python", code }, isolationKey: ISOLATION_KEY, limits: TIGHT, ...rest };
}

export function javascript(code: string, rest: Partial<Request> = {}): Request {
  return { guest: { kind: "javascript", code }, isolationKey: ISOLATION_KEY, limits: TIGHT, ...rest };
}

export function module(bytes: Uint8Array, rest: Partial<Request> = {}): Request {
  return { guest: { kind: "module", bytes }, isolationKey: ISOLATION_KEY, limits: TIGHT, ...rest };
}

type Kind = GuestReport["outcome"]["kind"];

/** The outcome is of this kind, and says this much. */
export function ends(kind: Kind | readonly Kind[], pattern: RegExp = /(?:)/) {
  return ({ outcome }: GuestReport): string | undefined => {
    const told = JSON.stringify(outcome);
    const kinds: readonly string[] = typeof kind === "string" ? [kind] : kind;
    return kinds.includes(outcome.kind) && pattern.test(told) ? undefined : `came to ${told.slice(0, 300)}`;
  };
}

/** The guest completed with exactly this. */
export function gives(expected: Json) {
  return ({ outcome }: GuestReport): string | undefined => {
    const told = JSON.stringify(outcome);
    return told === JSON.stringify({ kind: "completed", output: expected }) ? undefined : `came to ${told.slice(0, 300)}`;
  };
}

/** Any typed end will do: what matters is the cross-check. */
export const contained = (): undefined => undefined;
