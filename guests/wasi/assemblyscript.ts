// AssemblyScript, which brings no library for WASI of its own: the functions by their names. An assertion that fails ends the program.
// @ts-nocheck: i32 and its like are AssemblyScript's
@external("wasi_snapshot_preview1", "args_sizes_get")
declare function args_sizes_get(count: usize, bytes: usize): i32;
@external("wasi_snapshot_preview1", "args_get")
declare function args_get(list: usize, text: usize): i32;
@external("wasi_snapshot_preview1", "fd_write")
declare function fd_write(fd: i32, vectors: usize, count: i32, written: usize): i32;
@external("wasi_snapshot_preview1", "fd_read")
declare function fd_read(fd: i32, vectors: usize, count: i32, read: usize): i32;
@external("wasi_snapshot_preview1", "path_open")
declare function path_open(fd: i32, flags: i32, path: usize, length: i32, oflags: i32, base: i64, inheriting: i64, fdflags: i32, out: usize): i32;

const EBADF = 8;
const vectors = memory.data(8);
const out = memory.data(4);
const buffer = memory.data(64);
const list = memory.data(32);

function print(text: string): void {
  const bytes = String.UTF8.encode(text);
  store<usize>(vectors, changetype<usize>(bytes));
  store<i32>(vectors + 4, bytes.byteLength);
  assert(fd_write(1, vectors, 1, out) == 0 && load<i32>(out) == bytes.byteLength);
}

assert(args_sizes_get(out, vectors) == 0 && load<i32>(out) == 2);
assert(args_get(list, buffer) == 0);
assert(String.UTF8.decodeUnsafe(load<usize>(list, 4), 5) == "given");

const path = String.UTF8.encode("folder/one");
assert(path_open(3, 0, changetype<usize>(path), path.byteLength, 0, 2, 0, 0, out) == 0);
const file = load<i32>(out);
store<usize>(vectors, buffer);
store<i32>(vectors + 4, 64);
assert(fd_read(file, vectors, 1, out) == 0);
print("read " + String.UTF8.decodeUnsafe(buffer, load<i32>(out)) + "\n");
assert(fd_write(-31337, 0, 0, out) == EBADF);
