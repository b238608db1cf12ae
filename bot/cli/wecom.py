"""``wecom``: what only the platform's side needs."""

from __future__ import annotations

import typer

from bot.cli.running import DATA, ConfigOption, DataOption, Place, run_command, unheard

commands = typer.Typer(help="企业微信。", no_args_is_help=True)


@commands.callback()
def wecom() -> None:
    """企业微信。"""


@commands.command()
def menu(config: ConfigOption = None, data: DataOption = DATA) -> None:
    """按配置创建自建应用的菜单。"""
    place = Place(config=config, data=data)

    async def work() -> None:
        async with place.caller() as caller:
            labels = await caller.run("wecom.menu", {}, hear=unheard)
        names = "、".join(map(str, labels)) if isinstance(labels, list) else ""
        print(f"菜单已创建：{names}。手机上退出应用再进来就能看到。")

    run_command(place, work)
