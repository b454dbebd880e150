/* What the tests of this folder have in common. A check that does not hold ends the program with the number of its line as the exit status. */
#ifndef CHECK_H
#define CHECK_H

#include <stdint.h>
#include <string.h>
#include <wasi/api.h>

#define CHECK(holds)                                                                                                                       \
  do {                                                                                                                                     \
    if (!(holds)) __wasi_proc_exit(__LINE__);                                                                                              \
  } while (0)

/* A call succeeds, or fails with the error of this name. */
#define OK(call) CHECK((call) == __WASI_ERRNO_SUCCESS)
#define FAILS(name, call) CHECK((call) == __WASI_ERRNO_##name)

#define ALL_RIGHTS (((uint64_t)1 << 30) - 1)
#define FIRST 3 /* the first directory that the program is given */

/* Opens what is there, or makes it, with all rights that the directory hands on. */
static inline __wasi_errno_t open_in(__wasi_fd_t directory, const char *path, __wasi_oflags_t oflags, __wasi_fd_t *fd) {
  __wasi_fdstat_t stat;
  __wasi_errno_t error = __wasi_fd_fdstat_get(directory, &stat);
  if (error) return error;
  __wasi_rights_t rights = stat.fs_rights_inheriting;
  if (oflags & __WASI_OFLAGS_DIRECTORY) rights &= ~(__WASI_RIGHTS_FD_WRITE | __WASI_RIGHTS_FD_ALLOCATE | __WASI_RIGHTS_FD_FILESTAT_SET_SIZE);
  return __wasi_path_open(directory, __WASI_LOOKUPFLAGS_SYMLINK_FOLLOW, path, oflags, rights, stat.fs_rights_inheriting, 0, fd);
}

static inline __wasi_errno_t write_text(__wasi_fd_t fd, const char *text) {
  __wasi_ciovec_t part = {(const uint8_t *)text, strlen(text)};
  __wasi_size_t written = 0;
  __wasi_errno_t error = __wasi_fd_write(fd, &part, 1, &written);
  return error ? error : written == part.buf_len ? 0 : __WASI_ERRNO_IO;
}

/* Makes a file with this text in it. */
static inline __wasi_errno_t make_file(__wasi_fd_t directory, const char *path, const char *text) {
  __wasi_fd_t fd;
  __wasi_errno_t error = open_in(directory, path, __WASI_OFLAGS_CREAT | __WASI_OFLAGS_EXCL, &fd);
  if (error) return error;
  error = write_text(fd, text);
  return error ? error : __wasi_fd_close(fd);
}

/* Whether a descriptor, read from where it stands, has this text and then ends. */
static inline int reads(__wasi_fd_t fd, const char *text) {
  static uint8_t bytes[256];
  __wasi_iovec_t part = {bytes, sizeof bytes};
  __wasi_size_t count = 0;
  if (__wasi_fd_read(fd, &part, 1, &count)) return 0;
  return count == strlen(text) && memcmp(bytes, text, count) == 0;
}

static inline __wasi_errno_t stat_of(__wasi_fd_t directory, const char *path, __wasi_filestat_t *stat) {
  return __wasi_path_filestat_get(directory, 0, path, stat);
}

#endif
