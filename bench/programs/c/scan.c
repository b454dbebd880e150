// Words of a text counted and looked for: a byte at a time, a small table, comparisons.
#include "guest.h"

#define SIZE (1 << 20)
static u8 text[SIZE];
static u32 counts[4096];

static int is_letter(u8 c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

static u32 find(const u8 *needle, u32 length) {
  u32 found = 0;
  for (u32 i = 0; i + length <= SIZE; i++) {
    u32 k = 0;
    while (k < length && text[i + k] == needle[k]) k++;
    found += k == length;
  }
  return found;
}

u64 work(void) {
  u32 state = 7;
  for (u32 i = 0; i < SIZE; i++) {
    state = state * 1664525u + 1013904223u;
    u32 pick = state >> 27;
    text[i] = pick < 26 ? 'a' + pick : pick < 30 ? ' ' : '\n';
  }
  u64 sum = 0;
  for (int round = 0; round < 75; round++) {
    u32 word = 5381, lines = 0, words = 0;
    for (u32 i = 0; i < SIZE; i++) {
      u8 c = text[i];
      if (is_letter(c)) {
        word = word * 33 + (c | 32);
      } else {
        if (word != 5381) {
          counts[word & 4095]++;
          words++;
        }
        word = 5381;
        lines += c == '\n';
      }
    }
    sum += words + lines + find((const u8 *)"the", 3) + find((const u8 *)"q z", 3);
    text[round * 1000] ^= 1;
  }
  for (u32 i = 0; i < 4096; i++) sum = sum * 31 + counts[i];
  return sum;
}
