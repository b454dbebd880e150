import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { Interrupt } from "./interrupt.ts";

const INTERRUPT = JSON.stringify(new URL("./interrupt.ts", import.meta.url).href);

test("Interrupt aborts at the first signal, and ends the process at the second although it never would", async () => {
  const program = `
    const { Interrupt } = await import(${INTERRUPT});
    const interrupt = new Interrupt(() => console.log("killed"));
    interrupt.signal.addEventListener("abort", () => console.log("aborted " + interrupt.exitCode));
    setInterval(() => {}, 1000);
    console.log("ready");
  `;
  const child = spawn(process.execPath, ["--input-type=module", "-e", program], { stdio: ["ignore", "pipe", "inherit"] });
  child.stdout.setEncoding("utf8");
  const said = async () => String((await once(child.stdout, "data"))[0]);
  assert.equal(await said(), "ready\n");
  child.kill("SIGINT");
  assert.equal(await said(), "aborted 130\n");
  const [killed, [code]] = await Promise.all([said(), once(child, "exit"), child.kill("SIGINT")]);
  assert.deepEqual([killed, code], ["killed\n", 130]);
});

test("Interrupt leaves signals alone once it is disposed of", () => {
  const before = process.listenerCount("SIGINT");
  {
    using interrupt = new Interrupt(() => {});
    assert.equal(process.listenerCount("SIGINT"), before + 1);
    assert.equal(interrupt.exitCode, undefined);
  }
  assert.equal(process.listenerCount("SIGINT"), before);
});
