"""``yaodian serve`` in a process of its own, started again after each kill."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Mapping
from pathlib import Path

START_S = 120.0


class Server:
    """``configured`` is the environment of the platform, ``path`` where its callbacks go."""

    def __init__(self, folder: Path, configured: Mapping[str, str], path: str = "") -> None:
        self._path = path
        self._environment = os.environ | {
            "YAODIAN_DATA": str(folder),
            "YAODIAN__BOT__PORT": "0",
            "YAODIAN__KNOWLEDGE__EMBEDDING": "none",
            **configured,
            "PYTHONUNBUFFERED": "1",
        }
        self._process: asyncio.subprocess.Process | None = None
        self.is_up = asyncio.Event()
        self.address = ""

    async def start(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bot", "serve",
            env=self._environment, stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        assert self._process.stdout is not None
        line = (await asyncio.wait_for(self._process.stdout.readline(), START_S)).decode()
        self.address = line[line.index("http://") :].split("/chat")[0] + self._path
        self.is_up.set()

    async def kill(self) -> None:
        self.is_up.clear()
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()
