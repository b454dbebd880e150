import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { EXAMPLES, folderWith, glovebox } from "./command.fixture.ts";

test("exec prints the result on standard output and what the guest printed on standard error", async () => {
  const { code, stdout, stderr } = await glovebox([
    "exec",
    "--python",
    "print('hello')\nreturn {'sum': sum(inputs['n'])}",
    "--input",
    '{"n": [1, 2]}',
  ]);
  assert.deepEqual({ code, stdout, stderr }, { code: 0, stdout: '{ "sum": 3 }\n', stderr: "hello\n" });
});

test("exec runs files of each language and modules, and names them in errors", async (t) => {
  const cwd = folderWith(t, {
    "a.py": "return inputs['x'] * 2",
    "b.js": "return inputs.x * 3",
    "c.ts": "const x: number = inputs.x;\nreturn x * 4",
    "d.js": "const x = 1;\nx.y.z",
  });
  const of = (...args: string[]) => glovebox(["exec", ...args, "--input", '{"x": 5}'], { cwd });
  assert.equal((await of("--python", "a.py")).stdout, "10\n");
  assert.equal((await of("--javascript", "b.js")).stdout, "15\n");
  assert.equal((await of("--typescript", "c.ts")).stdout, "20\n");
  const failed = await of("--javascript", "d.js");
  assert.equal(failed.code, 4);
  assert.match(failed.stderr, /^error: d\.js failed: TypeError: .*\[failed\]\n(?:.*\n)*.*d\.js:2/);
  const module = await glovebox(["exec", "--module", join(EXAMPLES, "wasm_modules/hello_world.wasm"), "--input", "hello"]);
  assert.deepEqual([module.stdout, module.stderr, module.code], ["hello-wasm\n", "", 0]);
});

test("exec shows text that drives terminals as what it is", async () => {
  const { stdout } = await glovebox(["exec", "--javascript", "return '\\u001b]0;title\\u0007 \\u009b31m \\u202e'"]);
  assert.equal(stdout, "\\u001b]0;title\\u0007 \\u009b31m \\u202e\n");
});

test("exec says which option raises the limit that a guest reached", async () => {
  const spin = await glovebox(["exec", "--javascript", "for (;;) {}", "--cpu-ms", "50"]);
  assert.equal(spin.code, 4);
  assert.match(
    spin.stderr,
    /^error: the javascript program was stopped: it used \d+ ms of CPU, and 50 ms are allowed \[exhausted: cpu\]\n {6}= to allow more: --cpu-ms N\n$/,
  );
  const grow = await glovebox(["exec", "--python", "x = 'a' * 10**9", "--memory-mb", "16"]);
  assert.equal(grow.code, 4);
  assert.match(grow.stderr, /the 16 MiB of memory that it is allowed \[exhausted: memory\]\n(?:.*\n)* +?= to allow more: --memory-mb N\n$/);
});

test("exec obeys the operator's caps and profile, and says whose they are", async (t) => {
  const cwd = folderWith(t, {
    "glovebox.config.yaml": "profile: verified\ncaps: { limits: { cpu_ms: 300, memory_mb: 48, wall_ms: 9000 } }\n",
    "other.yaml": "profile: untrusted\nweakIsolation: true\n",
    "broken.yaml": "caps: { limits: { cpu: 300 } }\n",
  });
  const spin = ["exec", "--javascript", "for (;;) {}"];
  const lowered = await glovebox(spin, { cwd });
  assert.equal(lowered.code, 4);
  assert.match(
    lowered.stderr,
    /and 300 ms are allowed \[exhausted: cpu\]\n {6}= 300 is the most that --cpu-ms may be here: the configuration allows no more\n$/,
  );
  const asked = await glovebox([...spin, "--cpu-ms", "50"], { cwd });
  assert.match(asked.stderr, /and 50 ms are allowed \[exhausted: cpu\]\n {6}= to allow more: --cpu-ms N\n$/);
  const refused = async (...args: string[]) => {
    const { code, stdout, stderr } = await glovebox(["exec", "--python", "return 1", ...args], { cwd });
    assert.deepEqual([code, stdout], [2, ""]);
    return stderr;
  };
  assert.equal(await refused("--memory-mb", "49"), 'error: Cannot set limit "memory_mb": 49 is above the cap of 48 [LIMIT_ABOVE_CAP]\n');
  assert.equal(
    await refused("--wall-ms", "10001", "--config", "other.yaml"),
    'error: Cannot set limit "wall_ms": 10001 is above the 10000 that profile "untrusted" allows [LIMIT_ABOVE_CAP]\n',
  );
  assert.match(
    await refused("--profile", "trusted"),
    /^error: Cannot use profile "trusted": it is laxer than the configuration's, "verified"\n$/,
  );
  assert.match(await refused("--config", "broken.yaml"), /"cpu_ms"/);
  const within = await glovebox(["exec", "--python", "return 1", "--memory-mb", "48", "--profile", "community"], { cwd });
  assert.deepEqual([within.code, within.stdout], [0, "1\n"]);
});

test("exec refuses what is no module with 1, and what is wrong with the command line with 2", async (t) => {
  const cwd = folderWith(t, { "no.wasm": "not a module" });
  writeFileSync(join(cwd, "empty.wasm"), new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]));
  for (const file of ["no.wasm", "empty.wasm"]) {
    const { code, stderr } = await glovebox(["exec", "--module", file], { cwd });
    assert.match(stderr, /^error: Cannot .*\[MODULE_REFUSED\]\n$/);
    assert.equal(code, 1);
  }
  const told = async (...args: string[]) => {
    const { code, stderr } = await glovebox(["exec", ...args], { cwd });
    assert.equal(code, 2);
    return stderr;
  };
  assert.equal(await told("--python", "gone.py"), "error: Cannot read gone.py: it does not exist\n");
  assert.match(await told("--python", "1", "--input", "{"), /^error: Cannot read --input: it is not JSON/);
  assert.match(await told("--python", "1", "--memory-mb", "99999"), /\[LIMIT_ABOVE_CAP\]\n$/);
});
