import assert from "node:assert/strict";
import { mkdtemp, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { type GuestReport, type Json, parseRange, type Request, Sandbox } from "@glovebox/sandbox";
import { DEFAULT_POLICY, type Policy } from "../policy/policy.ts";
import type { RunEvent, RunResult } from "../run/result.ts";
import { type RunOptions, runWorkflow } from "../run/run.ts";
import type { SecretSource } from "../secrets/resolve.ts";
import { ToolError } from "../tools/error.ts";
import type { Tool } from "../tools/tool.ts";
import { loadWorkflow } from "../workflow/load.ts";
import { renderProblems } from "../workflow/render.ts";

/** Grants from the document to the guest and back, in real cells, with a server on this machine. */

const RATES = "rates-key-4711/ü";
const OTHER = "other-secret-0815";

let sandbox: Sandbox;
let folder: string;
let port: number;
const asked: IncomingMessage[] = [];
const server = createServer((request, response) => {
  asked.push(request);
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify({ rate: 1.25, reflected: request.headers["x-key"] ?? null }));
});
const requests: Request[] = [];

before(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), "glovebox-grants-")));
  await writeFile(join(folder, "rates.csv"), "EUR,1.25\n");
  await symlink("/etc/hostname", join(folder, "outside"));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  port = (server.address() as AddressInfo).port;
  sandbox = new Sandbox({ home: "thread", cells: 2, warm: "none", spare: 0 });
});

after(async () => {
  await sandbox[Symbol.asyncDispose]();
  server.close();
  await rm(folder, { recursive: true });
});

const counted = {
  run(request: Request): Promise<GuestReport> {
    requests.push(request);
    return sandbox.run(request);
  },
};

const secrets: SecretSource = {
  words: "the test",
  get: (name) => Promise.resolve({ RATES_KEY: RATES, OTHER_KEY: OTHER }[name]),
};

/** The operator names this machine. */
function policy(): Policy {
  const range = parseRange("127.0.0.1/32");
  assert.ok(range);
  const { caps, profiles } = DEFAULT_POLICY;
  const open = (ceiling: Policy["caps"]): Policy["caps"] => ({
    ...ceiling,
    http: ceiling.http.map((rule) => ({ ...rule, addresses: [range] })),
  });
  return { ...DEFAULT_POLICY, caps: open(caps), profiles: { ...profiles, trusted: profiles.trusted.map(open) } };
}

const leaky: Tool = {
  name: "leaky",
  description: "Hands on, logs and throws what it was called with.",
  arguments: [
    { name: "key", type: "string", required: true },
    { name: "fail", type: "boolean", required: false },
  ],
  invoke({ key, fail }, { log }): Promise<Json> {
    log("info", `called with ${String(key)}`);
    if (fail === true) throw new ToolError(`Cannot log in with ${encodeURIComponent(String(key))}`);
    return Promise.resolve({ [`${String(key)} as a key`]: [Buffer.from(String(key)).toString("base64"), JSON.stringify({ key })] });
  },
};

async function run(
  document: string,
  options: Partial<RunOptions> = { folder },
): Promise<{ readonly result: RunResult; readonly all: string }> {
  requests.length = 0;
  asked.length = 0;
  const loaded = loadWorkflow(document, { file: join(folder, "w.yaml"), policy: policy() });
  assert.equal(renderProblems(loaded.problems, loaded.source), "");
  assert.ok(loaded.workflow);
  const events: RunEvent[] = [];
  const result = await runWorkflow(loaded.workflow, {
    sandbox: counted,
    policy: policy(),
    tools: [leaky],
    secretSources: [secrets],
    onEvent: (event) => events.push(event),
    ...options,
  });
  return { result, all: JSON.stringify([result, events]) };
}

function output({ steps, cause }: RunResult, id: string): Json {
  const outcome = steps.find((step) => step.id === id)?.outcome;
  assert.equal(outcome?.kind, "completed", JSON.stringify([outcome, cause]));
  return outcome.output;
}

function assertNowhere(all: string, secret: string): void {
  for (const form of [secret, encodeURIComponent(secret), Buffer.from(secret).toString("base64"), JSON.stringify(secret).slice(1, -1)]) {
    assert.ok(!all.includes(form), `${form} left the engine`);
  }
}

test("a secret reaches a tool's arguments, and nothing of it leaves the step: output, log, error, events", async () => {
  const { result, all } = await run(`
secrets: [RATES_KEY]
failure_strategy: continue_on_error
steps:
  - { id: works, type: tool, tool: leaky, with: { key: "\${{ secrets.RATES_KEY }}" } }
  - { id: fails, type: tool, tool: leaky, with: { key: "Bearer \${{ secrets.RATES_KEY }}", fail: true } }
  - { id: next, type: code, language: javascript, input: "\${{ steps.works.output }}", code: return inputs }
`);
  assert.deepEqual(output(result, "next"), { "[secret RATES_KEY] as a key": ["[secret RATES_KEY]w=", '{"key":"[secret RATES_KEY]"}'] });
  const fails = result.steps.find(({ id }) => id === "fails");
  assert.ok(fails?.outcome?.kind === "failed");
  assert.match(fails.outcome.error.message, /^Cannot log in with Bearer%20\[secret RATES_KEY\]$/);
  assert.equal(fails.attempts[0]?.log[0]?.message, "called with Bearer [secret RATES_KEY]");
  assertNowhere(all, RATES);
});

test("a guest reads the secrets of its own grant, and what it prints, throws or returns of them is taken out", async () => {
  const { result, all } = await run(`
secrets: [RATES_KEY, OTHER_KEY]
failure_strategy: continue_on_error
steps:
  - id: reads
    type: code
    language: python
    grants: { secrets: [RATES_KEY] }
    code: |
      import base64, glovebox
      key = glovebox.secret("RATES_KEY")
      print("the key is", key)
      try:
          glovebox.secret("OTHER_KEY")
          other = "given"
      except glovebox.Refused:
          other = "refused"
      return { "length": len(key), "key": key, "encoded": base64.b64encode(key.encode()).decode(), "other": other }
  - id: throws
    type: code
    language: javascript
    grants: { secrets: [RATES_KEY] }
    code: throw new Error("bad key " + glovebox.secret("RATES_KEY"))
  - { id: decides, type: condition, grants: { secrets: [RATES_KEY] }, expression: "glovebox.secret('RATES_KEY').length > 3" }
`);
  assert.deepEqual(output(result, "reads"), {
    length: RATES.length,
    key: "[secret RATES_KEY]",
    encoded: "[secret RATES_KEY]w=",
    other: "refused",
  });
  assert.deepEqual(output(result, "decides"), { result: true, branch: "then" });
  const throws = result.steps[1]?.outcome;
  assert.ok(throws?.kind === "failed" && throws.error.message === "bad key [secret RATES_KEY]", JSON.stringify(throws));
  const audit = result.steps[0]?.attempts[0]?.audit ?? [];
  assert.deepEqual(
    audit.map(({ hostFunction, verdict, subject }) => [hostFunction, verdict, subject]),
    [
      ["read_secret", "given", "RATES_KEY"],
      ["read_secret", "refused", "OTHER_KEY"],
    ],
  );
  assertNowhere(all, RATES);
});

test("a step's text is not searched for the secrets of others: it could find them out by guessing", async () => {
  const { result } = await run(`
secrets: [RATES_KEY, OTHER_KEY]
steps:
  - { id: has, type: tool, tool: leaky, with: { key: "\${{ secrets.OTHER_KEY }}" } }
  - { id: guesses, type: code, language: javascript, code: "console.log('${OTHER}'); return '${OTHER}'" }
  - { id: guesses-too, type: code, language: javascript, grants: { secrets: [RATES_KEY] }, code: "return '${OTHER}'" }
`);
  assert.equal(output(result, "guesses"), OTHER);
  assert.equal(output(result, "guesses-too"), OTHER);
  assert.deepEqual(
    requests.map((request) => [...(request.secrets?.keys() ?? [])]),
    [[], ["RATES_KEY"]],
  );
});

test("a secret in a header of an allowed host is never the guest's, and nothing else is let through", async () => {
  const { result, all } = await run(
    `
secrets: { RATES_KEY: { description: of the rates }, OTHER_KEY: }
steps:
  - id: rates
    type: code
    language: python
    grants:
      http: [{ allow: "http://127.0.0.1:${port}/v1/*", methods: [GET], auth: { header: X-Key, secret: RATES_KEY, format: "Key {}" }, addresses: [127.0.0.1/32] }]
    limits: { http_requests: 3 }
    code: |
      import glovebox
      answer = glovebox.http_request("http://127.0.0.1:${port}/v1/rates")
      refused = []
      for url, method in [("http://127.0.0.1:${port}/v2", "GET"), ("http://127.0.0.1:${port}/v1/x", "POST"), ("http://localhost:${port}/v1/", "GET")]:
          try:
              glovebox.http_request(url, method)
          except glovebox.Refused as error:
              refused.append(str(error))
      return { "status": answer.status, "body": answer.text if isinstance(answer.text, str) else answer.text(), "refused": refused }
`,
    { secretSources: [{ words: "the test", get: (name) => Promise.resolve(name === "RATES_KEY" ? "rates-key-4711" : undefined) }] },
  );
  const rates = output(result, "rates") as { readonly status: number; readonly body: string; readonly refused: readonly string[] };
  assert.equal(rates.status, 200);
  assert.deepEqual(JSON.parse(rates.body), { rate: 1.25, reflected: "Key [secret RATES_KEY]" });
  assert.equal(rates.refused.length, 3);
  assert.equal(new Set(rates.refused).size, 1, "a guest is told nothing of why");
  assert.deepEqual(
    asked.map(({ method, url, headers }) => [method, url, headers["x-key"]]),
    [["GET", "/v1/rates", "Key rates-key-4711"]],
  );
  assertNowhere(all, "rates-key-4711");
});

test("a granted file is read by its name; one that leads out of the folder is refused, with nothing of where", async () => {
  const { result } = await run(`
steps:
  - id: reads
    type: code
    language: python
    grants: { files: [{ name: rates, path: rates.csv }] }
    code: |
      import os
      return [open("/granted/rates").read(), os.listdir("/granted")]
`);
  assert.deepEqual(output(result, "reads"), ["EUR,1.25\n", ["rates"]]);
  const file = (path: string): string =>
    `steps: [{ id: a, type: code, language: javascript, code: "return 1", grants: { files: [{ name: x, path: ${path} }] } }]`;
  for (const path of ["outside", "missing.csv"]) {
    const { result } = await run(file(path));
    const outcome = result.steps[0]?.outcome;
    assert.ok(outcome?.kind === "failed" && outcome.error.name === "GrantError", JSON.stringify(outcome));
    assert.match(outcome.error.message, path === "outside" ? /it lies outside of the folder/ : /it does not exist/);
  }
  const without = await run(file("rates.csv"), {});
  assert.match(JSON.stringify(without.result.cause), /no folder was named/);
});

test("only a step's own guest gets its grants, and every guest the limits that the profile leaves", async () => {
  const { result } = await run(`
profile: community
steps:
  - id: a
    type: code
    language: javascript
    grants: { files: [{ name: rates, path: rates.csv }] }
    limits: { http_requests: 7 }
    profile: community
    when: 1 + 1 == 2
    input: { two: "\${{ 1 + 1 }}" }
    output_schema: { type: number }
    code: return inputs.two
  - { id: b, type: code, language: javascript, profile: untrusted, code: return 1 }
`);
  assert.equal(output(result, "a"), 2);
  const untrusted = requests.find(({ limits }) => limits?.cpuMs === 2_000);
  const [expressions, own, schema, ...others] = requests.filter((request) => request !== untrusted);
  assert.deepEqual(
    [expressions?.grants, own?.grants, schema?.grants, others],
    [undefined, { files: [{ name: "rates", path: join(folder, "rates.csv") }] }, undefined, []],
  );
  assert.deepEqual([own?.hostLimits?.httpRequests, own?.hostLimits?.httpBytesOut, own?.limits?.cpuMs], [7, 64 * 1024, 10_000]);
  assert.deepEqual([untrusted?.limits?.cpuMs, untrusted?.limits?.memoryBytes, untrusted?.hostLimits?.calls], [2_000, 32 * 2 ** 20, 1_000]);
  assert.equal(schema?.limits?.inputBytes, 16 * 2 ** 20, "checks of outputs are bounded by the profile, too");
});

test("a run whose secrets are missing does not start", async () => {
  const document = `secrets: [RATES_KEY]\nsteps: [{ id: a, type: tool, tool: leaky, with: { key: "\${{ secrets.RATES_KEY }}" } }]`;
  await assert.rejects(run(document, { secretSources: [] }), { code: "SECRET_MISSING" });
});

test("an untrusted step does not run where nothing stands around cells, unless that is allowed", async () => {
  const document = "steps: [{ id: a, type: code, language: javascript, profile: untrusted, code: return 1 }]";
  const isolation = (level: string, weakAllowed: boolean): Partial<RunOptions> => ({
    isolation: { level: () => Promise.resolve(level), weakAllowed },
  });
  await assert.rejects(run(document, isolation("none", false)), { code: "ISOLATION_TOO_WEAK" });
  assert.equal(output((await run(document, isolation("none", true))).result, "a"), 1);
  assert.equal(output((await run(document, isolation("unshare", false))).result, "a"), 1);
  const trusted = document.replace("untrusted", "community");
  assert.equal(output((await run(trusted, isolation("none", false))).result, "a"), 1);
});
