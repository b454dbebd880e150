import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { GloveboxError, type GuestReport, type Json, type Transcript } from "@glovebox/sandbox";
import type { GuestEntry, RecordEntry } from "./entry.ts";
import { RunNotes } from "./notes.ts";
import { guestEntry } from "./record.fixture.ts";
import { wrongIn } from "./shape.ts";

/** Notes whose entries are kept in memory, each as it would be read back. */
function notes(
  secrets: Readonly<Record<string, string>> = {},
  document = "steps: []\n",
): { readonly notes: RunNotes; readonly entries: () => readonly RecordEntry[] } {
  const made: (() => RecordEntry)[] = [];
  const about = {
    runId: "run",
    keyId: "0".repeat(16),
    startedAt: new Date(0),
    document,
    versions: { glovebox: "0", node: "0", platform: "p" },
  };
  const recorder = { request: { key: new Uint8Array(32) }, about, write: (make: () => RecordEntry) => void made.push(make) };
  const sourceOf = (bytes: Uint8Array) => (bytes.length === 4 ? { path: "/modules/a.wasm", sha256: () => "a".repeat(64) } : undefined);
  return {
    notes: new RunNotes({
      recorder,
      secrets: new Map(Object.entries(secrets)),
      sourceOf,
      now: () => 7,
      isolation: async () => "bubblewrap",
    }),
    entries: () =>
      made.map((make) => {
        const entry: unknown = JSON.parse(JSON.stringify(make()));
        assert.equal(wrongIn(entry), undefined);
        return entry as RecordEntry;
      }),
  };
}

function report(more: Partial<GuestReport> = {}): GuestReport {
  const { usage, log, audit } = guestEntry();
  return { outcome: { kind: "completed", output: 42 }, usage, log, audit, ...more };
}

function transcript(parts: { readonly calls?: readonly object[]; readonly files?: readonly object[] }): Transcript {
  return {
    guest: { kind: "python", sha256: "0".repeat(64), startSha256: "0".repeat(64) },
    runtime: "r",
    inputSha256: "0".repeat(64),
    limits: {},
    clockBaseNs: "1",
    clock: [],
    randomSeed: "0".repeat(64),
    calls: [],
    files: [],
    ...parts,
  } as unknown as Transcript;
}

async function noted(
  request: Parameters<RunNotes["guest"]>[1],
  more: Partial<GuestReport> = {},
  secrets: Readonly<Record<string, string>> = {},
): Promise<GuestEntry> {
  const { notes: of, entries } = notes(secrets);
  await of.guest({ step: "a", attempt: 1 }, request, report(more), 3);
  const [entry] = entries();
  assert.equal(entry?.kind, "guest");
  return entry as GuestEntry;
}

const CODE = { kind: "python", code: "return 42" } as const;

test("RunNotes.guest() notes what a guest was, what it may and what it left behind", async () => {
  const grants = { http: [{ allow: "https://example.com/*" }], secrets: ["TOKEN"], files: [{ name: "a.csv", path: "/data/a.csv" }] };
  const entry = await noted({ guest: CODE, input: { n: 1 }, limits: { cpuMs: 5 }, hostLimits: { calls: 6 }, grants });
  const { usage, log } = guestEntry();
  assert.deepEqual(entry, {
    kind: "guest",
    step: "a",
    attempt: 1,
    purpose: "work",
    guest: CODE,
    input: { n: 1 },
    limits: { cpuMs: 5 },
    hostLimits: { calls: 6 },
    grants,
    isolation: "bubblewrap",
    startedMs: 3,
    endedMs: 7,
    outcome: { kind: "completed", output: 42 },
    usage,
    log,
    audit: [],
  });
  assert.equal((await noted({ guest: { kind: "schema", schema: true }, input: 1 })).purpose, "schema");
  assert.equal((await noted({ guest: CODE, purpose: "expression" })).purpose, "expression");
});

test("RunNotes.guest() notes modules and packages by their files, and what has no file of its own as it is", async () => {
  const bytes = new Uint8Array(4);
  const module = await noted({
    guest: {
      kind: "module",
      bytes,
      name: "a.wasm",
      arguments: ["-v"],
      directories: [{ name: ".", files: { b: { c: new Uint8Array(2) } } }],
    },
  });
  const sha256 = createHash("sha256").update(new Uint8Array(2)).digest("hex");
  assert.deepEqual(module.guest, {
    kind: "module",
    file: { name: "a.wasm", sha256: "a".repeat(64), bytes: 4, path: "/modules/a.wasm" },
    name: "a.wasm",
    arguments: ["-v"],
    directories: [
      {
        name: ".",
        entries: [{ kind: "directory", name: "b", entries: [{ kind: "file", file: { name: "c", sha256, bytes: 2, content: "AAA=" } }] }],
      },
    ],
  });
  assert.equal(module.leftOut, undefined);
  const nowhere = await noted({ guest: { kind: "module", bytes: new Uint8Array(5) } });
  assert.deepEqual(nowhere.leftOut, { guest: "too_large" });
  const python = await noted({ guest: { ...CODE, packages: [{ name: "p.whl", bytes }] } });
  assert.deepEqual(python.guest, { ...CODE, packages: [{ name: "p.whl", sha256: "a".repeat(64), bytes: 4, path: "/modules/a.wasm" }] });
  const large = { kind: "module", bytes, directories: [{ name: ".", files: { a: new Uint8Array(300_000) } }] } as const;
  assert.deepEqual((await noted({ guest: large })).leftOut, { guest: "too_large" });
});

test("RunNotes.guest() leaves out what is too large, and says so", async () => {
  const { usage } = guestEntry();
  const code = await noted({ guest: { kind: "python", code: "x".repeat(1_000_000), filename: "a.py" } });
  assert.deepEqual([code.guest, code.leftOut], [{ kind: "python", filename: "a.py" }, { guest: "too_large" }]);
  const large = { usage: { ...usage, inputBytes: 10_000_000, outputBytes: 10_000_000, logBytes: 10_000_000 } };
  const entry = await noted({ guest: CODE, input: "x" }, large);
  assert.deepEqual(entry.leftOut, { input: "too_large", log: "too_large", output: "too_large" });
  assert.deepEqual([entry.input, entry.log, entry.outcome], [undefined, [], { kind: "completed" }]);
});

test("RunNotes puts marks in the place of all the run's secrets, wherever they are, and says where", async () => {
  const secrets = { TOKEN: "tok-en-12345", KIND: "completed", OTHER: "javascript" };
  const hidden = (value: unknown): void => assert.ok(!/tok-en-12345|dG9rLWVuLTEyMzQ1/.test(JSON.stringify(value)), JSON.stringify(value));
  const text = "before tok-en-12345 after";
  const entry = await noted(
    { guest: { kind: "javascript", code: `return "tok-en-12345"` }, input: { [text]: ["tok-en-12345", "dG9rLWVuLTEyMzQ1"] } },
    {
      outcome: { kind: "failed", error: { name: "E", message: text, traceback: text } },
      log: [{ level: "info", message: text }],
      audit: [{ hostFunction: "http_request", verdict: "refused", subject: text, reason: text, atMs: 1 }],
    },
    secrets,
  );
  hidden(entry);
  assert.deepEqual(entry.leftOut, { guest: "secret", input: "secret", log: "secret", output: "secret" });
  assert.equal(entry.guest.kind, "javascript");

  const { notes: of, entries } = notes(secrets, `# ${text}\n`);
  of.begin({ name: "w", file: "w.yaml" }, { a: "tok-en-12345" }, "trusted");
  of.attempt("a", {
    number: 1,
    startedMs: 0,
    endedMs: 1,
    outcome: { kind: "refused", hostFunction: "read_secret", reason: text },
    log: [{ level: "info", message: text }],
  });
  of.end({
    runId: "run",
    workflow: "w",
    state: "failed",
    cause: {
      kind: "output_failed",
      output: "o",
      outcome: { kind: "failed", error: { name: "E", message: text, traceback: "", by: "host" } },
    },
    wallMs: 1,
    steps: [
      {
        id: "a",
        type: "tool",
        state: "succeeded",
        endedMs: 1,
        attempts: [],
        outcome: { kind: "completed", output: text },
        metadata: { text },
      },
    ],
    outputs: { o: text },
    payload: { input: text, output: text },
  });
  of.refused(new GloveboxError("INPUT_INVALID", text));
  hidden(entries());
  const [begin] = entries();
  assert.deepEqual(begin?.kind === "run" && begin.leftOut, { input: "secret", text: "secret" });
  // The document's digest is of the text that is there: no secret can be tried against it.
  const { text: kept = "", sha256 } = begin?.kind === "run" ? begin.workflow : { sha256: "" };
  assert.match(kept, /^# before \[/);
  assert.equal(sha256, createHash("sha256").update(kept).digest("hex"));
});

test("RunNotes takes secrets out of names, addresses and grants", async () => {
  const { notes: of, entries } = notes({ TOKEN: "tok-en-12345" });
  of.begin({ name: "tok-en-12345", file: "/tok-en-12345.yaml" }, {}, "trusted");
  of.end({ runId: "run", workflow: "tok-en-12345", state: "succeeded", wallMs: 1, steps: [], outputs: {} });
  const grants = {
    http: [{ allow: "https://a.example/tok-en-12345/*", auth: { header: "X", secret: "TOKEN" } }],
    files: [{ name: "f", path: "/tok-en-12345" }],
  };
  await of.guest({ step: "a", attempt: 1 }, { guest: CODE, grants }, report(), 3);
  const all = JSON.stringify(entries());
  assert.ok(!all.includes("tok-en-12345"), all);
  assert.ok(all.includes("https://a.example/[secret TOKEN]/*"), all);
});

test("RunNotes.guest() leaves a transcript out that would tell a secret of another step, or let one be tried", async () => {
  const secrets = { TOKEN: "tok-en-12345" };
  const base64 = (text: string): string => Buffer.from(text).toString("base64");
  const given = (name: string, text: string) => ({
    function: name,
    argument: "0".repeat(64),
    argumentBytes: 0,
    answer: { kind: "given", content: [base64(text)] },
  });
  const telling = [
    { files: [{ name: "f", content: [base64("pw=tok-en-12345\n")] }] },
    { calls: [given("http_request", '{"key":"tok-en-12345"}')] },
    { calls: [given("http_read", "tok-en"), given("get_time", "12345678"), given("http_read", "-12345")] },
    { calls: [{ ...given("http_request", ""), answer: { kind: "failed", message: "at tok-en-12345" } }] },
  ];
  for (const parts of telling) {
    const grants = { files: [{ name: "f", path: "/f" }] };
    const entry = await noted({ guest: CODE, grants }, { transcript: transcript(parts) }, secrets);
    assert.deepEqual(entry.leftOut, { transcript: "secret" });
    assert.deepEqual([entry.transcript, entry.grants], [undefined, grants]);
  }
  const input = await noted({ guest: CODE, input: "tok-en-12345" }, { transcript: transcript({}) }, secrets);
  assert.deepEqual([input.leftOut, input.transcript], [{ input: "secret", transcript: "secret" }, undefined]);
  const code = await noted({ guest: { kind: "python", code: "'tok-en-12345'" } }, { transcript: transcript({}) }, secrets);
  assert.deepEqual([code.leftOut, code.transcript], [{ guest: "secret", transcript: "secret" }, undefined]);
  const whole = await noted({ guest: CODE }, { transcript: transcript({ calls: [given("http_read", "tok-en")] }) }, secrets);
  assert.ok(whole.transcript);
});

test("RunNotes.guest() has digests of granted files, but of none that holds a secret", async () => {
  const base = { name: "a", path: "/a" };
  const content = Buffer.from("a,b\n");
  const files = [
    { name: "a", content: [content.toString("base64")] },
    { name: "b", content: ["AAAA", { secret: "TOKEN", digest: "0".repeat(64) }] },
  ];
  const { grants } = await noted(
    { guest: CODE, grants: { files: [base, { ...base, name: "b" }, { ...base, name: "c" }] } },
    { transcript: transcript({ files }) },
  );
  assert.deepEqual(grants.files, [
    { ...base, sha256: createHash("sha256").update(content).digest("hex"), bytes: 4 },
    { ...base, name: "b" },
    { ...base, name: "c" },
  ]);
});

test("RunNotes.begin() leaves a large input out", () => {
  const { notes: of, entries } = notes();
  const input: Json = "x".repeat(5_000_000);
  of.begin({ name: "w", file: "w.yaml" }, input, "trusted");
  const [entry] = entries();
  assert.deepEqual(entry?.kind === "run" && [entry.input, entry.leftOut], [undefined, { input: "too_large" }]);
});
