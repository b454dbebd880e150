/* The smallest allocator that a handler can do with: memory is handed out upwards and never taken back, because each attempt runs in a
 * fresh instance. */
#ifndef ALLOCATE_H
#define ALLOCATE_H

#define EXPORT(name) __attribute__((export_name(name)))
#define PAGE 65536u

typedef __SIZE_TYPE__ size_t;

extern unsigned char __heap_base; /* where the linker's own data ends */

/* Returns 0 where memory can't grow far enough. */
EXPORT("allocate") void *allocate(size_t size) {
  static size_t top = 0;
  if (top == 0) top = (size_t)&__heap_base;
  size_t start = (top + 15u) & ~(size_t)15u;
  size_t room = __builtin_wasm_memory_size(0) * PAGE;
  if (size > room - start) {
    size_t pages = (size - (room - start) - 1) / PAGE + 1;
    if (__builtin_wasm_memory_grow(0, pages) == (size_t)-1) return 0;
  }
  top = start + size;
  return (void *)start;
}

EXPORT("deallocate") void deallocate(void *address, size_t size) {
  (void)address;
  (void)size;
}

#endif
