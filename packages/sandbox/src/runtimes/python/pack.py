"""Writes /tmp/stdlib.zip: the standard library with bytecode beside the sources; and /tmp/loader.json: the loader's own packages.

Bytecode is not checked against its source when it is imported (both come from here), and is stored, not deflated: reading it is
then one copy. What belongs to the loader, or needs what no chamber has, is left out.
"""

import importlib._bootstrap_external as bootstrap
import json
import zipfile

SOURCE = "/lib/python314.zip"
LOADER = ("_pyodide/", "pyodide/")
LEFT_OUT = ("ctypes/", "ensurepip/", "idlelib/", "tkinter/", "turtledemo/", "lib2to3/", "test/", "webbrowser.py", "antigravity.py")
WHEN = (2026, 1, 1, 0, 0, 0)


def entry(name, compression):
    info = zipfile.ZipInfo(name, WHEN)
    info.compress_type = compression
    info.external_attr = 0o444 << 16
    return info


loader = {}
with zipfile.ZipFile(SOURCE) as source, zipfile.ZipFile("/tmp/stdlib.zip", "w") as packed:
    for name in sorted(source.namelist()):
        if name.startswith(LEFT_OUT) or name.endswith("/"):
            continue
        data = source.read(name)
        if name.startswith(LOADER):
            loader[name] = data.decode()
            continue
        if name.endswith(".py"):
            code = compile(data, f"{SOURCE}/{name}", "exec", dont_inherit=True, optimize=0)
            bytecode = bootstrap._code_to_hash_pyc(code, bytes(8), checked=False)
            packed.writestr(entry(name + "c", zipfile.ZIP_STORED), bytecode)
        packed.writestr(entry(name, zipfile.ZIP_DEFLATED), data)
with open("/tmp/loader.json", "w") as file:
    json.dump(loader, file)
