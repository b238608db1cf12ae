"""How a command runs: settings, log, the server or this process, exit codes."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn, Protocol

import typer

from bot.errors import BotError, ConfigError, UsageError

if TYPE_CHECKING:
    from pydantic import JsonValue

    from bot.config import Settings
    from bot.control import Hear

ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config",
        envvar="YAODIAN_CONFIG",
        help="配置文件；不写时用当前文件夹里的 yaodian.toml（有的话）。",
        show_default=False,
    ),
]
DataOption = Annotated[Path, typer.Option("--data", envvar="YAODIAN_DATA", help="数据文件夹。")]
JsonOption = Annotated[bool, typer.Option("--json", help="输出 JSON。")]
DATA = Path("data")

FAILED, USAGE, INTERRUPTED = 1, 2, 130


class Caller(Protocol):
    """Does operations, here or in the server."""

    async def run(
        self,
        name: str,
        arguments: Mapping[str, JsonValue],
        *,
        hear: Hear,
        words: AsyncIterator[JsonValue] | None = None,
    ) -> JsonValue: ...

    @property
    def is_local(self) -> bool:
        """Whether the work is done in this process, and ends with it."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a command works."""

    config: Path | None
    data: Path

    def settings(self) -> Settings:
        """Read the configuration.

        Raises:
            ConfigError: It cannot be used.
        """
        from bot.config import load_settings

        path = self.config
        if path is None and Path("yaodian.toml").exists():
            path = Path("yaodian.toml")
        return load_settings(path)

    @asynccontextmanager
    async def caller(self, *, with_loops: bool = False) -> AsyncIterator[Caller]:
        """The running server; without one, the same operations in this process.

        Args:
            with_loops: Also handle and deliver messages here, as a conversation needs.
        """
        from bot.control import Local, calling

        async with calling(self.data) as remote:
            if remote is not None:
                yield remote
                return
        from bot.app import opened

        async with opened(self.settings(), self.data) as app:
            local = Local(app.desk.operations())
            if with_loops:
                async with app.running():
                    yield local
            else:
                yield local


def run_command(
    place: Place, work: Callable[[], Awaitable[None]], *, level: int = logging.WARNING
) -> None:
    """Run ``work`` to its end; errors become a sentence on stderr and an exit code."""
    from bot.logs import set_up

    try:
        secrets = list(place.settings().secrets())
        set_up(level, secrets)
        asyncio.run(_run(work))
    except BotError as error:
        fail(error)
    except BrokenPipeError:
        sys.stderr.close()
        os._exit(FAILED)
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None


async def _run(work: Callable[[], Awaitable[None]]) -> None:
    try:
        await work()
    except BaseExceptionGroup as group:
        single = _only(group)
        if single is None:
            raise
        raise single from group


def _only(group: BaseExceptionGroup[BaseException]) -> BotError | None:
    """The one error that people are meant to read, out of a task group's."""
    first = group.exceptions[0]
    if isinstance(first, BaseExceptionGroup):
        return _only(first)
    return first if isinstance(first, BotError) else None


def fail(error: BotError) -> NoReturn:
    """Say what is wrong and leave."""
    logging.getLogger(__name__).info("%s", error)
    print(error.reply, file=sys.stderr)
    raise typer.Exit(USAGE if isinstance(error, UsageError | ConfigError) else FAILED)


def print_json(value: JsonValue) -> None:
    """One document, UTF-8 as it is."""
    print(json.dumps(value, ensure_ascii=False, indent=2))


@contextmanager
def progress_bar(label: str) -> Iterator[Hear]:
    """A bar on stderr, where somebody looks at it."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
               TextColumn("{task.fields[label]}"))  # fmt: skip
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task(label, total=None, label="")

        def hear(kind: str, value: JsonValue) -> None:
            match kind, value:
                case "progress", [int(done), int(total), str(what)]:
                    bar.update(task, completed=done, total=total, label=what)

        yield hear


async def settle(caller: Caller, *, at_most_s: float | None = None) -> None:
    """Wait until everything is found by its meaning too, not only by its words."""
    with progress_bar("正在准备语义查找") as hear:
        await caller.run("settle", {"at_most_s": at_most_s}, hear=hear)


def unheard(kind: str, value: JsonValue) -> None:
    """For operations whose progress nobody watches."""
