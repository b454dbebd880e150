/* Standard input, to its end. */
#include "check.h"

int main(void) {
  uint8_t bytes[4];
  __wasi_iovec_t parts[2] = {{bytes, 2}, {bytes + 2, 2}};
  __wasi_size_t count;
  OK(__wasi_fd_read(0, parts, 2, &count));
  CHECK(count == 4 && memcmp(bytes, "hand", 4) == 0);
  CHECK(reads(0, "ed over"));
  CHECK(reads(0, ""));
  FAILS(NOTCAPABLE, __wasi_fd_read(1, parts, 2, &count));
  FAILS(SPIPE, __wasi_fd_pread(0, parts, 2, 0, &count));
  __wasi_filesize_t position;
  FAILS(SPIPE, __wasi_fd_seek(0, 0, __WASI_WHENCE_CUR, &position));
  FAILS(SPIPE, __wasi_fd_tell(0, &position));
  return 0;
}
