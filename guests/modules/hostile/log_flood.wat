;; Writes a kibibyte to standard error, again and again.
(module
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "_start")
    (i32.store (i32.const 0) (i32.const 1024))
    (i32.store (i32.const 4) (i32.const 1024))
    (memory.fill (i32.const 1024) (i32.const 0x61) (i32.const 1023))
    (i32.store8 (i32.const 2047) (i32.const 10))
    (loop $again
      (drop (call $write (i32.const 2) (i32.const 0) (i32.const 1) (i32.const 12)))
      (br $again))
  )
)
