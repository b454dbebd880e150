;; Calls an empty table entry.
(module
  (memory (export "memory") 1)
  (func (export "allocate") (param i32) (result i32) (i32.const 1024))
  (func (export "deallocate") (param i32 i32))
  (table 1 funcref)
  (func (export "process") (param $input i32) (result i32)
    (call_indirect (result i32) (i32.const 0))
  )
)
