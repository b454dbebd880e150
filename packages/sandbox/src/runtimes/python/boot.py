"""Run once inside CPython, before its state is frozen: what every Python guest starts with.

Leaves `enter(request) -> bytes`, which the host calls once per attempt on a fresh copy of that state. Everything in here is for
good behaviour and good messages. None of it is a boundary: a guest may take this interpreter apart, it is the only one in there.
"""

import _imp
import asyncio
import ast
import atexit
import base64
import builtins
import collections
import copy
import csv
import dataclasses
import datetime
import decimal
import enum
import errno
import fractions
import functools
import gc
import hashlib
import heapq
import importlib
import importlib.util
import io
import itertools
import json
import linecache
import math
import operator
import os
import random
import re
import statistics
import string
import sys
import textwrap
import time
import traceback
import types
import typing
import urllib.parse
import uuid

OURS = "<glovebox>"  # the file name of this code: its frames are left out of tracebacks
TEXT_MAX = 16_384
FREE_HEAP = 21 * 2**19  # one piece; as much again is free in smaller ones

main = types.ModuleType("__main__")
encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode
encode_ascii = json.JSONEncoder(allow_nan=False, separators=(",", ":")).encode
decode = json.JSONDecoder().decode
nothing = object()


class EventLoop(asyncio.base_events.BaseEventLoop):
    """Timers and callbacks. There is nothing to wait for but time: a guest has no sockets, pipes or threads."""

    class Selector:
        def select(self, timeout):
            if timeout is None:
                raise RuntimeError("nothing can wake this event loop: a future is awaited that nobody will set")
            if timeout > 0:
                time.sleep(timeout)
            return ()

    def __init__(self):
        super().__init__()
        self._selector = self.Selector()

    def _process_events(self, events):
        pass

    def _write_to_self(self):
        pass

    def run_in_executor(self, executor, func, *arguments):
        # Threads cannot be started; the call is made at once, so that asyncio.to_thread gives its result.
        future = self.create_future()
        try:
            future.set_result(func(*arguments))
        except Exception as error:
            future.set_exception(error)
        return future


class EventLoopPolicy(asyncio.events._BaseDefaultEventLoopPolicy):
    _loop_factory = EventLoop


def bound_names(body):
    """Names that a list of statements binds in its own scope."""
    names = set()

    def visit(node):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                names.add(node.name)
                for inner in node.decorator_list:
                    visit(inner)
                return  # what is inside is another scope
            case ast.Lambda():
                return
            case ast.Name(ctx=ast.Store() | ast.Del()):
                names.add(node.id)
            case ast.alias():
                names.add(node.asname or node.name.partition(".")[0])
            case ast.ExceptHandler(name=str()) | ast.MatchAs(name=str()) | ast.MatchStar(name=str()):
                names.add(node.name)
            case ast.MatchMapping(rest=str()):
                names.add(node.rest)
            case ast.Global():
                names.update(node.names)
            case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
                # The targets of a comprehension are its own; only `:=` reaches out.
                for inner in ast.walk(node):
                    if isinstance(inner, ast.NamedExpr):
                        names.add(inner.target.id)
                return
        for inner in ast.iter_child_nodes(node):
            visit(inner)

    for statement in body:
        visit(statement)
    return names


def returns(node):
    """Whether a statement holds a `return` of its own scope."""
    if isinstance(node, ast.Return):
        return True
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)):
        return False
    return any(returns(inner) for inner in ast.iter_child_nodes(node))


class AtModuleLevel(ast.NodeTransformer):
    """What a module may say and a function may not, in words that a function may say. Applied to statements that hold a return."""

    def visit_FunctionDef(self, node):
        return node

    visit_AsyncFunctionDef = visit_ClassDef = visit_Lambda = visit_FunctionDef

    def visit_AnnAssign(self, node):
        if not isinstance(node.target, ast.Name):
            return node
        if node.value is None:
            return ast.copy_location(ast.Pass(), node)
        return ast.copy_location(ast.Assign(targets=[node.target], value=node.value), node)

    def visit_ImportFrom(self, node):
        if node.names[0].name != "*":
            return node
        call = ast.parse(f"__import_star__({node.module!r}, {node.level!r})").body[0]
        for inner in ast.walk(call):
            ast.copy_location(inner, node)
        return call

    def visit_Global(self, node):
        return ast.copy_location(ast.Pass(), node)  # everything is global already

    def visit_Return(self, node):
        if node.value is None:  # an early end: what is in `result` or `output` counts
            node.value = ast.copy_location(ast.Name("__no_result__", ast.Load()), node)
        return node


def import_star(name, level):
    """`from name import *` into the guest's module."""
    module = main.__dict__["__builtins__"].__import__(name, main.__dict__, None, ["*"], level)
    names = getattr(module, "__all__", None)
    if names is None:
        names = [key for key in vars(module) if not key.startswith("_")]
    for key in names:
        main.__dict__[key] = getattr(module, key)


def run_module(source, filename):
    """Runs source as module `__main__` in which `return` is allowed. Returns what is returned, or `nothing`.

    Statements without a `return` are run as module code, which is what they are. A statement that holds one is put into a
    function whose names are all global, under the name `<module>`: it sees, binds and names things as the module does.
    """
    tree = compile(source, filename, "exec", ast.PyCF_ONLY_AST, dont_inherit=True)
    scope = main.__dict__
    if not any(map(returns, tree.body)):
        exec(compile(tree, filename, "exec", dont_inherit=True), scope)
        return nothing
    flags = 0
    for statement in tree.body:
        if isinstance(statement, ast.ImportFrom) and statement.module == "__future__":
            for alias in statement.names:
                flags |= getattr(__import__("__future__"), alias.name).compiler_flag if alias.name in FUTURE else 0
    scope["__import_star__"] = import_star
    scope["__no_result__"] = nothing
    blocks = []
    for position, statement in enumerate(tree.body):
        if returns(statement):
            statement = AtModuleLevel().visit(statement)
            names = sorted(bound_names([statement]))
            body = ([ast.Global(names, lineno=1, col_offset=0)] if names else []) + [statement]
            body.append(ast.Return(ast.Name("__guest_goes_on__", ast.Load())))
            wrapper = ast.parse("def __guest__(): pass").body[0]
            wrapper.body = body
            block = ast.fix_missing_locations(ast.Module([wrapper], []))
            code = compile(block, filename, "exec", flags, dont_inherit=True)
            inner = next(constant for constant in code.co_consts if isinstance(constant, types.CodeType))
            blocks.append((True, inner.replace(co_name="<module>", co_qualname="<module>")))
        elif blocks and isinstance(blocks[-1][1], list):
            blocks[-1][1].append(statement)
        else:
            blocks.append((False, [statement]))
    # All is compiled before anything runs: a syntax error in the last line is found before the first has an effect.
    blocks = [
        (wrapped, what if wrapped else compile(ast.Module(what, []), filename, "exec", flags, dont_inherit=True))
        for wrapped, what in blocks
    ]
    goes_on = scope["__guest_goes_on__"] = object()
    for wrapped, code in blocks:
        if not wrapped:
            exec(code, scope)
            continue
        returned = types.FunctionType(code, scope)()
        if returned is not goes_on:
            return returned
    return nothing


FUTURE = frozenset(__import__("__future__").all_feature_names)


def allow_imports(allowed):
    """Imports by the guest's own code are held to a list. A policy with a clear message, and no boundary."""
    real_import = builtins.__import__
    real_import_module = importlib.import_module
    names = frozenset(allowed)

    def check(name):
        top = name.partition(".")[0]
        if top not in names and top not in ("__future__", "glovebox"):
            listed = ", ".join(sorted(names)) or "nothing"
            raise ImportError(f"import of '{top}' is not allowed: this step's imports are {listed}", name=top)

    def guarded_import(name, globals=None, locals=None, fromlist=(), level=0):
        if globals is main.__dict__ and level == 0:
            check(name)
        return real_import(name, globals, locals, fromlist, level)

    def guarded_import_module(name, package=None):
        if sys._getframe(1).f_globals is main.__dict__:
            check(name)
        return real_import_module(name, package)

    builtins.__import__ = guarded_import
    importlib.import_module = guarded_import_module


def bind_imports(allowed, source):
    """Modules of the list that the code names without importing them are there, as if imported."""
    for name in allowed:
        if name.isidentifier() and name in source:
            main.__dict__[name] = importlib.import_module(name)


def own_traceback(error, filename):
    """The traceback from the guest's first frame on."""
    entry = error.__traceback__
    while entry is not None and entry.tb_frame.f_code.co_filename == OURS:
        entry = entry.tb_next
    return entry


def describe(error, filename):
    """An error as the language prints it, without our frames: (name, message, traceback, line, column)."""
    name = type(error).__name__
    try:
        message = str(error)
    except BaseException:
        message = "<no message: __str__ failed>"
    line = column = None
    try:
        entry = error.__traceback__ = own_traceback(error, filename)
        if isinstance(error, SyntaxError) and error.filename == filename:
            line, column = error.lineno, error.offset
            if error.text is None and line is not None:  # found by the compiler, which sees no text
                error.text = linecache.getline(filename, line)
        while entry is not None:
            if entry.tb_frame.f_code.co_filename == filename:
                line, column = entry.tb_lineno, None
            entry = entry.tb_next
        printed = traceback.TracebackException(type(error), error, error.__traceback__, limit=-64, compact=True)
        text = "".join(part for part in printed.format() if f'File "{OURS}"' not in part)
        if len(text) > TEXT_MAX:
            text = f"{text[: TEXT_MAX // 2]}\n  ...\n{text[-TEXT_MAX // 2 :]}"
    except BaseException as second:
        text = f"{name}: {message}\n(its traceback could not be printed: {type(second).__name__})"
    return {"name": name, "message": message[:TEXT_MAX], "traceback": text, "line": line, "column": column}


def answer(kind, value):
    return kind + value.encode("utf-8", "replace")


def failed(error, filename):
    kind = b"S" if type(error) is RecursionError else b"F"
    return answer(kind, encode_ascii(describe(error, filename)))


def output(value):
    try:
        return b"C" + encode(value).encode()
    except UnicodeEncodeError:  # a lone surrogate
        return b"C" + encode_ascii(value).encode()


def enter(request):
    """One attempt. `request` is three lengths (u32, little endian) and then the code, the input and the options, as UTF-8.

    Returns a letter and JSON: C and the result, F and an error, S and an error for a stack that was used up.
    """
    sizes = [int.from_bytes(request[at : at + 4], "little") for at in (0, 4, 8)]
    first, second = 12 + sizes[0], 12 + sizes[0] + sizes[1]
    options = decode(request[second:].decode())
    filename = options["filename"]
    try:
        random.seed()
        scope = main.__dict__
        source = request[12:first].decode()
        scope["inputs"] = decode(request[first:second].decode())
        scope["output"] = {}
        scope["__file__"] = filename
        del request
        linecache.cache[filename] = (len(source), None, source.splitlines(True), filename)
        allowed = options["imports"]
        sys.path.extend(options["packages"])
        if allowed is not None:
            bind_imports(allowed, source)
            allow_imports(allowed + options["modules"])
        try:
            value = run_module(source, filename)
        except SystemExit as error:
            if error.code not in (None, 0):
                raise
            value = nothing
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
        if value is nothing:
            value = scope.get("result", nothing)
        if value is nothing:
            value = scope.get("output") or None
    except BaseException as error:
        result = failed(error, filename)
        try:
            sys.stdout.flush()
            sys.stderr.flush()
        except BaseException as second:  # the guest put something else there, and it fails too
            sys.__stderr__.write(f"stdout or stderr could not be flushed: {type(second).__name__}\n")
        return result
    try:
        return output(value)
    except (TypeError, ValueError, RecursionError) as error:
        error.__traceback__ = None
        message = f"the result cannot be output as JSON: {error}"
        return failed(type(error)(message), filename)
    except BaseException as error:
        return failed(error, filename)


def no_processes(command):
    raise OSError(errno.ENOTSUP, "a guest cannot start processes")


def prepare():
    """Takes the loader's traces out, and leaves the interpreter as a guest should find it."""
    gone = ("js", "pyodide_js", "_pyodide_core", "pyodide", "_pyodide", "_ctypes", "ctypes")
    for name in [name for name in sys.modules if name.partition(".")[0] in gone]:
        del sys.modules[name]
    sys.meta_path[:] = [finder for finder in sys.meta_path if type(finder).__module__.partition(".")[0] not in gone]
    sys.meta_path[:] = [finder for finder in sys.meta_path if getattr(finder, "__module__", "").partition(".")[0] not in gone]
    asyncio.events._event_loop_policy = EventLoopPolicy()
    asyncio.events._set_running_loop(None)
    asyncio.run = asyncio.runners.run
    time.sleep = importlib.util.module_from_spec(importlib.machinery.BuiltinImporter.find_spec("time")).sleep
    sys.excepthook = sys.__excepthook__
    os.system = sys.modules["posix"].system = no_processes  # C's would only return -1
    del sys._emscripten_info  # says which Node.js it was booted on
    for name in [name for name in vars(builtins) if name.startswith("___")]:
        delattr(builtins, name)
    for stream, descriptor in (("stdout", 1), ("stderr", 2)):
        raw = io.FileIO(descriptor, "w", closefd=False)
        text = io.TextIOWrapper(io.BufferedWriter(raw), encoding="utf-8", errors="backslashreplace", line_buffering=True)
        setattr(sys, stream, text)
        setattr(sys, f"__{stream}__", text)
    sys.path[:] = ["/lib/python314.zip", "/lib/python3.14/site-packages"]
    for path in [path for path in sys.path_importer_cache if not path.startswith("/lib/python314.zip")]:
        del sys.path_importer_cache[path]  # where the loader's packages stood
    sys.argv[:] = [""]
    sys.orig_argv[:] = []
    sys.executable = ""
    sys._base_executable = ""
    sys.flags  # noqa: B018  (read once: it is made on demand)
    os.environ.clear()
    os.environ.update({"HOME": "/home", "LANG": "C.UTF-8", "TMPDIR": "/tmp"})
    sys.builtin_module_names = tuple(name for name in sys.builtin_module_names if _imp.is_builtin(name))
    for name in ("last_exc", "last_type", "last_value", "last_traceback"):
        sys.__dict__.pop(name, None)
    main.__dict__.update({"__builtins__": builtins, "__annotations__": {}})
    del main.__dict__["__annotations__"]
    sys.modules["__main__"] = main
    linecache.clearcache()
    # Once around, so that what is made on first use (parser, codecs, regular expressions of traceback) is in the snapshot.
    sample = "import json\n\ndef f(x):\n  return [y for y in x]\nif f([0]):\n  return 1 / 0\n"
    request = [sample.encode(), b'{"v": [1, 2.5, null, "x"]}', b'{"filename": "step.py", "imports": ["json"], "packages": [], "modules": []}']
    real = builtins.__import__, importlib.import_module
    enter(b"".join(len(part).to_bytes(4, "little") for part in request) + b"".join(request))
    builtins.__import__, importlib.import_module = real
    kept = {"__name__", "__doc__", "__package__", "__loader__", "__spec__", "__builtins__"}
    for name in [name for name in main.__dict__ if name not in kept]:
        del main.__dict__[name]
    linecache.clearcache()
    atexit._clear()
    bytes(FREE_HEAP)  # grows the heap now, so that most guests don't have to: a memory that grew can't be put back
    gc.collect()
    gc.freeze()
