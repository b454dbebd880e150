/* A text module: takes a text that a NUL ends, and returns it with "-wasm" behind it. */
#include "allocate.h"

static const char SUFFIX[] = "-wasm";

EXPORT("process") char *process(const char *input) {
  size_t length = 0;
  while (input[length] != 0) length++;
  char *output = allocate(length + sizeof SUFFIX);
  if (output == 0) return 0;
  __builtin_memcpy(output, input, length);
  __builtin_memcpy(output + length, SUFFIX, sizeof SUFFIX);
  return output;
}
