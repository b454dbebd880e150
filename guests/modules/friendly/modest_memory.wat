;; A text module that allocates 256 pages (16 MiB), writes to each, and returns its input.
(module
  (memory (export "memory") 1)
  (func (export "allocate") (param i32) (result i32) (i32.const 1024))
  (func (export "deallocate") (param i32 i32))
  (func (export "process") (param $input i32) (result i32)
    (local $page i32)
    (if (i32.eq (memory.grow (i32.const 256)) (i32.const -1)) (then unreachable))
    (loop $again
      (local.set $page (i32.add (local.get $page) (i32.const 1)))
      (i32.store (i32.mul (local.get $page) (i32.const 65536)) (i32.const -1))
      (br_if $again (i32.lt_u (local.get $page) (i32.const 256))))
    (local.get $input)
  )
)
