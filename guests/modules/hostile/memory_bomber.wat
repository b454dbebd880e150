;; Starts with 1,000 pages and asks for as many again. A refusal only returns -1, which is dropped.
(module
  (memory (export "memory") 1000)
  (func (export "_start")
    (drop (memory.grow (i32.const 1000)))
  )
)
