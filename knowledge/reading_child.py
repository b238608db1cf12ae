"""The child that parses untrusted bytes: limits first, then one file after another on stdin.

A request is a line of JSON ``{"name", "size", "cpu_s", "pictures"}`` and ``size`` bytes; the
answer is a line of JSON ``{"size"}`` and that many bytes of JSON:
``{"document"}``, ``{"refusal"}`` or
``{"needs_pictures": true}``. Nothing is pickled, nothing received is executed.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import sys
from typing import BinaryIO, Final

from bot.errors import UnreadableDocument
from knowledge.document_json import document_to_json
from knowledge.loading.pdf import ScannedPages
from knowledge.reading import read_bytes

_MOST_FILE_BYTES: Final = 256 * 1024 * 1024
_CLONE_NEWUSER: Final = 0x10000000
_CLONE_NEWNET: Final = 0x40000000
_TOO_HEAVY = "这个文件太大或太复杂，读不下来，请拆小后再发。"
_STRANGE = "这个文件的内容不合规范，读不了，请用 Word 或 WPS 另存后再发。"


def main(address_bytes: int) -> None:
    """Serve until stdin ends."""
    _confine(address_bytes)
    requests, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    while line := requests.readline(4096):
        request = json.loads(line)
        content = requests.read(request["size"])
        _allow_cpu(request["cpu_s"])
        _answer(answers, _read(content, request["name"], request["pictures"]))


def _confine(address_bytes: int) -> None:
    """No more memory than given, no core file, and no network where the kernel lets us drop it."""
    resource.setrlimit(resource.RLIMIT_AS, (address_bytes, address_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (_MOST_FILE_BYTES, _MOST_FILE_BYTES))
    _drop_network()


def _drop_network() -> bool:
    """Move into an empty network namespace; False where the kernel does not let us."""
    if sys.platform != "linux":
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    return any(
        libc.unshare(flags) == 0 for flags in (_CLONE_NEWNET, _CLONE_NEWUSER | _CLONE_NEWNET)
    )


def _allow_cpu(seconds: int) -> None:
    """Seconds from now; the kernel ends a child that wants more."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    allowed = int(used.ru_utime + used.ru_stime) + seconds + 1
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (allowed, hard))


def _read(content: bytes, name: str, pictures: bool) -> str:
    try:
        return f'{{"document": {document_to_json(read_bytes(content, name, pictures=pictures))}}}'
    except ScannedPages:
        return '{"needs_pictures": true}'
    except UnreadableDocument as refusal:
        return json.dumps({"refusal": refusal.reply})
    except (MemoryError, RecursionError):
        return json.dumps({"refusal": _TOO_HEAVY})
    except Exception as error:  # noqa: BLE001 - a foreign file may break any parser in any way
        print(f"reading failed: {type(error).__name__}", file=sys.stderr)  # noqa: T201
        return json.dumps({"refusal": _STRANGE})


def _answer(answers: BinaryIO, text: str) -> None:
    content = text.encode("utf-8", errors="replace")
    answers.write(json.dumps({"size": len(content)}).encode() + b"\n" + content)
    answers.flush()
