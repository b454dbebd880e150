;; Returns a text of a mebibyte.
(module
  (memory (export "memory") 1)
  (func (export "allocate") (param i32) (result i32) (i32.const 1024))
  (func (export "deallocate") (param i32 i32))
  (func (export "process") (param $input i32) (result i32)
    (drop (memory.grow (i32.const 17)))
    (memory.fill (i32.const 65536) (i32.const 0x61) (i32.const 1048576))
    (i32.const 65536)
  )
)
