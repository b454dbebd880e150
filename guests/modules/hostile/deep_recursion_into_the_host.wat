;; Calls itself for ever and the host at each depth, so that the stack ends within the host, and catches whatever is thrown.
(module
  (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "allocate") (param i32) (result i32) (i32.const 1024))
  (func (export "deallocate") (param i32 i32))
  (func $deeper
    (try
      (do (drop (call $random (i32.const 0) (i32.const 64))) (call $deeper))
      (catch_all (drop (call $random (i32.const 0) (i32.const 64))))))
  (func (export "process") (param $input i32) (result i32)
    (call $deeper)
    (local.get $input)
  )
)
