"""What a guest may ask its host for. Everything is refused that was not granted.

    import glovebox

    answer = glovebox.http_request("https://rates.example.com/v1/today")
    glovebox.log("info", f"status {answer.status}")
    return answer.json()
"""

import io as _io
import json as _json
import os as _os

__all__ = ["HostError", "Refused", "Response", "http_request", "log", "now", "open", "read_input", "secret", "write_output"]


class HostError(OSError):
    """The host could not do what was asked of it, although it was granted."""


class Refused(HostError):
    """The host does not do this for this step. Why is not told: whoever runs the step can look it up."""


class Response:
    """The answer to a request: `status`, `headers` (names in lower case) and the body as `bytes`, `text` or `json()`."""

    def __init__(self, status, headers, body, file):
        self.status = status
        self.headers = headers
        self.file = file
        self._body = body

    @property
    def ok(self):
        return 200 <= self.status < 300

    @property
    def bytes(self):
        if self.file is None:
            return self._body
        with _io.open(self.file, "rb") as file:
            return file.read()

    @property
    def text(self):
        _, _, charset = self.headers.get("content-type", "").partition("charset=")
        try:
            return self.bytes.decode(charset.partition(";")[0].strip(" \"'") or "utf-8", "replace")
        except LookupError:
            return self.bytes.decode("utf-8", "replace")

    def json(self):
        return _json.loads(self.bytes)

    def __repr__(self):
        return f"<Response {self.status}>"


_READ_INPUT, _WRITE_OUTPUT, _READ_SECRET, _GET_TIME, _HTTP_REQUEST, _HTTP_READ = range(2, 8)
_GIVEN, _REFUSED = 0, 1
_LEVELS = {"debug": 0, "info": 1, "warning": 2, "error": 3}
_encode = _json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode
_read, _write, _open = _os.read, _os.write, _os.open
_device = None


def _send(message):
    global _device
    if _device is None:
        _device = _open("/dev/glovebox", _os.O_RDWR)
    _write(_device, message)


def _ask(function, argument=b""):
    _send(bytes((function,)) + argument)
    answer = _read(_device, 4096)
    missing = 5 + int.from_bytes(answer[1:5], "little") - len(answer)
    if missing > 0:
        pieces = [answer]
        while missing > 0:
            pieces.append(_read(_device, missing))
            missing -= len(pieces[-1])
        answer = b"".join(pieces)
    if answer[0] == _GIVEN:
        return answer[5:]
    if answer[0] == _REFUSED:
        raise Refused("the host refused this: it is not granted")
    raise HostError(answer[5:].decode())


def log(level, message=None):
    """Writes a line into the step's log. `level` is debug, info (also when it is left out), warning or error."""
    if message is None:
        level, message = "info", level
    number = _LEVELS.get(level)
    if number is None:
        raise ValueError(f"no such level: {level!r}")
    _send(bytes((1, number)) + str(message).encode("utf-8", "backslashreplace"))


def secret(name):
    """The value of a secret that is granted to this step."""
    return _ask(_READ_SECRET, name.encode()).decode()


def now():
    """Seconds since the Unix epoch, by the host's clock."""
    return int.from_bytes(_ask(_GET_TIME), "little") // 1_000_000 / 1000


def read_input():
    """This step's input."""
    return _json.loads(_ask(_READ_INPUT))


def write_output(value):
    """Writes this step's output, once. It counts instead of what the step returns."""
    _ask(_WRITE_OUTPUT, _encode(value).encode("utf-8", "surrogatepass"))


def http_request(url, method="GET", headers=None, body=None, file=None):
    """Makes a request, if it is granted, and waits for the answer. Redirects are followed as far as the grant says.

    `body` is bytes or text, or a value that is sent as JSON. With `file`, the answer's body goes there piece by piece, so that it may be
    larger than one answer; it is read like any file.
    """
    sent = [] if headers is None else [(str(name), str(value)) for name, value in getattr(headers, "items", lambda: headers)()]
    if isinstance(body, str):
        body = body.encode()
    elif body is not None and not isinstance(body, (bytes, bytearray, memoryview)):
        body = _encode(body).encode()
        if not any(name.lower() == "content-type" for name, _ in sent):
            sent.append(("content-type", "application/json"))
    head = _encode({"url": str(url), "method": method, "headers": sent, "stream": file is not None}).encode("utf-8", "replace")
    answer = _ask(_HTTP_REQUEST, b"".join((len(head).to_bytes(4, "little"), head, body or b"")))
    end = 4 + int.from_bytes(answer[:4], "little")
    told = _json.loads(answer[4:end])
    received = {}
    for name, value in told["headers"]:
        received[name] = f"{received[name]}, {value}" if name in received else value
    if file is not None:
        with _io.open(file, "wb") as out:
            while piece := _ask(_HTTP_READ):
                out.write(piece)
    return Response(told["status"], received, answer[end:] if file is None else b"", file)


def open(name, mode="r", **options):
    """Opens a file that is granted to this step, for reading. It stands in /granted, too."""
    if "b" not in mode:
        options.setdefault("encoding", "utf-8")
    return _io.open(f"/granted/{name}", mode, **options)
