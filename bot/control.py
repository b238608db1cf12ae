"""How a command on this machine reaches the running server: a Unix socket in the data folder.

Lines of JSON. A request is ``{"do": name, "with": {…}}``; what comes back is any number of
``{"progress": [done, total, label]}`` and ``{"say": …}`` and one last ``{"result": …}`` or
``{"error": …}``.
Without a server the command takes the folder's lock and does the same work itself, so both ways
run the same operations.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import logging
import os
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Protocol

from pydantic import JsonValue

from bot.errors import BotError

logger = logging.getLogger(__name__)

LINE_LIMIT = 64 * 2**20
"""A document shown whole is one line."""


class Exchange(Protocol):
    """What an operation has besides its arguments: a way to say things while it works."""

    async def progress(self, done: int, total: int, label: str) -> None: ...
    async def say(self, words: JsonValue) -> None:
        """Send something that is not the result, e.g. a reply of a conversation."""
        ...

    async def heard(self) -> JsonValue:
        """The next thing the other side says; None when it has hung up."""
        ...


Operation = Callable[[Mapping[str, JsonValue], Exchange], Awaitable[JsonValue]]
Operations = Mapping[str, Operation]


Hear = Callable[[str, JsonValue], None]
"""Told ``progress`` (done, total, label) and ``say`` (anything) while an operation works."""


class DataFolderInUse(BotError):
    """Another process owns the data folder and does not listen."""

    default_reply = "数据文件夹正被另一个要点程序使用。请等它结束，或先停掉它，再试一次。"


class CommandFailed(BotError):
    """The server refused; carries its reply."""


@contextmanager
def owning(folder: Path) -> Iterator[None]:
    """Hold the folder's lock; it is let go even when the process is killed.

    Raises:
        DataFolderInUse: Another process holds it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise DataFolderInUse("the data folder is locked") from error
        yield


@contextmanager
def _address(folder: Path) -> Iterator[str]:
    """The socket's path, short enough for the kernel whatever the folder's is."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{descriptor}/control.sock"
    finally:
        os.close(descriptor)


@asynccontextmanager
async def listening(folder: Path, operations: Operations) -> AsyncIterator[None]:
    """Take commands until the block ends. The caller owns the folder."""
    await asyncio.to_thread((folder / "control.sock").unlink, missing_ok=True)
    with _address(folder) as address:
        listener = socket.socket(socket.AF_UNIX)
        old_mask = os.umask(0o177)
        try:
            listener.bind(address)
        finally:
            os.umask(old_mask)
        conversations: set[asyncio.Task[None]] = set()

        def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.create_task(_serve(reader, writer, operations))
            conversations.add(task)
            task.add_done_callback(conversations.discard)

        server = await asyncio.start_unix_server(serve, sock=listener, limit=LINE_LIMIT)
        try:
            yield
        finally:
            server.close()
            for task in conversations:
                task.cancel()
            await asyncio.gather(*conversations, return_exceptions=True)
            await asyncio.to_thread((folder / "control.sock").unlink, missing_ok=True)


async def _serve(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, operations: Operations
) -> None:
    try:
        if _same_person(writer):
            await _answer(_Line(reader, writer), operations)
    except ConnectionError:
        logger.info("A command hung up before its result")
    finally:
        writer.close()


def _same_person(writer: asyncio.StreamWriter) -> bool:
    """The file's mode keeps others out; where it does not, the kernel knows who calls."""
    peer: socket.socket = writer.get_extra_info("socket")
    size = struct.calcsize("3i")
    _, uid, _ = struct.unpack("3i", peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size))
    return bool(uid in {os.getuid(), 0})


class _Line:
    """One open line; the operation at this end speaks through it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def send(self, message: Mapping[str, JsonValue]) -> None:
        self._writer.write(json.dumps(message, ensure_ascii=False).encode() + b"\n")
        await self._writer.drain()

    async def receive(self) -> Mapping[str, JsonValue] | None:
        """The next message; None when the other end hung up or talks nonsense."""
        try:
            line = await self._reader.readline()
            message = json.loads(line) if line else None
        except (ConnectionError, ValueError):
            return None
        return message if isinstance(message, dict) else None

    async def progress(self, done: int, total: int, label: str) -> None:
        await self.send({"progress": [done, total, label]})

    async def say(self, words: JsonValue) -> None:
        await self.send({"say": words})

    async def heard(self) -> JsonValue:
        message = await self.receive()
        return message.get("say") if message else None


async def _answer(line: _Line, operations: Operations) -> None:
    """Do what one caller asks for, one thing after the other."""
    while (request := await line.receive()) is not None:
        name, arguments = request.get("do"), request.get("with")
        operation = operations.get(name) if isinstance(name, str) else None
        if operation is None or not isinstance(arguments, dict):
            await line.send({"error": "运行中的服务器不认识这个命令，请更新并重启它。"})
            continue
        try:
            await line.send({"result": await operation(arguments, line)})
        except BotError as error:
            logger.info("Command %s failed: %s", name, error)
            await line.send({"error": error.reply})


class Remote:
    """Operations of the running server."""

    is_local = False

    def __init__(self, line: _Line) -> None:
        self._line = line

    async def run(
        self,
        name: str,
        arguments: Mapping[str, JsonValue],
        *,
        hear: Hear,
        words: AsyncIterator[JsonValue] | None = None,
    ) -> JsonValue:
        """Do ``name`` there; ``hear`` gets what it says on the way, ``words`` go to it.

        Raises:
            CommandFailed: It could not be done; the reply says why.
        """
        await self._line.send({"do": name, "with": dict(arguments)})
        speaking = asyncio.create_task(self._speak(words)) if words is not None else None
        try:
            while (message := await self._line.receive()) is not None:
                if "result" in message:
                    return message["result"]
                if "error" in message:
                    raise CommandFailed(f"{name} was refused", reply=str(message["error"]))
                for kind, value in message.items():
                    hear(kind, value)
        finally:
            if speaking is not None:
                speaking.cancel()
                await asyncio.gather(speaking, return_exceptions=True)
        raise CommandFailed(f"{name}: the server hung up", reply="服务器中断了，请再试一次。")

    async def _speak(self, words: AsyncIterator[JsonValue]) -> None:
        async for word in words:
            await self._line.send({"say": word})
        await self._line.send({})


@asynccontextmanager
async def calling(folder: Path) -> AsyncIterator[Remote | None]:
    """A line to the server that owns ``folder``; None when none is running."""
    if not await asyncio.to_thread((folder / "control.sock").exists):
        yield None
        return
    with _address(folder) as address:
        try:
            reader, writer = await asyncio.open_unix_connection(address, limit=LINE_LIMIT)
        except (ConnectionRefusedError, FileNotFoundError):
            yield None
            return
    try:
        yield Remote(_Line(reader, writer))
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


class Local:
    """The same operations in this process, for when no server runs."""

    is_local = True

    def __init__(self, operations: Operations) -> None:
        self._operations = operations

    async def run(
        self,
        name: str,
        arguments: Mapping[str, JsonValue],
        *,
        hear: Hear,
        words: AsyncIterator[JsonValue] | None = None,
    ) -> JsonValue:
        """As :meth:`Remote.run`."""
        return await self._operations[name](arguments, _Here(hear, words))


class _Here:
    """An exchange without a line."""

    def __init__(self, hear: Hear, words: AsyncIterator[JsonValue] | None) -> None:
        self._hear = hear
        self._words = words

    async def progress(self, done: int, total: int, label: str) -> None:
        self._hear("progress", [done, total, label])

    async def say(self, words: JsonValue) -> None:
        self._hear("say", words)

    async def heard(self) -> JsonValue:
        return None if self._words is None else await anext(self._words, None)
