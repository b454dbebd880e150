;; Grows a table until it is refused, and calls what is not there.
(module
  (memory (export "memory") 1)
  (func (export "allocate") (param i32) (result i32) (i32.const 1024))
  (func (export "deallocate") (param i32 i32))
  (table 1 funcref)
  (func (export "process") (param $input i32) (result i32)
    (loop $again (br_if $again (i32.ne (table.grow 0 (ref.null func) (i32.const 10000)) (i32.const -1))))
    (call_indirect (i32.const 0))
    (local.get $input)
  )
)
