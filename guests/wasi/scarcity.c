/* Descriptors, entries and bytes come to an end, with an error and not before their time. */
#include "check.h"

static uint8_t block[1 << 20];
static char name[8] = "f000000";

static const char *numbered(int number) {
  for (int at = 6; at > 0; at--, number /= 10) name[at] = (char)('0' + number % 10);
  return name;
}

int main(void) {
  __wasi_fd_t fd = 0;
  __wasi_errno_t error;
  __wasi_filestat_t stat;
  __wasi_size_t count;
  __wasi_filesize_t position;

  /* A million opens. */
  int opened = 0;
  while ((error = open_in(FIRST, ".", __WASI_OFLAGS_DIRECTORY, &fd)) == 0) opened++;
  CHECK(error == __WASI_ERRNO_MFILE && opened >= 200 && opened < 1000);
  for (int i = 0; i < 1000; i++) FAILS(MFILE, open_in(FIRST, "new", __WASI_OFLAGS_CREAT, &fd));
  FAILS(NOENT, stat_of(FIRST, "new", &stat));
  for (int i = 0; i < opened; i++) OK(__wasi_fd_close(FIRST + 1 + i));

  /* A million entries. */
  int made = 0;
  for (; (error = open_in(FIRST, numbered(made), __WASI_OFLAGS_CREAT, &fd)) == 0; made++) OK(__wasi_fd_close(fd));
  CHECK(error == __WASI_ERRNO_NOSPC && made >= 2000 && made < 10000);
  FAILS(NOSPC, __wasi_path_create_directory(FIRST, "d"));
  FAILS(NOSPC, __wasi_path_symlink("x", FIRST, "s"));
  for (int i = 0; i < made; i++) OK(__wasi_path_unlink_file(FIRST, numbered(i)));

  /* More bytes than there is memory, written or far apart. */
  OK(open_in(FIRST, "big", __WASI_OFLAGS_CREAT, &fd));
  OK(__wasi_fd_seek(fd, 10000000000, __WASI_WHENCE_SET, &position));
  FAILS(NOSPC, write_text(fd, "far away"));
  OK(__wasi_fd_seek(fd, 0, __WASI_WHENCE_SET, &position));
  __wasi_ciovec_t part = {block, sizeof block};
  int megabytes = 0;
  while ((error = __wasi_fd_write(fd, &part, 1, &count)) == 0) megabytes++;
  CHECK(error == __WASI_ERRNO_NOSPC && megabytes >= 20 && megabytes <= 64);
  OK(__wasi_path_unlink_file(FIRST, "big"));
  OK(__wasi_fd_close(fd));
  OK(make_file(FIRST, "small", "there is room again"));
  OK(stat_of(FIRST, "small", &stat));
  CHECK(stat.size == 19);
  return 0;
}
