import assert from "node:assert/strict";
import { test } from "node:test";
import type { GivenDirectory } from "../cell/attempt.ts";
import { PREVIEW1, type Preview1Name } from "../wasm/preview1.ts";
import { StillAttempt } from "./chamber.fixture.ts";
import { ERRNO } from "./errno.ts";
import { GuestMemory } from "./memory.ts";
import { preview1 } from "./wasi.ts";
import { WasiSession } from "./wasi-session.ts";

const names = Object.keys(PREVIEW1) as Preview1Name[];

interface Made {
  input?: string;
  outputBytes?: number;
  collects?: boolean;
  arguments?: string[];
  environment?: [string, string][];
  directories?: GivenDirectory[];
}

function make(options: Made = {}) {
  const memory = new WebAssembly.Memory({ initial: 2 });
  const attempt = new StillAttempt({ outputBytes: options.outputBytes ?? 1000 });
  const guest = new GuestMemory(memory);
  const session = new WasiSession(attempt, guest, {
    input: new TextEncoder().encode(options.input ?? ""),
    collects: options.collects ?? true,
    program: { arguments: options.arguments ?? [], environment: options.environment ?? [], stdout: "json" },
    directories: options.directories ?? [],
  });
  const view = new DataView(memory.buffer);
  return {
    attempt,
    session,
    view,
    bytes: new Uint8Array(memory.buffer),
    call: (name: Preview1Name, ...given: unknown[]): unknown =>
      (preview1(name) as (...given: unknown[]) => unknown)(session, guest, ...given),
    /** Puts a list of (address, length) at 2000. */
    vectors(...parts: [address: number, length: number][]) {
      for (const [index, [address, length]] of parts.entries()) {
        view.setUint32(2000 + index * 8, address, true);
        view.setUint32(2004 + index * 8, length, true);
      }
      return parts.length;
    },
    text: (at: number, length: number) => new TextDecoder().decode(new Uint8Array(memory.buffer, at, length)),
    put(at: number, text: string) {
      new TextEncoder().encodeInto(text, new Uint8Array(memory.buffer, at));
    },
  };
}

test("fd_read() reads the input part by part, and then its end", () => {
  const { call, vectors, view, text } = make({ input: "0123456789" });
  const count = vectors([100, 4], [200, 3]);
  assert.equal(call("fd_read", 0, 2000, count, 3000), 0);
  assert.deepEqual([view.getUint32(3000, true), text(100, 4), text(200, 3)], [7, "0123", "456"]);
  assert.equal(call("fd_read", 0, 2000, count, 3000), 0);
  assert.deepEqual([view.getUint32(3000, true), text(100, 4)], [3, "7893"]);
  assert.equal(call("fd_read", 0, 2000, count, 3000), 0);
  assert.equal(view.getUint32(3000, true), 0);
});

test("fd_write() to 1 is the output, to 2 the log", () => {
  const { call, vectors, put, session, attempt } = make();
  put(100, "hello");
  vectors([100, 2], [102, 3]);
  assert.equal(call("fd_write", 1, 2000, 2, 3000), 0);
  assert.equal(call("fd_write", 1, 2000, 1, 3000), 0);
  assert.equal(call("fd_write", 2, 2000, 1, 3000), 0);
  assert.equal(new TextDecoder().decode(session.output()), "hellohe");
  assert.deepEqual(attempt.entries, [{ level: "warning", message: "he" }]);
});

test("fd_write() to 1 is logged where the output is not collected", () => {
  const { call, vectors, put, session, attempt } = make({ collects: false });
  put(100, "hello");
  assert.equal(call("fd_write", 1, 2000, vectors([100, 5]), 3000), 0);
  assert.equal(session.output().length, 0);
  assert.deepEqual(attempt.entries, [{ level: "info", message: "hello" }]);
});

test("output() is what was written, however many writes it took", () => {
  const { call, vectors, bytes, session } = make({ outputBytes: 1_000_000 });
  const expected: number[] = [];
  for (let round = 0; expected.length < 200_000; round++) {
    const length = [1, 7, 60_000, 0, 65_536][round % 5] as number;
    for (let i = 0; i < length; i++) bytes[10_000 + i] = (i * 31 + round) & 255;
    expected.push(...bytes.subarray(10_000, 10_000 + length));
    assert.equal(call("fd_write", 1, 2000, vectors([10_000, length]), 3000), 0);
  }
  assert.deepEqual(Buffer.from(session.output()).equals(Buffer.from(expected)), true);
});

test("the first byte of output beyond the limit ends the guest", () => {
  const { call, vectors, session, attempt } = make({ outputBytes: 10 });
  assert.equal(call("fd_write", 1, 2000, vectors([100, 10]), 3000), 0);
  assert.throws(() => call("fd_write", 1, 2000, vectors([100, 1]), 3000), WebAssembly.RuntimeError);
  assert.deepEqual([session.ended, attempt.over, session.output().length], [{ kind: "output", used: 11, max: 10 }, true, 10]);
});

test("what is transferred has to lie in memory", () => {
  const { call, vectors, session } = make();
  const [size, list] = [131_072, 2000];
  const outside: [number, number][] = [
    [size - 1, 2],
    [0xffff_ffff, 1],
    [0xffff_fff0, 0x20],
    [0, 0x8000_0000],
    [1, 0xffff_ffff],
  ];
  for (const part of outside) assert.equal(call("fd_write", 1, list, vectors(part), 3000), ERRNO.EFAULT, part.join());
  vectors([100, 1]);
  for (const [vectorsAt, out] of [
    [size - 7, 3000],
    [-1, 3000],
    [list, size - 3],
    [list, -1],
  ]) {
    assert.equal(call("fd_write", 1, vectorsAt, 1, out), ERRNO.EFAULT, `${vectorsAt}, ${out}`);
  }
  for (const count of [-1, 1025, 0x2000_0001]) assert.equal(call("fd_write", 1, list, count, 3000), ERRNO.EINVAL);
  assert.equal(session.output().length, 0);
});

test("a descriptor that is closed, or never was, is bad for everything", () => {
  const { call, vectors } = make();
  vectors([100, 1]);
  assert.equal(call("fd_close", 1), 0);
  for (const descriptor of [1, 3, 4, 255, 256, -1, 0x7fff_ffff, -0x8000_0000]) {
    assert.equal(call("fd_write", descriptor, 2000, 1, 3000), ERRNO.EBADF);
    assert.equal(call("fd_read", descriptor, 2000, 1, 3000), ERRNO.EBADF);
    assert.equal(call("fd_seek", descriptor, 0n, 0, 3000), ERRNO.EBADF);
    assert.equal(call("fd_fdstat_get", descriptor, 3000), ERRNO.EBADF);
    assert.equal(call("fd_prestat_get", descriptor, 3000), ERRNO.EBADF);
    assert.equal(call("fd_close", descriptor), ERRNO.EBADF);
  }
  assert.equal(call("fd_write", 0, 2000, 1, 3000), ERRNO.ENOTCAPABLE, "the input is not written");
  assert.equal(call("fd_read", 2, 2000, 1, 3000), ERRNO.ENOTCAPABLE, "the log is not read");
  assert.equal(call("fd_seek", 2, 0n, 0, 3000), ERRNO.ESPIPE);
});

test("clocks are the attempt's", () => {
  const { call, view, attempt } = make();
  for (const [clock, expected] of [
    [0, attempt.wallClockNs()],
    [1, attempt.monotonicNs()],
    [2, attempt.monotonicNs()],
  ] as const) {
    assert.equal(call("clock_time_get", clock, 0n, 3000), 0);
    assert.equal(view.getBigUint64(3000, true), expected);
    assert.equal(call("clock_res_get", clock, 3000), 0);
    assert.equal(view.getBigUint64(3000, true), 1_000_000n);
  }
  for (const clock of [4, -1])
    assert.deepEqual([call("clock_time_get", clock, 0n, 3000), call("clock_res_get", clock, 3000)], [ERRNO.EINVAL, ERRNO.EINVAL]);
  assert.equal(call("clock_time_get", 0, 0n, -4), ERRNO.EFAULT);
});

test("clock_time_get() tells of no clock but the time of day the same twice, and no time that hasn't come", () => {
  const { call, view, attempt } = make();
  const started = attempt.monotonicNs();
  const told = (clock: number) => {
    assert.equal(call("clock_time_get", clock, 0n, 3000), 0);
    return view.getBigUint64(3000, true);
  };
  assert.deepEqual([told(1), told(1), told(2), told(1)], [started, started + 1n, started, started + 2n]);
  assert.equal(told(0), told(0));
  attempt.monotonicNs = () => started + 1_000_000n;
  assert.deepEqual([told(1), told(1)], [started + 1_000_000n, started + 1_000_001n]);
});

test("random_get() is the attempt's randomness, up to a bound", () => {
  const { call, bytes } = make();
  const expected = new Uint8Array(100);
  new StillAttempt().fillRandom(expected);
  assert.equal(call("random_get", 500, 100), 0);
  assert.deepEqual(bytes.slice(500, 600), expected);
  for (const length of [-1, 0x7fff_ffff, 2 ** 20 + 1]) assert.equal(call("random_get", 0, length), ERRNO.EINVAL);
  assert.equal(call("random_get", 131_000, 100), ERRNO.EFAULT);
});

test("there are no arguments and no environment", () => {
  const { call, view } = make();
  for (const name of ["args_sizes_get", "environ_sizes_get"] as const) {
    view.setBigUint64(3000, 2n ** 64n - 1n, true);
    assert.equal(call(name, 3000, 3004), 0);
    assert.equal(view.getBigUint64(3000, true), 0n);
    assert.equal(call(name, -1, 3004), ERRNO.EFAULT);
  }
});

test("poll_oneoff() sleeps for the earliest clock and tells those that are due", () => {
  const { call, view, attempt } = make();
  const slept: bigint[] = [];
  attempt.sleepNs = (ns?: bigint) => void slept.push(ns ?? -1n);
  const subscribe = (index: number, userdata: bigint, timeout: bigint, absolute = false) => {
    const at = 1000 + index * 48;
    view.setBigUint64(at, userdata, true);
    view.setUint8(at + 8, 0);
    view.setUint32(at + 16, 1, true);
    view.setBigUint64(at + 24, timeout, true);
    view.setUint16(at + 40, absolute ? 1 : 0, true);
  };
  subscribe(0, 7n, 9_000_000n);
  subscribe(1, 8n, 4_000_000n);
  subscribe(2, 9n, attempt.monotonicNs() + 4_000_000n, true);
  assert.equal(call("poll_oneoff", 1000, 4000, 3, 3000), 0);
  assert.deepEqual([slept, view.getUint32(3000, true)], [[4_000_000n], 2]);
  assert.deepEqual([view.getBigUint64(4000, true), view.getBigUint64(4032, true)], [8n, 9n]);
  subscribe(0, 1n, 1n, true);
  assert.equal(call("poll_oneoff", 1000, 4000, 1, 3000), 0);
  assert.equal(
    slept.reduce((sum, ns) => sum + ns, 0n),
    4_000_000n,
    "a time that has passed is not waited for",
  );
  for (const count of [0, -1, 100_000]) assert.equal(call("poll_oneoff", 1000, 4000, count, 3000), ERRNO.EINVAL);
  assert.equal(call("poll_oneoff", 131_060, 4000, 1, 3000), ERRNO.EFAULT);
});

test("proc_exit() keeps the status and ends the guest", () => {
  const { call, attempt, session } = make();
  assert.throws(() => call("proc_exit", -1), WebAssembly.RuntimeError);
  assert.deepEqual([attempt.over, attempt.exitStatus, session.ended], [true, 0xffff_ffff, { kind: "exited" }]);
});

test("every name takes any numbers for what they are", () => {
  const NUMBERS = [0, 1, 2, 3, 4, 8, 64, 1000, 4096, 65_535, 131_068, 131_072, 0x7fff_ffff, -1, -8, -0x8000_0000];
  const LONGS = [0n, 1n, -1n, 2n ** 31n, 2n ** 53n, 2n ** 63n - 1n, -(2n ** 63n)];
  let state = 7;
  const pick = <T>(from: readonly T[]): T => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return from[(state >>> 8) % from.length] as T;
  };
  for (const name of names) {
    const [parameters = "", result] = PREVIEW1[name].split(">");
    for (let round = 0; round < 60; round++) {
      const entries: GivenDirectory["entries"] = [
        ["a", new Uint8Array(5)],
        ["d", undefined],
        ["d/b", new Uint8Array(3)],
      ];
      const { call, view, session } = make({ input: "x", directories: [{ name: "/", readOnly: round % 2 === 1, entries }] });
      for (let at = 0; at < 4096; at += 4) view.setInt32(at, pick(NUMBERS), true);
      const given = [...parameters].map((kind) => (kind === "I" ? pick(LONGS) : pick(NUMBERS)));
      try {
        const errno = call(name, ...given);
        assert.ok(
          result === "" || (Number.isInteger(errno) && Number(errno) >= 0 && Number(errno) <= 76),
          `${name}(${given.join()}) = ${String(errno)}`,
        );
      } catch (error) {
        assert.ok(session.ended && error instanceof WebAssembly.RuntimeError, `${name}(${given.join()}): ${String(error)}`);
      }
    }
  }
});
