// A hash over a buffer, again and again: 64-bit multiplication, rotation, a load for every byte.
#include "guest.h"

static u8 buffer[1 << 16];

u64 work(void) {
  for (u32 i = 0; i < sizeof buffer; i++) buffer[i] = (u8)(i * 31 + (i >> 8));
  u64 hash = 14695981039346656037ull;
  for (int round = 0; round < 5000; round++) {
    for (u32 i = 0; i < sizeof buffer; i++) hash = (hash ^ buffer[i]) * 1099511628211ull;
    hash = (hash << 13 | hash >> 51) + round;
  }
  return hash;
}
