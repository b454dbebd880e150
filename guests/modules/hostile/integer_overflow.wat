;; Makes an integer of a number that is none.
(module
  (memory (export "memory") 1)
  (func (export "allocate") (param i32) (result i32) (i32.const 1024))
  (func (export "deallocate") (param i32 i32))
  (func (export "process") (param $input i32) (result i32)
    (i32.trunc_f64_s (f64.const nan))
  )
)
