;; Returns a text that goes on to the end of memory without a NUL.
(module
  (memory (export "memory") 1)
  (func (export "allocate") (param i32) (result i32) (i32.const 1024))
  (func (export "deallocate") (param i32 i32))
  (func (export "process") (param $input i32) (result i32)
    (memory.fill (i32.const 2048) (i32.const 0x61) (i32.const 63488))
    (i32.const 2048)
  )
)
