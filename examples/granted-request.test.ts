import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { loadConfiguration, loadWorkflow, renderProblems, runWorkflow, secretSources } from "@glovebox/engine";
import { Sandbox } from "@glovebox/sandbox";
import { EXAMPLES } from "./run.fixture.ts";

const KEY = "a-key-that-nobody-else-has";
const PUBLIC = "https://httpbin.org/";
const sandbox = new Sandbox();
const seen: { readonly url: string | undefined; readonly authorization: string | undefined }[] = [];

/** Answers as the public server does. */
const server = createServer(async (request, response) => {
  const { url, method, headers } = request;
  seen.push({ url, authorization: headers.authorization });
  let body = "";
  for await (const chunk of request) body += String(chunk);
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify({ method, json: JSON.parse(body), headers: { Authorization: headers.authorization } }));
});
let here: string;

before(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  here = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
});

after(async () => {
  server.close();
  await sandbox[Symbol.asyncDispose]();
});

/** This machine stands in for the public server: an operator's configuration allows it, and the document names its address. */
const CONFIGURATION = `
caps:
  grants: { http: [{ hosts: ["127.0.0.1"], schemes: [http], ports: [any], methods: [POST], addresses: [127.0.0.1/32] }] }
profiles:
  verified:
    grants: { http: [{ hosts: ["127.0.0.1"], schemes: [http], ports: [any], methods: [POST], addresses: [127.0.0.1/32] }] }
`;

test("granted-request.yaml asks with a key that the guest never sees, and reaches one path, one file and nothing else", async () => {
  const file = join(EXAMPLES, "granted-request.yaml");
  const text = await readFile(file, "utf8");
  assert.equal(loadWorkflow(text, { file }).problems.length, 0);
  const { configuration } = loadConfiguration(CONFIGURATION, { file: "glovebox.config.yaml", named: true });
  assert.ok(configuration);
  const { policy } = configuration;
  const local = text.replaceAll(PUBLIC, here).replace("methods: [POST]", "methods: [POST]\n          addresses: [127.0.0.1/32]");
  assert.ok(loadWorkflow(local, { file }).workflow === undefined, "without the operator's word no address of this machine is granted");
  const { workflow, problems, source } = loadWorkflow(local, { file, policy });
  assert.equal(renderProblems(problems, source), "");
  assert.ok(workflow);
  const sources = secretSources(configuration, EXAMPLES, { GLOVEBOX_SECRET_DEMO_KEY: KEY });
  const result = await runWorkflow(workflow, { sandbox, policy, folder: join(EXAMPLES, "data"), secretSources: sources });
  assert.equal(result.state, "succeeded", JSON.stringify(result.cause));
  assert.deepEqual(result.outputs, {
    summary: '12 orders were told to the server (200), which saw "Bearer [secret DEMO_KEY]"',
    other_path_refused: true,
  });
  assert.deepEqual(seen, [{ url: "/anything/orders", authorization: `Bearer ${KEY}` }]);
  assert.ok(!JSON.stringify(result).includes(KEY));
});
