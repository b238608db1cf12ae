"""Warm reading children: one file at a time each, killed when it takes too long, soon replaced."""

from __future__ import annotations

import atexit
import contextlib
import json
import logging
import os
import selectors
import subprocess
import sys
import threading
import time
from collections import defaultdict
from pathlib import Path

from bot.errors import UnreadableDocument
from knowledge.document_json import document_from_json
from knowledge.loading.base import MAX_BYTES
from knowledge.loading.detect import detect
from knowledge.model import Document
from knowledge.reading_limits import LIMITS, LimitClass, limit_class

logger = logging.getLogger(__name__)

_ROOT = Path(__file__).resolve().parent.parent
_START = (
    "import sys; sys.path.append(sys.argv[1]); "
    "from knowledge.reading_child import main; main(int(sys.argv[2]))"
)
_KEPT_ENVIRONMENT = ("PATH", "LANG", "LC_ALL", "TZ", "TMPDIR")
_MOST_ANSWER_BYTES = 200 * 1024 * 1024
_MOST_CHILDREN = 2
_START_WALL_S = 20.0
_TOO_HEAVY = "这个文件太大或太复杂，读不下来，请拆小后再发。"
_TOO_LARGE = "这个文件超过 50 MB，太大了，请拆小或只留正文再发。"


class _Died(Exception):
    """The child ended, or was ended, without an answer."""


class _Child:
    def __init__(self, kind: LimitClass) -> None:
        self.kind = kind
        self.limits = LIMITS[kind]
        self._read_files = 0
        environment = {name: os.environ[name] for name in _KEPT_ENVIRONMENT if name in os.environ}
        self._process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-I", "-c", _START, str(_ROOT), str(self.limits.address_bytes)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
            bufsize=0,
        )

    @property
    def is_usable(self) -> bool:
        return self._read_files < self.limits.files and self._process.poll() is None

    def read(self, content: bytes, name: str) -> bytes:
        """The child's JSON answer. Raises ``_Died``."""
        self._read_files += 1
        deadline = time.monotonic() + self.limits.wall_s + _START_WALL_S
        request = {
            "name": name,
            "size": len(content),
            "cpu_s": self.limits.cpu_s,
            "pictures": self.kind is not LimitClass.TEXT,
        }
        stdin = self._process.stdin
        if stdin is None:
            raise _Died("no pipe")
        try:
            stdin.write(json.dumps(request).encode() + b"\n")
            view = memoryview(content)
            while view:
                view = view[stdin.write(view) :]
        except OSError as error:
            raise _Died("pipe closed") from error
        head, rest = self._until_newline(deadline)
        size = int(json.loads(head)["size"])
        if size > _MOST_ANSWER_BYTES:
            raise _Died("answer too large")
        while len(rest) < size:
            rest += self._some(deadline)
        return bytes(rest)

    def _until_newline(self, deadline: float) -> tuple[bytes, bytearray]:
        received = bytearray()
        while b"\n" not in received:
            received += self._some(deadline)
        head, _, rest = bytes(received).partition(b"\n")
        return head, bytearray(rest)

    def _some(self, deadline: float) -> bytes:
        stdout = self._process.stdout
        if stdout is None:
            raise _Died("no pipe")
        with selectors.DefaultSelector() as selector:
            selector.register(stdout, selectors.EVENT_READ)
            if not selector.select(max(deadline - time.monotonic(), 0)):
                raise _Died("took too long")
        chunk = os.read(stdout.fileno(), 1 << 20)
        if not chunk:
            raise _Died("ended")
        return chunk

    def close(self) -> None:
        self._process.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        self._process.wait()


class ReadingPool:
    """Blocking and thread-safe; starts nothing before the first file."""

    def __init__(self, children: int = _MOST_CHILDREN) -> None:
        self._turns = threading.BoundedSemaphore(children)
        self._lock = threading.Lock()
        self._idle: dict[LimitClass, list[_Child]] = defaultdict(list)

    def read(self, content: bytes, name: str) -> Document:
        """Raises ``UnreadableDocument``; a file that ends its child ends nothing else."""
        if len(content) > MAX_BYTES:
            raise UnreadableDocument("file too large", reply=_TOO_LARGE)
        kind = limit_class(detect(content, name))
        with self._turns:
            answer = self._read(content, name, kind)
            if answer.get("needs_pictures") and kind is LimitClass.TEXT:
                answer = self._read(content, name, LimitClass.PICTURE)
        if "document" in answer:
            return document_from_json(json.dumps(answer["document"], ensure_ascii=False))
        refusal = answer.get("refusal")
        raise UnreadableDocument(
            "refused by the reading child", reply=refusal if isinstance(refusal, str) else None
        )

    def _read(self, content: bytes, name: str, kind: LimitClass) -> dict[str, object]:
        child = self._take(kind)
        try:
            answer = json.loads(child.read(content, name))
        except (_Died, ValueError) as error:
            child.close()
            logger.warning("a reading child of class %s died: %s", kind, error)
            raise UnreadableDocument("the reading child died", reply=_TOO_HEAVY) from error
        except BaseException:
            child.close()
            raise
        self._give_back(child)
        return answer if isinstance(answer, dict) else {}

    def _take(self, kind: LimitClass) -> _Child:
        with self._lock:
            while self._idle[kind]:
                child = self._idle[kind].pop()
                if child.is_usable:
                    return child
                child.close()
        return _Child(kind)

    def _give_back(self, child: _Child) -> None:
        if not child.is_usable or child.kind is not LimitClass.TEXT:
            child.close()
            return
        with self._lock:
            self._idle[child.kind].append(child)

    def close(self) -> None:
        """End the idle children; the pool may be used again afterwards."""
        with self._lock:
            children = [child for idle in self._idle.values() for child in idle]
            self._idle.clear()
        for child in children:
            child.close()


shared_pool = ReadingPool()
"""For ``read_file``; no process is started by making it."""

atexit.register(shared_pool.close)
