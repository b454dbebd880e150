;; Asks for 4 GiB at once, and reports the refusal by a null pointer, as C does.
(module
  (memory (export "memory") 1)
  (func (export "allocate") (param i32) (result i32) (i32.const 1024))
  (func (export "deallocate") (param i32 i32))
  (func (export "process") (param $input i32) (result i32)
    (if (i32.eq (memory.grow (i32.const 65535)) (i32.const -1)) (then (return (i32.const 0))))
    (local.get $input)
  )
)
