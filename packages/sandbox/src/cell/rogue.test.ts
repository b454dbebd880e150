import assert from "node:assert/strict";
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import type { GuestReport } from "../outcome.ts";
import { findRuntimes } from "../runtimes/installed.ts";
import { Sandbox } from "../sandbox.ts";
import { FRAME, HOST_FUNCTION } from "./frame.ts";

/** What code would do that has taken over a process cell: it has the line, and says on it what it likes. The guest's code chooses. */
const ATTACKS = {
  "calls without reading the answers": "for (;;) send(call(INPUT));",
  "calls in one piece": "send(Buffer.concat([call(INPUT), call(INPUT)]));",
  "a call and an end in one piece": "send(Buffer.concat([call(INPUT), end('1')]));",
  "a call and half a frame behind it": "send(Buffer.concat([call(INPUT), Buffer.of(20, 0)]));",
  "two ends in one piece": "send(Buffer.concat([end('1'), end('2')]));",
  "an end, read to the last byte": "send(end('1'));",
} as const;

const PROGRAM = `
import { readSync, writeSync } from "node:fs";
const LINE = 3, INPUT = ${HOST_FUNCTION.read_input};
let held = Buffer.alloc(0);
function receive() {
  while (held.length < 4 || held.length < 4 + held.readUInt32LE(0)) {
    const piece = Buffer.alloc(65536);
    const length = readSync(LINE, piece);
    if (length === 0) process.exit();
    held = Buffer.concat([held, piece.subarray(0, length)]);
  }
  const size = held.readUInt32LE(0);
  const frame = held.subarray(4, 4 + size);
  held = held.subarray(4 + size);
  return frame;
}
function send(bytes) { for (let at = 0; at < bytes.length; ) at += writeSync(LINE, bytes, at); }
function framed(kind, nonce, payload) {
  const bytes = Buffer.concat([Buffer.alloc(5), nonce, payload]);
  bytes.writeUInt32LE(bytes.length - 4);
  bytes[4] = kind;
  return bytes;
}
function headed(header) {
  const bytes = Buffer.concat([Buffer.alloc(4), Buffer.from(JSON.stringify(header))]);
  bytes.writeUInt32LE(bytes.length - 4);
  return bytes;
}
receive();
send(framed(${FRAME.ready}, Buffer.alloc(8), Buffer.alloc(0)));
for (;;) {
  const frame = receive();
  const [kind, nonce, payload] = [frame[0], frame.subarray(1, 9), frame.subarray(9)];
  if (kind === ${FRAME.open}) {
    send(framed(${FRAME.ready}, Buffer.alloc(8), Buffer.alloc(0)));
    continue;
  }
  const size = payload.readUInt32LE(0);
  const { sizes } = JSON.parse(payload.subarray(4, 4 + size).toString());
  const call = (number) => framed(${FRAME.call}, nonce, Buffer.of(number));
  const measured = { cpuMs: 1, instantiateMs: 0, peakMemoryBytes: 0, growthsDenied: 0, spent: false };
  const end = (output) =>
    framed(${FRAME.end}, nonce, Buffer.concat([headed({ end: { kind: "completed", form: "json" }, ...measured }), Buffer.from(output)]));
  switch (payload.subarray(4 + size, 4 + size + sizes[0]).toString()) {
${Object.entries(ATTACKS)
  .map(([name, code]) => `    case ${JSON.stringify(name)}: { ${code} break; }`)
  .join("\n")}
  }
}
`;

/** The built runtimes, with another program in the place of the cell's. */
function folderOfRogues(): string {
  const { folder } = findRuntimes();
  const rogues = mkdtempSync(join(tmpdir(), "glovebox-rogue-"));
  mkdirSync(join(rogues, "empty"));
  for (const name of readdirSync(folder)) {
    if (name.startsWith("isolation") || !statSync(join(folder, name)).isFile()) continue;
    copyFileSync(join(folder, name), join(rogues, name));
  }
  writeFileSync(join(rogues, "process-cell.mjs"), PROGRAM);
  return rogues;
}

describe("a cell that was taken over", () => {
  const folder = folderOfRogues();
  after(() => rmSync(folder, { recursive: true }));
  const sandbox = new Sandbox({ runtimes: folder, warm: "none", cells: 1, spare: 0, isolation: "none" });
  after(() => sandbox[Symbol.asyncDispose]());

  const attack = (code: keyof typeof ATTACKS, input = ""): Promise<GuestReport> =>
    sandbox.run({ guest: { kind: "javascript", code }, input: { input }, isolationKey: "a", limits: { wallMs: 3000, cpuMs: 2000 } });

  test("has one answer kept for it at the most, however many calls it makes without reading", async () => {
    const before = process.memoryUsage().arrayBuffers;
    let most = 0;
    const watch = setInterval(() => {
      most = Math.max(most, process.memoryUsage().arrayBuffers - before);
    }, 20);
    const { outcome } = await attack("calls without reading the answers", "x".repeat(10 * 2 ** 20));
    clearInterval(watch);
    assert.ok(outcome.kind === "exhausted" || (outcome.kind === "trapped" && outcome.trap === "protocol"), JSON.stringify(outcome));
    assert.ok(most < 80 * 2 ** 20, `${most} bytes were kept`);
  });

  for (const name of ["calls in one piece", "a call and an end in one piece", "a call and half a frame behind it"] as const) {
    test(`is ended for ${name}`, async () => {
      assert.deepEqual((await attack(name)).outcome, { kind: "trapped", trap: "protocol" });
    });
  }

  test("is ended for what comes behind an end, and the next guest gets none of it", async () => {
    assert.deepEqual((await attack("two ends in one piece")).outcome, { kind: "completed", output: 1 });
    assert.deepEqual((await attack("an end, read to the last byte")).outcome, { kind: "completed", output: 1 });
  });
});
