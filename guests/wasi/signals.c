/* Signals that a program survives, that there aren't, and one that ends it. */
#include "check.h"

__attribute__((import_module("wasi_snapshot_preview1"), import_name("proc_raise"))) int32_t raise_signal(int32_t signal);

int main(void) {
  OK(raise_signal(0));
  const int survived[] = {16, 17, 22, 27};
  for (int i = 0; i < 4; i++) OK(raise_signal(survived[i]));
  for (int signal = 18; signal < 22; signal++) FAILS(NOTSUP, raise_signal(signal));
  FAILS(INVAL, raise_signal(31));
  FAILS(INVAL, raise_signal(-1));
  raise_signal(6);
  return 0;
}
