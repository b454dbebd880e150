;; Loops for ever.
(module
  (memory (export "memory") 1)
  (func (export "_start")
    (loop $infinite (br $infinite))
  )
)
