import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { GloveboxError } from "@glovebox/sandbox";
import { toolStep, workflowOf } from "../run/fixture.ts";
import { commandSecrets } from "./command.ts";
import { environmentSecrets } from "./environment.ts";
import { fileSecrets, parseSecrets } from "./file.ts";
import { resolveSecrets, type SecretSource } from "./resolve.ts";

const folder = mkdtempSync(join(tmpdir(), "glovebox-secrets-"));
after(() => rmSync(folder, { recursive: true }));

function file(text: string, mode = 0o600): string {
  const path = join(folder, `${Math.random()}.env`);
  writeFileSync(path, text, { mode });
  chmodSync(path, mode);
  return path;
}

async function refusal(work: Promise<unknown>): Promise<GloveboxError> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof GloveboxError, String(error));
  return error;
}

test("environmentSecrets() knows prefixed variables and no other", async () => {
  const source = environmentSecrets({ GLOVEBOX_SECRET_A: "value of a", HOME: "/root", B: "b" });
  assert.deepEqual(await Promise.all(["A", "B", "HOME", "toString"].map((name) => source.get(name))), [
    "value of a",
    undefined,
    undefined,
    undefined,
  ]);
});

test("fileSecrets() reads lines, quoted or not, and runs nothing in them", async () => {
  const source = fileSecrets(file(`# comment\n\nA=plain value  \nexport B = "two\\nlines"\r\nC='as $(it) is\\n'\nD=\nE=a=b#c\n`));
  const values = await Promise.all(["A", "B", "C", "D", "E", "F"].map((name) => source.get(name)));
  assert.deepEqual(values, ["plain value", "two\nlines", "as $(it) is\\n", "", "a=b#c", undefined]);
});

test("fileSecrets() refuses a file that others may read, that is none, or is too large", {
  skip: process.platform === "win32",
}, async () => {
  for (const mode of [0o640, 0o604, 0o644, 0o660]) {
    const { code, message } = await refusal(fileSecrets(file("A=value of a", mode)).get("A"));
    assert.equal(code, "SECRET_SOURCE_FAILED");
    assert.match(message, /others than its owner may read it \(its mode is 06\d\d\)/);
  }
  assert.match((await refusal(fileSecrets(join(folder, "gone")).get("A"))).message, /it does not exist/);
  assert.match((await refusal(fileSecrets(folder).get("A"))).message, /it is no plain file|can't be opened/);
  assert.match((await refusal(fileSecrets("/dev/zero").get("A"))).message, /it is no plain file|others than its owner/);
  assert.match((await refusal(fileSecrets(file("A=x\n".repeat(300_000))).get("A"))).message, /1048576 are allowed/);
  const link = join(folder, "link");
  symlinkSync(file("A=value of a", 0o644), link);
  assert.match((await refusal(fileSecrets(link).get("A"))).message, /others than its owner/);
});

test("parseSecrets() names the line that is wrong, and never what is in it", () => {
  const refuse = (line: number, why: string): never => {
    throw new Error(`${line} ${why}`);
  };
  assert.throws(() => parseSecrets("A=fine\nhunter2hunter2\n", refuse), { message: "2 is not NAME=value" });
  assert.throws(() => parseSecrets("A=hunter2\nA=hunter3", refuse), { message: '2 gives "A" again' });
  assert.throws(() => parseSecrets('A="hunter2', refuse), /^Error: 1 has a quote/);
  assert.throws(() => parseSecrets("A='hunter2' x", refuse), /^Error: 1 has a quote/);
});

test("commandSecrets() runs a program without a shell, once for a name, in its folder", async () => {
  const run = (...args: string[]): SecretSource => commandSecrets({ command: [process.execPath, ...args], timeoutMs: 20_000, folder });
  const echo = run("-p", "JSON.stringify([process.argv.slice(1), process.cwd()])", "a {name};$(id)");
  const [args, where] = JSON.parse((await echo.get("KEY")) ?? "");
  assert.deepEqual([args, where], [["a KEY;$(id)"], folder]);
  assert.match((await refusal(run("-e", "").get("KEY"))).message, /it wrote nothing/);
  const failing = await refusal(run("-e", "console.log('hunter2hunter2'); console.error('hunter2hunter2'); process.exit(7)").get("KEY"));
  assert.match(failing.message, /it ended with 7$/);
  assert.doesNotMatch(`${failing.stack}${String(failing.cause)}`, /hunter2hunter2/);
  assert.match((await refusal(run("-e", "console.log('x'.repeat(200000))").get("KEY"))).message, /it wrote more than 131072 bytes/);
  const missing = commandSecrets({ command: ["/nowhere/at/all"], timeoutMs: 1_000, folder });
  assert.match((await refusal(missing.get("KEY"))).message, /there is no such program/);
});

test("commandSecrets() ends a command that takes too long", async () => {
  const slow = commandSecrets({ command: [process.execPath, "-e", "setInterval(() => {}, 1000)"], timeoutMs: 300, folder });
  assert.match((await refusal(slow.get("KEY"))).message, /it took longer than 300 ms/);
});

test("resolveSecrets() takes the first source that has a value, and asks for what is used alone", async () => {
  const asked: string[] = [];
  const source = (values: Record<string, string>): SecretSource => ({
    words: "a test",
    get: (name) => {
      asked.push(name);
      return Promise.resolve(values[name]);
    },
  });
  const workflow = workflowOf([toolStep({ id: "a", with: { input: ["x ${{ secrets.A }}", "${{ secrets.B }}"] } })], {
    secrets: [{ name: "A" }, { name: "B" }, { name: "UNUSED" }],
  });
  const values = await resolveSecrets(workflow, [
    source({ A: "first value" }),
    source({ A: "second value", B: "value of b", UNUSED: "unused one" }),
  ]);
  assert.deepEqual(
    [...values],
    [
      ["A", "first value"],
      ["B", "value of b"],
    ],
  );
  assert.deepEqual(asked, ["A", "B", "B"]);
});

test("resolveSecrets() refuses a secret without a value, one that is too short, and one that is not declared", async () => {
  const step = toolStep({ id: "a", with: { input: "${{ secrets.A }}" } });
  const source: SecretSource = { words: "a test", get: () => Promise.resolve("short77") };
  const declared = workflowOf([step], { secrets: [{ name: "A" }] });
  assert.equal((await refusal(resolveSecrets(declared, []))).code, "SECRET_MISSING");
  const short = await refusal(resolveSecrets(declared, [source]));
  assert.equal(short.code, "SECRET_INVALID");
  assert.doesNotMatch(short.message, /short77/);
  assert.equal((await refusal(resolveSecrets(workflowOf([step]), [source]))).code, "SECRET_MISSING");
});
