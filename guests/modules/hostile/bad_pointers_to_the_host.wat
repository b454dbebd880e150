;; Hands the host addresses and lengths that are not in its memory. It ends with status 0 if each is answered by an error number.
(module
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func $expect (param $errno i32) (if (i32.eqz (local.get $errno)) (then unreachable)))
  (func (export "_start")
    ;; a list of buffers behind the end of memory
    (call $expect (call $write (i32.const 2) (i32.const -8) (i32.const 1) (i32.const 12)))
    ;; more buffers than memory has room for
    (call $expect (call $write (i32.const 2) (i32.const 0) (i32.const 0x7fffffff) (i32.const 12)))
    ;; a buffer whose end is over 32 bits
    (i32.store (i32.const 0) (i32.const 1024))
    (i32.store (i32.const 4) (i32.const -1))
    (call $expect (call $write (i32.const 2) (i32.const 0) (i32.const 1) (i32.const 12)))
    ;; randomness for all of memory and more
    (call $expect (call $random (i32.const 1) (i32.const -1)))
    ;; the result behind the end of memory
    (i32.store (i32.const 4) (i32.const 1))
    (call $expect (call $write (i32.const 2) (i32.const 0) (i32.const 1) (i32.const 65534)))
  )
)
