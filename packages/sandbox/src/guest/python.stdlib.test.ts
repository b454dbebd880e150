import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { buildRuntimes } from "../runtimes/build.ts";
import { readManifest } from "../runtimes/store.ts";
import { StillAttempt } from "./chamber.fixture.ts";
import { pythonChamber } from "./python.ts";

// Calls of the standard library that reach the imports, on the frozen runtime itself. Each works, or raises what CPython would where
// there is no network, no process and no other file. None traps.

/** Its clock moves when the guest sleeps, and only then: no test waits. */
class SleepingAttempt extends StillAttempt {
  #sleptNs = 0n;

  override monotonicNs(): bigint {
    return super.monotonicNs() + this.#sleptNs;
  }

  override wallClockNs(): bigint {
    return super.wallClockNs() + this.#sleptNs;
  }

  override sleepNs(nanoseconds?: bigint): void {
    this.#sleptNs += nanoseconds ?? 0n;
  }
}

const folder = buildRuntimes();
const { python } = readManifest(folder).runtimes;
const read = (name: string) => new Uint8Array(readFileSync(join(folder, name)));
const wasm = read(python.wasm.file);
const chamber = pythonChamber(wasm, new WebAssembly.Module(wasm), read(python.stdlib?.file ?? ""), python.enter ?? 0);

function enter(code: string, limits: ConstructorParameters<typeof StillAttempt>[0] = {}) {
  const attempt = new SleepingAttempt(limits);
  const encoder = new TextEncoder();
  const end = chamber.enter({ code: encoder.encode(code), input: encoder.encode("{}"), filename: "step.py", imports: undefined }, attempt);
  const said = attempt.entries.map(({ message }) => message).join("");
  return { end, said, attempt };
}

function works(cases: Readonly<Record<string, readonly [code: string, result: unknown]>>): void {
  for (const [title, [code, expected]] of Object.entries(cases)) {
    test(title, () => {
      const { end, said } = enter(code);
      assert.equal(end.kind, "completed", `${JSON.stringify(end)}\n${said}`);
      const output: unknown = JSON.parse(new TextDecoder().decode((end as { output: Uint8Array }).output));
      assert.deepEqual(output, expected);
    });
  }
}

function raises(cases: Readonly<Record<string, readonly [code: string, error: RegExp]>>): void {
  for (const [title, [code, expected]] of Object.entries(cases)) {
    test(title, () => {
      const { end } = enter(code);
      assert.equal(end.kind, "failed", JSON.stringify(end));
      const { name, message } = (end as Extract<typeof end, { kind: "failed" }>).error;
      assert.match(`${name}: ${message}`, expected);
    });
  }
}

describe("time in Python", () => {
  works({
    "time.sleep() takes its time, and little more": [
      "import time\nt = time.monotonic()\ntime.sleep(2)\nreturn 2 <= time.monotonic() - t < 2.1",
      true,
    ],
    "clocks are the attempt's": [
      "import time\nreturn [time.time_ns(), time.monotonic(), time.perf_counter()]",
      [1_700_000_000_123_000_000, 0.005, 0.005],
    ],
    "local time is UTC": [
      "import time, datetime\nreturn [time.strftime('%H:%M %Z', time.localtime(0)), time.timezone, time.daylight, time.tzname[0], str(datetime.datetime.now().astimezone())]",
      ["00:00 UTC", 0, 0, "UTC", "2023-11-14 22:13:20.123000+00:00"],
    ],
    "times are converted both ways, far from today": [
      "import time, datetime\nreturn [time.mktime((2024, 2, 30, 25, 0, 0, 0, 0, -1)), list(time.gmtime(-1)), list(time.gmtime(10**12))[:3], datetime.datetime(1, 1, 2).timestamp()]",
      [1_709_341_200, [1969, 12, 31, 23, 59, 59, 2, 365, 0], [33_658, 9, 27], -62_135_510_400],
    ],
    "asyncio.run() runs tasks, timers and time-outs": [
      `import asyncio
async def main():
  try:
    await asyncio.wait_for(asyncio.Event().wait(), 5)
  except TimeoutError:
    return await asyncio.gather(*(asyncio.sleep(1, n) for n in range(3)))
return asyncio.run(main())`,
      [0, 1, 2],
    ],
    "asyncio.to_thread() gives its result": ["import asyncio\nreturn asyncio.run(asyncio.to_thread(sum, [1, 2]))", 3],
    "select.select() and poll() wait for time": [
      "import select, time\nt = time.monotonic()\nselect.select([], [], [], 1.5)\np = select.poll()\nassert p.poll(500) == []\nreturn time.monotonic() - t >= 2",
      true,
    ],
    "locks, events and queues time out": [
      "import threading, queue\nlock = threading.Lock()\nlock.acquire()\ntry:\n  queue.Queue().get(timeout=1)\nexcept queue.Empty:\n  return [lock.acquire(timeout=1), threading.Event().wait(1)]",
      [false, false],
    ],
    "sched runs": ["import sched\ns = sched.scheduler()\ns.enter(3, 1, print, ('x',))\ns.run()\nreturn s.empty()", true],
  });
});

describe("files in Python", () => {
  works({
    "the tree is ours": [
      "import os\nreturn [os.getcwd(), sorted(os.listdir('/')), os.listdir('/lib'), sorted(os.listdir('/dev')), os.listdir('/tmp'), os.listdir('/home')]",
      ["/home", ["dev", "home", "lib", "tmp"], ["python314.zip"], ["glovebox", "null", "urandom"], [], []],
    ],
    "descriptors are the three standard ones": [
      "import os\nopen_ones = []\nfor fd in range(256):\n  try:\n    os.fstat(fd)\n    open_ones.append(fd)\n  except OSError:\n    pass\nreturn [open_ones, [os.isatty(fd) for fd in range(3)]]",
      [
        [0, 1, 2],
        [false, false, false],
      ],
    ],
    "open() writes, appends, updates and reads": [
      `import os
with open('/tmp/a', 'w') as f: f.write('one\\ntwo\\n')
with open('/tmp/a', 'a') as f: f.write('three')
with open('/tmp/a', 'r+') as f:
  f.seek(1); f.write('NE')
os.truncate('/tmp/a', 9)
return [open('/tmp/a').read(), os.path.getsize('/tmp/a'), open('/tmp/a', 'rb').read(4).decode()]`,
      ["oNE\ntwo\nt", 9, "oNE\n"],
    ],
    "tempfile makes and removes": [
      `import os, tempfile
with tempfile.TemporaryDirectory() as folder, tempfile.NamedTemporaryFile(dir=folder) as f, tempfile.TemporaryFile() as g:
  f.write(b'x'); f.flush(); g.write(b'yz'); g.seek(0)
  return [os.stat(f.name).st_size, g.read().decode(), len(os.listdir(folder)), tempfile.gettempdir()]`,
      [1, "yz", 1, "/tmp"],
    ],
    "pathlib walks, makes, renames and changes": [
      `from pathlib import Path
p = Path('/tmp/p'); p.mkdir(); (p / 'a').write_text('1'); (p / 'a').rename(p / 'b'); (p / 'b').chmod(0o600); (p / 'c' / 'd').mkdir(parents=True)
return [sorted(str(x) for x in Path('/tmp').rglob('*')), oct((p / 'b').stat().st_mode), str(Path.home()), str(Path('x').resolve()), Path('/tmp/../home').resolve().name]`,
      [["/tmp/p", "/tmp/p/b", "/tmp/p/c", "/tmp/p/c/d"], "0o100600", "/home", "/home/x", "home"],
    ],
    "shutil copies, moves, packs and removes trees": [
      `import os, shutil
os.makedirs('/tmp/s/t'); open('/tmp/s/t/f', 'w').write('hi')
shutil.copytree('/tmp/s', '/tmp/u'); shutil.copy2('/tmp/s/t/f', '/tmp/g'); shutil.move('/tmp/g', '/tmp/h'); shutil.rmtree('/tmp/s')
shutil.unpack_archive(shutil.make_archive('/tmp/z', 'zip', '/tmp/u'), '/tmp/v')
return [sorted(os.listdir('/tmp')), open('/tmp/v/t/f').read(), shutil.disk_usage('/tmp').total, shutil.which('ls')]`,
      [["h", "u", "v", "z.zip"], "hi", 33_554_432, null],
    ],
    "directories can be named by descriptors": [
      `import os
d = os.open('/tmp', os.O_RDONLY | os.O_DIRECTORY)
f = os.open('k', os.O_CREAT | os.O_WRONLY, dir_fd=d); os.write(f, b'1'); os.mkdir('m', dir_fd=d)
os.rename('k', 'm/k', src_dir_fd=d, dst_dir_fd=d); os.fchdir(d)
return [os.getcwd(), os.listdir(d), os.stat('m/k', dir_fd=d).st_size, [r for r, *_ in os.fwalk('/tmp')]]`,
      ["/tmp", ["m"], 1, ["/tmp", "/tmp/m"]],
    ],
    "times and owners are set": [
      "import os\nopen('/tmp/u', 'w').close()\nos.utime('/tmp/u', (-1.5, 2.5))\nos.chown('/tmp/u', 0, -1)\ns = os.stat('/tmp/u')\nreturn [s.st_atime, s.st_mtime, s.st_uid, s.st_nlink]",
      [-1.5, 2.5, 0, 1],
    ],
    "os.pipe(), os.dup() and os.dup2() share": [
      `import os
r, w = os.pipe(); os.write(w, b'abc'); got = os.read(r, 10).decode(); os.close(w)
f = open('/tmp/d', 'w'); os.dup2(f.fileno(), 1); print('captured', flush=True)
return [got, os.read(r, 1).decode(), open('/tmp/d').read()]`,
      ["abc", "", "captured\n"],
    ],
    "locks on files are free": [
      "import fcntl\nwith open('/tmp/l', 'w') as f:\n  fcntl.flock(f, fcntl.LOCK_EX); fcntl.lockf(f, fcntl.LOCK_EX | fcntl.LOCK_NB)\nreturn True",
      true,
    ],
    "sqlite3 keeps a database in a file": [
      "import sqlite3\nwith sqlite3.connect('/tmp/x.db') as d:\n  d.execute('create table t(a)'); d.executemany('insert into t values(?)', [(n,) for n in range(100)])\nd.close()\nreturn sqlite3.connect('/tmp/x.db').execute('select sum(a) from t').fetchone()",
      [4950],
    ],
    "modules are imported from /tmp and from zips there": [
      `import sys, zipfile
open('/tmp/plain.py', 'w').write('x = 6')
with zipfile.ZipFile('/tmp/z.zip', 'w') as z: z.writestr('zipped.py', 'x = 7')
sys.path[:0] = ['/tmp', '/tmp/z.zip']
import plain, zipped
return [plain.x, zipped.x]`,
      [6, 7],
    ],
    "an anonymous mapping is memory": ["import mmap\nm = mmap.mmap(-1, 4096)\nm[:2] = b'hi'\nreturn bytes(m[:3]).decode()", "hi\0"],
    "the null device takes and gives nothing; urandom gives the seed's bytes": [
      "a = open('/dev/null', 'w'); a.write('x'); a.close()\nreturn [open('/dev/null').read(), len(open('/dev/urandom', 'rb', 0).read(10))]",
      ["", 10],
    ],
  });

  raises({
    "a file of the host is not there": ["open('/etc/passwd')", /^FileNotFoundError: .*'\/etc\/passwd'/],
    "the library can't be written": ["open('/lib/python314.zip', 'ab')", /^OSError: .*Read-only file system/],
    "the root can't be written": ["import os\nos.mkdir('/x')", /^OSError: .*Read-only file system/],
    "symbolic links can't be made": ["import os\nos.symlink('/lib', '/tmp/l')", /^PermissionError/],
    "a working directory that was removed has no path": [
      "import os\nos.mkdir('/tmp/z'); os.chdir('/tmp/z'); os.rmdir('/tmp/z')\nos.getcwd()",
      /^FileNotFoundError/,
    ],
    "a directory is not read as a file": ["open('/tmp')", /^IsADirectoryError/],
    "a name that is too long": ["open('/tmp/' + 'x' * 256, 'w')", /^OSError: .*Filename too long/],
    "a path that is too long": ["open('/tmp' + '/x' * 3000, 'w')", /^OSError: .*Filename too long/],
    "a name that is not UTF-8": ["open(b'/tmp/\\xff', 'w')", /^OSError: .*Illegal byte sequence/],
    "more descriptors than there are": [
      "held = []\nwhile True: held.append(open('/dev/null'))",
      /^OSError: .*No file descriptors available/,
    ],
    "more files than there may be": [
      "import os\nfor n in range(10_000): os.close(os.open(f'/tmp/{n}', os.O_CREAT | os.O_WRONLY))",
      /^OSError: .*No space left on device/,
    ],
    "more bytes than there may be": [
      "with open('/tmp/big', 'wb') as f:\n  while True: f.write(bytes(2**20))",
      /^OSError: .*No space left on device/,
    ],
    "a file with a hole of ten gigabytes": [
      "with open('/tmp/s', 'wb', 0) as f:\n  f.seek(10**10); f.write(b'x')",
      /^OSError: .*No space left on device/,
    ],
    "reading a pipe that nobody will fill": ["import os\nos.read(os.pipe()[0], 1)", /^BlockingIOError/],
    "writing a pipe that nobody reads": ["import os\nr, w = os.pipe(); os.close(r)\nos.write(w, b'x')", /^BrokenPipeError/],
    "mapping a file": [
      "import mmap\nf = open('/tmp/m', 'w+b'); f.write(b'x' * 100); f.flush()\nmmap.mmap(f.fileno(), 0)",
      /^OSError: .*No such device/,
    ],
    "a descriptor that isn't open": ["import os\nos.write(77, b'x')", /^OSError: .*Bad file descriptor/],
  });

  test("files share the attempt's memory", () => {
    const limits = { memoryBytes: 16 * 2 ** 20 };
    const holdMemory = "x = bytearray(24 * 2**20)\nreturn 1";
    assert.equal(enter(holdMemory, limits).end.kind, "completed");
    const { end } = enter(`f = open('/tmp/a', 'wb', 0)\nf.write(bytes(8 * 2**20))\n${holdMemory}`, limits);
    assert.equal(end.kind === "exhausted" && end.limit, "memory", JSON.stringify(end));
  });
});

describe("what would leave the chamber from Python", () => {
  raises({
    "socket.socket()": ["import socket\nsocket.socket()", /^OSError/],
    "socket.socketpair()": ["import socket\nsocket.socketpair()", /^OSError/],
    "socket.getaddrinfo()": ["import socket\nsocket.getaddrinfo('example.com', 80)", /^gaierror/],
    "socket.gethostbyname()": ["import socket\nsocket.gethostbyname('example.com')", /^gaierror/],
    "socket.gethostbyname_ex()": ["import socket\nsocket.gethostbyname_ex('example.com')", /^gaierror/],
    "socket.getnameinfo()": ["import socket\nsocket.getnameinfo(('1.2.3.4', 80), 0)", /^gaierror/],
    "socket.getprotobyname()": ["import socket\nsocket.getprotobyname('tcp')", /^OSError/],
    "urllib.request.urlopen()": ["import urllib.request\nurllib.request.urlopen('http://127.0.0.1')", /^URLError/],
    "http.client": ["import http.client\nhttp.client.HTTPConnection('127.0.0.1').request('GET', '/')", /^(OSError|gaierror)/],
    "asyncio.open_connection()": [
      "import asyncio\nasyncio.run(asyncio.open_connection('127.0.0.1', 80))",
      /^(OSError|gaierror|RuntimeError|NotImplementedError)/,
    ],
    "asyncio.create_subprocess_shell()": [
      "import asyncio\nasyncio.run(asyncio.create_subprocess_shell('ls'))",
      /^(OSError|NotImplementedError)/,
    ],
    "subprocess.run()": ["import subprocess\nsubprocess.run(['ls'])", /^OSError: .*does not support processes/],
    "os.popen()": ["import os\nos.popen('ls')", /^OSError/],
    "os.fork()": ["import os\nos.fork()", /^OSError/],
    "os.execv()": ["import os\nos.execv('/bin/ls', ['ls'])", /^OSError/],
    "os.waitpid()": ["import os\nos.waitpid(-1, 0)", /^OSError/],
    "pty.fork()": ["import pty\npty.fork()", /^OSError/],
    "threading.Thread().start()": ["import threading\nthreading.Thread(target=print).start()", /^RuntimeError: can't start new thread/],
    "concurrent.futures.ThreadPoolExecutor": [
      "from concurrent.futures import ThreadPoolExecutor\nThreadPoolExecutor().submit(print)",
      /^RuntimeError/,
    ],
    "multiprocessing.Process().start()": [
      "import multiprocessing\nmultiprocessing.Process(target=print).start()",
      /^(OSError|ImportError|ModuleNotFoundError)/,
    ],
    "loading an extension module": [
      "import importlib.machinery, importlib.util\nopen('/tmp/x.so', 'wb').write(b'\\0asm')\nimportlib.util.module_from_spec(importlib.util.spec_from_file_location('x', '/tmp/x.so', loader=importlib.machinery.ExtensionFileLoader('x', '/tmp/x.so')))",
      /^ImportError/,
    ],
    "os.chroot()": ["import os\nos.chroot('/tmp')", /^PermissionError/],
    "os.setuid()": ["import os\nos.setuid(5)", /^PermissionError/],
    ctypes: ["import ctypes", /^(ImportError|ModuleNotFoundError)/],
    termios: ["import termios\ntermios.tcgetattr(0)", /not a tty/i],
    "zoneinfo without its data": ["import zoneinfo\nzoneinfo.ZoneInfo('Europe/Berlin')", /^ZoneInfoNotFoundError/],
    "getpass.getuser() without a name": ["import getpass\ngetpass.getuser()", /^OSError/],
  });

  works({
    "the machine tells nothing of the host": [
      "import os, platform, socket\nreturn [os.getpid(), os.getuid(), os.cpu_count(), platform.node(), socket.gethostname(), platform.machine(), oct(os.umask(0))]",
      [42, 0, 1, "emscripten", "emscripten", "wasm32", "0o22"],
    ],
    "a signal handler that Python set is called": [
      "import signal\nseen = []\nsignal.signal(signal.SIGINT, lambda number, frame: seen.append(int(number)))\nsignal.raise_signal(signal.SIGINT)\nreturn seen",
      [2],
    ],
    "randomness is there in all its forms": [
      "import os, random, secrets, uuid\nreturn [len(os.urandom(2**21)), len(secrets.token_hex(8)), random.random() < 1, random.SystemRandom().random() < 1, uuid.uuid4().version, uuid.uuid1().version]",
      [2_097_152, 16, true, true, 4, 1],
    ],
    "the locale is C with UTF-8": [
      "import locale, sys\nreturn [locale.setlocale(locale.LC_ALL, 'C'), locale.getpreferredencoding(), sys.getfilesystemencoding()]",
      ["C", "UTF-8", "utf-8"],
    ],
    "standard input is empty": ["import sys\nreturn [sys.stdin.read(), sys.stdin.isatty()]", ["", false]],
    "faulthandler tells where the guest is": ["import faulthandler\nfaulthandler.dump_traceback()\nreturn True", true],
    "a profile is made": ["import cProfile\nwith cProfile.Profile() as p: sum(range(9))\nreturn len(p.getstats()) > 0", true],
  });
});

describe("a Python guest that ends itself", () => {
  raises({
    "input() has no line to read": ["input('name? ')", /^EOFError/],
    "an interrupt that it sends itself": ["import signal\nsignal.raise_signal(signal.SIGINT)", /^KeyboardInterrupt/],
    "os._exit()": ["import os\ntry:\n  os._exit(3)\nexcept BaseException:\n  pass\nfinally:\n  print('not reached')", /^ExitStatus: .*3/],
    "a signal that it sends itself": ["import os\nos.kill(os.getpid(), 9)", /^ExitStatus: .*137/],
  });

  test("os.abort() is the runtime's end, told as such, and the next guest is served", () => {
    const { end } = enter("import os\nos.abort()");
    assert.deepEqual(end, { kind: "trapped", trap: "aborted", detail: "abort() was called" });
    assert.equal(enter("return 1").end.kind, "completed");
  });

  test("nothing of its files, directory, mask and descriptors is there for the next", () => {
    enter("import os\nopen('/tmp/canary', 'w').write('x')\nos.mkdir('/home/d'); os.chdir('/tmp'); os.umask(0o777); os.close(0); os.pipe()");
    const { end } = enter(
      "import os\nreturn [os.getcwd(), os.listdir('/tmp'), os.listdir('/home'), oct(os.umask(0)), os.open('/dev/null', 0)]",
    );
    assert.equal(end.kind === "completed" && new TextDecoder().decode(end.output), '["/home",[],[],"0o22",3]');
  });
});
