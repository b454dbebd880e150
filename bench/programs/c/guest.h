// The same program as a guest (exports of the `buffer` kind) and as a native one (a `main` that times itself). No C library in either:
// what is compared is what the compilers make of this code, and nothing else.
#ifndef GUEST_H
#define GUEST_H

typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long long u64;

// Does the work and returns a number that depends on all of it.
u64 work(void);

#ifdef __wasm__
#define EXPORT(name) __attribute__((export_name(name)))

static u8 room[65536];
static u32 used = 0;

EXPORT("allocate") void *allocate(u32 size) {
  void *at = room + used;
  used += (size + 15) & ~15u;
  return used <= sizeof room ? at : 0;
}

EXPORT("deallocate") void deallocate(void *at, u32 size) {
  (void)at;
  (void)size;
}

EXPORT("process") u8 *process(const u8 *input, u32 length, u32 *out_length) {
  (void)input;
  (void)length;
  u64 result = work();
  u8 *text = allocate(20);
  u32 digits = 0;
  for (u64 rest = result; digits == 0 || rest; rest /= 10) digits++;
  for (u32 i = digits; i > 0; result /= 10) text[--i] = '0' + result % 10;
  *out_length = digits;
  return text;
}
#else
#include <stdio.h>
#include <time.h>

// Prints milliseconds of CPU and the result.
int main(void) {
  struct timespec before, after;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
  u64 result = work();
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
  printf("%f %llu\n", (after.tv_sec - before.tv_sec) * 1e3 + (after.tv_nsec - before.tv_nsec) / 1e6, result);
  return 0;
}
#endif
#endif
