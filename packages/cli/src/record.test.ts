import assert from "node:assert/strict";
import { createHmac, hkdfSync } from "node:crypto";
import { chmodSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { type TestContext, test } from "node:test";
import { type Ended, EXAMPLES, folderWith, glovebox, steady } from "./command.fixture.ts";

const MODES = { skip: process.platform === "win32" ? "Windows has no such modes" : false };
const SECRET = "a-secret-of-the-run";

/** An installation without any run, and its command. */
function installation(t: TestContext): {
  readonly data: string;
  readonly records: () => readonly string[];
  readonly command: (args: readonly string[], options?: Parameters<typeof glovebox>[1]) => Promise<Ended>;
} {
  const data = realpathSync(mkdtempSync(join(tmpdir(), "glovebox-own-")));
  t.after(() => rmSync(data, { recursive: true, force: true }));
  return {
    data,
    records: () => readdirSync(join(data, "records")).sort(),
    command: (args, options = {}) => glovebox(args, { ...options, env: { GLOVEBOX_DATA: data, ...options.env } }),
  };
}

/** Every kind of step; one is tried twice, one is refused something and goes on, some fail. */
const ALL = `
name: everything
failure_strategy: continue_on_error
inputs: { type: object, properties: { n: { type: integer } } }
secrets: [TOKEN]
steps:
  - id: python
    type: code
    language: python
    input: { n: "\${{ inputs.n + 1 }}" }
    grants: { secrets: [TOKEN] }
    code: |
      import glovebox, random, time
      print("token of", len(glovebox.secret("TOKEN")))
      try:
          glovebox.http_request("https://example.com/\\u001b[31mred")
      except glovebox.Refused:
          pass
      return {"n": inputs["n"], "random": random.random(), "time": time.time()}
  - { id: javascript, type: code, language: javascript, depends_on: [python], code: "console.log('hi'); return [inputs.python.n, Math.random()]" }
  - { id: metered, type: code, language: javascript, limits: { fuel: 1000000000 }, code: "return 1 + 1" }
  - id: choice
    type: condition
    depends_on: [python]
    expression: steps.python.output.n > 1
    then:
      - { id: shout, type: wasm, module: shout.wasm, input: "\${{ steps.python.output.n }}" }
    else:
      - { id: silence, type: code, language: javascript, code: "return 0" }
  - { id: tool, type: tool, tool: write_text, with: { file: out.txt, text: "\${{ 'x' + inputs.n }}" } }
  - id: again
    type: code
    language: python
    retry: { max_attempts: 2, on: [failed], base_ms: 1 }
    code: |
      import time
      raise ValueError(f"not at {time.time_ns()}")
  - { id: broken, type: code, language: javascript, code: "throw new TypeError('\\u0007 bell')" }
  - { id: loop, type: code, language: javascript, limits: { cpu_ms: 50 }, code: "for (;;);" }
outputs: { n: "\${{ inputs.n * 2 }}" }
`;

async function everything(t: TestContext): Promise<ReturnType<typeof installation> & { readonly folder: string; readonly run: Ended }> {
  const own = installation(t);
  const folder = folderWith(t, { "all.yaml": ALL });
  writeFileSync(join(folder, "shout.wasm"), readFileSync(new URL("../../../guests/modules/shout/shout.wasm", import.meta.url)));
  const run = await own.command(["run", "all.yaml", "--input", "n=4", "--folder", folder, "--json"], {
    cwd: folder,
    env: { GLOVEBOX_SECRET_TOKEN: SECRET },
  });
  assert.equal(run.code, 4, run.stderr + run.stdout.slice(0, 2_000));
  return { ...own, folder, run };
}

interface Shown {
  readonly verification: { readonly state: string };
  readonly guests: readonly {
    readonly step: string | null;
    readonly purpose: string;
    readonly attempt: number;
    readonly transcript?: { readonly randomSeed: string };
  }[];
  readonly end: { readonly result: Record<string, unknown> };
}

test("run leaves a record of all that happened, which show shows and replay comes to again", async (t) => {
  const { command, records, folder, run } = await everything(t);
  const result = JSON.parse(run.stdout) as { runId: string; steps: { id: string; state: string; attempts: unknown[] }[]; outputs: object };
  assert.deepEqual(records(), [`${result.runId}.jsonl`]);

  const json = await command(["show", "last", "--json"]);
  const shown = JSON.parse(json.stdout) as Shown;
  assert.equal(shown.verification.state, "verified");
  assert.deepEqual([shown.end.result["outputs"], shown.end.result["state"]], [result.outputs, "failed"]);
  const told = new Set(shown.guests.map(({ step, purpose }) => `${step} ${purpose}`));
  for (const guest of [
    "null schema",
    "null expression",
    "python expression",
    "python work",
    "choice work",
    "shout work",
    "tool expression",
    "again work",
    "broken work",
    "loop work",
  ]) {
    assert.ok(told.has(guest), guest);
  }
  assert.ok(shown.guests.every(({ transcript }) => transcript !== undefined));
  const tries = result.steps.find(({ id }) => id === "again")?.attempts.length;
  assert.deepEqual([shown.guests.filter(({ step }) => step === "again").length, tries], [2, 2]);

  const person = await command(["show", result.runId.slice(-10, -4)]);
  assert.equal(person.code, 0, person.stderr);
  assert.match(person.stdout, /^✓ verified: .*\nall\.yaml \(everything\): failed in /);
  assert.match(person.stdout, /refused http_request GET https:\/\/example\.com\/\\u001b\[31mred: /);
  assert.match(person.stdout, /given read_secret TOKEN/);
  assert.match(person.stdout, /work \(javascript\) .* fuel [\d,]+ /);
  assert.match(person.stdout, /failed: TypeError: \\u0007 bell/);
  assert.match(person.stdout, /work \(shout\.wasm\)/);
  assert.match(person.stdout, /\| hi\n/);
  assert.match(person.stdout, /– silence +skipped: "choice" took the other branch/);

  const replay = await command(["replay", "last", "--json"], { env: { GLOVEBOX_SECRET_TOKEN: SECRET } });
  const { guests, notRunAgain } = JSON.parse(replay.stdout) as {
    guests: { step: string | null; purpose: string; verdict: { kind: string; why?: string; secrets?: string[]; differences?: unknown } }[];
    notRunAgain: string[];
  };
  assert.equal(replay.code, 0, replay.stdout);
  assert.equal(guests.length, shown.guests.length);
  for (const { step, purpose, verdict } of guests) {
    const expected = step === "loop" ? "not_comparable" : step === "python" && purpose === "work" ? "not_run" : "same";
    assert.equal(verdict.kind, expected, `${step} ${JSON.stringify(verdict)}`);
  }
  assert.deepEqual(notRunAgain, []);

  const secret = await command(["replay", "last", "python", "--secret", "TOKEN"], { env: { GLOVEBOX_SECRET_TOKEN: SECRET } });
  assert.match(secret.stdout, /✓ python #1 {2}work \(python\) {2}the same[\s\S]*2 guests: 2 the same\n$/);
  const without = await command(["replay", "last", "python", "--secret", "TOKEN"]);
  assert.deepEqual([without.code, without.stdout], [2, ""]);
  assert.match(without.stderr, /the secret "TOKEN" has no value.*\[SECRET_MISSING\]/);
  const wrong = await command(["replay", "last", "python", "--secret", "TOKEN"], { env: { GLOVEBOX_SECRET_TOKEN: `${SECRET}!` } });
  assert.match(wrong.stdout, /not run again: .*has another value than it had/);

  writeFileSync(join(folder, "shout.wasm"), readFileSync(new URL("../../../guests/wasi/random.wasm", import.meta.url)));
  const changed = await command(["replay", "last", "shout"]);
  assert.match(changed.stdout, /not run again: ".*shout\.wasm" is not what it was/);
  assert.equal(changed.code, 2);
});

test("a record holds no secret, in any of the forms that it is looked for in", async (t) => {
  const { data, records } = await everything(t);
  const text = readFileSync(join(data, "records", records()[0] ?? ""), "utf8");
  for (const form of ["utf8", "base64", "hex"] as const) assert.ok(!text.includes(Buffer.from(SECRET).toString(form)), form);
  assert.match(text, /"secret":"TOKEN"/);
  const own = installation(t);
  const folder = folderWith(t, {
    "a.yaml":
      "secrets: [A]\nsteps:\n  - { id: a, type: code, language: javascript, grants: { secrets: [A] }, code: 'return [inputs, glovebox.secret(\"A\")]' }\n  - { id: b, type: code, language: javascript, code: 'return inputs' }\n",
  });
  await own.command(["run", "a.yaml", "--input", `x=${SECRET}`], { cwd: folder, env: { GLOVEBOX_SECRET_A: SECRET } });
  assert.ok(!readFileSync(join(own.data, "records", own.records()[0] ?? ""), "utf8").includes(SECRET));
  const { stdout } = await own.command(["replay", "last"], { env: { GLOVEBOX_SECRET_A: SECRET } });
  assert.match(stdout, /b #1 {2}work \(javascript\) {2}not run again: its input held a secret/);
});

/** As if this installation had written something else: what a changed runtime would come to. Signed as docs/records.md says. */
function rewrite(data: string, file: string, from: string | RegExp, to: string): void {
  const key = Buffer.from(hkdfSync("sha256", readFileSync(join(data, "key")), "", "glovebox record", 32));
  const mac = (...parts: readonly string[]): string =>
    parts.reduce((hmac, part) => hmac.update(part), createHmac("sha256", key)).digest("hex");
  let before = mac("run\0", basename(file, ".jsonl"));
  const lines = readFileSync(file, "utf8").trimEnd().split("\n");
  const changed = lines.map((line) => {
    assert.ok(line.startsWith(`{"mac":"`) && line.slice(72, 74) === '",');
    const rest = line.slice(74).replace(from, to);
    before = mac(before, rest);
    return `{"mac":"${before}",${rest}\n`;
  });
  assert.ok(changed.join("") !== `${lines.join("\n")}\n`);
  writeFileSync(file, changed.join(""));
}

test("replay says what differs, and ends with 4", async (t) => {
  const { command, data, records } = installation(t);
  await command(["run", join(EXAMPLES, "hello.yaml"), "--input", "name=Ada"]);
  rewrite(data, join(data, "records", records()[0] ?? ""), '"output":"Hello, Ada!', '"output":"Hello, Eve!');
  const { code, stdout } = await command(["replay", "last", "greet"]);
  assert.equal(code, 4, stdout);
  assert.match(stdout, /✗ greet #1 {2}work \(python\) {2}different .*\n {6}output: "Hello, Eve! .*" then, "Hello, Ada! .*" now\n/);
});

test("replay says where a guest asks for something else than it did, and ends with 4", async (t) => {
  const { command, data, records } = installation(t);
  const folder = folderWith(t, { "a.yaml": "steps: [{ id: a, type: code, language: javascript, code: 'return glovebox.now()' }]\n" });
  const found: string[] = [];
  for (const [from, to] of [
    ['"function":"get_time"', '"function":"read_input"'],
    [/"argument":"[0-9a-f]{8}/, '"argument":"00000000'],
  ] as const) {
    await command(["run", "a.yaml"], { cwd: folder });
    rewrite(data, join(data, "records", records().at(-1) ?? ""), from, to);
    const { code, stdout } = await command(["replay", "last"]);
    assert.equal(code, 4, stdout);
    found.push(/different .*\n {6}(.*)\n/.exec(stdout)?.[1] ?? stdout);
  }
  assert.deepEqual(found, [
    'host call 1: "read_input" then, "get_time" now',
    'host call 1: "get_time" then, "get_time, with another argument" now',
  ]);
});

test("show and replay refuse a record that was edited; --unverified shows it with a warning", async (t) => {
  const { command, data, records } = installation(t);
  await command(["run", join(EXAMPLES, "hello.yaml")]);
  const file = join(data, "records", records()[0] ?? "");
  const text = readFileSync(file, "utf8");
  writeFileSync(file, text.replace('"greet"', '"great"'));
  for (const args of [
    ["show", "last"],
    ["replay", "last"],
  ]) {
    const { code, stdout, stderr } = await command(args);
    assert.deepEqual([code, stdout], [1, ""]);
    assert.match(stderr, /^error: Cannot trust the record .*: line \d is not the one that was written there .*\[RECORD_EDITED\]\n$/);
  }
  const shown = await command(["show", "last", "--unverified"]);
  assert.equal(shown.code, 0);
  assert.match(shown.stdout, /^✗ not verified: line \d is not the one that was written there\n/);
  assert.match((await command(["runs"])).stdout, /edited +\d{8}T\d{6}\.\d{3}Z-/);

  const foreign = installation(t);
  writeFileSync(file, text);
  await foreign.command(["run", join(EXAMPLES, "text-pipeline.yaml"), "abc"]);
  const { code, stderr } = await foreign.command(["show", file]);
  assert.equal(code, 1);
  assert.match(stderr, /another installation signed it .*\[RECORD_FOREIGN\]/);
  assert.equal((await command(["show", "last"])).code, 0);
});

test("runs lists the latest runs first, what became of them, and their ids", async (t) => {
  const { command } = installation(t);
  assert.deepEqual(await command(["runs"]), { code: 0, signal: null, stdout: "no run has a record yet\n", stderr: "" });
  await command(["run", join(EXAMPLES, "text-pipeline.yaml"), "abc"]);
  await command(["run", join(EXAMPLES, "user-script.yaml")]);
  await command(["run", join(EXAMPLES, "hello.yaml"), "--input", "nam=Ada"]);
  const { stdout } = await command(["runs"]);
  // Two runs of the same second have no order.
  assert.deepEqual(
    steady(stdout)
      .split("\n")
      .map((line) =>
        line
          .replace(/^[\d-]+ [\d:]+ +/, "")
          .replace(/\d{8}T\d{6}\.\d{3}Z-[0-9a-f]{10}/, "ID")
          .replace(/ +/g, " "),
      )
      .sort(),
    ["", "failed TIME ID user-script", "refused ID hello", "succeeded TIME ID text-pipeline"],
  );
  const { runs, more } = JSON.parse((await command(["runs", "--json", "--limit", "1"])).stdout) as {
    runs: { runId: string }[];
    more: number;
  };
  assert.deepEqual([runs.length, more], [1, 2]);
  const refused = (await command(["runs"])).stdout.split("\n").find((line) => line.includes("refused")) ?? "";
  const shown = await command(["show", /\d{8}T\S+/.exec(refused)?.[0] ?? ""]);
  assert.match(shown.stdout, /refused\n[\s\S]* {2}refused: Cannot run workflow "hello": its input does not fit: .* \[INPUT_INVALID\]/);
});

test("run --record keeps the record elsewhere, --no-record keeps none, and a run is recorded by default", async (t) => {
  const { command, data, records } = installation(t);
  const folder = folderWith(t, {});
  const run = ["run", join(EXAMPLES, "text-pipeline.yaml"), "abc"];
  await command([...run, "--no-record"]);
  assert.deepEqual(readdirSync(data), []);
  await command([...run, "--record", join(folder, "new", "records")]);
  const [name = ""] = readdirSync(join(folder, "new", "records"));
  assert.match(name, /^\d{8}T\d{6}\.\d{3}Z-[0-9a-f]{10}\.jsonl$/);
  assert.deepEqual(readdirSync(data), ["key"]);
  assert.match((await command(["show", join(folder, "new", "records", name)])).stdout, /^✓ verified/);
  assert.match((await command(["runs", join(folder, "new", "records")])).stdout, /succeeded/);
  await command(run);
  assert.equal(records().length, 1);
});

test("replay runs nothing without a wrapper that ran inside of one, unless the operator puts up with that", async (t) => {
  const { command } = installation(t);
  await command(["run", join(EXAMPLES, "hello.yaml")]);
  const { guests } = JSON.parse((await command(["show", "last", "--json"])).stdout) as { guests: { isolation: string }[] };
  if (guests[0]?.isolation === "none") return t.skip("cells have no wrapper here");
  const folder = folderWith(t, { "none.yaml": "isolation: none\n", "weak.yaml": "isolation: none\nweakIsolation: true\n" });
  const refused = await command(["replay", "last", "--config", join(folder, "none.yaml")]);
  assert.equal(refused.code, 3);
  assert.match(refused.stderr, /its guests ran inside of \w+, and cells have no wrapper now/);
  assert.equal((await command(["replay", "last", "--config", join(folder, "weak.yaml")])).code, 0);
});

test('show says what became of a step whose "when" was false', async (t) => {
  const { command } = installation(t);
  const folder = folderWith(t, {
    "a.yaml":
      "inputs: { type: object }\nsteps:\n  - { id: skipped, type: code, language: javascript, when: inputs.n > 7, code: return 1 }\n",
  });
  await command(["run", "a.yaml", "--input", "n=1"], { cwd: folder });
  assert.match(
    (await command(["show", "last"])).stdout,
    /– skipped .*skipped: its "when" is false\n +└ attempt 1 {2}its "when" was looked at\n +└ expression/,
  );
});

test("where no record can be kept the run goes on with a warning, unless the directory was named", MODES, async (t) => {
  const { command, data } = installation(t);
  const run = ["run", join(EXAMPLES, "text-pipeline.yaml"), "abc"];
  chmodSync(data, 0o755);
  const open = await command(run);
  assert.equal(open.code, 0);
  assert.match(
    open.stderr,
    /^warning: this run is not recorded: Cannot keep records in .*: others may read or write it \(its mode is 0755\).*\n$/,
  );
  chmodSync(data, 0o700);
  writeFileSync(join(data, "file"), "");
  const beneath = await command(run, { env: { GLOVEBOX_DATA: join(data, "file", "data") } });
  assert.deepEqual([beneath.code, beneath.stderr.startsWith("warning: this run is not recorded: ")], [0, true]);
  const named = await command([...run, "--record", join(data, "file", "records")]);
  assert.deepEqual([named.code, named.stdout], [2, ""]);
  assert.match(named.stderr, /^error: Cannot keep records in .*: it is no directory \[RECORD_PLACE_REFUSED\]\n$/);
  const none = await command([...run, "--no-record"], { env: { GLOVEBOX_DATA: join(data, "file", "data") } });
  assert.deepEqual([none.code, none.stderr], [0, ""]);
});

test("a record and its key are their user's alone, whatever the umask", MODES, async (t) => {
  const { command, data, records } = installation(t);
  const before = process.umask(0);
  try {
    await command(["run", join(EXAMPLES, "text-pipeline.yaml"), "abc"]);
  } finally {
    process.umask(before);
  }
  const modes = ["records", "key", join("records", records()[0] ?? "")].map((name) =>
    (statSync(join(data, name)).mode & 0o777).toString(8),
  );
  assert.deepEqual(modes, ["700", "600", "600"]);
});

test("a run that is killed leaves a record of what it had done", async (t) => {
  const { command, data, records } = installation(t);
  const folder = folderWith(t, {
    "long.yaml":
      "steps:\n  - { id: first, type: code, language: javascript, code: return 1 }\n  - { id: long, type: code, language: javascript, depends_on: [first], code: 'for (;;);' }\n",
  });
  let killed: Promise<void> | undefined;
  const { signal } = await command(["run", "long.yaml"], {
    cwd: folder,
    onStart: (processId) => {
      killed = (async () => {
        const done = (): boolean => {
          try {
            return readFileSync(join(data, "records", records()[0] ?? ""), "utf8").includes('"kind":"attempt"');
          } catch {
            return false;
          }
        };
        while (!done()) await new Promise((resolve) => setTimeout(resolve, 10));
        process.kill(processId, "SIGKILL");
      })();
    },
  });
  await killed;
  assert.equal(signal, "SIGKILL");
  const { code, stdout } = await command(["show", "last"]);
  assert.equal(code, 0);
  assert.match(stdout, /^! unfinished: .*\nlong\.yaml \(.*\): unfinished\n[\s\S]*first[\s\S]*work \(javascript\) .*completed/);
  assert.match((await command(["runs"])).stdout, / unfinished /);
  const replay = await command(["replay", "last"]);
  assert.match(replay.stdout, /✓ first #1 {2}work \(javascript\) {2}the same/);
});

test("old records go as the named configuration says; one that was only found has no say in it", async (t) => {
  const { command, records } = installation(t);
  const folder = folderWith(t, { "glovebox.config.yaml": "records: { keep_runs: 1 }\n" });
  const run = ["run", join(EXAMPLES, "text-pipeline.yaml"), "abc"];
  await command(run);
  await command(run);
  assert.equal(records().length, 2);
  const found = await command(run, { cwd: folder });
  assert.equal(found.code, 2);
  assert.match(found.stderr, /which records are removed: only in a configuration that is named/);
  const named = await command([...run, "--config", join(folder, "glovebox.config.yaml")]);
  assert.equal(named.code, 0, named.stderr);
  assert.equal(records().length, 1);
});

test("nothing in a record that is shown unverified reaches the terminal as a control character", async (t) => {
  const { command, data, records } = installation(t);
  await command(["run", join(EXAMPLES, "hello.yaml")]);
  const file = join(data, "records", records()[0] ?? "");
  const hostile = "\\u001b]0;owned\\u0007\\u009b31m\\u202e";
  const text = readFileSync(file, "utf8")
    .replaceAll('"greet"', `"${hostile}"`)
    .replaceAll("hello", hostile)
    .replaceAll("Hello", hostile)
    .replace('"trusted"', `"${hostile}"`)
    .replace('"26.', `"${hostile}`)
    .replaceAll('"bubblewrap"', `"${hostile}"`);
  writeFileSync(file, text);
  for (const args of [["show", "last", "--unverified"], ["show", "last", "--unverified", "--json"], ["runs"]]) {
    const { code, stdout } = await command(args);
    assert.equal(code, 0);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
    assert.doesNotMatch(stdout, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
  }
  const missing = await command(["show", "last", "--unverified", "--step", "x"]);
  assert.equal(missing.code, 2);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
  assert.doesNotMatch(missing.stderr, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
});
