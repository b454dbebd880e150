import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { nodeFlags } from "./node-flags.ts";

const folder = mkdtempSync(join(tmpdir(), "glovebox-flags-"));
writeFileSync(join(folder, "granted"), "granted");
after(() => rmSync(folder, { recursive: true }));

/** Runs JavaScript with the flags of a cell, and without any wrapper. What it prints, or how it ended. */
function withFlags(code: string): string {
  const program = `
    const tried = (attempt) => { try { console.log(String(attempt())); } catch (error) { console.log(error.code ?? error.name); } };
    ${code}`;
  const { stdout, signal, status } = spawnSync(process.execPath, [...nodeFlags(folder, 64), "-e", program], { env: {}, encoding: "utf8" });
  return status === 0 ? stdout.trim() : `${signal ?? status}`;
}

describe("nodeFlags()", () => {
  test("lets a cell read its folder, and nothing else of the file system", () => {
    assert.equal(withFlags(`tried(() => require("fs").readFileSync(${JSON.stringify(join(folder, "granted"))}))`), "granted");
    for (const attempt of [
      `readFileSync(${JSON.stringify(process.execPath)})`,
      `readdirSync("/")`,
      `statSync("/etc")`,
      `writeFileSync(${JSON.stringify(join(folder, "written"))}, "")`,
      `symlinkSync("/etc", ${JSON.stringify(join(folder, "link"))})`,
    ])
      assert.equal(withFlags(`tried(() => require("fs").${attempt})`), "ERR_ACCESS_DENIED", attempt);
  });

  test("refuses processes, threads, WASI and native code", () => {
    for (const attempt of [
      `require("child_process").spawnSync(process.execPath)`,
      `new (require("worker_threads").Worker)("", { eval: true })`,
      `new (require("wasi").WASI)({ version: "preview1" })`,
      `require("inspector").open(0)`,
    ])
      assert.equal(withFlags(`tried(() => ${attempt})`), "ERR_ACCESS_DENIED", attempt);
    assert.equal(withFlags(`tried(() => process.dlopen({ exports: {} }, "x.node"))`), "ERR_DLOPEN_DISABLED");
  });

  test("refuses sockets where Node's permission model has the network", async () => {
    const server = createServer((socket) => socket.end());
    await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
    const address = server.address();
    server.close();
    const port = typeof address === "object" ? address?.port : 0;
    const came = withFlags(
      `require("net").connect(${port}, "127.0.0.1").on("error", (error) => console.log(error.code)).on("connect", () => console.log("connected"))`,
    );
    // On Node 24 the permission model leaves sockets open: a wrapper's network namespace closes them.
    const [major] = process.versions.node.split(".").map(Number) as [number];
    assert.equal(came, major >= 25 ? "ERR_ACCESS_DENIED" : "ECONNREFUSED");
  });

  test("takes away eval, __proto__ and the changing of V8's flags", () => {
    assert.equal(withFlags(`tried(() => (0, eval)("1"))`), "EvalError");
    assert.equal(withFlags(`tried(() => new Function("return 1")())`), "EvalError");
    assert.equal(withFlags(`tried(() => ({}).__proto__)`), "undefined");
    assert.notEqual(withFlags(`require("v8").setFlagsFromString("--allow-natives-syntax")`), "");
  });

  test("bounds tables and memories, and V8's own heap", () => {
    assert.equal(withFlags(`tried(() => new WebAssembly.Table({ element: "anyfunc", initial: 200001 }))`), "RangeError");
    assert.match(withFlags(`tried(() => new WebAssembly.Memory({ initial: 65537 }))`), /^(Type|Range)Error$/);
    assert.match(withFlags("const all = []; for (;;) all.push(new Array(100_000).fill({}))"), /^(SIG(ABRT|TRAP|ILL)|13[234])$/);
  });
});
