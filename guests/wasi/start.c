/* Arguments and environment, as they were given. */
#include "check.h"

static uint8_t *list[8];
static uint8_t text[256];

int main(void) {
  __wasi_size_t count, bytes;
  OK(__wasi_args_sizes_get(&count, &bytes));
  CHECK(count == 4 && bytes == sizeof "start.wasm" + sizeof "first" + sizeof "" + sizeof "zw\u00f6lf \"3\"");
  OK(__wasi_args_get(list, text));
  CHECK(strcmp((char *)list[0], "start.wasm") == 0);
  CHECK(strcmp((char *)list[1], "first") == 0);
  CHECK(strcmp((char *)list[2], "") == 0);
  CHECK(strcmp((char *)list[3], "zw\u00f6lf \"3\"") == 0);

  OK(__wasi_environ_sizes_get(&count, &bytes));
  CHECK(count == 3 && bytes == sizeof "A=1" + sizeof "EMPTY=" + sizeof "LINES=a\nb=c");
  OK(__wasi_environ_get(list, text));
  CHECK(strcmp((char *)list[0], "A=1") == 0);
  CHECK(strcmp((char *)list[1], "EMPTY=") == 0);
  CHECK(strcmp((char *)list[2], "LINES=a\nb=c") == 0);
  return 0;
}
