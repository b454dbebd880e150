import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import type { Json } from "../json.ts";
import type { Limits } from "../limits.ts";
import type { GuestReport } from "../outcome.ts";
import { Sandbox } from "../sandbox.ts";

const sandbox = new Sandbox({ home: "process", cells: 1, spare: 1 });
after(() => sandbox[Symbol.asyncDispose]());

function run(
  code: string,
  options: { input?: Json; imports?: string[]; limits?: Partial<Limits>; seed?: Uint8Array; clockBaseNs?: bigint } = {},
): Promise<GuestReport> {
  const { input, imports, limits, seed, clockBaseNs } = options;
  return sandbox.run({
    guest: { kind: "python", code, ...(imports ? { imports } : {}) },
    isolationKey: "test",
    ...(input === undefined ? {} : { input }),
    ...(limits ? { limits } : {}),
    ...(seed ? { randomSeed: seed } : {}),
    ...(clockBaseNs === undefined ? {} : { clockBaseNs }),
  });
}

async function outputOf(code: string, options?: Parameters<typeof run>[1]): Promise<Json> {
  const { outcome } = await run(code, options);
  assert.equal(outcome.kind, "completed", JSON.stringify(outcome));
  return (outcome as { output: Json }).output;
}

async function errorOf(code: string, options?: Parameters<typeof run>[1]) {
  const { outcome } = await run(code, options);
  assert.equal(outcome.kind, "failed", JSON.stringify(outcome));
  return (outcome as Extract<typeof outcome, { kind: "failed" }>).error;
}

describe("a Python guest's result", () => {
  const cases: [string, string, Json][] = [
    ["is what is returned", "result = 1\noutput['x'] = 2\nreturn 3", 3],
    ["is else `result`", "result = 1\noutput['x'] = 2", 1],
    ["is else `output`", "output['x'] = 2", { x: 2 }],
    ["is else null", "x = 1", null],
    ["is null where None is returned", "result = 1\nreturn None", null],
    ["is `result` where nothing follows the return", "result = 1\nif result:\n  return\nresult = 2", 1],
    ["is `result` after sys.exit()", "import sys\nresult = 7\nsys.exit()", 7],
    [
      "may hold what JSON holds",
      "return [None, True, 1, 2.5, 'ü\\ud83d\\ude00', {'a': (1, 2)}]",
      [null, true, 1, 2.5, "ü😀", { a: [1, 2] }],
    ],
    [
      "keeps `__proto__` as a key like any other",
      "return {'__proto__': {'polluted': True}}",
      JSON.parse('{"__proto__": {"polluted": true}}') as Json,
    ],
    ["is computed from inputs", "return sum(inputs['rows'])", 6],
    ["of no code is null", "", null],
  ];
  for (const [title, code, expected] of cases)
    test(title, async () => assert.deepEqual(await outputOf(code, { input: { rows: [1, 2, 3] } }), expected));

  test("that is no JSON is an error that says so", async () => {
    const error = await errorOf("return {1, 2}");
    assert.equal(error.name, "TypeError");
    assert.match(error.message, /^the result cannot be output as JSON: Object of type set is not JSON serializable/);
    assert.equal((await errorOf("return float('nan')")).name, "ValueError");
  });
});

describe("a Python guest is module __main__", () => {
  const MODULE = `
from __future__ import annotations
from math import *
import dataclasses, pickle, sys, typing
count: int = 0
def add():
  global count
  count += 1
add()
@dataclasses.dataclass
class Node:
  next: 'Other'
class Other: pass
answer = [
  Node.__module__, Node.__qualname__, typing.get_type_hints(Node)['next'].__name__, pickle.loads(pickle.dumps(Node(1))).next,
  count, round(pi, 2), sys.modules['__main__'].count, __name__,
]
`;
  const expected = ["__main__", "Node", "Other", 1, 1, 3.14, 1, "__main__"];
  test("with a result", async () => assert.deepEqual(await outputOf(`${MODULE}result = answer`), expected));
  test("with a return at its end", async () => assert.deepEqual(await outputOf(`${MODULE}return answer`), expected));
  test("with a return in each kind of statement", async () => {
    const statements = ["if True:", "for _ in [1]:", "while True:", "with open('/dev/null') as f:", "try:"];
    for (const head of statements) {
      const tail = head === "try:" ? "\nfinally:\n  print('finally')" : "";
      assert.deepEqual(
        await outputOf(
          `${MODULE}${head}\n  y: int = 2\n  from cmath import *\n  import string\n  return [y, tau > 6, string.digits[:2]] + answer${tail}`,
        ),
        [2, true, "01", ...expected],
      );
    }
    assert.equal(
      await outputOf("match inputs:\n  case {'a': x, **rest}:\n    return [x, rest] == [1, {'b': 2}]", { input: { a: 1, b: 2 } }),
      true,
    );
  });
  test("whose names are seen and bound by functions around a return", async () => {
    assert.deepEqual(
      await outputOf(
        "x = 1\nif x:\n  def f(): return x\n  x = 5\n  y = [z := 3, *(x for _ in [0])]\n  if z == 4: return 0\nreturn [f(), x, y, z]",
      ),
      [5, 5, [3, 5], 3],
    );
  });
  test("in which del, except and loops over a return work as in a module", async () => {
    assert.deepEqual(
      await outputOf(
        "a = b = 1\nfor i in range(3):\n  if i == 2:\n    del a\n    try: 1 / 0\n    except ZeroDivisionError as e: pass\n    return ['a' in globals(), 'e' in globals(), i, b]",
      ),
      [false, false, 2, 1],
    );
  });
  test("whose syntax errors are found before anything runs", async () => {
    const report = await run("print('ran')\nif True:\n  return 1\nbreak");
    assert.equal(report.outcome.kind, "failed");
    assert.deepEqual(report.log, []);
  });
});

describe("a Python guest's errors", () => {
  test("show the user's own lines and numbers, and no frame of ours", async () => {
    const error = await errorOf("def f(rows):\n    return rows[0] / 0\n\nresult = f([1])\nreturn result");
    assert.deepEqual([error.name, error.message, error.line], ["ZeroDivisionError", "division by zero", 2]);
    assert.equal(
      error.traceback,
      [
        "Traceback (most recent call last):",
        '  File "step.py", line 4, in <module>',
        "    result = f([1])",
        '  File "step.py", line 2, in f',
        "    return rows[0] / 0",
        "           ~~~~~~~~^~~",
        "ZeroDivisionError: division by zero",
        "",
      ].join("\n"),
    );
  });
  test("of syntax have line, column and text", async () => {
    const error = await errorOf("x = 1\ny = (1,\n");
    assert.deepEqual([error.name, error.line, error.column], ["SyntaxError", 2, 5]);
    assert.match(error.traceback, /y = \(1,/);
    assert.match((await errorOf("break")).traceback, /line 1\n {4}break\n/);
  });
  test("keep their chain", async () => {
    assert.match(
      (await errorOf("try:\n  1/0\nexcept Exception as e:\n  raise KeyError('k') from e")).traceback,
      /direct cause of the following exception/,
    );
  });
  test("whose own text fails are told all the same", async () => {
    const error = await errorOf("class Mean(Exception):\n  def __str__(self): raise Mean()\nraise Mean()");
    assert.equal(error.name, "Mean");
  });
  test("are cut, and their control characters made visible", async () => {
    const error = await errorOf("raise ValueError('\\x1b[31m' + 'x' * 10**6)");
    assert.match(error.message, /^\\u001b\[31mxxx/);
    assert.ok(error.message.length < 20_000 && error.traceback.length < 20_000);
  });
  for (const [status, code] of [
    [3, "import sys\nsys.exit(3)"],
    ["bad", "raise SystemExit('bad')"],
  ] as const) {
    test(`of sys.exit(${status}) are failures`, async () =>
      assert.deepEqual([(await errorOf(code)).name, (await errorOf(code)).message], ["SystemExit", String(status)]));
  }
  test("of os._exit are failures, and the next guest is served", async () => {
    assert.match((await errorOf("import os\nos._exit(3)")).message, /status 3/);
    assert.equal(await outputOf("return 1"), 1);
  });
});

describe("a Python guest's imports", () => {
  test("are held to the list, with an error that says what is on it", async () => {
    const error = await errorOf("import json\nimport os", { imports: ["json", "math"] });
    assert.deepEqual(
      [error.name, error.message, error.line],
      ["ImportError", "import of 'os' is not allowed: this step's imports are json, math", 2],
    );
    assert.equal((await errorOf("import importlib\nimportlib.import_module('os')", { imports: ["importlib"] })).name, "ImportError");
  });
  test("are checked for the guest's own code only", async () => {
    assert.equal(await outputOf("import csv\nreturn csv.__name__", { imports: ["csv"] }), "csv"); // csv imports io, re and others
  });
  test("on the list are there without an import statement", async () => {
    assert.equal(await outputOf("return statistics.fsum([0.1] * 10)", { imports: ["statistics"] }), 1);
  });
  test("without a list are all of the standard library's", async () => {
    const names =
      "abc argparse array asyncio bz2 calendar cmath concurrent.futures configparser contextlib difflib email enum fractions glob gzip html http.client inspect ipaddress logging lzma mimetypes multiprocessing numbers pathlib plistlib pprint queue sched secrets shelve shlex shutil sqlite3 socket ssl string.templatelib subprocess tarfile tempfile threading timeit tomllib unittest urllib.request wave xml.etree.ElementTree zipfile zoneinfo".split(
        " ",
      );
    assert.deepEqual(
      await outputOf(
        "import importlib\nfailed = {}\nfor name in inputs:\n  try: importlib.import_module(name)\n  except BaseException as e: failed[name] = repr(e)\nreturn failed",
        { input: names },
      ),
      {},
    );
  });
  for (const name of [
    "js",
    "pyodide",
    "pyodide_js",
    "_pyodide",
    "_pyodide_core",
    "ctypes",
    "_ctypes",
    "_testcapi",
    "_testinternalcapi",
    "_remote_debugging",
    "_posixsubprocess",
  ]) {
    test(`of ${name} find nothing`, async () => assert.equal((await errorOf(`import ${name}`)).name, "ModuleNotFoundError"));
  }
  test("leave no module of the loader's behind", async () => {
    assert.deepEqual(
      await outputOf(
        "import sys, gc, types\nnames = {m.__name__ for m in gc.get_objects() if isinstance(m, types.ModuleType)} | set(sys.modules)\nreturn sorted(n for n in names if 'pyodide' in n or n.split('.')[0] == 'js')",
      ),
      [],
    );
  });
});

describe("a Python guest finds", () => {
  test("nothing of the host in its environment, paths and arguments", async () => {
    assert.deepEqual(
      await outputOf("import os, sys\nreturn [dict(os.environ), sys.argv, sys.executable, sys.path, os.getcwd(), os.listdir('/')]"),
      [
        { HOME: "/home", LANG: "C.UTF-8", TMPDIR: "/tmp" },
        [""],
        "",
        ["/lib/python314.zip", "/lib/python3.14/site-packages"],
        "/home",
        ["tmp", "home", "dev", "lib"],
      ],
    );
  });
  test("the clock of its request, in steps of a millisecond", async () => {
    assert.deepEqual(
      await outputOf(
        "import time, datetime\nt = time.time_ns()\nreturn [t // 10**9, t % 10**6, datetime.datetime.now().year, time.strftime('%Z')]",
        { clockBaseNs: 1_000_000_000_123_456_789n },
      ),
      [1_000_000_000, 0, 2001, "UTC"],
    );
  });
  test("the same randomness for the same seed, and other for another", async () => {
    const code = "import random, uuid, secrets, os\nreturn [random.random(), str(uuid.uuid4()), secrets.token_hex(4), os.urandom(3).hex()]";
    const seed = (byte: number) => new Uint8Array(32).fill(byte);
    const first = await outputOf(code, { seed: seed(1) });
    assert.deepEqual(await outputOf(code, { seed: seed(1) }), first);
    const others = [await outputOf(code, { seed: seed(2) }), await outputOf(code), await outputOf(code)];
    for (const [index, value] of (first as Json[]).entries()) for (const other of others) assert.notEqual((other as Json[])[index], value);
  });
  test("its prints in the log, with levels, in order", async () => {
    const { log } = await run(
      "import sys\nprint('one')\nprint('two', file=sys.stderr)\nprint('th', end='')\nprint('ree')\nprint('\\x1b[31mred')\nprint('last', end='')",
    );
    assert.deepEqual(log, [
      { level: "info", message: "one" },
      { level: "warning", message: "two" },
      { level: "info", message: "three" },
      { level: "info", message: "\\u001b[31mred" },
      { level: "info", message: "last" },
    ]);
  });
});

describe("the standard library works, or raises what CPython would", () => {
  const cases: [string, string, Json][] = [
    [
      "asyncio",
      "import asyncio\nasync def main():\n  await asyncio.sleep(0.005)\n  return await asyncio.gather(asyncio.to_thread(len, [1]), asyncio.sleep(0, 2))\nreturn asyncio.run(main())",
      [1, 2],
    ],
    [
      "asyncio's timeouts",
      "import asyncio\nasync def main():\n  async with asyncio.timeout(0.005): await asyncio.sleep(10)\ntry: asyncio.run(main())\nexcept TimeoutError: return 'timeout'",
      "timeout",
    ],
    ["time.sleep", "import time\nt = time.monotonic()\ntime.sleep(0.02)\nreturn time.monotonic() - t >= 0.019", true],
    ["input", "try: input()\nexcept EOFError: return 'EOFError'", "EOFError"],
    ["subprocess", "import subprocess\ntry: subprocess.run(['ls'])\nexcept OSError: return 'OSError'", "OSError"],
    ["os.fork", "import os\ntry: os.fork()\nexcept (OSError, AttributeError) as e: return 'refused'", "refused"],
    [
      "threads",
      "import threading\ntry: threading.Thread(target=print).start()\nexcept RuntimeError: return 'RuntimeError'",
      "RuntimeError",
    ],
    ["sockets", "import socket\ntry: socket.create_connection(('127.0.0.1', 80), 1)\nexcept OSError: return 'OSError'", "OSError"],
    [
      "temporary files",
      "import tempfile, os\nwith tempfile.NamedTemporaryFile('w+') as f:\n  f.write('x' * 10000)\n  f.flush()\n  return os.stat(f.name).st_size",
      10_000,
    ],
    [
      "sqlite3",
      "import sqlite3\ndb = sqlite3.connect('/tmp/a.db')\ndb.execute('create table t(x)')\ndb.execute('insert into t values (41)')\nreturn db.execute('select x + 1 from t').fetchone()[0]",
      42,
    ],
    ["files that aren't there", "try: open('/etc/passwd')\nexcept FileNotFoundError: return 'FileNotFoundError'", "FileNotFoundError"],
    ["the zip of the library, which is read-only", "try: open('/lib/python314.zip', 'r+b')\nexcept OSError: return 'OSError'", "OSError"],
  ];
  for (const [title, code, expected] of cases) test(title, async () => assert.deepEqual(await outputOf(code), expected));
});

describe("nothing of one Python guest is visible to the next", () => {
  const LEAVE = `
import builtins, json, sys, os, time, random, gc
CANARY = "can" + "ary-4711"
builtins.leaked = CANARY
builtins.print = None
json.loads = json.dumps = None
sys.modules["leaked"] = CANARY
sys.path.append(CANARY)
sys.settrace(lambda *a: None)
os.environ["LEAKED"] = CANARY
open("/tmp/leaked", "w").write(CANARY)
open("/home/leaked", "w").write(CANARY)
os.chdir("/tmp"); os.dup2(1, 2); os.umask(0o777)
import atexit; atexit.register(lambda: print(CANARY))
gc.callbacks.append(lambda *a: None)
hoard = [CANARY * 1000 for _ in range(1000)]
random.seed(1)
`;
  const LOOK = `
import builtins, gc, os, sys, random, atexit
found = []
if hasattr(builtins, "leaked") or builtins.print is None: found.append("builtins")
if "leaked" in sys.modules or any("4711" in p for p in sys.path): found.append("sys")
if sys.gettrace() or gc.callbacks: found.append("hooks")
if "LEAKED" in os.environ: found.append("environment")
if os.listdir("/tmp") or os.listdir("/home") or os.getcwd() != "/home" or os.umask(0) != 0o022: found.append("files")
if os.fstat(1).st_ino == os.fstat(2).st_ino or [n for n in range(3, 64) if os.path.exists(f"/dev/fd/{n}")]: found.append("descriptors")
if "CANARY" in globals() or "hoard" in globals(): found.append("globals")
if atexit._ncallbacks(): found.append("atexit")
needle = "can" + "ary-4711"
if any(isinstance(o, str) and needle in o for o in gc.get_objects()): found.append("objects")
import json
json.dumps(json.loads("{}"))
return found
`;
  for (const [title, end] of [
    ["returns", "return 1"],
    ["raises", "raise ValueError(CANARY)"],
    ["exits", "os._exit(1)"],
    ["overflows", "x=()\nfor i in range(300000): x=(x,)\nhash(x)"],
    ["is short of memory", "hoard = []\nwhile True: hoard.append(CANARY * 100000)"],
  ]) {
    test(`when it ${title}`, async () => {
      await run(LEAVE + end);
      assert.deepEqual(await outputOf(LOOK), []);
    });
  }
});
