# The program that looks at Python, itself a guest: `inputs["source"]` is what it looks at, and is only ever parsed. It tells what it saw as
# `observation.ts` says. It never recurses, so that depth is the parser's business alone.
import ast
import importlib.util
import io
import re
import sys
import tokenize
import unicodedata

# As in observation.ts: more than this is cut off there, and counted here.
KEPT = {"imports": 200, "asks": 200, "findings": 500}
SUBJECT_MAX = 100
URL_MAX = 1000

LINE_MAX = 1000
LITERAL_MIN = 200
ELEMENTS_MAX = 2**24

DYNAMIC = {"eval", "exec", "compile", "__import__", "importlib.import_module", "importlib.__import__", "runpy.run_path", "runpy.run_module",
           "code.interact", "code.InteractiveInterpreter", "types.FunctionType", "types.CodeType", "types.LambdaType", "codeop.compile_command",
           "importlib.util.spec_from_loader", "importlib.util.module_from_spec", "importlib.reload", "timeit.timeit"}
DYNAMIC_NAMES = {"eval", "exec", "compile", "__import__"}
DECODERS = {"base64.b64decode", "base64.b32decode", "base64.b16decode", "base64.b85decode", "base64.a85decode", "base64.urlsafe_b64decode",
            "base64.decodebytes", "binascii.unhexlify", "binascii.a2b_hex", "binascii.a2b_base64", "bytes.fromhex", "bytearray.fromhex",
            "codecs.decode", "zlib.decompress", "gzip.decompress", "bz2.decompress", "lzma.decompress", "marshal.loads"}
INTROSPECTION = {"__subclasses__", "__globals__", "__builtins__", "__code__", "__closure__", "__bases__", "__base__", "__mro__", "mro", "f_back",
                 "f_globals", "f_locals", "f_builtins", "f_code", "gi_frame", "gi_code", "cr_frame", "cr_code", "ag_frame", "ag_code", "tb_frame",
                 "tb_next", "co_consts", "co_code", "__getattribute__", "__reduce__", "__reduce_ex__", "__loader__", "__spec__",
                 "__self__", "__func__", "__wrapped__", "__defaults__", "__kwdefaults__", "__import__"}
INTROSPECTION_NAMES = {"__builtins__", "__loader__", "__spec__"}
INTROSPECTION_CALLS = {"sys._getframe", "sys._current_frames", "sys._getframemodulename", "sys.settrace", "sys.setprofile", "inspect.currentframe",
                       "inspect.stack", "inspect.getmembers", "inspect.getouterframes", "sys.addaudithook", "sys.modules"}
INTROSPECTION_MODULES = {"gc", "inspect", "dis", "bdb", "pdb", "symtable", "opcode", "_ast", "builtins"}
# Told of where they are called or assigned through text: as words in a comment or a document they are harmless.
INTROSPECTION_TEXT = re.compile(r"__(?:subclasses|globals|builtins|code|closure|bases|mro|getattribute|reduce|import)__|\bf_(?:back|globals|locals|builtins)\b")
NATIVE_MODULES = {"ctypes", "_ctypes", "cffi", "mmap", "_testcapi", "_remote_debugging", "_posixsubprocess", "_interpreters", "pyodide", "js", "pyodide_js"}
LOADERS = {"pickle.loads", "pickle.load", "pickle.Unpickler", "marshal.loads", "marshal.load", "shelve.open", "dill.loads", "cloudpickle.loads", "yaml.load"}
ABSENT = {"os.system", "os.popen", "os.fork", "os.execv", "os.execve", "os.spawnv", "os.kill", "subprocess", "socket", "multiprocessing",
          "threading.Thread", "urllib.request", "http.client", "requests", "httpx", "aiohttp", "ftplib", "smtplib", "concurrent.futures.ProcessPoolExecutor",
          "concurrent.futures.ThreadPoolExecutor", "pty", "webbrowser", "tkinter"}
CLOCKS = {"time.time", "time.time_ns", "time.monotonic", "time.monotonic_ns", "time.perf_counter", "time.perf_counter_ns", "time.localtime",
          "time.gmtime", "time.strftime", "time.ctime", "time.sleep", "datetime.datetime.now", "datetime.datetime.utcnow", "datetime.datetime.today",
          "datetime.date.today", "glovebox.now"}
CHANCE = {"os.urandom", "uuid.uuid1", "uuid.uuid4", "os.getrandom"}
CHANCE_MODULES = {"random", "secrets"}
HOST = {"glovebox.http_request": "http", "glovebox.secret": "secret", "glovebox.open": "file"}
OTHER_HOST = {"glovebox.log", "glovebox.read_input", "glovebox.write_output"}
ENDLESS = {"itertools.count", "itertools.cycle", "itertools.repeat"}

URL = re.compile(r"https?://[!#-;=?-\[\]_a-z~]{1,1000}", re.IGNORECASE)
ENCODED = re.compile(r"(?:[A-Za-z0-9+/_-]{200,}={0,2}|(?:\\x[0-9a-fA-F]{2}){50,})\Z")
BIDI = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
INVISIBLE = re.compile("[\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200d\u2060-\u2064\ufeff\u3164\uffa0\U000e0001-\U000e007f]")
OTHER_SCRIPTS = ("CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE", "COPTIC", "LISU", "FULLWIDTH", "MATHEMATICAL")


class Observation:
    def __init__(self, source):
        self.lines = re.split("\r\n|\r|\n", source)
        self.kept = {"imports": [], "asks": [], "findings": []}
        self.dropped = 0
        self.seen = set()

    def keep(self, what, item):
        if len(self.kept[what]) < KEPT[what]:
            self.kept[what].append(item)
        else:
            self.dropped += 1

    def column(self, line, offset):
        """The parser counts bytes of UTF-8, and editors UTF-16 units."""
        text = self.lines[line - 1] if line <= len(self.lines) else ""
        if text.isascii():
            return offset + 1
        return units(text.encode("utf-8", "replace")[:offset].decode("utf-8", "replace")) + 1

    def place(self, node):
        return node.lineno, self.column(node.lineno, node.col_offset)

    def find(self, code, subject, line, column):
        if (code, line, column) in self.seen:
            return
        self.seen.add((code, line, column))
        self.keep("findings", {"code": code, "subject": str(subject)[:SUBJECT_MAX], "line": line, "column": column})

    def ask(self, what, value, form, node, method=None):
        line, column = self.place(node)
        value = None if value is None else value[:URL_MAX]
        self.keep("asks", {"what": what, "value": value, "form": form, "method": method, "line": line, "column": column})


def units(text):
    return len(text) + sum(1 for character in text if ord(character) > 0xFFFF)


def look(source):
    observed = Observation(source)
    look_at_text(source, observed)
    if not source.isascii():
        look_at_names(source, observed)
    error = None
    try:
        tree = ast.parse(source)
    except SyntaxError as problem:
        line = max(1, problem.lineno or 1)
        error = {"message": str(problem.msg)[:SUBJECT_MAX], "line": line, "column": max(1, problem.offset or 1)}
    except (RecursionError, MemoryError) as problem:
        # The parser has a stack of its own, and says so. Memory that ran out ends this guest: that is what is to be told.
        if isinstance(problem, MemoryError) and "stack" not in str(problem):
            raise
        error = {"message": "it is nested too deeply", "line": 1, "column": 1}
    except ValueError:
        error = {"message": "it is no text", "line": 1, "column": 1}
    else:
        look_at_tree(tree, observed)
    return {**observed.kept, "dropped": observed.dropped, "error": error}


def look_at_text(source, observed):
    for number, line in enumerate(observed.lines, 1):
        if len(line) > LINE_MAX:
            observed.find("long-line", len(line), number, 1)
        if line.isascii():
            continue
        for pattern, code in ((BIDI, "bidi-control"), (INVISIBLE, "invisible-character")):
            for match in pattern.finditer(line):
                observed.find(code, f"U+{ord(match[0]):04X}", number, units(line[: match.start()]) + 1)
                break


def look_at_names(source, observed):
    """Names as they are written: the parser puts look-alikes into the form that they are compared in."""
    try:
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            name = token.string
            if token.type != tokenize.NAME or name.isascii():
                continue
            line, offset = token.start
            if is_lookalike(name):
                observed.find("lookalike-name", name, line, units(token.line[:offset]) + 1)
    except (tokenize.TokenError, SyntaxError, ValueError):
        pass  # what does not tokenize does not parse: that is told


def is_lookalike(name):
    if unicodedata.normalize("NFKC", name).isascii():
        return True
    latin = any(character.isascii() and character.isalpha() for character in name)
    other = any(unicodedata.name(character, "").startswith(OTHER_SCRIPTS) for character in name if not character.isascii())
    return latin and other


def look_at_tree(tree, observed):
    aliases, constants = names_of(tree)
    looker = Looker(observed, aliases, constants)
    pending = [tree]
    while pending:
        node = pending.pop()
        looker.visit(node)
        pending.extend(reversed(list(ast.iter_child_nodes(node))))


def names_of(tree):
    """What imports call things, and names that are given one text and nothing else."""
    aliases, constants, assigned = {}, {}, {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.asname:
                    aliases[alias.asname] = alias.name
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                aliases[alias.asname or alias.name] = f"{node.module}.{alias.name}"
        elif isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            assigned[node.id] = assigned.get(node.id, 0) + 1
        elif isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            if isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
                constants[node.targets[0].id] = node.value.value
    return aliases, {name: text for name, text in constants.items() if assigned.get(name) == 1}


class Looker:
    def __init__(self, observed, aliases, constants):
        self.observed = observed
        self.aliases = aliases
        self.constants = constants
        self.asked_urls = set()  # of nodes that a request was seen with

    def find(self, code, subject, node):
        self.observed.find(code, subject, *self.observed.place(node))

    def path(self, node):
        """`module.name` of what an expression names, through the names that imports gave it; None for anything else."""
        names = []
        while isinstance(node, ast.Attribute) and len(names) < 10:
            names.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name):
            return None
        names.append(self.aliases.get(node.id, node.id))
        path = ".".join(reversed(names))
        return path.removeprefix("builtins.").removeprefix("__builtins__.")

    def text(self, node):
        """The text that an expression is as far as it is written out, and whether that is all of it."""
        parts, whole, pending = [], True, [node]
        while pending:
            node = pending.pop()
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                parts.append(node.value)
            elif isinstance(node, ast.Name) and node.id in self.constants:
                parts.append(self.constants[node.id])
            elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
                pending += [node.right, node.left]
            elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod) and isinstance(node.left, ast.Constant) and isinstance(node.left.value, str):
                parts.append(node.left.value.partition("%")[0])
                return "".join(parts), False
            elif isinstance(node, ast.FormattedValue) and node.conversion == -1 and node.format_spec is None:
                pending.append(node.value)
            elif isinstance(node, ast.JoinedStr):
                pending.extend(reversed(node.values))
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "format" and isinstance(node.func.value, ast.Constant):
                parts.append(str(node.func.value.value).partition("{")[0])
                return "".join(parts), False
            else:
                return "".join(parts), False
        return "".join(parts), whole

    def visit(self, node):
        match node:
            case ast.Import():
                for alias in node.names:
                    self.imported(alias.name, alias)
            case ast.ImportFrom():
                if node.level:
                    self.imported("." * node.level + (node.module or ""), node)
                else:
                    for alias in node.names:
                        self.path_used(f"{node.module}.{alias.name}", alias)
                    self.imported(node.module, node)
            case ast.Call():
                self.called(node)
            case ast.Attribute():
                if node.attr in INTROSPECTION:
                    self.at_name(node, node.attr)
                elif (path := self.path(node)) is not None:
                    self.path_used(path, node)
            case ast.Name():
                if node.id in DYNAMIC_NAMES and isinstance(node.ctx, ast.Load):
                    self.find("dynamic-code", node.id, node)
                elif node.id in INTROSPECTION_NAMES:
                    self.find("introspection", node.id, node)
                elif node.id in self.aliases:
                    self.path_used(self.aliases[node.id], node)
            case ast.Constant(value=str() | bytes()):
                self.literal(node)
            case ast.While():
                if is_true(node.test) and not leaves(node):
                    self.find("unbounded-loop", "while", node)
            case ast.For():
                endless = isinstance(node.iter, ast.Call) and self.path(node.iter.func) in ENDLESS
                if endless and len(node.iter.args) < (2 if self.path(node.iter.func) == "itertools.repeat" else 9) and not leaves(node):
                    self.find("unbounded-loop", "for", node)
            case ast.BinOp():
                self.computed(node)

    def at_name(self, node, name):
        """Where the name stands, which is at the end of what it is an attribute of."""
        line = node.end_lineno
        text = self.observed.lines[line - 1].encode("utf-8", "replace")[: node.end_col_offset].decode("utf-8", "replace")
        self.observed.find("introspection", name, line, units(text) - units(name) + 1)

    def imported(self, name, node):
        line, column = self.observed.place(node)
        top = name.partition(".")[0]
        self.observed.keep("imports", {"name": name[:SUBJECT_MAX], "known": is_known(top), "line": line, "column": column})
        if top in NATIVE_MODULES:
            self.find("native-access", top, node)
        elif top in INTROSPECTION_MODULES:
            self.find("introspection", top, node)
        elif top in CHANCE_MODULES:
            self.observed.ask("random", top, "whole", node)
        elif top in ABSENT or name in ABSENT:
            self.find("not-offered", name, node)

    def path_used(self, path, node):
        if path in INTROSPECTION_CALLS:
            self.find("introspection", path, node)
        elif path in DYNAMIC and "." in path:
            self.find("dynamic-code", path, node)
        elif path in LOADERS:
            self.find("unsafe-loading", path, node)
        elif path in ABSENT and "." in path:
            self.find("not-offered", path, node)

    def called(self, node):
        path = self.path(node.func)
        if path is None:
            return
        if path in CLOCKS:
            self.observed.ask("time", path, "whole", node)
        elif path in CHANCE:
            self.observed.ask("random", path, "whole", node)
        elif path in OTHER_HOST:
            self.observed.ask("host", path.removeprefix("glovebox."), "whole", node)
        if path in ("getattr", "setattr", "hasattr", "delattr") and len(node.args) > 1:
            name, whole = self.text(node.args[1])
            if name in INTROSPECTION or name in DYNAMIC_NAMES:
                self.find("introspection", name, node.args[1])
            elif not whole and path == "getattr":
                self.find("computed-name", path, node.args[1])
        if path in DYNAMIC_NAMES and any(self.decodes(argument) for argument in node.args):
            self.find("decoded-code", path, node)
        if path in HOST:
            self.asked(HOST[path], node)
        elif path in ("open", "io.open", "pathlib.Path", "os.open") and node.args:
            self.opened(node)
        elif path in ("bytes", "bytearray") and node.args and (size := number(node.args[0])) is not None and size > ELEMENTS_MAX:
            self.find("big-allocation", path, node)
        elif path in ("list", "tuple", "set", "sorted") and node.args and self.range_of(node.args[0]) > ELEMENTS_MAX:
            self.find("big-allocation", path, node)

    def range_of(self, node):
        if isinstance(node, ast.Call) and self.path(node.func) == "range":
            bounds = [number(argument) for argument in node.args]
            if None not in bounds and bounds and all(isinstance(bound, int) for bound in bounds):
                try:
                    return max(0, len(range(*bounds)))
                except OverflowError:
                    return sys.maxsize
                except (TypeError, ValueError):
                    return 0
        return 0

    def decodes(self, argument):
        """Whether code that is run comes out of a decoder, or out of a literal that looks encoded."""
        seen = 0
        for inner in ast.walk(argument):
            seen += 1
            if seen > 10_000:
                return False
            if isinstance(inner, ast.Call) and (self.path(inner.func) in DECODERS or (isinstance(inner.func, ast.Attribute) and inner.func.attr in ("fromhex", "b64decode", "decompress", "unhexlify"))):
                return True
            if isinstance(inner, ast.Constant) and isinstance(inner.value, (str, bytes)) and is_encoded(inner.value):
                return True
        return False

    def asked(self, what, node):
        given = node.args[0] if node.args else next((keyword.value for keyword in node.keywords if keyword.arg in ("url", "name")), None)
        method = None
        if what == "http":
            named = node.args[1] if len(node.args) > 1 else next((keyword.value for keyword in node.keywords if keyword.arg == "method"), None)
            if named is not None:
                text, whole = self.text(named)
                method = text[:20] if whole else "?"
        if given is None:
            self.observed.ask(what, None, "computed", node, method)
            return
        text, whole = self.text(given)
        for inner in ast.walk(given):
            self.asked_urls.add(id(inner))
        form = "whole" if whole else "start" if text else "computed"
        self.observed.ask(what, text if text else None, form, node, method)

    def opened(self, node):
        text, whole = self.text(node.args[0])
        if text.startswith("/granted/"):
            self.observed.ask("file", text.removeprefix("/granted/"), "whole" if whole else "start", node)
        elif whole and text.startswith("/") and not text.startswith("/tmp/"):
            self.find("not-offered", text, node)

    def literal(self, node):
        value = node.value if isinstance(node.value, str) else node.value.decode("latin-1")
        if len(value) >= LITERAL_MIN and is_encoded(node.value):
            self.find("encoded-literal", len(value), node)
        if id(node) not in self.asked_urls and "://" in value:
            for match in URL.finditer(value):
                self.observed.ask("url", match[0], "whole" if match[0] == value else "start", node)
        if len(value) < LITERAL_MIN and "_" in value and (match := INTROSPECTION_TEXT.search(value)):
            self.find("introspection", match[0], node)

    def computed(self, node):
        left, right = node.left, node.right
        match node.op:
            case ast.Mult():
                for items, count in ((left, right), (right, left)):
                    size = len(items.value) if isinstance(items, ast.Constant) and isinstance(items.value, (str, bytes)) else len(items.elts) if isinstance(items, (ast.List, ast.Tuple)) else 0
                    times = number(count)
                    if size and times is not None and size * times > ELEMENTS_MAX:
                        self.find("big-allocation", "*", node)
            case ast.Pow():
                base, power = number(left), number(right)
                if isinstance(base, int) and isinstance(power, int) and power > 0 and base.bit_length() > 1 and base.bit_length() * power > ELEMENTS_MAX * 8:
                    self.find("big-allocation", "**", node)
            case ast.LShift():
                power = number(right)
                if isinstance(power, int) and power > ELEMENTS_MAX * 8:
                    self.find("big-allocation", "<<", node)


def is_known(top):
    if top.startswith("."):
        return False
    if top in sys.builtin_module_names or top == "glovebox":
        return True
    try:
        return importlib.util.find_spec(top) is not None
    except (ImportError, ValueError, AttributeError):
        return False


def is_encoded(value):
    text = value if isinstance(value, str) else value.decode("latin-1")
    if len(text) < LITERAL_MIN:
        return False
    compact = re.sub(r"\s", "", text[:100_000])
    if ENCODED.match(compact) and len(set(compact)) > 8:
        return True
    return sum(1 for character in text[:10_000] if not character.isprintable() and character not in "\n\r\t") * 4 > min(len(text), 10_000)


def number(node):
    """A number that is written out, or a small sum of such; None for anything else."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, (int, float)) and not isinstance(node.value, bool) and abs(node.value) < 1e30 else None
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        value = number(node.operand) if isinstance(node.operand, ast.Constant) else None
        return None if value is None else -value
    if isinstance(node, ast.BinOp) and isinstance(node.left, ast.Constant) and isinstance(node.right, ast.Constant):
        left, right = number(node.left), number(node.right)
        if left is None or right is None:
            return None
        match node.op:
            case ast.Mult():
                return left * right
            case ast.Add():
                return left + right
            case ast.Pow() if abs(left) <= 1024 and 0 <= right <= 10:
                return left**right
            case ast.Pow() if abs(left) > 1 and 0 <= right <= 1000 and isinstance(left, int) and isinstance(right, int):
                return min(left**right, 10**30)
            case ast.LShift() if isinstance(left, int) and isinstance(right, int) and 0 <= right <= 100:
                return left << right
    return None


def is_true(test):
    return isinstance(test, ast.Constant) and bool(test.value) or isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not) and isinstance(test.operand, ast.Constant) and not test.operand.value


def leaves(loop):
    """Whether something in a loop ends it: a break of its own, a return or a raise, or a yield, which hands over to whoever drives it."""
    pending = [(node, True) for node in loop.body]
    while pending:
        node, own = pending.pop()
        if isinstance(node, (ast.Return, ast.Raise, ast.Yield, ast.YieldFrom)) or (isinstance(node, ast.Break) and own):
            return True
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ("exit", "_exit"):
            return True
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)):
            continue
        if isinstance(node, (ast.For, ast.AsyncFor, ast.While)):
            pending += [(inner, False) for inner in node.body]
            pending += [(inner, own) for inner in node.orelse]
            continue
        pending += [(inner, own) for inner in ast.iter_child_nodes(node)]
    return False


result = look(inputs["source"])
