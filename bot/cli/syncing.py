"""``roster sync``: the platform's directory into the roster."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import typer

from bot.cli.running import DATA, ConfigOption, DataOption, Place, run_command, unheard

_PLATFORMS = ("wecom", "dingtalk")


def sync(
    platform: Annotated[str, typer.Argument(help="wecom 或 dingtalk")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="只看会改什么，不写入。")] = False,
    config: ConfigOption = None,
    data: DataOption = DATA,
) -> None:
    """从平台的通讯录同步：新人加入，离开的停用，不删记录。"""
    if platform not in _PLATFORMS:
        raise typer.BadParameter("只能同步 wecom 或 dingtalk。")
    place = Place(config=config, data=data)

    async def work() -> None:
        async with place.caller() as caller:
            done = await caller.run(
                f"roster.sync.{platform}", {"is_dry_run": dry_run}, hear=unheard
            )
        print("\n".join(_lines(done if isinstance(done, Mapping) else {}, dry_run=dry_run)))

    run_command(place, work)


def _lines(done: Mapping[str, object], *, dry_run: bool) -> list[str]:
    will = "会" if dry_run else "已"
    lines = [f"原有 {done.get('known', 0)} 人。"]
    for key, words in (
        ("added", f"{will}新增"),
        ("linked", f"{will}与花名册上的同名者对上"),
        ("left", f"{will}停用（平台上已没有）"),
        ("elsewhere", f"这个平台上已没有、另一个平台上还在，{will}解除这边的账号"),
        ("kept", "平台上没有、但是管理员，请自行核对"),
    ):
        names = done.get(key)
        if isinstance(names, list) and names:
            lines.append(f"{words} {len(names)} 人：{'、'.join(map(str, names))}。")
    return lines
