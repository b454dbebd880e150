;; Can be compiled, but its data does not fit into its memory.
(module
  (memory (export "memory") 1)
  (func (export "allocate") (param i32) (result i32) (i32.const 1024))
  (func (export "deallocate") (param i32 i32))
  (data (i32.const 65535) "ab")
  (func (export "process") (param $input i32) (result i32)
    (local.get $input)
  )
)
