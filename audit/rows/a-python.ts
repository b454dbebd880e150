import { contained, ends, gives, python, type Row } from "../audit.ts";

const SECTION = "A. Python guest to host";
const row = (attack: string, code: string, expect: Row["expect"]): Row => ({ section: SECTION, attack, run: () => python(code), expect });
const missing = (name: string) => ends("failed", new RegExp(`ModuleNotFoundError.*No module named '${name}'`));

export const PYTHON_ROWS: readonly Row[] = [
  row("import js; js.process.env", "import js\nreturn js.process.env", missing("js")),
  row("from pyodide.code import run_js", "from pyodide.code import run_js", missing("pyodide")),
  row("pyodide_js._api.loadBinaryFile", "import pyodide_js\npyodide_js._api.loadBinaryFile('/etc/passwd')", missing("pyodide_js")),
  row(
    "to_js(...).constructor.constructor, with what is left of the loader in memory",
    `
import gc
found = []
for o in gc.get_objects():
  t = type(o)
  if "pyodide" in (t.__module__ or "") or "JsProxy" in t.__name__ or "JsProxy" in repr(t): found.append(repr(t))
for c in object.__subclasses__():
  if "Js" in c.__name__ or "pyodide" in (c.__module__ or ""):
    for name in dir(c):
      try: getattr(c, name)()
      except BaseException: pass
    try: c()
    except BaseException: pass
return [o for o in found if not o.startswith("<class")]`,
    ends(["completed", "trapped", "failed"], /"output":\[\]|trapped|failed/),
  ),
  row("ctypes.CDLL(None).emscripten_run_script_string", "import ctypes\nctypes.CDLL(None).emscripten_run_script_string", missing("ctypes")),
  row(
    "_ctypes, even with modules put back",
    "import importlib.machinery as m\nm.BuiltinImporter.load_module('_ctypes')",
    ends("failed", /ImportError/),
  ),
  row(
    "an object that hands itself back when it is finalised",
    "class A:\n  def __del__(self): globals()['x'] = self\nA()\nreturn x",
    ends("failed", /not JSON/),
  ),
  row(
    "patches of builtins, sys.modules and atexit",
    "import builtins, sys, atexit, json\nbuiltins.print = builtins.len = None\nbuiltins.leaked = 1\nsys.modules['json'] = None\nsys.modules['leaked'] = 1\natexit.register(lambda: 1/0)\njson.loads = None",
    contained,
  ),
  row(
    "__subclasses__ walked to os and files",
    "c = [c for c in ().__class__.__base__.__subclasses__() if c.__name__ == '_wrap_close']\nos = c[0].__init__.__globals__\nreturn [os['environ'].get('GLOVEBOX_AUDIT_CANARY'), os['listdir']('/')]",
    gives([null, ["tmp", "home", "dev", "lib"]]),
  ),
  {
    section: SECTION,
    attack: "sys._getframe, gc and inspect for secrets and paths of the host",
    // The folder comes in parts: put together it must not be found in anything that was there before.
    run: () =>
      python(
        "import sys, gc\nf = sys._getframe()\nseen = ''\nwhile f:\n  seen += repr(f.f_globals)[:10000] + repr(f.f_locals)[:10000]\n  f = f.f_back\nseen += ''.join(o for o in gc.get_objects() if isinstance(o, str))\nmark = 'y'.join(['canar', ' 0.'])\nreturn [mark in seen, '/'.join(inputs['folder']) in seen]",
        { input: { folder: process.cwd().split("/") } },
      ),
    expect: gives([false, false]),
  },
  row("pickle.loads of os.system", "import pickle\npickle.loads(b'cos\\nsystem\\n(S\"id\"\\ntR.')", ends("failed", /OSError/)),
  row(
    "os.system, subprocess, os.fork, pty",
    "import os, subprocess\nr = []\nfor f in (lambda: os.system('id'), lambda: subprocess.run(['id']), lambda: os.fork(), lambda: __import__('pty').spawn('sh'), lambda: os.execv('/bin/sh', ['sh'])):\n  try: f(); r.append('ran')\n  except BaseException as e: r.append('no')\nreturn r",
    gives(["no", "no", "no", "no", "no"]),
  ),
  {
    section: SECTION,
    attack: "socket, urllib, http.client, asyncio.open_connection",
    run: ({ sinkPort }) =>
      python(
        "import socket, urllib.request, http.client, asyncio\np = inputs['port']\nr = []\nfor f in (lambda: socket.create_connection(('127.0.0.1', p), 1), lambda: urllib.request.urlopen(f'http://127.0.0.1:{p}/', timeout=1), lambda: http.client.HTTPConnection('127.0.0.1', p, timeout=1).request('GET', '/'), lambda: asyncio.run(asyncio.open_connection('127.0.0.1', p))):\n  try: f(); r.append('ran')\n  except BaseException as e: r.append('no')\nreturn r",
        { input: { port: sinkPort } },
      ),
    expect: gives(["no", "no", "no", "no"]),
  },
  row(
    "threading, multiprocessing",
    "import threading, multiprocessing\nr = []\nfor f in (lambda: threading.Thread(target=print).start(), lambda: multiprocessing.Process(target=print).start(), lambda: multiprocessing.Pool(1)):\n  try: f(); r.append('ran')\n  except BaseException: r.append('no')\nreturn r",
    gives(["no", "no", "no"]),
  ),
  {
    section: SECTION,
    attack: "open and list the host's files",
    run: ({ canary }) =>
      python(
        "import os, glob\nr = []\nfor p in ('/etc/passwd', '/proc/self/environ', '/proc/1/environ', inputs['canary'], '../../../../etc/passwd', '/tmp/../etc/passwd'):\n  try: open(p); r.append('opened ' + p)\n  except OSError: pass\nreturn [r, sorted(os.listdir('/')), os.listdir('/tmp'), glob.glob('/lib/*')]",
        { input: { canary } },
      ),
    expect: gives([[], ["dev", "home", "lib", "tmp"], [], ["/lib/python314.zip"]]),
  },
  row(
    "environment, arguments and paths",
    "import os, sys\nreturn [sorted(os.environ), sys.argv, sys.executable, [p for p in sys.path if not p.startswith('/lib/python3')]]",
    gives([["HOME", "LANG", "TMPDIR"], [""], "", []]),
  ),
  row(
    "os.fstat of every descriptor",
    "import os\nopen_ = []\nfor i in range(256):\n  try: os.fstat(i); open_.append(i)\n  except OSError: pass\nreturn open_",
    gives([0, 1, 2]),
  ),
  row(
    "exec of 10 MB of source and of a million elements",
    "exec(compile('x=' + '+'.join(['1'] * 2_000_000), 'x', 'exec'))",
    ends(["failed", "exhausted"]),
  ),
  row("a literal of a million elements", "exec('x=[' + ','.join(['1'] * 1_000_000) + ']')", ends(["completed", "failed", "exhausted"])),
  row(
    "broken bytecode, run for access to all of linear memory",
    "import types\nc = (lambda: 0).__code__\nf = types.FunctionType(c.replace(co_code=bytes([101, 255] * 40 + [83, 0] + [1, 255] * 40)), {})\nf()",
    contained,
  ),
  row(
    "marshal of garbage",
    "import marshal, random\nfor i in range(3000):\n  try: marshal.loads(random.randbytes(64))\n  except Exception: pass\nreturn 1",
    contained,
  ),
  row(
    "a fork bomb of generators and tasks",
    "import asyncio\nasync def f():\n  await asyncio.gather(f(), f())\nasyncio.run(f())",
    ends(["exhausted", "failed"]),
  ),
  row("a regular expression that backtracks for ever", "import re\nre.match('(x+x+)+y', 'x' * 100)", ends("exhausted", /"cpu"|"wall"/)),
  row("an integer of a billion digits", "return len(str(10 ** (10 ** 9)))", ends(["exhausted", "failed"])),
  row("control sequences in an error and in a print", "print('\\x1b]0;owned\\x07')\nraise ValueError('\\x1b[2J\\u202e')", (report) => {
    const { outcome, log } = report;
    const texts = [
      ...log.map(({ message }) => message),
      ...(outcome.kind === "failed" ? [outcome.error.message, outcome.error.traceback] : []),
    ];
    const unsafe = (character: string) => character !== "\n" && (character < " " || character === "\u202e");
    return texts.some((text) => [...text].some(unsafe)) ? "a control character came out" : ends("failed")(report);
  }),
];
