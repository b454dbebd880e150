// Quicksort with insertion sort at the bottom: branches that nobody can foresee, and recursion.
#include "guest.h"

#define N 2000000
static u32 numbers[N];

static void sort(u32 *from, u32 *to) {
  while (to - from > 16) {
    u32 low = from[0], middle = from[(to - from) / 2], high = to[-1];
    u32 pivot = low < middle ? (middle < high ? middle : (low < high ? high : low)) : (low < high ? low : (middle < high ? high : middle));
    u32 *i = from, *j = to - 1;
    while (i <= j) {
      while (*i < pivot) i++;
      while (*j > pivot) j--;
      if (i <= j) {
        u32 other = *i;
        *i++ = *j;
        *j-- = other;
      }
    }
    sort(from, j + 1);
    from = i;
  }
  for (u32 *i = from + 1; i < to; i++) {
    u32 value = *i, *j = i;
    for (; j > from && j[-1] > value; j--) *j = j[-1];
    *j = value;
  }
}

u64 work(void) {
  u64 sum = 0;
  u32 state = 1;
  for (int round = 0; round < 3; round++) {
    for (u32 i = 0; i < N; i++) numbers[i] = state = state * 1664525u + 1013904223u;
    sort(numbers, numbers + N);
    sum = sum * 31 + numbers[N / 3] + numbers[0];
  }
  return sum;
}
