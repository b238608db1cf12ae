"""``serve`` and ``doctor``."""

from __future__ import annotations

import logging
import sys
from typing import Annotated

import typer

from bot.cli.running import DATA, FAILED, ConfigOption, DataOption, Place, run_command


def serve(
    demo: Annotated[
        bool, typer.Option("--demo", help="演示：带样例文件和花名册，聊天页面不用登录。")
    ] = False,
    config: ConfigOption = None,
    data: DataOption = DATA,
) -> None:
    """运行配置好的一切。"""
    place = Place(config=config, data=data)

    def announce(address: str) -> None:
        print(f"要点已就绪，请用浏览器打开 {address}/chat （Ctrl-C 停止）", flush=True)

    async def work() -> None:
        from bot import server

        await server.serve(place.settings(), place.data, is_demo=demo, announce=announce)

    run_command(place, work, level=logging.INFO)


def doctor(
    platform: Annotated[
        str | None, typer.Argument(help="只查 wecom 或 dingtalk。", show_default=False)
    ] = None,
    config: ConfigOption = None,
    data: DataOption = DATA,
) -> None:
    """检查配置和这台机器，说明该怎么办。"""
    place = Place(config=config, data=data)

    async def work() -> None:
        from bot.doctor import examine

        findings = await examine(place.settings(), place.data, platform)
        for finding in findings:
            print(f"{'✓' if finding.is_ok else '✗'} {finding.title}")
            if finding.advice:
                print(f"  {finding.advice}")
        if not all(finding.is_ok for finding in findings):
            print("打 ✗ 的需要处理。", file=sys.stderr)
            raise typer.Exit(FAILED)

    run_command(place, work)
