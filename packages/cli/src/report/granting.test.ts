import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import openWabt from "wabt";
import { folderWith, glovebox } from "../command.fixture.ts";
import { callLimitKey, grantHint } from "./granting.ts";

const ENTRY = { hostFunction: "http_request", verdict: "refused", subject: "", reason: "no grant names this path", atMs: 1 } as const;

test("grantHint() names the grant that would allow a request or a secret, without the query, and nothing that it would not allow", () => {
  assert.equal(
    grantHint({ ...ENTRY, subject: "GET https://a.example/x?key=1" }),
    'to allow it: grants: { http: [{ allow: "https://a.example/x" }] }',
  );
  assert.equal(
    grantHint({ ...ENTRY, subject: "POST http://a.example:8080/" }),
    'to allow it: grants: { http: [{ allow: "http://a.example:8080/", methods: [POST] }] }',
  );
  assert.equal(grantHint({ ...ENTRY, subject: "GET http://a.example/", reason: "the address is not public" }), undefined);
  assert.equal(grantHint({ ...ENTRY, subject: "GET file:///etc/passwd" }), undefined);
  assert.match(grantHint({ ...ENTRY, hostFunction: "read_secret", subject: "KEY" }) ?? "", /grants: \{ secrets: \[KEY\] \}/);
  assert.equal(callLimitKey({ ...ENTRY, reason: "toString: 1" }), undefined);
});

test("a refused call and a limit on calls say what in the document would allow more", async (t) => {
  const cwd = folderWith(t, {
    "w.yaml": `failure_strategy: continue_on_error
steps:
  - { id: a, type: code, language: python, code: "import glovebox\\nglovebox.http_request('https://example.com/a?b=c', 'POST')" }
  - { id: b, type: code, language: javascript, code: "glovebox.secret('KEY')" }
  - { id: c, type: code, language: javascript, limits: { host_calls: 3 }, code: "for (;;) glovebox.now()" }
  - { id: d, type: code, language: javascript, limits: { host_calls_per_second: 4 }, code: "for (;;) glovebox.now()" }
  - { id: e, type: code, language: javascript, grants: { files: [{ name: x, path: x }] }, code: return 1 }
`,
  });
  const { code, stderr } = await glovebox(["run", "w.yaml"], { cwd });
  assert.equal(code, 4);
  for (const hint of [
    'grants: { http: [{ allow: "https://example.com/a", methods: [POST] }] }',
    "grants: { secrets: [KEY] }, and secrets: [KEY] in the document",
    "limits: { host_calls: 6 } (now 3)",
    "limits: { host_calls_per_second: 8 } (now 4)",
    "--folder DIR",
  ]) {
    assert.ok(
      stderr.includes(`= to allow it: ${hint}`) || stderr.includes(`= to allow more: ${hint}`) || stderr.includes(`you name: ${hint}`),
      `${hint}\n${stderr}`,
    );
  }
});

test("a refusal that a guest handled, wrapped or exited for is told with the grant that would allow it, in every language", async (t) => {
  const cwd = folderWith(t, {
    "w.yaml": `failure_strategy: continue_on_error
steps:
  - id: py_wraps
    type: code
    language: python
    code: |
      import glovebox
      try: glovebox.http_request("https://example.com/py")
      except glovebox.Refused as error: raise RuntimeError("no rates") from error
  - { id: js_wraps, type: code, language: javascript, code: "try { glovebox.secret('JS') } catch { throw new Error('no key') }" }
  - { id: ts_goes_on, type: code, language: typescript, code: "try { glovebox.secret('TS') } catch (e: unknown) { return 1 }" }
  - { id: py_exits, type: code, language: python, code: "import glovebox, sys\\ntry: glovebox.secret('PY')\\nexcept glovebox.HostError: sys.exit(3)" }
  - { id: handler, type: wasm, module: handler.wasm }
  - { id: command, type: wasm, module: command.wasm }
  - { id: trapping, type: wasm, module: trapping.wasm }
`,
  });
  writeFileSync(
    join(cwd, "handler.wasm"),
    await secretReader("HANDLER", '(func (export "handle") (result i32) (drop (call $ask)) (i32.const 5))'),
  );
  writeFileSync(
    join(cwd, "command.wasm"),
    await secretReader("COMMAND", '(func (export "_start") (drop (call $ask)) (call $exit (i32.const 5)))'),
  );
  writeFileSync(
    join(cwd, "trapping.wasm"),
    await secretReader("TRAPPING", '(func (export "handle") (result i32) (drop (call $ask)) (unreachable))'),
  );
  const { code, stderr } = await glovebox(["run", "w.yaml"], { cwd });
  assert.equal(code, 4);
  const blocks = stderr.split(/^(?=w\.yaml:)/m);
  const hints = {
    py_wraps:
      /failed: RuntimeError: no rates \[failed\].*= it was refused http_request GET https:\/\/example\.com\/py: no grant.*allow: "https:\/\/example\.com\/py"/s,
    js_wraps: /failed: Error: no key \[failed\].*= it was refused read_secret JS: .*secrets: \[JS\]/s,
    ts_goes_on:
      /note: step "ts_goes_on" was refused something by the host, and went on\n.*= it was refused read_secret TS: .*secrets: \[TS\]/s,
    py_exits: /failed: SystemExit: 3 \[failed\].*= it was refused read_secret PY: .*secrets: \[PY\]/s,
    handler: /failed: .*= it was refused read_secret HANDLER: .*secrets: \[HANDLER\]/s,
    command: /failed: ExitStatus: exited with status 5 \[failed\].*= it was refused read_secret COMMAND: .*secrets: \[COMMAND\]/s,
    trapping: /\[trapped: unreachable\].*= it was refused read_secret TRAPPING: .*secrets: \[TRAPPING\]/s,
  };
  for (const [id, expected] of Object.entries(hints)) {
    const block = blocks.find((each) => each.includes(`step "${id}"`));
    assert.match(block ?? "", expected, stderr);
  }
});

test("glovebox exec says what a guest was refused, and that it has no grants", async () => {
  const refused = await glovebox(["exec", "--javascript", "glovebox.secret('KEY')"]);
  assert.deepEqual([refused.code, refused.stdout], [4, ""]);
  assert.match(refused.stderr, /was refused: read_secret: .*secrets: \[KEY\].*= here nothing is granted/s);
  const handled = await glovebox(["exec", "--python", "import glovebox\ntry: glovebox.secret('KEY')\nexcept glovebox.Refused: return 1"]);
  assert.deepEqual([handled.code, handled.stdout], [0, "1\n"]);
  assert.match(handled.stderr, /^note: the python program was refused something.*read_secret KEY.*= here nothing is granted/s);
});

/** A module with `$ask`, which asks for a secret, and `$exit`. */
async function secretReader(name: string, rest: string): Promise<Uint8Array> {
  const wabt = await openWabt();
  const text = `(module
    (import "glovebox" "read_secret" (func $read_secret (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
    (memory (export "memory") 1)
    (data (i32.const 16) "${name}")
    (func $ask (result i32) (call $read_secret (i32.const 16) (i32.const ${name.length})))
    ${rest})`;
  const module = wabt.parseWat("reader.wat", text);
  const { buffer } = module.toBinary({});
  module.destroy();
  return buffer;
}
