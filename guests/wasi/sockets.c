/* There are no sockets, and no descriptor is one. */
#include "check.h"

int main(void) {
  __wasi_fd_t fd;
  __wasi_size_t count;
  __wasi_roflags_t flags;
  uint8_t bytes[4];
  __wasi_iovec_t in = {bytes, sizeof bytes};
  __wasi_ciovec_t out = {bytes, sizeof bytes};
  for (__wasi_fd_t open = 0; open <= FIRST; open++) {
    FAILS(NOTSOCK, __wasi_sock_accept(open, 0, &fd));
    FAILS(NOTSOCK, __wasi_sock_recv(open, &in, 1, 0, &count, &flags));
    FAILS(NOTSOCK, __wasi_sock_send(open, &out, 1, 0, &count));
    FAILS(NOTSOCK, __wasi_sock_shutdown(open, __WASI_SDFLAGS_RD));
  }
  const __wasi_fd_t bad[] = {FIRST + 1, 1000, 0x80000000, 0xffffffff};
  for (int i = 0; i < 4; i++) {
    FAILS(BADF, __wasi_sock_accept(bad[i], 0, &fd));
    FAILS(BADF, __wasi_sock_recv(bad[i], &in, 1, 0, &count, &flags));
    FAILS(BADF, __wasi_sock_send(bad[i], &out, 1, 0, &count));
    FAILS(BADF, __wasi_sock_shutdown(bad[i], __WASI_SDFLAGS_RD));
  }
  return 0;
}
