import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { describe, test } from "node:test";
import { findRuntimes } from "../runtimes/installed.ts";
import { chooseIsolation, type Isolation } from "./isolation.ts";
import { launch } from "./launch.ts";
import { withLibraries } from "./programs.ts";
import { seccompFilter } from "./seccomp.ts";
import { SYSTEM_CALLS } from "./system-calls.ts";

const ALLOWED = 0x7fff0000;
const KILLED = 0x80000000;
const ENOSYS = 38;
const EPERM = 1;
const refusal = (errno: number) => 0x00050000 | errno;

const X64 = 0xc000003e;
const ARM64 = 0xc00000b7;

/** What classic BPF makes of one system call. */
function verdict(filter: Uint8Array, architecture: number, number: number, args: readonly number[] = []): number {
  const data = new DataView(new ArrayBuffer(64));
  data.setUint32(0, number, true);
  data.setUint32(4, architecture, true);
  args.forEach((value, index) => {
    data.setUint32(16 + 8 * index, value, true);
  });
  const program = new DataView(filter.buffer, filter.byteOffset, filter.length);
  let accumulator = 0;
  for (let at = 0; at < filter.length / 8; at++) {
    const [code, whenTrue, whenFalse, operand] = [
      program.getUint16(8 * at, true),
      program.getUint8(8 * at + 2),
      program.getUint8(8 * at + 3),
      program.getUint32(8 * at + 4, true),
    ];
    if (code === 0x20) accumulator = data.getUint32(operand, true);
    else if (code === 0x54) accumulator = (accumulator & operand) >>> 0;
    else if (code === 0x15) at += accumulator === operand ? whenTrue : whenFalse;
    else if (code === 0x35) at += accumulator >= operand ? whenTrue : whenFalse;
    else if (code === 0x45) at += (accumulator & operand) !== 0 ? whenTrue : whenFalse;
    else if (code === 0x06) return operand;
    else assert.fail(`opcode ${code}`);
  }
  return assert.fail("ran over its end");
}

/** Ways out of a cell, as native code would try them: numbers on x86-64 and ARM, arguments, the error that the kernel has to give. */
const WAYS_OUT: readonly (readonly [
  name: string,
  x64: number | undefined,
  arm64: number | undefined,
  args: readonly number[],
  errno: number,
])[] = [
  ["ptrace", 101, 117, [16, 1], ENOSYS],
  ["process_vm_readv", 310, 270, [1], ENOSYS],
  ["process_vm_writev", 311, 271, [1], ENOSYS],
  ["kill", 62, 129, [1, 9], ENOSYS],
  ["tkill", 200, 130, [1, 9], ENOSYS],
  ["pidfd_open", 434, 434, [1], ENOSYS],
  ["pidfd_getfd", 438, 438, [3, 0], ENOSYS],
  ["socket", 41, 198, [2, 1], ENOSYS],
  ["socketpair", 53, 199, [1, 1], ENOSYS],
  ["connect", 42, 203, [3], ENOSYS],
  ["fork", 57, undefined, [], ENOSYS],
  ["vfork", 58, undefined, [], ENOSYS],
  ["clone (a process)", 56, 220, [17], EPERM],
  ["clone (a user namespace)", 56, 220, [0x10000000 | 17], EPERM],
  ["clone (a thread with a namespace)", 56, 220, [0x3d0f00 | 0x10000000], EPERM],
  ["clone3", 435, 435, [], ENOSYS],
  ["execveat", 322, 281, [], ENOSYS],
  ["memfd_create", 319, 279, [], ENOSYS],
  ["unshare", 272, 97, [0x10000000], ENOSYS],
  ["setns", 308, 268, [3], ENOSYS],
  ["mount", 165, 40, [], ENOSYS],
  ["umount2", 166, 39, [], ENOSYS],
  ["fsopen", 430, 430, [], ENOSYS],
  ["move_mount", 429, 429, [], ENOSYS],
  ["pivot_root", 155, 41, [], ENOSYS],
  ["chroot", 161, 51, [], ENOSYS],
  ["open_by_handle_at", 304, 265, [], ENOSYS],
  ["bpf", 321, 280, [], ENOSYS],
  ["perf_event_open", 298, 241, [], ENOSYS],
  ["userfaultfd", 323, 282, [1], ENOSYS],
  ["io_uring_setup", 425, 425, [8], ENOSYS],
  ["add_key", 248, 217, [], ENOSYS],
  ["keyctl", 250, 219, [0], ENOSYS],
  ["shmget", 29, 194, [0, 4096, 0o1600], ENOSYS],
  ["mmap (shared)", 9, 222, [0, 4096, 3, 0x21], EPERM],
  ["personality", 135, 92, [0xffffffff], ENOSYS],
  ["init_module", 175, 105, [], ENOSYS],
  ["kexec_load", 246, 104, [], ENOSYS],
  ["mkdirat", 258, 34, [], ENOSYS],
  ["unlinkat", 263, 35, [], ENOSYS],
  ["sched_setaffinity", 203, 122, [0], ENOSYS],
  ["setpriority", 141, 140, [0, 0, 0], ENOSYS],
  ["prlimit64 (of the first process)", 302, 261, [1, 7], EPERM],
  ["prctl (PR_SET_PDEATHSIG)", 157, 167, [1, 0], EPERM],
  ["prctl (PR_SET_SECCOMP)", 157, 167, [22, 2], EPERM],
  ["ioctl (TIOCSTI)", 16, 29, [0, 0x5412], EPERM],
];

describe("seccompFilter()", () => {
  for (const [name, audit, column] of [
    ["x64", X64, 0],
    ["arm64", ARM64, 1],
  ] as const) {
    const filter = seccompFilter(name) as Uint8Array;

    test(`refuses every way out on ${name}`, () => {
      for (const [call, x64, arm64, args, errno] of WAYS_OUT) {
        const number = [x64, arm64][column];
        if (number !== undefined) assert.equal(verdict(filter, audit, number, args), refusal(errno), call);
      }
    });

    test(`allows on ${name} what stands in the table and nothing else, of the first thousand numbers`, () => {
      const listed = new Set<number | undefined>(Object.values(SYSTEM_CALLS).map((numbers) => numbers[column]));
      for (let number = 0; number < 1000; number++) {
        const listedHere = listed.has(number);
        if (!listedHere) assert.equal(verdict(filter, audit, number), refusal(ENOSYS), String(number));
        else assert.notEqual(verdict(filter, audit, number), refusal(ENOSYS), String(number));
      }
    });

    test(`allows threads and private memory on ${name}`, () => {
      const number = (call: keyof typeof SYSTEM_CALLS) => SYSTEM_CALLS[call][column] as number;
      assert.equal(verdict(filter, audit, number("clone"), [0x3d0f00]), ALLOWED); // as glibc starts a thread
      assert.equal(verdict(filter, audit, number("clone"), [0x7d0f00]), ALLOWED); // as musl does
      assert.equal(verdict(filter, audit, number("mmap"), [0, 4096, 7, 0x22]), ALLOWED);
      assert.equal(verdict(filter, audit, number("read"), [3]), ALLOWED);
    });

    test(`ends who calls as another architecture on ${name}`, () => {
      assert.equal(verdict(filter, audit === X64 ? 0x40000003 : 0x40000028, 1), KILLED); // 32-bit interfaces
      assert.equal(verdict(filter, audit, 0x40000000 | 59), KILLED); // x32
    });
  }

  test("knows no other architecture", () => {
    assert.equal(seccompFilter("riscv64"), undefined);
  });
});

const PERL = "/usr/bin/perl";

/** A cell's place with a program in it that can make any system call; or why there is none. */
function placeForPerl(): Isolation | string {
  if (!existsSync(PERL)) return "perl makes the system calls, and is not installed";
  try {
    const isolation = chooseIsolation("bubblewrap", { folder: findRuntimes().folder, dataBytesMax: 2 ** 30 });
    if (!isolation.filter) return `there is no filter for ${process.arch}`;
    const files = new Set([...isolation.place.files, ...(withLibraries([PERL]) ?? [])]);
    return { ...isolation, place: { ...isolation.place, files: [...files] } };
  } catch (error) {
    return (error as Error).message;
  }
}

const place = process.platform === "linux" ? placeForPerl() : "seccomp is Linux's";

test("the kernel refuses every way out of a cell under bubblewrap", typeof place === "string" ? { skip: place } : {}, async () => {
  const column = process.arch === "x64" ? 1 : 2;
  const calls = WAYS_OUT.filter((way) => way[column] !== undefined).map((way) => [way[column], ...way[3]].join(", "));
  const program = `open(my $line, ">&=", 3); ${calls.map((call) => `$! = 0; syscall(${call}); print $line $! + 0, "\\n";`).join(" ")}`;
  const child = launch(place as Isolation, [PERL, "-e", program]);
  child.ref();
  const pieces: Buffer[] = [];
  child.line.on("data", (piece: Buffer) => pieces.push(piece));
  const [code, signal] = (await once(child, "close")) as [number | null, string | null];
  assert.equal(code, 0, `perl ended with ${signal ?? code}`);
  const told = Buffer.concat(pieces).toString().trim().split("\n").map(Number);
  const expected = WAYS_OUT.filter((way) => way[column] !== undefined);
  assert.deepEqual(
    expected.map(([name], index) => [name, told[index]]),
    expected.map(([name, , , , errno]) => [name, errno]),
  );
});
