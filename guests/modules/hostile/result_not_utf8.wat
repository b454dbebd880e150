;; Returns a text that is not UTF-8.
(module
  (memory (export "memory") 1)
  (func (export "allocate") (param i32) (result i32) (i32.const 1024))
  (func (export "deallocate") (param i32 i32))
  (data (i32.const 64) "\c3\28")
  (func (export "process") (param $input i32) (result i32)
    (i32.const 64)
  )
)
