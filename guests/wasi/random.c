/* Randomness, as much as anybody needs at a time. */
#include "check.h"

static uint8_t bytes[1 << 20];

int main(void) {
  OK(__wasi_random_get(bytes, 0));
  CHECK(bytes[0] == 0);
  OK(__wasi_random_get(bytes, 1024));
  int seen[256] = {0}, different = 0;
  for (int i = 0; i < 1024; i++) different += seen[bytes[i]]++ == 0;
  CHECK(different > 200 && bytes[1024] == 0);
  OK(__wasi_random_get(bytes, sizeof bytes));
  FAILS(INVAL, __wasi_random_get(bytes, sizeof bytes + 1));
  FAILS(INVAL, __wasi_random_get(bytes, 0xffffffff));
  return 0;
}
