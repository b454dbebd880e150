/* Standard output and standard error go where they are expected, also from a program that fails then. */
#include "check.h"

int main(void) {
  OK(write_text(1, "to standard "));
  OK(write_text(2, "to standard error\n"));
  OK(write_text(1, "output\n"));
  FAILS(NOTCAPABLE, write_text(0, "nowhere"));
  __wasi_proc_exit(33);
}
