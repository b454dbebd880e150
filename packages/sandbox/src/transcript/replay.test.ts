import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { LocalServer } from "../host/http.fixture.ts";
import type { GuestReport } from "../outcome.ts";
import type { Guest, Request } from "../request.ts";
import { Sandbox } from "../sandbox.ts";
import { assemble } from "../wasm/assemble.ts";
import { isTranscript, type Transcript } from "./transcript.ts";

// What was recorded of an attempt is enough to run it again: with no grant, no file and no server, and with the same result.

const GUESTS = new URL("../../../../guests/", import.meta.url);
const KEY = new Uint8Array(32).fill(7);
const SECRET = "s3cret/of this step";
const BOUND = "token-that-is-bound";

let asked = 0;
async function startServer(): Promise<LocalServer> {
  return await LocalServer.start((request, response) => {
    asked++;
    if (request.url === "/big") response.end(Buffer.alloc(200_000, "x"));
    else if (request.url === "/echo") response.end(`before ${request.headers.authorization} after`);
    else if (request.url === "/coded") response.end(Buffer.from(`xx${request.headers.authorization}`).toString("base64"));
    else if (request.url === "/hang") response.write("x");
    else response.end(JSON.stringify({ count: asked, path: request.url }));
  });
}

const folder = realpathSync(mkdtempSync(join(tmpdir(), "glovebox-replay-")));
after(() => rmSync(folder, { recursive: true }));

function grantsFor(base: string): Partial<Request> {
  const file = join(folder, "table.csv");
  writeFileSync(file, "a,b\n1,2\n");
  const auth = { header: "Authorization", secret: "TOKEN" };
  return {
    grants: {
      http: [{ allow: `${base}/*`, addresses: ["127.0.0.1/32"], methods: ["GET", "POST"], auth }],
      secrets: ["KEY"],
      files: [{ name: "table.csv", path: file }],
    },
    secrets: new Map([
      ["KEY", SECRET],
      ["TOKEN", BOUND],
    ]),
  };
}

const GRANTED: Partial<Request> = {
  grants: { replay: ["KEY", "TOKEN"] },
  secrets: new Map([
    ["KEY", SECRET],
    ["TOKEN", BOUND],
  ]),
};

function python(code: string): Guest {
  return { kind: "python", code: `import glovebox\n${code}` };
}

function transcriptOf({ transcript, outcome }: GuestReport): Transcript {
  assert.ok(transcript, JSON.stringify(outcome));
  const text = JSON.stringify(transcript);
  for (const secret of [SECRET, BOUND]) {
    for (const form of ["utf8", "base64", "hex"] as const) assert.ok(!text.includes(Buffer.from(secret).toString(form)));
  }
  const read: unknown = JSON.parse(text);
  assert.ok(isTranscript(read));
  return read;
}

function lastAnswer({ calls }: Transcript): unknown {
  return calls.at(-1)?.answer;
}

for (const home of ["process", "thread"] as const) {
  describe(`a transcript of ${home} cells`, () => {
    const sandbox = new Sandbox({ home, cells: 2 }); // one for each key
    after(() => sandbox[Symbol.asyncDispose]());
    const record = (guest: Guest, rest: Partial<Request> = {}): Promise<GuestReport> =>
      sandbox.run({ guest, isolationKey: "then", record: { key: KEY }, ...rest });
    const replay = (guest: Guest, transcript: unknown, rest: Partial<Request> = {}): Promise<GuestReport> =>
      sandbox.run({ guest, isolationKey: "now", replay: { key: KEY, transcript }, ...rest });

    /** Runs a guest, and again from the transcript when all that it had is gone. */
    async function twice(makeGuest: (base: string) => Guest, rest: Partial<Request> = {}): Promise<[then: GuestReport, now: GuestReport]> {
      let guest: Guest;
      let then: GuestReport;
      {
        await using server = await startServer();
        const base = `http://127.0.0.1:${server.port}`;
        guest = makeGuest(base);
        then = await record(guest, { ...grantsFor(base), ...rest });
      }
      rmSync(join(folder, "table.csv"));
      const transcript = transcriptOf(then);
      const before = asked;
      const { input, limits } = rest;
      const now = await replay(guest, transcript, { ...GRANTED, ...(input === undefined ? {} : { input }), ...(limits ? { limits } : {}) });
      assert.equal(asked, before);
      assert.deepEqual(now.outcome, then.outcome);
      assert.deepEqual(now.log, then.log);
      assert.deepEqual(now.replay, { sameRuntime: true });
      assert.equal(now.usage.fuel, then.usage.fuel);
      assert.deepEqual(now.audit, []);
      return [then, now];
    }

    const everything = (base: string): string => `
import time, random, os
print(random.random(), time.time(), os.urandom(4).hex())
answer = glovebox.http_request("${base}/x", "POST", {"X-A": 1}, {"q": 2})
big = glovebox.http_request("${base}/big", file="/tmp/big")
try: glovebox.http_request("http://127.0.0.1:1/")
except glovebox.Refused as error: refused = str(error)
try: glovebox.secret("OTHER")
except glovebox.Refused: pass
time.sleep(0.01)
start = time.monotonic()
while time.monotonic() < start + 0.005: pass
glovebox.log("warning", f"it is {glovebox.now()}")
return [answer.json(), len(big.bytes), glovebox.open("table.csv").read(), len(glovebox.secret("KEY")), refused, time.time(), glovebox.now(), inputs]`;

    test("has all that Python was told", async () => {
      const [then] = await twice((base) => python(everything(base)), { input: { n: 21 } });
      assert.equal(then.outcome.kind, "completed", JSON.stringify(then.outcome));
      assert.equal(then.log.length, 2);
    });

    test("has all that JavaScript and TypeScript were told", async () => {
      const code = (base: string): string => `
const answer = glovebox.httpRequest("${base}/x", { method: "POST", body: { q: 2 } });
const big = glovebox.httpRequest("${base}/big", { stream: true });
let size = 0;
for (let piece = big.read(); piece; piece = big.read()) size += piece.length;
const start = Date.now();
while (Date.now() < start + 5) {}
console.log(Math.random(), Date.now());
return [answer.json(), size, glovebox.open("table.csv").text(), glovebox.secret("KEY").length, glovebox.readInput(), Date.now(), glovebox.now()]`;
      for (const kind of ["javascript", "typescript"] as const) {
        const [then] = await twice((base) => ({ kind, code: code(base) }), { input: [1, 2] });
        assert.equal(then.outcome.kind, "completed", JSON.stringify(then.outcome));
      }
    });

    test("has all that modules were told, and a schema", async () => {
      for (const path of ["wasi/random.wasm", "wasi/clocks.wasm", "wasi/poll.wasm", "modules/shout/shout.wasm"]) {
        const bytes = readFileSync(new URL(path, GUESTS));
        await twice(() => ({ kind: "module", bytes }), { input: "hello" });
      }
      const [then] = await twice(() => ({ kind: "schema", schema: { type: "string" } }), { input: 7 });
      assert.equal(then.outcome.kind, "completed");
    });

    test("gives the same fuel", async () => {
      const [then] = await twice((base) => python(everything(base)), { input: {}, limits: { fuel: 2_000_000_000 } });
      assert.ok((then.usage.fuel ?? 0) > 1000, JSON.stringify(then.outcome));
      assert.equal(then.transcript?.clock, "fuel");
    });

    test("tells the same end of guests that did not complete", async () => {
      const cases: (readonly [string, string, Partial<Request>?])[] = [
        ["refused", `glovebox.secret("OTHER")`],
        ["failed", "raise ValueError('no')"],
        ["exhausted", "while True: glovebox.now()", { hostLimits: { calls: 20 } }],
        ["exhausted", "print('x' * 5000)", { limits: { logBytes: 1000 } }],
        ["exhausted", "while True: pass", { limits: { cpuMs: 200 } }],
        ["exhausted", "x = bytearray(200_000_000)\nx[0] = 1"],
        ["exhausted", "return 'x' * 5000", { limits: { outputBytes: 1000 } }],
      ];
      for (const [kind, code, rest] of cases) {
        let then: GuestReport | undefined;
        if (code.startsWith("while True: pass")) {
          then = await record(python(code), rest);
          const now = await replay(python(code), transcriptOf(then), { limits: { cpuMs: 200 } });
          assert.equal(then.transcript?.clock, "unknown");
          assert.equal(now.outcome.kind, "exhausted");
          continue;
        }
        [then] = await twice(() => python(code), rest);
        assert.equal(then.outcome.kind, kind, `${code}: ${JSON.stringify(then.outcome)}`);
      }
    });

    test("has a call that was never answered", async () => {
      await using server = await startServer();
      const base = `http://127.0.0.1:${server.port}`;
      const guest = python(`glovebox.http_request("${base}/hang")`);
      const then = await record(guest, { ...grantsFor(base), limits: { wallMs: 300 } });
      assert.deepEqual(lastAnswer(transcriptOf(then)), { kind: "unanswered" });
      const now = await replay(guest, then.transcript, { ...GRANTED });
      assert.deepEqual([now.outcome, now.replay], [{ kind: "cancelled" }, { sameRuntime: true }]);
    });

    test("lets no time pass for sleep", async () => {
      const guest = python("import time\ntime.sleep(1.5)\nreturn time.time()");
      const then = await record(guest);
      const now = await replay(guest, then.transcript, { limits: { wallMs: 1000 } });
      assert.deepEqual(now.outcome, then.outcome);
    });

    test("keeps what was written, also after an error that the guest handled", async () => {
      const guest = python(`
try: glovebox.write_output(1)
except OSError as error: print(error)
glovebox.write_output(2)
return 3`);
      const then = await record(guest, { acceptOutput: (output) => (output === 1 ? "it is one" : undefined) });
      assert.deepEqual(then.outcome, { kind: "completed", output: 2 });
      const now = await replay(guest, transcriptOf(then));
      assert.deepEqual([now.outcome, now.log, now.replay], [then.outcome, then.log, { sameRuntime: true }]);
    });

    test("holds references in place of secrets, which a replay needs a grant for", async () => {
      await using server = await startServer();
      const base = `http://127.0.0.1:${server.port}`;
      const guest = python(`return [glovebox.secret("KEY").upper(), glovebox.http_request("${base}/echo").text]`);
      const then = await record(guest, grantsFor(base));
      const transcript = transcriptOf(then);
      const [key, echo] = transcript.calls.map(({ answer }) => (answer.kind === "given" ? answer.content : []));
      assert.deepEqual(Object.keys((key?.[0] ?? {}) as object), ["secret", "digest"]);
      assert.deepEqual(Object.entries((echo?.[1] ?? {}) as object)[0], ["secret", "TOKEN"]);
      const refused = { name: "GloveboxError", code: "REPLAY_INCOMPLETE" };
      await assert.rejects(replay(guest, transcript), refused);
      await assert.rejects(replay(guest, transcript, { ...GRANTED, grants: { replay: ["KEY"] } }), refused);
      const other = new Map([...(GRANTED.secrets ?? []), ["KEY", "another value"]]);
      await assert.rejects(replay(guest, transcript, { ...GRANTED, secrets: other }), refused);
      const now = await replay(guest, transcript, GRANTED);
      assert.deepEqual(now.outcome, then.outcome);
    });

    test("can't be run again from where a secret came encoded, or in pieces", async () => {
      await using server = await startServer();
      const base = `http://127.0.0.1:${server.port}`;
      const guest = python(`glovebox.http_request("${base}/coded")`);
      const transcript = transcriptOf(await record(guest, grantsFor(base)));
      assert.deepEqual([transcript.incomplete, transcript.calls], ["secret", []]);
      await assert.rejects(replay(guest, transcript, GRANTED), { code: "REPLAY_INCOMPLETE" });
    });

    test("keeps no more than it may", async () => {
      await using server = await startServer();
      const base = `http://127.0.0.1:${server.port}`;
      const guest = python(`return len(glovebox.http_request("${base}/big").bytes)`);
      const small = { key: KEY, bytesMax: 100_000 };
      const transcript = transcriptOf(await record(guest, { ...grantsFor(base), record: small }));
      assert.deepEqual([transcript.incomplete, transcript.calls], ["too_large", []]);
      await assert.rejects(replay(guest, transcript), { code: "REPLAY_INCOMPLETE" });
      const large = { ...grantsFor(base), record: { key: KEY, bytesMax: 7 } };
      assert.equal(transcriptOf(await record(python("pass"), large)).incomplete, "too_large", "a granted file");
    });

    test("is of one guest, one input and one key", async () => {
      const guest = python("return [inputs, glovebox.now()]");
      const transcript = transcriptOf(await record(guest, { input: { n: 1 } }));
      const mismatch = { code: "REPLAY_MISMATCH" };
      await assert.rejects(replay(python("return [inputs, glovebox.now() ]"), transcript, { input: { n: 1 } }), mismatch);
      await assert.rejects(replay(guest, transcript, { input: { n: 2 } }), mismatch);
      await assert.rejects(replay({ ...guest, imports: ["json"] } as Guest, transcript, { input: { n: 1 } }), mismatch);
      const key = new Uint8Array(32);
      const now = await replay(guest, transcript, { input: { n: 1 }, replay: { transcript, key } });
      assert.deepEqual(now.replay?.divergence, { at: "call", call: 0, found: "get_time" });
      assert.deepEqual((await replay(guest, transcript, { input: { n: 1 } })).replay, { sameRuntime: true });
      const older = await replay(guest, { ...transcript, runtime: "another" }, { input: { n: 1 } });
      assert.deepEqual(older.replay, { sameRuntime: false });
    });

    test("shows where a guest does something else", async () => {
      const guest = python(
        "import time\nfirst = time.time()\nfor _ in range(int(glovebox.now() * 0) + 1): glovebox.read_input()\nreturn first",
      );
      const transcript = transcriptOf(await record(guest));
      const ended = { ...transcript, calls: [...transcript.calls, ...transcript.calls] };
      assert.deepEqual((await replay(guest, ended)).replay?.divergence, { at: "end", calls: 2, expected: 4 });
      const swapped = { ...transcript, calls: transcript.calls.toReversed() };
      const { outcome, replay: report } = await replay(guest, swapped);
      assert.deepEqual(outcome, { kind: "cancelled" });
      assert.deepEqual(report?.divergence, { at: "call", call: 0, found: "get_time", expected: "read_input" });
      assert.deepEqual((await replay(guest, { ...transcript, calls: [] })).replay?.divergence, { at: "call", call: 0, found: "get_time" });
      assert.deepEqual((await replay(guest, { ...transcript, clock: [] })).replay?.divergence, { at: "clock" });
      const more = { ...transcript, clock: [...(transcript.clock as number[]), 1, 1] };
      assert.deepEqual((await replay(guest, more)).replay?.divergence, { at: "clock" });
    });

    test("grants nothing else", async () => {
      const transcript = transcriptOf(await record(python("pass")));
      const path = join(folder, "table.csv");
      for (const grants of [{ secrets: ["KEY"] }, { files: [{ name: "x", path }] }, { http: [{ allow: "http://127.0.0.1/*" }] }]) {
        await assert.rejects(replay(python("pass"), transcript, { ...GRANTED, grants }), { code: "GRANT_INVALID" });
      }
      await assert.rejects(record(python("pass"), { ...GRANTED }), { code: "GRANT_INVALID" });
      await assert.rejects(record(python("pass"), { record: { key: new Uint8Array(5) } }), { code: "REQUEST_INVALID" });
      await assert.rejects(record(python("pass"), { replay: { key: KEY, transcript } }), { code: "REQUEST_INVALID" });
      await assert.rejects(replay({ kind: "outline", bytes: assemble("(module)") }, transcript), { code: "REQUEST_INVALID" });
    });
  });
}
