"""``backup`` and ``restore``."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.running import (
    DATA,
    FAILED,
    USAGE,
    ConfigOption,
    DataOption,
    JsonOption,
    Place,
    print_json,
    run_command,
    unheard,
)

if TYPE_CHECKING:
    from pydantic import JsonValue

    from handlers.backups.actions import Made

_LEFT_OUT = "配置文件 yaodian.toml 和密钥不在里面，请另外保存；备份里有个人信息，请放稳妥。"


def backup(
    file: Annotated[Path, typer.Argument(help="写到哪个文件，一般以 .zip 结尾；不能已经有。")],
    as_json: JsonOption = False,
    config: ConfigOption = None,
    data: DataOption = DATA,
) -> None:
    """把全部数据（含附件、原文件）备份成一个文件；服务开着也行。"""
    place = Place(config=config, data=data)

    async def work() -> None:
        result = await _backed_up(place, file.absolute())
        if as_json:
            print_json(result)
        elif isinstance(result, Mapping):
            size = float(str(result["bytes"])) / 2**20
            print(
                f"已备份到 {result['path']}（{size:.1f} MB，{result['members']} 人、"
                f"{result['documents']} 份文件、{result['records']} 条记录），已从头读过，完好。"
            )
            print(_LEFT_OUT, file=sys.stderr)

    run_command(place, work)


async def _backed_up(place: Place, file: Path) -> JsonValue:
    """By the server where one runs; else here, without bringing old data up to date."""
    import asyncio

    from bot.control import calling, owning
    from bot.keeping import made_json
    from handlers.backups.actions import Backups, make_from_folder
    from handlers.people.actions import operator
    from store.engine import Store

    async with calling(place.data) as server:
        if server is not None:
            return await server.run("backup", {"path": str(file)}, hear=unheard)
    now = datetime.now(UTC)
    url = place.settings().store.url

    def from_folder() -> Made:
        with owning(place.data):
            return make_from_folder(place.data, file, now=now)

    if url is None:
        return made_json(await asyncio.to_thread(from_folder))
    store = await Store.open(url)
    try:
        backups = Backups(store=store, folder=place.data, clock=lambda: now)
        return made_json(await backups.make(operator(), file))
    finally:
        await store.close()


def restore(
    file: Annotated[Path, typer.Argument(help="yaodian backup 做的备份文件。")],
    yes: Annotated[bool, typer.Option("--yes", help="不再询问。")] = False,
    config: ConfigOption = None,
    data: DataOption = DATA,
) -> None:
    """用备份代替现在的数据；现在的数据留在旁边，不删。先停掉服务。"""
    place = Place(config=config, data=data)

    async def work() -> None:
        import asyncio

        await asyncio.to_thread(_restored, place, file, yes)

    run_command(place, work)


def _restored(place: Place, file: Path, is_agreed: bool) -> None:
    from bot.control import owning
    from handlers.backups.actions import look_at
    from handlers.backups.actions import restore as put_back

    url = place.settings().store.url
    with owning(place.data):
        found = look_at(file)
        made_at = found.made_at.astimezone()
        print(
            f"这是 {made_at:%Y年%m月%d日 %H:%M} 的备份：{found.members} 人、"
            f"{found.documents} 份文件、{found.records} 条记录。",
            file=sys.stderr,
        )
        has_old = url is not None or (place.data / "yaodian.db").exists()
        if has_old and not is_agreed:
            _ask(place.data if url is None else Path("数据库"))
        done = put_back(file, place.data, url, now=datetime.now(UTC))
    print("已恢复。现在可以启动服务：yaodian serve")
    if done.aside is not None:
        print(f"原来的数据在 {done.aside}，确认没问题后可以删掉。")


def _ask(what: Path) -> None:
    if not sys.stdin.isatty():
        print("这里没有人可以确认；确定要用备份代替现在的数据，请加 --yes。", file=sys.stderr)
        raise typer.Exit(USAGE)
    if not typer.confirm(f"要用它代替 {what} 里现在的数据吗？（现在的数据会留在旁边）"):
        print("没有动任何数据。", file=sys.stderr)
        raise typer.Exit(FAILED)
