;; Returns its input, and then does not let go of it.
(module
  (memory (export "memory") 1)
  (func (export "allocate") (param i32) (result i32) (i32.const 1024))
  (func (export "deallocate") (param i32 i32) (loop $again (br $again)))
  (func (export "process") (param $input i32) (result i32)
    (local.get $input)
  )
)
