/* Addresses and lengths that lie outside of memory, one by one: nothing is read there, nothing is written, nothing happens. */
#include "check.h"

#define IMPORT(name) __attribute__((import_module("wasi_snapshot_preview1"), import_name(#name))) int32_t raw_##name
typedef int32_t i;
typedef int64_t I;
IMPORT(args_get)(i, i);
IMPORT(args_sizes_get)(i, i);
IMPORT(environ_get)(i, i);
IMPORT(environ_sizes_get)(i, i);
IMPORT(clock_res_get)(i, i);
IMPORT(clock_time_get)(i, I, i);
IMPORT(fd_fdstat_get)(i, i);
IMPORT(fd_filestat_get)(i, i);
IMPORT(fd_pread)(i, i, i, I, i);
IMPORT(fd_prestat_dir_name)(i, i, i);
IMPORT(fd_prestat_get)(i, i);
IMPORT(fd_pwrite)(i, i, i, I, i);
IMPORT(fd_read)(i, i, i, i);
IMPORT(fd_readdir)(i, i, i, I, i);
IMPORT(fd_seek)(i, I, i, i);
IMPORT(fd_tell)(i, i);
IMPORT(fd_write)(i, i, i, i);
IMPORT(path_create_directory)(i, i, i);
IMPORT(path_filestat_get)(i, i, i, i, i);
IMPORT(path_filestat_set_times)(i, i, i, i, I, I, i);
IMPORT(path_link)(i, i, i, i, i, i, i);
IMPORT(path_open)(i, i, i, i, i, I, I, i, i);
IMPORT(path_readlink)(i, i, i, i, i, i);
IMPORT(path_remove_directory)(i, i, i);
IMPORT(path_rename)(i, i, i, i, i, i);
IMPORT(path_symlink)(i, i, i, i, i);
IMPORT(path_unlink_file)(i, i, i);
IMPORT(poll_oneoff)(i, i, i, i);
IMPORT(random_get)(i, i);

static uint32_t vectors[4];
static uint8_t text[64] = "file.txt";

#define AT(address) ((int32_t)(uintptr_t)(address))

int main(void) {
  const i bad[] = {-1, -8, AT(__builtin_wasm_memory_size(0) * 65536) - 1, INT32_MIN, INT32_MAX};
  const i path = AT(text), length = 8, good = AT(text + 16), list = AT(vectors), root = FIRST;
  __wasi_fd_t file;
  __wasi_filestat_t stat;
  OK(open_in(FIRST, "file.txt", 0, &file));
  OK(__wasi_path_symlink("file.txt", FIRST, "link"));
  memcpy(text + 32, "link", 4);
  for (int at = 0; at < 5; at++) {
    const i is = bad[at];
    FAILS(FAULT, raw_args_get(is, good));
    FAILS(FAULT, raw_args_get(good, is));
    FAILS(FAULT, raw_args_sizes_get(is, good));
    FAILS(FAULT, raw_args_sizes_get(good, is));
    FAILS(FAULT, raw_environ_get(is, good));
    FAILS(FAULT, raw_environ_get(good, is));
    FAILS(FAULT, raw_environ_sizes_get(is, good));
    FAILS(FAULT, raw_environ_sizes_get(good, is));
    FAILS(FAULT, raw_clock_res_get(0, is));
    FAILS(FAULT, raw_clock_time_get(0, 0, is));
    FAILS(FAULT, raw_fd_fdstat_get(root, is));
    FAILS(FAULT, raw_fd_filestat_get(root, is));
    FAILS(FAULT, raw_fd_prestat_get(root, is));
    FAILS(FAULT, raw_fd_prestat_dir_name(root, is, 4));
    FAILS(FAULT, raw_fd_readdir(root, is, 24, 0, good));
    FAILS(FAULT, raw_fd_readdir(root, good, -1, 0, good));
    FAILS(FAULT, raw_fd_readdir(root, good, 8, 0, is));
    FAILS(FAULT, raw_fd_seek((i)file, 0, 0, is));
    FAILS(FAULT, raw_fd_tell((i)file, is));

    /* The list itself, a part of it (its address, its length), and where the sum goes. */
    for (int part = 0; part < 4; part++) {
      vectors[0] = part == 1 ? (uint32_t)is : (uint32_t)AT(text + 40);
      vectors[1] = part == 2 ? (uint32_t)(is | INT32_MIN) : 2;
      const i from = part == 0 ? is : list, sum = part == 3 ? is : good;
      FAILS(FAULT, raw_fd_read((i)file, from, 1, sum));
      FAILS(FAULT, raw_fd_write((i)file, from, 1, sum));
      FAILS(FAULT, raw_fd_pread((i)file, from, 1, 0, sum));
      FAILS(FAULT, raw_fd_pwrite((i)file, from, 1, 0, sum));
    }

    FAILS(FAULT, raw_path_create_directory(root, is, length));
    FAILS(NAMETOOLONG, raw_path_create_directory(root, path, is));
    FAILS(FAULT, raw_path_filestat_get(root, 0, is, length, good));
    FAILS(FAULT, raw_path_filestat_get(root, 0, path, length, is));
    FAILS(FAULT, raw_path_filestat_set_times(root, 0, is, length, 0, 0, 0));
    FAILS(FAULT, raw_path_link(root, 0, is, length, root, good, 1));
    FAILS(FAULT, raw_path_link(root, 0, path, length, root, is, 4));
    FAILS(FAULT, raw_path_open(root, 0, is, length, 0, 0, 0, 0, good));
    FAILS(FAULT, raw_path_open(root, 0, path, length, 0, 0, 0, 0, is));
    FAILS(FAULT, raw_path_readlink(root, is, length, good, 8, good));
    FAILS(FAULT, raw_path_readlink(root, AT(text + 32), 4, is, 8, good));
    FAILS(FAULT, raw_path_readlink(root, AT(text + 32), 4, good, -1, good));
    FAILS(FAULT, raw_path_readlink(root, AT(text + 32), 4, good, 8, is));
    FAILS(FAULT, raw_path_remove_directory(root, is, length));
    FAILS(FAULT, raw_path_rename(root, is, length, root, good, 1));
    FAILS(FAULT, raw_path_rename(root, path, length, root, is, 4));
    FAILS(FAULT, raw_path_symlink(is, length, root, AT(text + 32), 4));
    FAILS(FAULT, raw_path_symlink(path, length, root, is, 4));
    FAILS(FAULT, raw_path_unlink_file(root, is, length));
    FAILS(FAULT, raw_poll_oneoff(is, good, 1, good));
    FAILS(FAULT, raw_poll_oneoff(good, is, 1, good));
    FAILS(FAULT, raw_poll_oneoff(good, good, 1, is));
    FAILS(FAULT, raw_random_get(is, 4));
  }
  CHECK(reads(file, "a file\n"));
  OK(stat_of(FIRST, "file.txt", &stat));
  CHECK(stat.size == 7 && stat.nlink == 1);
  return 0;
}
