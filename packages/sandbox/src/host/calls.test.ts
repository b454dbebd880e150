import assert from "node:assert/strict";
import { test } from "node:test";
import { ANSWER, CALL_TOO_LARGE, HOST_FUNCTION } from "../cell/frame.ts";
import type { Outcome } from "../outcome.ts";
import type { Request } from "../request.ts";
import { HostCalls } from "./calls.ts";
import { hostSetup } from "./setup.ts";

/** The parent's side of an attempt, and what came of it. */
function calls(rest: Partial<Request> = {}) {
  const stopped: Outcome[] = [];
  const answers: string[] = [];
  const faults: unknown[] = [];
  const counts: Record<string, number> = {};
  const host = new HostCalls({
    setup: hostSetup({ guest: { kind: "javascript", code: "" }, isolationKey: "a", ...rest }),
    input: new TextEncoder().encode("the input"),
    outputBytesMax: 1000,
    callBytesMax: 5000,
    clockBaseNs: 1_700_000_000_123_456_789n,
    startedMs: performance.now(),
    counts,
    stop: (outcome) => stopped.push(outcome),
    answer: (parts) => answers.push(Buffer.concat(parts).toString("latin1")),
    beside: { run: () => assert.fail("nothing runs beside") },
    fault: (error) => faults.push(error),
  });
  const call = (number: number, argument: string | Uint8Array = "") =>
    host.call(Buffer.concat([Uint8Array.of(number), typeof argument === "string" ? Buffer.from(argument, "latin1") : argument]));
  return { host, call, stopped, answers, faults, counts };
}

const given = String.fromCharCode(ANSWER.given);
const refused = String.fromCharCode(ANSWER.refused);
const protocol: Outcome = { kind: "trapped", trap: "protocol" };
const settled = () => new Promise((resolve) => setImmediate(resolve));

test("HostCalls answers a call by its number", () => {
  const { call, answers, counts, stopped } = calls({ grants: { secrets: ["KEY"] }, secrets: new Map([["KEY", "the value of it"]]) });
  call(HOST_FUNCTION.read_input);
  call(HOST_FUNCTION.read_secret, "KEY");
  call(HOST_FUNCTION.read_secret, "key");
  call(HOST_FUNCTION.get_time);
  const time = new DataView(new Uint8Array(Buffer.from(answers.pop()?.slice(1) ?? "", "latin1")).buffer).getBigUint64(0, true);
  assert.equal(time % 1_000_000n, 0n);
  assert.ok(time >= 1_700_000_000_123_000_000n && time < 1_700_000_005_000_000_000n, `${time}`);
  assert.deepEqual(answers, [`${given}the input`, `${given}the value of it`, refused]);
  assert.deepEqual([counts, stopped], [{ read_input: 1, read_secret: 2, get_time: 1 }, []]);
});

test("HostCalls ends a cell that sends what no honest one does", () => {
  for (const payload of [
    [],
    [0],
    [HOST_FUNCTION.log],
    [8],
    [200],
    [CALL_TOO_LARGE],
    [CALL_TOO_LARGE, 99, 0, 0, 0, 0, 0, 0, 0, 0],
    [CALL_TOO_LARGE, 6],
  ]) {
    const { host, stopped, answers } = calls();
    host.call(Uint8Array.from(payload));
    assert.deepEqual([stopped, answers], [[protocol], []], payload.join());
  }
  for (const bytes of [Number.NaN, -1, 0]) {
    const { call, stopped } = calls();
    const size = Buffer.alloc(9);
    size[0] = HOST_FUNCTION.http_request;
    size.writeDoubleLE(bytes, 1);
    call(CALL_TOO_LARGE, size);
    assert.deepEqual(stopped, [protocol]);
  }
});

test("HostCalls takes one call at a time", async () => {
  const { host, call, stopped, answers } = calls({ acceptOutput: async () => undefined });
  call(HOST_FUNCTION.write_output, "1");
  assert.equal(host.busy, true);
  call(HOST_FUNCTION.get_time);
  assert.deepEqual([stopped, answers], [[protocol], []]);
});

test("HostCalls never answers a guest that is over a limit", () => {
  const { call, stopped, answers } = calls({ hostLimits: { calls: 2 } });
  for (let n = 0; n < 3; n++) call(HOST_FUNCTION.read_input);
  assert.equal(answers.length, 2);
  assert.deepEqual(stopped, [{ kind: "exhausted", limit: "calls", used: 3, max: 2 }]);
});

test("HostCalls names the limit of a call that was too large to be made", () => {
  for (const [number, expected] of [
    [HOST_FUNCTION.write_output, { kind: "exhausted", limit: "output", used: 1e10, max: 1000 }],
    [HOST_FUNCTION.http_request, { kind: "exhausted", limit: "calls", used: 1e10, max: 5000 }],
  ] as const) {
    const { call, stopped, answers } = calls();
    const size = Buffer.alloc(9);
    size[0] = number;
    size.writeDoubleLE(1e10, 1);
    call(CALL_TOO_LARGE, size);
    assert.deepEqual([stopped, answers], [[expected], []]);
  }
});

test("HostCalls takes an output that is JSON, not deep, and accepted; once", async () => {
  const { host, call, answers, stopped } = calls({ acceptOutput: (output) => (output === 1 ? undefined : "it is not 1") });
  for (const text of ["", "{", "\xff", "[".repeat(900), "2", "1", "1"]) {
    call(HOST_FUNCTION.write_output, text);
    await settled();
  }
  assert.deepEqual(
    answers.map((answer) => answer.charCodeAt(0)),
    [...Array<number>(5).fill(ANSWER.failed), ANSWER.given, ANSWER.refused],
  );
  assert.equal(answers[4]?.slice(1), "it is not 1");
  assert.deepEqual([host.output, stopped], [{ value: 1, bytes: 1 }, []]);
});

test("HostCalls tells of a mistake of ours, and answers nothing after the attempt's end", async () => {
  const broken = calls({
    acceptOutput: () => {
      throw new Error("ours");
    },
  });
  broken.call(HOST_FUNCTION.write_output, "1");
  await settled();
  assert.deepEqual([broken.faults.length, broken.answers], [1, []]);
  const late = calls();
  late.call(HOST_FUNCTION.write_output, "1");
  late.host.close();
  await settled();
  assert.deepEqual([late.answers, late.faults, late.stopped], [[], [], []]);
});

test("HostCalls keeps an audit that is bounded, and in which a guest's words are harmless", () => {
  const { host, call } = calls({ hostLimits: { callsPerSecond: 100_000 } });
  call(HOST_FUNCTION.read_secret, "\u001b[2J\r\nfake entry");
  call(HOST_FUNCTION.read_secret, "x".repeat(4000));
  for (let n = 0; n < 2000; n++) call(HOST_FUNCTION.read_secret, "again");
  assert.equal(host.audit.length, 1000);
  assert.equal(host.audit[0]?.subject, "\\u001b[2J\\u000d fake entry");
  assert.ok((host.audit[1]?.subject.length ?? 0) < 600);
});

test("ofRefusal() needs both a refusal of the host's and the guest's error of that name", () => {
  const { host, call } = calls();
  const error = { name: "Refused", message: "", traceback: "" };
  assert.equal(host.ofRefusal(error), undefined);
  call(HOST_FUNCTION.read_secret, "KEY");
  assert.deepEqual(host.ofRefusal(error), { kind: "refused", hostFunction: "read_secret", reason: "this secret is not granted" });
  assert.equal(host.ofRefusal({ ...error, name: "ValueError" }), undefined);
});
