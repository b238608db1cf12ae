"""``calendar``: the year's holidays, brought in without a restart."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.running import (
    DATA,
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

commands = typer.Typer(help="放假安排：加一年，看知道到哪一年。", no_args_is_help=True)


@commands.callback()
def calendar() -> None:
    """放假安排：加一年，看知道到哪一年。"""


@commands.command("add")
def add(
    file: Annotated[Path, typer.Argument(help="国务院通知的文字（.txt）或年度文件（.json）。")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="只看读成什么样，不生效。")] = False,
    json_output: JsonOption = False,
    config: ConfigOption = None,
    data: DataOption = DATA,
) -> None:
    """加一年的放假安排，马上生效。"""
    values: dict[str, JsonValue] = {"path": str(file.absolute()), "is_dry_run": dry_run}
    place = Place(config=config, data=data)

    async def work() -> None:
        async with place.caller() as caller:
            found = await caller.run("calendar.add", values, hear=unheard)
        if json_output:
            print_json(found)
        elif isinstance(found, dict):
            off, on = found["off"], found["on"]
            listed = "、".join(map(str, off)) if isinstance(off, list) else ""
            worked = "、".join(map(str, on)) if isinstance(on, list) else ""
            typer.echo(f"{found['year']}年\n放假：{listed}\n调休上班：{worked or '没有'}")

    run_command(place, work)


@commands.command("list")
def list_years(config: ConfigOption = None, data: DataOption = DATA) -> None:
    """知道哪些年的放假安排。"""
    place = Place(config=config, data=data)

    async def work() -> None:
        async with place.caller() as caller:
            print_json(await caller.run("calendar.list", {}, hear=unheard))

    run_command(place, work)
