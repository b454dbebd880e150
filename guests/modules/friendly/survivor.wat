;; A text module that asks for 10,000 pages, is refused where there is a limit, and returns its input all the same.
(module
  (memory (export "memory") 1)
  (func (export "allocate") (param i32) (result i32) (i32.const 1024))
  (func (export "deallocate") (param i32 i32))
  (func (export "process") (param $input i32) (result i32)
    (drop (memory.grow (i32.const 10000)))
    (local.get $input)
  )
)
