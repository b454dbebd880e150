import { SYSTEM_CALLS, type SystemCall } from "./system-calls.ts";

/** Architectures that there is a filter for, by Node's names: their number in the kernel's audit.h, and their column in the table of calls. */
const ARCHITECTURES: ReadonlyMap<string, { readonly audit: number; readonly column: 0 | 1 }> = new Map([
  ["x64", { audit: 0xc000003e, column: 0 }],
  ["arm64", { audit: 0xc00000b7, column: 1 }],
]);

// Offsets in `struct seccomp_data`: int nr; u32 arch; u64 instruction_pointer; u64 args[6]. Both architectures are little endian.
const CALL_NUMBER = 0;
const ARCHITECTURE = 4;
const argument = (index: number) => 16 + 8 * index;

// Opcodes of classic BPF (linux/bpf_common.h), and what a filter may return (linux/seccomp.h).
const LOAD = 0x20;
const IF_EQUAL = 0x15;
const IF_ANY_BIT = 0x45;
const IF_AT_LEAST = 0x35;
const AND = 0x54;
const RETURN = 0x06;
const KILL_PROCESS = 0x80000000;
const ALLOW = 0x7fff0000;
/** "No such system call": what the C library and libuv have fallbacks for. */
const ABSENT = 0x00050000 | 38;
const NOT_PERMITTED = 0x00050000 | 1;

/** Calls of the 32-bit interface on x86-64 have this bit set, and numbers of their own. */
const X32_BIT = 0x40000000;

/** One instruction: opcode, jumps over so many when true and when false, operand. */
type Instruction = readonly [code: number, whenTrue: number, whenFalse: number, operand: number];

const allow: Instruction = [RETURN, 0, 0, ALLOW];
const refuse: Instruction = [RETURN, 0, 0, NOT_PERMITTED];
const load = (offset: number): Instruction => [LOAD, 0, 0, offset];

/** Allows where a 32-bit argument is one of the values. */
function oneOf(index: number, values: readonly number[]): Instruction[] {
  return [load(argument(index)), ...values.flatMap((value): Instruction[] => [[IF_EQUAL, 0, 1, value], allow]), refuse];
}

const CLONE_THREAD = 0x10000;
/** What pthread_create of glibc and of musl asks for, altogether: memory, files, signals shared; a thread; its local storage and identities. */
const CLONE_OF_THREADS = 0x7d0f00;
const MAP_SHARED = 0x1;

/** Calls that are allowed only with certain arguments. */
const CONDITIONS: Partial<Readonly<Record<SystemCall, readonly Instruction[]>>> = {
  // Threads, and no processes or namespaces.
  clone: [load(argument(0)), [IF_ANY_BIT, 0, 3, CLONE_THREAD], [AND, 0, 0, ~CLONE_OF_THREADS >>> 0], [IF_EQUAL, 0, 1, 0], allow, refuse],
  // Memory that is shared is not counted by RLIMIT_DATA.
  mmap: [load(argument(3)), [IF_ANY_BIT, 1, 0, MAP_SHARED], allow, refuse],
  // TCGETS (is this a terminal?), FIOCLEX, FIONBIO.
  ioctl: oneOf(1, [0x5401, 0x5451, 0x5421]),
  // Its own limits only.
  prlimit64: oneOf(0, [0]),
  // Names of threads and of memory. And what setpriv does: PR_SET_KEEPCAPS, PR_CAPBSET_READ, PR_GET_SECUREBITS, PR_SET_NO_NEW_PRIVS,
  // PR_GET_NO_NEW_PRIVS, PR_CAP_AMBIENT; of use only to who has privileges.
  prctl: oneOf(0, [15, 0x53564d41, 8, 23, 27, 38, 39, 47]),
};

/**
 * The system call filter of a cell: a program for seccomp in classic BPF, as the kernel reads it. What is not allowed does not exist
 * (ENOSYS), or is refused for its arguments (EPERM); another architecture's calls end the process.
 *
 * @param architecture as `process.arch` names it
 * @returns undefined where there is no filter for the architecture
 */
export function seccompFilter(architecture: string): Uint8Array | undefined {
  const known = ARCHITECTURES.get(architecture);
  if (!known) return undefined;
  const program: Instruction[] = [
    load(ARCHITECTURE),
    [IF_EQUAL, 1, 0, known.audit],
    [RETURN, 0, 0, KILL_PROCESS],
    load(CALL_NUMBER),
    [IF_AT_LEAST, 0, 1, X32_BIT],
    [RETURN, 0, 0, KILL_PROCESS],
  ];
  for (const [name, numbers] of Object.entries(SYSTEM_CALLS)) {
    const number = numbers[known.column];
    if (number === undefined) continue;
    const then = CONDITIONS[name as SystemCall] ?? [allow];
    program.push([IF_EQUAL, 0, then.length, number], ...then);
  }
  program.push([RETURN, 0, 0, ABSENT]);
  return encode(program);
}

/** `struct sock_filter { u16 code; u8 jt; u8 jf; u32 k; }`, one after the other. */
function encode(program: readonly Instruction[]): Uint8Array {
  const bytes = new Uint8Array(program.length * 8);
  const view = new DataView(bytes.buffer);
  program.forEach(([code, whenTrue, whenFalse, operand], index) => {
    view.setUint16(8 * index, code, true);
    view.setUint8(8 * index + 2, whenTrue);
    view.setUint8(8 * index + 3, whenFalse);
    view.setUint32(8 * index + 4, operand, true);
  });
  return bytes;
}
