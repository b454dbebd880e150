/* What can be done with an open file, and with one that is closed. */
#include "check.h"

int main(void) {
  __wasi_fd_t fd, other;
  __wasi_filesize_t position;
  __wasi_size_t count;
  __wasi_filestat_t stat, before;
  __wasi_fdstat_t status;
  uint8_t bytes[16];

  /* Reading and writing in parts. */
  OK(open_in(FIRST, "file", __WASI_OFLAGS_CREAT, &fd));
  __wasi_ciovec_t out[3] = {{(const uint8_t *)"abc", 3}, {(const uint8_t *)"", 0}, {(const uint8_t *)"defg", 4}};
  OK(__wasi_fd_write(fd, out, 3, &count));
  CHECK(count == 7);
  OK(__wasi_fd_tell(fd, &position));
  CHECK(position == 7);
  CHECK(reads(fd, ""));
  OK(__wasi_fd_seek(fd, 0, __WASI_WHENCE_SET, &position));
  __wasi_iovec_t in[2] = {{bytes, 2}, {bytes + 2, 10}};
  OK(__wasi_fd_read(fd, in, 2, &count));
  CHECK(count == 7 && memcmp(bytes, "abcdefg", 7) == 0);
  FAILS(INVAL, __wasi_fd_read(fd, in, 1025, &count));
  OK(__wasi_fd_read(fd, in, 0, &count));
  CHECK(count == 0);

  /* Seeking. */
  OK(__wasi_fd_seek(fd, -2, __WASI_WHENCE_END, &position));
  CHECK(position == 5);
  OK(__wasi_fd_seek(fd, -1, __WASI_WHENCE_CUR, &position));
  CHECK(position == 4 && reads(fd, "efg"));
  FAILS(INVAL, __wasi_fd_seek(fd, -8, __WASI_WHENCE_CUR, &position));
  FAILS(INVAL, __wasi_fd_seek(fd, 0, 3, &position));
  FAILS(OVERFLOW, __wasi_fd_seek(fd, INT64_MAX, __WASI_WHENCE_CUR, &position));
  OK(__wasi_fd_tell(fd, &position));
  CHECK(position == 7);

  /* At a place, which moves nothing. */
  OK(__wasi_fd_pwrite(fd, out, 1, 2, &count));
  CHECK(count == 3);
  OK(__wasi_fd_pread(fd, in, 2, 1, &count));
  CHECK(count == 6 && memcmp(bytes, "babcfg", 6) == 0);
  OK(__wasi_fd_pread(fd, in, 2, 7, &count));
  CHECK(count == 0);
  OK(__wasi_fd_pread(fd, in, 2, 10000000000, &count));
  CHECK(count == 0);
  FAILS(INVAL, __wasi_fd_pread(fd, in, 2, UINT64_MAX, &count));
  OK(__wasi_fd_tell(fd, &position));
  CHECK(position == 7);

  /* Behind the end there is nothing but zeros, once something is written there. */
  OK(__wasi_fd_pwrite(fd, out, 1, 9, &count));
  OK(__wasi_fd_seek(fd, 7, __WASI_WHENCE_SET, &position));
  OK(__wasi_fd_read(fd, in, 2, &count));
  CHECK(count == 5 && memcmp(bytes, "\0\0abc", 5) == 0);

  /* Sizes. */
  OK(__wasi_fd_filestat_get(fd, &stat));
  CHECK(stat.size == 12 && stat.filetype == __WASI_FILETYPE_REGULAR_FILE && stat.nlink == 1);
  OK(__wasi_fd_filestat_set_size(fd, 2));
  OK(__wasi_fd_filestat_set_size(fd, 4));
  OK(__wasi_fd_pread(fd, in, 2, 0, &count));
  CHECK(count == 4 && memcmp(bytes, "ab\0\0", 4) == 0);
  FAILS(FBIG, __wasi_fd_filestat_set_size(fd, UINT64_MAX));
  FAILS(NOSPC, __wasi_fd_filestat_set_size(fd, 10000000000));
  OK(__wasi_fd_allocate(fd, 0, 3));
  OK(__wasi_fd_filestat_get(fd, &stat));
  CHECK(stat.size == 4);
  OK(__wasi_fd_allocate(fd, 4, 6));
  OK(__wasi_fd_filestat_get(fd, &stat));
  CHECK(stat.size == 10);
  FAILS(INVAL, __wasi_fd_allocate(fd, 0, 0));
  FAILS(FBIG, __wasi_fd_allocate(fd, UINT64_MAX, UINT64_MAX));
  FAILS(NOSPC, __wasi_fd_allocate(fd, 0, 10000000000));
  OK(__wasi_fd_sync(fd));
  OK(__wasi_fd_datasync(fd));
  for (uint8_t advice = 0; advice < 6; advice++) OK(__wasi_fd_advise(fd, 0, 100, advice));
  FAILS(INVAL, __wasi_fd_advise(fd, 0, 100, 6));

  /* Times. */
  OK(__wasi_fd_filestat_get(fd, &before));
  OK(__wasi_fd_filestat_set_times(fd, 1000, 2000, __WASI_FSTFLAGS_ATIM));
  OK(__wasi_fd_filestat_get(fd, &stat));
  CHECK(stat.atim == 1000 && stat.mtim == before.mtim);
  OK(__wasi_fd_filestat_set_times(fd, 1000, 2000, __WASI_FSTFLAGS_MTIM | __WASI_FSTFLAGS_ATIM_NOW));
  OK(__wasi_fd_filestat_get(fd, &stat));
  CHECK(stat.atim >= before.atim && stat.mtim == 2000 && stat.ctim >= before.ctim);
  FAILS(INVAL, __wasi_fd_filestat_set_times(fd, 1, 2, __WASI_FSTFLAGS_ATIM | __WASI_FSTFLAGS_ATIM_NOW));
  FAILS(INVAL, __wasi_fd_filestat_set_times(fd, 1, 2, __WASI_FSTFLAGS_MTIM | __WASI_FSTFLAGS_MTIM_NOW));
  FAILS(INVAL, __wasi_fd_filestat_set_times(fd, 1, 2, 16));
  OK(__wasi_fd_filestat_set_times(fd, 1, 2, 0));

  /* Flags: with one of them, whatever is written is written at the end. */
  OK(__wasi_fd_fdstat_get(fd, &status));
  CHECK(status.fs_flags == 0 && status.fs_filetype == __WASI_FILETYPE_REGULAR_FILE);
  OK(__wasi_fd_fdstat_set_flags(fd, __WASI_FDFLAGS_APPEND | __WASI_FDFLAGS_NONBLOCK));
  OK(__wasi_fd_fdstat_get(fd, &status));
  CHECK(status.fs_flags == (__WASI_FDFLAGS_APPEND | __WASI_FDFLAGS_NONBLOCK));
  OK(__wasi_fd_seek(fd, 0, __WASI_WHENCE_SET, &position));
  OK(__wasi_fd_write(fd, out, 1, &count));
  OK(__wasi_fd_tell(fd, &position));
  CHECK(position == 13);
  FAILS(INVAL, __wasi_fd_fdstat_set_flags(fd, 32));
  OK(__wasi_fd_fdstat_set_flags(fd, 0));
  OK(__wasi_fd_seek(fd, 0, __WASI_WHENCE_SET, &position));
  OK(__wasi_fd_write(fd, out, 1, &count));
  OK(__wasi_fd_filestat_get(fd, &stat));
  CHECK(stat.size == 13);

  /* Two descriptors of one file have a position each. */
  OK(open_in(FIRST, "file", 0, &other));
  OK(__wasi_fd_tell(other, &position));
  CHECK(other != fd && position == 0);

  /* One descriptor takes the place of the other. */
  OK(open_in(FIRST, "second", __WASI_OFLAGS_CREAT, &other));
  OK(__wasi_fd_renumber(fd, other));
  FAILS(BADF, __wasi_fd_fdstat_get(fd, &status));
  OK(__wasi_fd_filestat_get(other, &before));
  CHECK(before.ino == stat.ino);
  FAILS(BADF, __wasi_fd_renumber(other, fd));
  FAILS(BADF, __wasi_fd_renumber(fd, other));
  FAILS(BADF, __wasi_fd_renumber(other, 0x80000000));
  FAILS(BADF, __wasi_fd_renumber(0x80000000, other));
  OK(__wasi_fd_renumber(other, other));
  for (fd = 0; fd < 3; fd++) FAILS(BADF, __wasi_fd_renumber(other, fd));

  /* A standard stream can be moved, and is then one no more. */
  OK(__wasi_fd_filestat_get(0, &before));
  CHECK(before.size == 0 && before.atim == 0 && before.mtim == 0 && before.ctim == 0);
  OK(__wasi_fd_renumber(0, FIRST + 2));
  FAILS(BADF, __wasi_fd_fdstat_get(0, &status));
  FAILS(BADF, __wasi_fd_renumber(other, FIRST + 2));
  OK(open_in(FIRST, "second", 0, &fd));
  CHECK(fd == 0);
  OK(__wasi_fd_renumber(1, fd));
  FAILS(BADF, __wasi_fd_renumber(other, fd));
  OK(open_in(FIRST, "second", 0, &fd));
  CHECK(fd == 1);

  /* The lowest free number is the next one's. */
  OK(open_in(FIRST, "second", 0, &fd));
  CHECK(fd == FIRST + 1);

  /* A file that was removed lives as long as it is open. */
  OK(__wasi_path_unlink_file(FIRST, "file"));
  OK(__wasi_fd_filestat_get(other, &stat));
  CHECK(stat.nlink == 0 && stat.size == 13);
  OK(__wasi_fd_close(other));

  /* A directory has no bytes. */
  OK(open_in(FIRST, ".", __WASI_OFLAGS_DIRECTORY, &other));
  FAILS(NOTCAPABLE, __wasi_fd_read(other, in, 1, &count));
  FAILS(NOTCAPABLE, __wasi_fd_write(other, out, 1, &count));
  FAILS(NOTCAPABLE, __wasi_fd_pread(other, in, 1, 0, &count));
  FAILS(NOTCAPABLE, __wasi_fd_pwrite(other, out, 1, 0, &count));
  FAILS(NOTCAPABLE, __wasi_fd_seek(other, 0, __WASI_WHENCE_SET, &position));
  FAILS(NOTCAPABLE, __wasi_fd_tell(other, &position));
  FAILS(NOTCAPABLE, __wasi_fd_allocate(other, 0, 1));
  FAILS(NOTCAPABLE, __wasi_fd_filestat_set_size(other, 0));
  FAILS(NOTCAPABLE, __wasi_fd_advise(other, 0, 1, 0));
  OK(__wasi_fd_sync(other));
  OK(__wasi_fd_close(other));

  /* What is closed is bad for everything. */
  OK(__wasi_fd_close(fd));
  const __wasi_fd_t bad[] = {fd, other, 200, 1000000, 0x7fffffff, 0x80000000, 0xffffffff};
  for (int i = 0; i < 7; i++) {
    __wasi_fd_t is = bad[i];
    __wasi_prestat_t prestat;
    FAILS(BADF, __wasi_fd_advise(is, 0, 0, 0));
    FAILS(BADF, __wasi_fd_allocate(is, 0, 1));
    FAILS(BADF, __wasi_fd_close(is));
    FAILS(BADF, __wasi_fd_datasync(is));
    FAILS(BADF, __wasi_fd_fdstat_get(is, &status));
    FAILS(BADF, __wasi_fd_fdstat_set_flags(is, 0));
    FAILS(BADF, __wasi_fd_fdstat_set_rights(is, 0, 0));
    FAILS(BADF, __wasi_fd_filestat_get(is, &stat));
    FAILS(BADF, __wasi_fd_filestat_set_size(is, 0));
    FAILS(BADF, __wasi_fd_filestat_set_times(is, 0, 0, 0));
    FAILS(BADF, __wasi_fd_pread(is, in, 1, 0, &count));
    FAILS(BADF, __wasi_fd_prestat_get(is, &prestat));
    FAILS(BADF, __wasi_fd_prestat_dir_name(is, bytes, sizeof bytes));
    FAILS(BADF, __wasi_fd_pwrite(is, out, 1, 0, &count));
    FAILS(BADF, __wasi_fd_read(is, in, 1, &count));
    FAILS(BADF, __wasi_fd_readdir(is, bytes, sizeof bytes, 0, &count));
    FAILS(BADF, __wasi_fd_renumber(is, FIRST));
    FAILS(BADF, __wasi_fd_seek(is, 0, 0, &position));
    FAILS(BADF, __wasi_fd_sync(is));
    FAILS(BADF, __wasi_fd_tell(is, &position));
    FAILS(BADF, __wasi_fd_write(is, out, 1, &count));
    FAILS(BADF, __wasi_path_create_directory(is, "x"));
    FAILS(BADF, __wasi_path_filestat_get(is, 0, "x", &stat));
    FAILS(BADF, __wasi_path_filestat_set_times(is, 0, "x", 0, 0, 0));
    FAILS(BADF, __wasi_path_link(is, 0, "x", FIRST, "y"));
    FAILS(BADF, __wasi_path_open(is, 0, "x", 0, 0, 0, 0, &fd));
    FAILS(BADF, __wasi_path_readlink(is, "x", bytes, sizeof bytes, &count));
    FAILS(BADF, __wasi_path_remove_directory(is, "x"));
    FAILS(BADF, __wasi_path_rename(is, "x", FIRST, "y"));
    FAILS(BADF, __wasi_path_rename(FIRST, "x", is, "y"));
    FAILS(BADF, __wasi_path_symlink("x", is, "y"));
    FAILS(BADF, __wasi_path_unlink_file(is, "x"));
  }
  return 0;
}
