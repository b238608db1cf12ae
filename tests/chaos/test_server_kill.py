"""The whole server is killed right after it took a question; the next one answers it, once."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

LOOPS = int(os.environ.get("YAODIAN_KILLS", "4"))
PATIENCE_S = 30.0


@contextmanager
def serving(folder: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    environment = os.environ | {
        "YAODIAN_DATA": str(folder),
        "YAODIAN__BOT__PORT": "0",
        "YAODIAN__KNOWLEDGE__EMBEDDING": "none",
        "PYTHONUNBUFFERED": "1",
    }
    with subprocess.Popen(
        [sys.executable, "-m", "bot", "serve", "--demo"],
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    ) as server:  # fmt: skip
        assert server.stdout is not None
        ready = server.stdout.readline()
        yield server, ready[ready.index("http://") :].split("/chat")[0]
        server.kill()


def say(address: str, number: int) -> None:
    body = {"id": f"question-{number:04}", "kind": "text", "text": f"党课多久上一次，第{number}问"}
    request = Request(
        f"{address}/chat/messages?as=guest",
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urlopen(request, timeout=10) as response:
        assert response.status == 202


def page(address: str) -> str:
    with urlopen(f"{address}/chat?as=guest", timeout=10) as response:
        return str(response.read().decode())


def wait_for(what: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        if what():
            return True
        time.sleep(0.1)
    return what()


@pytest.mark.parametrize("pause_s", [0.0, 0.02])
def test_what_was_taken_is_answered_once_after_kill_9(tmp_path: Path, pause_s: float) -> None:
    for number in range(LOOPS):
        with serving(tmp_path) as (server, address):
            say(address, number)
            time.sleep(pause_s)
            server.send_signal(signal.SIGKILL)
    with serving(tmp_path) as (_, address):
        answers = [f'data-reply-to="question-{number:04}"' for number in range(LOOPS)]
        assert wait_for(lambda: all(answer in page(address) for answer in answers))
        assert [page(address).count(answer) for answer in answers] == [1] * LOOPS
