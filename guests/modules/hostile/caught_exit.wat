;; Exits, tries to catch that, and would then go on for ever.
(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (func (export "_start")
    (try (do (call $exit (i32.const 7))) (catch_all))
    (loop $again (br $again))
  )
)
