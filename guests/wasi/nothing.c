/* A program that is given nothing has its name, three streams, and nothing else. */
#include "check.h"

int main(void) {
  __wasi_size_t count, bytes;
  __wasi_prestat_t prestat;
  __wasi_fdstat_t stat;
  OK(__wasi_args_sizes_get(&count, &bytes));
  CHECK(count == 1 && bytes == sizeof "nothing.wasm");
  OK(__wasi_environ_sizes_get(&count, &bytes));
  CHECK(count == 0 && bytes == 0);
  for (__wasi_fd_t fd = 0; fd < 300; fd++) {
    FAILS(BADF, __wasi_fd_prestat_get(fd, &prestat));
    CHECK(__wasi_fd_fdstat_get(fd, &stat) == (fd < 3 ? __WASI_ERRNO_SUCCESS : __WASI_ERRNO_BADF));
    if (fd < 3) CHECK(stat.fs_filetype == __WASI_FILETYPE_CHARACTER_DEVICE && stat.fs_rights_inheriting == 0);
  }
  return 0;
}
