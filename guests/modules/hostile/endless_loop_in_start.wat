;; Never gets as far as being called.
(module
  (memory (export "memory") 1)
  (func (export "allocate") (param i32) (result i32) (i32.const 1024))
  (func (export "deallocate") (param i32 i32))
  (func $start (loop $again (br $again)))
  (start $start)
  (func (export "process") (param $input i32) (result i32)
    (local.get $input)
  )
)
