import assert from "node:assert/strict";
import { chmodSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { folderWith, glovebox, ROOT } from "./command.fixture.ts";

const DOCUMENT = `secrets: [KEY]
defaults: { limits: { cpu_ms: 900 } }
steps:
  - id: choose
    type: code
    language: python
    limits: { http_requests: 2 }
    grants: { http: [{ allow: "https://example.com/v1/*", auth: { header: x-key, secret: KEY } }] }
    code: return "list.txt"
  - { id: read, type: tool, tool: read_text, with: { file: "\${{ steps.choose.output }}" } }
`;

test("explain shows limits, grants and where values come from, and marks what a sandboxed step decides for a tool", async (t) => {
  const cwd = folderWith(t, { "w.yaml": DOCUMENT });
  const { code, stdout, stderr } = await glovebox(["explain", "w.yaml"], { cwd });
  assert.deepEqual([code, stderr], [0, ""]);
  assert.equal(
    stdout,
    `w.yaml: 2 steps, profile trusted (the default)

choose  code (python), in the sandbox
  limits    http_requests 2  (the step)
            cpu_ms 900  (the document's defaults)
            memory_mb 32, wall_ms 30,000, output_bytes 4,194,304, log_bytes 262,144, input_bytes 16,777,216, host_calls 10,000, host_calls_per_second 2,000, log_lines_per_second 10,000, http_bytes_out 1,048,576, http_bytes_in 16,777,216, http_response_bytes 8,388,608, http_ms 10,000  (default)
  grants    GET https://example.com/v1/*  (x-key from the secret KEY, which the guest never sees)
  from      grants.http[0].allow (a url): as the document has it
            input: the run's input

read  tool (read_text), in the host
  limits    output_bytes 16,777,216  (default)
  from      ! with.file (a path): the output of "choose" (in the sandbox)

! 1 value names something outside, and a sandboxed step decides what: a tool reaches it with your rights
`,
  );
});

test("explain --json is one document, with the configuration that holds", async (t) => {
  const cwd = folderWith(t, { "w.yaml": DOCUMENT, "glovebox.config.yaml": "caps: { limits: { memory_mb: 8 } }\n" });
  const { code, stdout } = await glovebox(["explain", "w.yaml", "--json"], { cwd });
  assert.equal(code, 0);
  const { version, configuration, profile, steps } = JSON.parse(stdout);
  assert.deepEqual([version, configuration, profile], [1, "glovebox.config.yaml", { name: "trusted", from: "configuration" }]);
  assert.deepEqual(
    steps[0].limits.find(({ key }: { readonly key: string }) => key === "memory_mb"),
    { key: "memory_mb", value: 8, from: "cap" },
  );
  assert.ok(steps[1].values[0].confusedDeputy);
});

test("a document that asks for more than the operator allows is refused by every command, at its place", async (t) => {
  const cwd = folderWith(t, { "w.yaml": DOCUMENT, "strict.yaml": "profile: community\n" });
  for (const args of [
    ["validate", "w.yaml", "--config", "strict.yaml"],
    ["run", "w.yaml", "--config", "strict.yaml"],
    ["explain", "w.yaml", "--profile", "community"],
    ["run", "w.yaml", "--profile", "community"],
  ]) {
    const { code, stdout, stderr } = await glovebox(args, { cwd });
    assert.equal(code, 1, args.join(" "));
    assert.match(stdout + stderr, /w\.yaml:8:90: error: profile "community" does not allow the secret "KEY" \[grant-above-cap\]/);
  }
  const { code, stderr } = await glovebox(["explain", "w.yaml", "--config", "strict.yaml", "--profile", "trusted"], { cwd });
  assert.equal(code, 2);
  assert.match(stderr, /Cannot use profile "trusted": it is laxer than the configuration's, "community"/);
});

test("a mistake in the configuration is told at its place, and nothing runs", async (t) => {
  const cwd = folderWith(t, { "w.yaml": DOCUMENT, "c.yaml": "isolation: bubblewrap\ncap: {}\n" });
  for (const args of [
    ["run", "w.yaml"],
    ["validate", "w.yaml"],
    ["explain", "w.yaml"],
    ["exec", "--javascript", "1"],
  ]) {
    const { code, stderr, stdout } = await glovebox(args, { cwd, env: { GLOVEBOX_CONFIG: "c.yaml" } });
    assert.deepEqual([code, stdout], [2, ""], args.join(" "));
    assert.match(
      stderr,
      /^c\.yaml:2:1: error: the configuration has no key "cap" \[unknown-key\][\s\S]*did you mean "caps"[\s\S]*Cannot use the configuration c\.yaml: it has 1 problem\n$/,
    );
  }
  const gone = await glovebox(["validate", "w.yaml", "--config", "gone.yaml"], { cwd });
  assert.equal(gone.code, 2);
  assert.match(gone.stderr, /Cannot read gone\.yaml: it does not exist/);
});

test("secrets come from the environment or a private file, reach what they are for, and are nowhere in what is printed", async (t) => {
  const document = `secrets: [KEY]
steps:
  - id: a
    type: code
    language: javascript
    grants: { secrets: [KEY] }
    code: |
      const key = glovebox.secret("KEY");
      console.log("key " + key);
      if (inputs.fail) throw new Error(key);
      return [key.length, key];
`;
  const value = "correct-horse-battery";
  const cwd = folderWith(t, {
    "w.yaml": document,
    "glovebox.config.yaml": "secrets: { file: s.env }\n",
    "s.env": `KEY=${value}-of-file\n`,
  });
  const file = join(cwd, "s.env");
  chmodSync(file, 0o644);
  const open = await glovebox(["run", "w.yaml"], { cwd });
  assert.equal(open.code, 2);
  assert.match(open.stderr, /others than its owner may read it \(its mode is 0644\): chmod 600 it \[SECRET_SOURCE_FAILED\]/);
  chmodSync(file, 0o600);
  const ran = await glovebox(["run", "w.yaml", "--json"], { cwd });
  assert.equal(ran.code, 0, ran.stderr);
  assert.deepEqual(JSON.parse(ran.stdout).outputs, { a: [value.length + 8, "[secret KEY]"] });
  const env = { GLOVEBOX_SECRET_KEY: value };
  for (const args of [
    ["run", "w.yaml"],
    ["run", "w.yaml", '{"fail": true}'],
    ["run", "w.yaml", '{"fail": true}', "--json"],
  ]) {
    const { stdout, stderr } = await glovebox(args, { cwd, env });
    assert.match(stdout + stderr, /key \[secret KEY\]/);
    assert.ok(!(stdout + stderr).includes(value));
  }
  const without = await glovebox(["run", join(cwd, "w.yaml")], { cwd: ROOT });
  assert.equal(without.code, 2);
  assert.match(
    without.stderr,
    /the secret "KEY" has no value: it is not in the environment \(as GLOVEBOX_SECRET_\.\.\.\) \[SECRET_MISSING\]/,
  );
});
