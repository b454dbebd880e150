import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { StillAttempt } from "../../guest/chamber.fixture.ts";
import { ERRNO } from "../../guest/errno.ts";
import { GuestMemory } from "../../guest/memory.ts";
import { openSection, type Reader, readImports, readSections, SECTION, skipValueType } from "../../wasm/binary.ts";
import { buildRuntimes } from "../build.ts";
import { readManifest } from "../store.ts";
import { pythonImports } from "./imports.ts";
import { type PythonHost, PythonSession } from "./session.ts";

const VALUE = { i32: 0x7f, i64: 0x7e, f64: 0x7c, externref: 0x6f } as const;

const folder = buildRuntimes();
const wasm = new Uint8Array(readFileSync(join(folder, readManifest(folder).runtimes.python.wasm.file)));
const module = new WebAssembly.Module(wasm);
const sections = readSections(wasm);
const types = functionTypes();
const functions = readImports(wasm, sections).flatMap((entry) => (entry.kind === "function" ? [{ ...entry, ...types(entry.type) }] : []));

/** Parameters and results of the module's function types, read only as far as they are asked for: later ones are GC types. */
function functionTypes(): (index: number) => { parameters: number[]; results: number[] } {
  const reader = openSection(wasm, sections, SECTION.type) as Reader;
  const known: { parameters: number[]; results: number[] }[] = [];
  reader.u32();
  const list = () => {
    const values: number[] = [];
    for (let left = reader.u32(); left > 0; left--) values.push(skipValueType(reader));
    return values;
  };
  return (index) => {
    while (known.length <= index) {
      assert.equal(reader.byte(), 0x60, "a function type");
      known.push({ parameters: list(), results: list() });
    }
    return known[index] as { parameters: number[]; results: number[] };
  };
}

type Import = (...given: unknown[]) => unknown;

function makeHost(options: { bytes?: number; memoryBytes?: number } = {}) {
  const memory = new WebAssembly.Memory({ initial: Math.ceil((options.bytes ?? 4 * 65_536) / 65_536), maximum: 64 });
  const host: PythonHost = {
    memory: new GuestMemory(memory),
    files: new Map([["/lib/x.zip", new Uint8Array([1, 2, 3])]]),
    table: undefined,
    session: undefined,
  };
  const attempt = new StillAttempt({ memoryBytes: options.memoryBytes ?? 2 ** 20, wallMs: 100 });
  host.session = new PythonSession(host, attempt);
  const imports = pythonImports(host, module) as Record<string, Record<string, Import>>;
  const call = (name: string, ...given: unknown[]): unknown =>
    (imports["env"]?.[name] ?? imports["wasi_snapshot_preview1"]?.[name])?.(...given);
  return { host, session: host.session, attempt, memory, imports, call };
}

function write(memory: WebAssembly.Memory, at: number, text: string): number {
  new Uint8Array(memory.buffer).set(new TextEncoder().encode(`${text}\0`), at);
  return at;
}

describe("pythonImports()", () => {
  test("gives what the frozen module imports, and links with it", () => {
    const { imports } = makeHost();
    assert.equal(functions.length, 268);
    for (const { module: from, field } of functions) assert.equal(typeof imports[from]?.[field], "function", `${from}.${field}`);
  });

  test("refuses a module that imports something else", () => {
    const other = Uint8Array.of(
      ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 4, 1, 0x60, 0, 0],
      ...[2, 12, 1, 3, 0x65, 0x6e, 0x76, 4, 0x65, 0x76, 0x69, 0x6c, 0, 0],
    );
    const { host } = makeHost();
    assert.throws(() => pythonImports(host, new WebAssembly.Module(other)), /env\.evil/);
  });

  /** What a C pointer, length, descriptor or flag can be at its worst. */
  const NUMBERS = [
    0, 1, 2, 3, 4, 5, 7, 8, 64, 100, 255, 256, 1000, 4096, 65_535, 65_536, 262_143, 262_144, 0x7fff_fffe, 0x7fff_ffff, -1, -2, -100, -8,
    -4096, -0x8000_0000,
  ];
  const LONGS = [0n, 1n, -1n, 8n, 4096n, 2n ** 31n, 2n ** 32n, 2n ** 53n, 2n ** 62n, 2n ** 63n - 1n, -(2n ** 63n)];
  const REFERENCES = [null, undefined, 1, "text", {}, () => 1];

  test("takes any numbers for what they are: a result of the type that C expects, or the guest's end", () => {
    let state = 1;
    const random = (below: number) => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      return (state >>> 8) % below;
    };
    const pick = <T>(from: readonly T[]): T => from[random(from.length)] as T;
    const paths = ["/tmp/a", "/tmp/b/", ".", "..", "/lib/x.zip", "x", "", "/dev/null", `/tmp/${"y".repeat(300)}`, "/tmp/d/e/../f"];
    let ended = 0;
    for (const { field, module: from, parameters, results } of functions) {
      if (field === "_PyEM_TrampolineCall_JS" || field === "__call_sighandler") continue;
      let made = makeHost();
      const rounds = parameters.includes(VALUE.externref) || results.includes(VALUE.externref) ? 5 : 100;
      for (let round = 0; round < rounds; round++) {
        if (made.attempt.over) made = makeHost();
        const { memory, host, imports } = made;
        if (round % 10 === 0) {
          const words = new Int32Array(memory.buffer, 0, 4096);
          for (let i = 0; i < words.length; i++) words[i] = pick(NUMBERS);
        }
        for (const [index, path] of paths.entries()) write(memory, 100 + index * 512, path);
        const given = parameters.map((type) => {
          if (type === VALUE.i64) return pick(LONGS);
          if (type === VALUE.externref) return pick(REFERENCES);
          if (type === VALUE.f64) return pick([0, -1, 1e300, Number.NaN, Number.POSITIVE_INFINITY]);
          return random(3) === 0 ? 100 + random(paths.length) * 512 : random(4) === 0 ? random(65_536) & ~3 : pick(NUMBERS);
        });
        let result: unknown;
        try {
          result = imports[from]?.[field]?.(...given);
        } catch (error) {
          assert.ok(
            error instanceof WebAssembly.RuntimeError && made.attempt.over,
            `${field}(${given.map(String).join()}) threw ${String(error)}`,
          );
          const why = host.session?.ended;
          assert.ok(
            why && why.kind !== "fault",
            `${field}(${given.map(String).join()}): ${why?.kind === "fault" ? String((why.error as Error).stack) : "no reason"}`,
          );
          ended++;
          continue;
        }
        const expected =
          results[0] === undefined
            ? "undefined"
            : results[0] === VALUE.i64
              ? "bigint"
              : results[0] === VALUE.externref
                ? "object"
                : "number";
        assert.equal(typeof result, expected, `${field}(${given.map(String).join()}) = ${String(result)}`);
        if (expected === "object") assert.equal(result, null, field);
      }
    }
    assert.ok(ended > 0);
  });

  test("does nothing for a guest that is over, and ends it", () => {
    const untouched = Buffer.alloc(4 * 65_536, 0xa5);
    for (const { module: from, field, results } of functions) {
      const { imports, memory, attempt } = makeHost();
      attempt.over = true;
      new Uint8Array(memory.buffer).fill(0xa5);
      try {
        const result = imports[from]?.[field]?.(100, 100, 100, 100, 100, 100);
        assert.ok(results[0] === undefined || typeof result !== "object" || result === null, field);
      } catch (error) {
        assert.ok(error instanceof WebAssembly.RuntimeError, `${field}: ${String(error)}`);
      }
      assert.equal(untouched.compare(Buffer.from(memory.buffer)), 0, `${field} wrote to memory`);
      assert.deepEqual([attempt.entries, attempt.exitStatus], [[], undefined], field);
    }
  });

  test("tells a mistake of ours from a stack that the guest has used up", () => {
    const mistaken = makeHost();
    mistaken.attempt.monotonicNs = () => {
      throw new Error("ours");
    };
    assert.throws(() => mistaken.call("emscripten_get_now"), WebAssembly.RuntimeError);
    assert.deepEqual(mistaken.session.ended, { kind: "fault", error: new Error("ours") });
    const deep = makeHost();
    deep.attempt.monotonicNs = () => deep.attempt.monotonicNs();
    assert.throws(() => deep.call("emscripten_get_now"), RangeError);
    assert.deepEqual([deep.session.ended, deep.attempt.over], [undefined, true]);
  });

  test("traps where no attempt is inside", () => {
    const { host, call } = makeHost();
    host.session = undefined;
    assert.throws(() => call("fd_write", 1, 0, 0, 0), WebAssembly.RuntimeError);
  });
});

describe("a call of a table entry that the guest chooses", () => {
  test("calls it with what was given and returns what it returns", () => {
    const { host, call } = makeHost();
    host.table = new WebAssembly.Table({ element: "anyfunc", initial: 2 });
    host.table.set(1, addingFunction());
    assert.equal(call("_PyEM_TrampolineCall_JS", 1, 40, 2, 0), 42);
  });

  for (const index of [0, 2, -1, 0x7fff_ffff]) {
    test(`ends the guest where entry ${index} holds none`, () => {
      const { host, session, call } = makeHost();
      host.table = new WebAssembly.Table({ element: "anyfunc", initial: 2 });
      assert.throws(() => call("_PyEM_TrampolineCall_JS", index, 1, 2, 3), WebAssembly.RuntimeError);
      assert.equal(session.ended?.kind, "aborted");
    });
  }

  function addingFunction(): unknown {
    const adding = Uint8Array.of(
      ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 8, 1, 0x60, 3, 0x7f, 0x7f, 0x7f, 1, 0x7f],
      ...[3, 2, 1, 0, 7, 5, 1, 1, 0x61, 0, 0, 10, 9, 1, 7, 0, 0x20, 0, 0x20, 1, 0x6a, 0x0b],
    );
    return new WebAssembly.Instance(new WebAssembly.Module(adding)).exports["a"];
  }
});

describe("emscripten_resize_heap", () => {
  test("grows within the attempt's account, counts what it denies and keeps the peak", () => {
    const { call, memory, attempt } = makeHost({ bytes: 65_536, memoryBytes: 20 * 65_536 });
    assert.equal(call("emscripten_resize_heap", 65_536), 1, "what is there already");
    assert.equal(call("emscripten_resize_heap", 65_537), 1);
    assert.equal(memory.buffer.byteLength, 17 * 65_536, "in steps of a megabyte");
    assert.equal(call("emscripten_resize_heap", 21 * 65_536), 1, "or just enough, at the end");
    assert.equal(call("emscripten_resize_heap", 21 * 65_536 + 1), 0);
    assert.equal(call("emscripten_resize_heap", -1), 0);
    assert.deepEqual(attempt.memory, { peakBytes: 21 * 65_536, growthsDenied: 2 });
    assert.equal(call("emscripten_get_heap_max"), 21 * 65_536);
  });

  test("is denied by the memory's own maximum without a throw", () => {
    const { call, attempt, session } = makeHost({ bytes: 65_536, memoryBytes: 2 ** 30 });
    assert.equal(call("emscripten_resize_heap", 65 * 65_536), 0);
    assert.equal(attempt.memory.growthsDenied, 1);
    assert.equal(session.account.free, 2 ** 30, "nothing is charged");
  });

  test("shares its account with files", () => {
    const { call, memory } = makeHost({ bytes: 2 * 65_536, memoryBytes: 2 ** 20 });
    const path = write(memory, 1000, "/tmp/a");
    const descriptor = call("__syscall_openat", -100, path, 0o102, 0);
    assert.equal(call("__syscall_ftruncate64", descriptor, 600_000n), 0);
    assert.equal(call("__syscall_ftruncate64", descriptor, 2n ** 20n + 1n), -ERRNO.ENOSPC);
    assert.equal(call("emscripten_resize_heap", 2 * 65_536 + 600_000), 0);
    assert.equal(call("__syscall_ftruncate64", descriptor, 0n), 0);
    assert.equal(call("emscripten_resize_heap", 2 * 65_536 + 600_000), 1);
  });
});

describe("descriptors", () => {
  test("1 and 2 are the log, 0 is at its end", () => {
    const { call, memory, attempt } = makeHost();
    const view = new DataView(memory.buffer);
    write(memory, 1000, "hello");
    for (const [index, value] of [1000, 2, 1002, 3].entries()) view.setUint32(2000 + index * 4, value, true);
    assert.equal(call("fd_write", 1, 2000, 2, 3000), 0);
    assert.equal(view.getUint32(3000, true), 5);
    assert.equal(call("fd_write", 2, 2000, 1, 3000), 0);
    assert.deepEqual(attempt.entries, [
      { level: "info", message: "he" },
      { level: "info", message: "llo" },
      { level: "warning", message: "he" },
    ]);
    assert.equal(call("fd_read", 0, 2000, 2, 3000), 0);
    assert.equal(view.getUint32(3000, true), 0);
    assert.equal(call("fd_write", 0, 2000, 1, 3000), ERRNO.EBADF);
    assert.equal(call("fd_read", 1, 2000, 1, 3000), ERRNO.EBADF);
  });

  test("what they transfer has to lie in memory, and is bounded", () => {
    const { call, memory, attempt } = makeHost();
    const view = new DataView(memory.buffer);
    view.setUint32(2000, 0xffff_fff0, true);
    view.setUint32(2004, 0x20, true);
    for (const [vectors, count, out] of [
      [2000, 1, 3000],
      [-8, 1, 3000],
      [2000, 1, -1],
      [262_144 - 4, 1, 3000],
    ]) {
      assert.equal(call("fd_write", 1, vectors, count, out), ERRNO.EFAULT, `${vectors}, ${count}, ${out}`);
    }
    for (const count of [1025, -1, 0x2000_0001]) assert.equal(call("fd_write", 1, 2000, count, 3000), ERRNO.EINVAL);
    assert.deepEqual(attempt.entries, []);
  });
});

describe("the end of a guest", () => {
  test("keeps the status of exit", () => {
    for (const name of ["exit", "proc_exit"]) {
      const { call, attempt, session } = makeHost();
      assert.throws(() => call(name, 3), WebAssembly.RuntimeError);
      assert.deepEqual([attempt.over, attempt.exitStatus, session.ended], [true, 3, { kind: "exited" }]);
    }
  });

  test("keeps what failed of an assertion, cut to a bound", () => {
    const { call, memory, session } = makeHost();
    assert.throws(() => call("__assert_fail", write(memory, 100, "x > 0"), write(memory, 200, "x.c"), 7, -1), WebAssembly.RuntimeError);
    assert.deepEqual(session.ended, { kind: "aborted", detail: "assertion failed: x > 0 at x.c:7" });
    const other = makeHost();
    assert.throws(
      () => other.call("__assert_fail", write(other.memory, 100, "x".repeat(1000)), 0x7fff_ffff, 7, 0),
      WebAssembly.RuntimeError,
    );
    assert.deepEqual(other.session.ended, { kind: "aborted", detail: "assertion failed: ? at ?:7" });
  });
});

describe("time", () => {
  test("is UTC, for any year, as JavaScript counts it", () => {
    const { call, memory } = makeHost();
    const view = new DataView(memory.buffer);
    const times = [
      0, -1, 59, 951_782_400, 951_868_799, 1_709_164_800, 4_102_444_800, -2_208_988_800, -62_135_596_800, 253_402_300_799,
      8_640_000_000_000, -8_000_000_000_000,
    ];
    for (let time = -70_000_000_000; time < 300_000_000_000; time += 9_999_999_019) times.push(time);
    for (const time of times) {
      call("_gmtime_js", BigInt(time), 1000);
      const date = new Date(time * 1000);
      const fields = Array.from({ length: 8 }, (_, index) => view.getInt32(1000 + index * 4, true));
      const startOfYear = new Date(0);
      startOfYear.setUTCFullYear(date.getUTCFullYear());
      assert.deepEqual(fields, [
        date.getUTCSeconds(),
        date.getUTCMinutes(),
        date.getUTCHours(),
        date.getUTCDate(),
        date.getUTCMonth(),
        date.getUTCFullYear() - 1900,
        date.getUTCDay(),
        Math.floor((date.getTime() - startOfYear.getTime()) / 86_400_000),
      ]);
      assert.equal(call("_mktime_js", 1000), BigInt(time));
    }
  });

  test("_mktime_js() puts fields into their ranges", () => {
    const { call, memory } = makeHost();
    const view = new DataView(memory.buffer);
    for (const [index, value] of [61, -1, 25, 32, 13, 123].entries()) view.setInt32(1000 + index * 4, value, true);
    const time = Date.UTC(2023, 13, 32, 25, -1, 61) / 1000;
    assert.equal(call("_mktime_js", 1000), BigInt(time));
    assert.deepEqual([view.getInt32(1012, true), view.getInt32(1016, true), view.getInt32(1020, true)], [4, 2, 124]);
  });

  test("looking at the time again and again is sleeping", () => {
    const { call, attempt } = makeHost();
    let slept = 0n;
    attempt.sleepNs = (ns?: bigint) => {
      slept += ns ?? 0n;
    };
    attempt.monotonicNs = () => slept;
    call("emscripten_get_now");
    assert.equal(slept, 0n);
    for (let looks = 0; slept < 10_000_000_000n; looks++) {
      assert.ok(looks < 500, `${looks} looks`);
      call("emscripten_get_now");
    }
    assert.ok(slept < 10_400_000_000n);
    const before = slept;
    call("__syscall_getuid32_js");
    call("clock_res_get", 0, 0);
    call("emscripten_get_now");
    assert.equal(slept, before, "whoever does something else is not asleep");
  });
});
