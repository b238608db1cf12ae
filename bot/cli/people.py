"""``roster``: who is who."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.running import (
    DATA,
    FAILED,
    ConfigOption,
    DataOption,
    Place,
    run_command,
    unheard,
)

commands = typer.Typer(help="花名册。", no_args_is_help=True)


@commands.callback()
def roster() -> None:
    """花名册。"""


@commands.command("import")
def import_file(
    file: Annotated[
        Path,
        typer.Argument(
            help="列名：姓名、单位（必填）、角色、手机、企业微信账号、钉钉账号、入党日期。"
        ),
    ],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="只检查，不写入。")] = False,
    config: ConfigOption = None,
    data: DataOption = DATA,
) -> None:
    """从 .xlsx 或 .csv 导入；有一行不对就整张不导。"""
    place = Place(config=config, data=data)

    async def work() -> None:
        async with place.caller() as caller:
            result = await caller.run(
                "roster.import",
                {"path": str(file.absolute()), "is_dry_run": dry_run},
                hear=unheard,
            )
        if not isinstance(result, Mapping):
            return
        errors = result["errors"]
        if isinstance(errors, list) and errors:
            print("\n".join(map(str, errors)))
            print("有问题，没有导入。")
            raise typer.Exit(FAILED)
        verb = "会新增" if dry_run else "新增"
        print(f"{verb} {result['added']} 人，原有 {result['known']} 人。")

    run_command(place, work)
