import { type Check, type Context, ends, gives, javascript, module, python, type Row } from "../audit.ts";
import { assemble } from "./c-modules.ts";

const SECTION = "The nine";

/** The nine tests of a quota layer that any sandbox should pass, by their names. */
export const NINE: readonly (Row | Check)[] = [
  {
    section: SECTION,
    attack: "filesystem",
    run: () => python("try: open('/etc/passwd')\nexcept OSError: return 'refused'"),
    expect: gives("refused"),
  },
  {
    section: SECTION,
    attack: "CPU quota",
    run: () => module(assemble('(module (memory (export "memory") 1) (func (export "_start") (loop (br 0))))'), { limits: { cpuMs: 100 } }),
    expect: ends("exhausted", /"cpu"/),
  },
  {
    section: SECTION,
    attack: "memory quota",
    run: () => python("x = []\nwhile True: x.append(bytes(10**6))"),
    expect: ends("exhausted", /"memory"/),
  },
  {
    section: SECTION,
    attack: "network",
    run: ({ sinkPort }) =>
      python("import socket\ntry: socket.create_connection(('127.0.0.1', inputs['port']), 1)\nexcept OSError: return 'refused'", {
        input: { port: sinkPort },
      }),
    expect: gives("refused"),
  },
  {
    section: SECTION,
    attack: "timing",
    run: () => javascript("const t = new Set(); for (let i = 0; i < 1e5; i++) t.add(Date.now() % 1); return [...t]"),
    expect: gives([0]),
  },
  {
    section: SECTION,
    attack: "system call",
    run: () => python("import os\ntry: os.fork()\nexcept OSError: return 'refused'"),
    expect: gives("refused"),
  },
  {
    section: SECTION,
    attack: "agent to agent",
    check: async ({ sandbox }: Context) => {
      const other = { isolationKey: "audit-other" };
      await sandbox.run(python("import builtins\nbuiltins.leaked = 1\nopen('/tmp/leaked', 'w').write('x')"));
      const { outcome } = await sandbox.run(python("import os\nreturn [hasattr(__builtins__, 'leaked'), os.listdir('/tmp')]", other));
      return JSON.stringify(outcome) === '{"kind":"completed","output":[false,[]]}' ? undefined : JSON.stringify(outcome);
    },
  },
  {
    section: SECTION,
    attack: "cleanup",
    check: async ({ sandbox }: Context) => {
      await sandbox.run(python("hoard = [bytes([165]) * 1000 for _ in range(10_000)]\nwhile True: pass", { limits: { cpuMs: 200 } }));
      const { outcome, usage } = await sandbox.run(python("return 1"));
      return outcome.kind === "completed" && usage.growthsDenied === 0 ? undefined : JSON.stringify(outcome);
    },
  },
  {
    section: SECTION,
    attack: "fork bomb",
    run: () =>
      python(
        "import os, subprocess, threading\nn = 0\nfor f in (os.fork, lambda: subprocess.Popen(['sh']), lambda: threading.Thread(target=print).start()):\n  for _ in range(100):\n    try: f(); n += 1\n    except (OSError, RuntimeError): pass\nreturn n",
      ),
    expect: gives(0),
  },
];
