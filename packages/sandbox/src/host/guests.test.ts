import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, describe, test } from "node:test";
import type { GuestReport, Outcome } from "../outcome.ts";
import type { Request } from "../request.ts";
import { Sandbox } from "../sandbox.ts";
import { LocalServer } from "./http.fixture.ts";

// What guests get of the host, and what they don't, in every kind of cell. After each test: the host is alive, the canary as it was, nothing
// was sent to where no grant leads, and the next step is right.

const SECRET = "s3cret-of-this-step";
const CANARY = "the canary";
const folder = realpathSync(mkdtempSync(join(tmpdir(), "glovebox-host-")));
const canary = join(folder, "canary");
writeFileSync(canary, CANARY);
writeFileSync(join(folder, "table.csv"), "a,b\n1,2\n");

const sink = await LocalServer.start((_request, response) => response.end("you should not be here"));
const server = await LocalServer.start((request, response) => {
  if (request.url === "/big") response.end(Buffer.alloc(3_000_000, "x"));
  else if (request.url === "/hang") response.write("x");
  else if (request.url === "/away") response.writeHead(302, { location: `http://127.0.0.1:${sink.port}/` }).end();
  else if (request.url === "/echo") response.end(`you sent ${request.headers.authorization}`);
  else response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ method: request.method, path: request.url }));
});
const base = `http://127.0.0.1:${server.port}`;

after(async () => {
  await server[Symbol.asyncDispose]();
  await sink[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

const EVERYTHING: Partial<Request> = {
  grants: {
    http: [
      {
        allow: `${base}/*`,
        addresses: ["127.0.0.1/32"],
        methods: ["GET", "POST"],
        redirects: 1,
        auth: { header: "Authorization", secret: "TOKEN" },
      },
    ],
    secrets: ["KEY"],
    files: [{ name: "table.csv", path: join(folder, "table.csv") }],
  },
  secrets: new Map([
    ["KEY", SECRET],
    ["TOKEN", "token-that-is-bound"],
    ["OTHER", "secret-of-another-step"],
  ]),
};

function python(code: string): Request["guest"] {
  return { kind: "python", code: `import glovebox\n${code}`, imports: [] };
}

function javascript(code: string): Request["guest"] {
  return { kind: "javascript", code };
}

function kindOf(outcome: Outcome): string {
  return outcome.kind === "exhausted" ? `exhausted: ${outcome.limit}` : outcome.kind;
}

for (const home of ["process", "thread"] as const) {
  describe(`host functions in ${home} cells`, () => {
    const sandbox = new Sandbox({ home, cells: 1 });
    after(() => sandbox[Symbol.asyncDispose]());
    const run = (guest: Request["guest"], rest: Partial<Request> = {}): Promise<GuestReport> =>
      sandbox.run({ guest, input: { n: 21 }, isolationKey: "a", ...rest });
    const output = async (guest: Request["guest"], rest: Partial<Request> = EVERYTHING): Promise<unknown> => {
      const { outcome } = await run(guest, rest);
      assert.equal(outcome.kind, "completed", JSON.stringify(outcome));
      return (outcome as { output: unknown }).output;
    };

    afterEach(async () => {
      assert.equal(readFileSync(canary, "utf8"), CANARY);
      assert.equal(sink.connections, 0);
      assert.deepEqual((await run({ kind: "python", code: "return inputs['n'] * 2" })).outcome, { kind: "completed", output: 42 });
      assert.deepEqual((await run(javascript("return inputs.n * 2"))).outcome, { kind: "completed", output: 42 });
    });

    test("serve Python", async () => {
      const code = `
answer = glovebox.http_request("${base}/x", "POST", {"X-A": 1}, {"q": 2})
big = glovebox.http_request("${base}/big", file="/tmp/big")
with open("/granted/table.csv") as file:
  rows = file.read().splitlines()
glovebox.log("warning", "careful")
return [answer.status, answer.ok, answer.json(), answer.headers["content-type"], len(big.bytes), rows, glovebox.open("table.csv").read(),
  len(glovebox.secret("KEY")), glovebox.read_input(), glovebox.now() > 1.7e9, glovebox.http_request("${base}/y").text]`;
      const json = { method: "POST", path: "/x" };
      assert.deepEqual(await output(python(code)), [
        ...[200, true, json, "application/json", 3_000_000, ["a,b", "1,2"], "a,b\n1,2\n"],
        ...[SECRET.length, { n: 21 }, true, '{"method":"GET","path":"/y"}'],
      ]);
    });

    test("serve JavaScript and TypeScript", async () => {
      const code = `
const answer = glovebox.httpRequest("${base}/x", { method: "POST", headers: { "X-A": "1" }, body: { q: 2 } });
const big = await glovebox.httpRequest("${base}/big", { stream: true });
let size = 0;
for (let piece = big.read(); piece; piece = big.read()) size += piece.length;
glovebox.httpRequest("${base}/big", { file: "kept" });
glovebox.log("warning", "careful");
return [answer.status, answer.ok, answer.json(), answer.headers["content-type"], size, glovebox.open("kept").bytes().length,
  glovebox.open("table.csv").text(), glovebox.secret("KEY").length, glovebox.readInput(), glovebox.now() > 1.7e12, (await glovebox.httpRequest("${base}/y")).text()]`;
      const json = { method: "POST", path: "/x" };
      const expected = [
        ...[200, true, json, "application/json", 3_000_000, 3_000_000, "a,b\n1,2\n"],
        ...[SECRET.length, { n: 21 }, true, '{"method":"GET","path":"/y"}'],
      ];
      assert.deepEqual(await output(javascript(code)), expected);
      assert.deepEqual(await output({ kind: "typescript", code: code.replace("const answer", "const answer: any") }), expected);
    });

    test("tell the operator what was asked for", async () => {
      const { audit, usage } = await run(
        python(
          `glovebox.secret("KEY")\nglovebox.http_request("${base}/x?q=1")\ntry: glovebox.secret("OTHER")\nexcept glovebox.Refused: pass`,
        ),
        EVERYTHING,
      );
      assert.deepEqual(
        audit.map(({ hostFunction, verdict, subject }) => [hostFunction, verdict, subject]),
        [
          ["read_secret", "given", "KEY"],
          ["http_request", "given", `GET ${base}/x?…`],
          ["read_secret", "refused", "OTHER"],
        ],
      );
      assert.deepEqual({ ...usage.hostCalls }, { read_secret: 2, http_request: 1 });
    });

    test("refuse what is not granted, always in the same words, and the outcome says so where the guest did not handle it", async () => {
      const asked = [
        'glovebox.secret("KEY")',
        'glovebox.secret("OTHER")',
        `glovebox.http_request("http://127.0.0.1:${sink.port}/")`,
        `glovebox.http_request("${base}/")`,
      ];
      asked.push('glovebox.http_request("http://169.254.169.254/latest/meta-data/")', 'glovebox.http_request("file:///etc/passwd")');
      const words = new Set<unknown>();
      for (const call of asked) {
        const { outcome, audit } = await run(python(call));
        assert.equal(outcome.kind, "refused", `${call}: ${JSON.stringify(outcome)}`);
        assert.equal(audit[0]?.verdict, "refused");
        words.add(await output(python(`try: ${call}\nexcept glovebox.Refused as error: return str(error)`), {}));
      }
      assert.equal(words.size, 1, [...words].join());
      assert.equal((await run(javascript("glovebox.secret('KEY')"))).outcome.kind, "refused");
      assert.equal((await run(python(`glovebox.http_request("${base}/away")`), EVERYTHING)).outcome.kind, "refused");
      assert.equal((await run(python('glovebox.open("table.csv")'))).outcome.kind, "failed");
      assert.equal((await run(javascript('glovebox.open("table.csv")'))).outcome.kind, "failed");
    });

    test("make no refusal of a guest that only says that there was one, or that handled it and failed later", async () => {
      assert.equal((await run(python("raise glovebox.Refused('no')"))).outcome.kind, "failed");
      assert.equal((await run(javascript("throw new glovebox.Refused('no')"))).outcome.kind, "failed");
      const later = "try: glovebox.secret('KEY')\nexcept glovebox.Refused: pass\n1 / 0";
      assert.equal((await run(python(later))).outcome.kind, "failed");
    });

    test("end a guest that calls too often, too quickly, or with too much", async () => {
      const cases: [string, Request["guest"], Partial<Request>][] = [
        ["calls", python("while True: glovebox.now()"), { hostLimits: { calls: 50, callsPerSecond: 100_000 } }],
        ["calls", javascript("while (true) try { glovebox.now() } catch {}"), { hostLimits: { calls: 50, callsPerSecond: 100_000 } }],
        ["calls", python("while True: glovebox.now()"), { hostLimits: { calls: 1_000_000, callsPerSecond: 20 } }],
        ["calls", python(`while True:\n  try: glovebox.secret('x')\n  except Exception: pass`), { hostLimits: { calls: 50 } }],
        ["calls", python(`while True: glovebox.http_request("${base}/")`), { ...EVERYTHING, hostLimits: { httpRequests: 3 } }],
        [
          "calls",
          python(`glovebox.http_request("${base}/", "POST", None, "x" * 300_000)`),
          { ...EVERYTHING, hostLimits: { httpBytesOut: 100_000 } },
        ],
        [
          "calls",
          javascript(`glovebox.httpRequest("${base}/", { method: "POST", body: "x".repeat(6e6) })`),
          { ...EVERYTHING, hostLimits: { httpBytesOut: 100_000 } },
        ],
        ["calls", python(`glovebox.http_request("${base}/big", file="/tmp/x")`), { ...EVERYTHING, hostLimits: { httpBytesIn: 100_000 } }],
        ["output", python("glovebox.write_output('x' * 100_000)"), { limits: { outputBytes: 1000 } }],
        ["output", python("glovebox.write_output('x' * 2_000_000)"), { limits: { outputBytes: 1000 } }],
        ["log", python("while True: glovebox.log('x' * 1000)"), { limits: { logBytes: 100_000 } }],
        ["log", python("glovebox.log('x' * 5_000_000)"), {}],
        ["log", javascript("glovebox.log('x'.repeat(10_000_000))"), {}],
        ["wall", python(`glovebox.http_request("${base}/hang")`), { ...EVERYTHING, limits: { wallMs: 300 } }],
      ];
      for (const [limit, guest, rest] of cases) {
        const { outcome } = await run(guest, rest);
        assert.equal(kindOf(outcome), `exhausted: ${limit}`, `${JSON.stringify(guest)}: ${JSON.stringify(outcome)}`);
      }
      await server.idle();
    });

    test("fail where an answer is too slow or too large, and the guest may go on", async () => {
      const slow = `try: glovebox.http_request("${base}/hang")\nexcept glovebox.HostError as error: return [type(error).__name__, str(error)]`;
      const rest = { ...EVERYTHING, hostLimits: { httpMs: 200, httpResponseBytes: 1000 } };
      assert.deepEqual(await output(python(slow), rest), ["HostError", "the request took too long"]);
      assert.deepEqual(await output(python(slow.replace("/hang", "/big")), rest), ["HostError", "the response is too large"]);
      const caught = `try { glovebox.httpRequest("${base}/big") } catch (error) { return [error.name, error.message, error instanceof glovebox.Refused] }`;
      assert.deepEqual(await output(javascript(caught), rest), ["HostError", "the response is too large", false]);
    });

    test("cost no CPU while the guest waits", async () => {
      const { usage } = await run(python(`try: glovebox.http_request("${base}/hang")\nexcept glovebox.HostError: pass`), {
        ...EVERYTHING,
        hostLimits: { httpMs: 600 },
        limits: { cpuMs: 400 },
      });
      assert.ok(usage.wallMs >= 600, `${usage.wallMs}`);
      if (process.platform === "linux") assert.ok(usage.cpuMs < 400, `${usage.cpuMs}`);
    });

    test("take the output once, and only one that is accepted", async () => {
      const acceptOutput = (value: unknown) => (Array.isArray(value) ? undefined : "the output is no list");
      assert.deepEqual(await output(python("glovebox.write_output([1])\nreturn 2"), { acceptOutput }), [1]);
      assert.deepEqual(await output(javascript("glovebox.writeOutput([1, glovebox.now() > 0]); return 2")), [1, true]);
      const wrong = "try: glovebox.write_output('x')\nexcept glovebox.HostError as error: glovebox.write_output([str(error)])";
      assert.deepEqual(await output(python(wrong), { acceptOutput }), ["the output is no list"]);
      assert.equal((await run(python("glovebox.write_output(1)\nglovebox.write_output(2)"))).outcome.kind, "refused");
      assert.equal((await run(python("glovebox.write_output(1)\n1 / 0"))).outcome.kind, "failed");
    });

    test("take the step's secrets out of everything that leaves it", async () => {
      const forms = `
import base64, json, urllib.parse
key = glovebox.secret("KEY")
forms = [key, base64.b64encode(b"user:" + key.encode()).decode(), urllib.parse.quote(key), json.dumps(key), key.encode().hex(), key + key]`;
      const guest = (end: string) => ({ kind: "python", code: `import glovebox\n${forms}\n${end}` }) as const;
      const ends = [
        "for form in forms: print(form)",
        "for form in forms: glovebox.log(form)",
        "return forms",
        "return {form: 1 for form in forms}",
      ];
      ends.push(
        "raise ValueError(forms)",
        "glovebox.write_output(forms)",
        "for form in forms: print(form, end='')",
        "print('x' * 8170 + key * 2)",
      );
      ends.push(`glovebox.http_request("${base}/" + key)`, "glovebox.secret(key)", `return glovebox.http_request("${base}/echo").text`);
      for (const end of ends) {
        const told = JSON.stringify(await run(guest(end), EVERYTHING));
        for (const form of [
          SECRET,
          "token-that-is-bound",
          Buffer.from(SECRET).toString("hex"),
          Buffer.from(SECRET).toString("base64").slice(0, -2),
        ]) {
          assert.equal(told.includes(form), false, `${end}: ${told}`);
        }
        assert.match(told, /\[secret (KEY|TOKEN)\]/, end);
      }
      // Only its own: else it would tell whether a guess is somebody's secret.
      assert.equal(await output(python("return 'secret-of-another-step'")), "secret-of-another-step");
    });

    test("show nothing of the host in files: no path, and nothing but what is granted", async () => {
      const look = `
import os
found = [os.listdir("/granted"), sorted(os.listdir("/"))]
for path in ("${canary}", "/granted/../${canary}", "/granted/canary", "/etc/passwd"):
  try: found.append(open(path).read())
  except OSError: pass
for mode in ("w", "a", "r+"):
  try: open("/granted/table.csv", mode)
  except OSError: pass
  else: found.append("writable")
try: os.unlink("/granted/table.csv")
except OSError: pass
else: found.append("removable")
return found`;
      assert.deepEqual(await output({ kind: "python", code: look }), [["table.csv"], ["dev", "granted", "home", "lib", "tmp"]]);
      assert.equal((await run({ kind: "python", code: "import os\nreturn os.listdir('/granted')" })).outcome.kind, "failed");
    });

    test("are those that the types say", async () => {
      const types = readFileSync(new URL("../../types/glovebox.d.ts", import.meta.url), "utf8");
      const declared = types.slice(types.indexOf("declare const glovebox"), types.indexOf("declare namespace"));
      const names = new Set([...declared.matchAll(/^ {2}(?:readonly )?(\w+)[(:]/gm)].map((match) => match[1]));
      assert.deepEqual(await output(javascript("return Object.keys(glovebox).sort()")), [...names].sort());
      assert.deepEqual(
        await output(python("return [sorted(glovebox.__all__), [name for name in glovebox.__all__ if not hasattr(glovebox, name)]]")),
        [["HostError", "Refused", "Response", "http_request", "log", "now", "open", "read_input", "secret", "write_output"], []],
      );
    });

    test("leave nothing of one step for the next: neither secrets nor files nor answers", async () => {
      await output(javascript("globalThis.kept = glovebox.secret('KEY'); glovebox.open('table.csv'); return 1"));
      assert.deepEqual(await output(javascript("return [typeof kept, Object.keys(glovebox).length > 5]"), {}), ["undefined", true]);
      assert.equal((await run(javascript("return glovebox.open('table.csv').text()"))).outcome.kind, "failed");
      const raw = "import os\nfd = os.open('/dev/glovebox', os.O_RDWR)\nreturn len(os.read(fd, 1000))";
      await output(python("glovebox._send(b'\\x04KEY')"));
      assert.equal(await output({ kind: "python", code: raw }, {}), 0);
    });

    test("stand what a guest writes to the device itself", async () => {
      const code = `
import os
fd = os.open("/dev/glovebox", os.O_RDWR)
told = []
for message in (b"", b"\\x00", b"\\xff", b"\\x63abc", b"\\x01", b"\\x01\\x09x", b"\\x05" * 1000, b"\\x06", b"\\x06\\xff\\xff\\xff\\xff", b"\\x07", b"\\x04" + b"x" * 10000, b"\\x02"):
  try:
    os.write(fd, message)
    told.append(os.read(fd, 5)[:1].hex())
  except OSError as error:
    told.append(type(error).__name__)
return told`;
      const told = (await output({ kind: "python", code }, {})) as string[];
      assert.equal(told.length, 12);
      assert.deepEqual(new Set(told), new Set(["00", "01", "02", "OSError"]));
    });

    test("stand what a guest does to its own side of them", async () => {
      const patched = `
Uint8Array.prototype.set = () => {}; Uint8Array.prototype.subarray = () => { throw 1 }; String = () => { throw 2 }; JSON.parse = () => ({ status: { toJSON() { return 1 } } });
Object.defineProperty(Object.prototype, "method", { get() { return "TRACE" } });
Object.prototype.toJSON = () => "patched";
return [glovebox.secret("KEY").length, glovebox.httpRequest("${base}/x").status]`;
      assert.equal((await run(javascript(patched), EVERYTHING)).outcome.kind, "refused"); // of TRACE, which its own prototype says
      const bodies = `
const tries = [() => glovebox.httpRequest("${base}/x", { method: "POST", body: new Proxy({}, { get() { throw new Error("trap") } }) }),
  () => glovebox.httpRequest({ toString() { throw new Error("trap") } }), () => glovebox.secret(Symbol("x")), () => glovebox.httpRequest("${base}/x", { headers: [[1]] }),
  () => glovebox.writeOutput(1n), () => glovebox.log("nolevel", "x"), () => glovebox.open(null)];
return tries.map((attempt) => { try { attempt(); return "did" } catch (error) { return typeof error } })`;
      const told = (await output(javascript(bodies))) as string[];
      assert.equal(told.length, 7);
    });
  });
}
