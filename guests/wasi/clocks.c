/* Clocks run, by what they say that they can tell, and there are four of them. */
#include "check.h"

int main(void) {
  for (__wasi_clockid_t clock = 0; clock < 4; clock++) {
    __wasi_timestamp_t resolution, first, second;
    OK(__wasi_clock_res_get(clock, &resolution));
    CHECK(resolution > 0);
    OK(__wasi_clock_time_get(clock, 0, &first));
    OK(__wasi_clock_time_get(clock, 0, &second));
    CHECK(clock == __WASI_CLOCKID_REALTIME ? second >= first : second > first); /* programs divide by the difference */
    do OK(__wasi_clock_time_get(clock, 0, &second));
    while (second / resolution == first / resolution);
    CHECK(second / resolution > first / resolution);
    if (clock == __WASI_CLOCKID_REALTIME) CHECK(first > 1500000000000000000u);
  }
  __wasi_timestamp_t time;
  FAILS(INVAL, __wasi_clock_time_get(4, 0, &time));
  FAILS(INVAL, __wasi_clock_time_get(0xffffffff, 0, &time));
  FAILS(INVAL, __wasi_clock_res_get(4, &time));
  OK(__wasi_sched_yield());
  return 0;
}
