"""``records export``, ``records bundle``, ``report``, ``people export`` and ``people erase``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.running import DATA, ConfigOption, DataOption, Place, run_command, unheard

if TYPE_CHECKING:
    from pydantic import JsonValue

commands = typer.Typer(help="本人数据：导出、注销。", no_args_is_help=True)


@commands.callback()
def people() -> None:
    """本人数据：导出、注销。"""


def export_records(
    file: Annotated[Path, typer.Argument(help="写到哪个 .xlsx 文件。")],
    type_name: Annotated[
        str | None, typer.Option("--type", help="只要这一类，例如 主题党日。", show_default=False)
    ] = None,
    first: Annotated[
        str | None, typer.Option("--from", help="从哪天，例如 2026-09-01。", show_default=False)
    ] = None,
    last: Annotated[str | None, typer.Option("--to", help="到哪天。", show_default=False)] = None,
    config: ConfigOption = None,
    data: DataOption = DATA,
) -> None:
    """把活动记录的台账导出成表格；保密的不在里面。"""
    values: dict[str, JsonValue] = {
        "path": str(file.absolute()), "type": type_name, "first": first, "last": last,
    }  # fmt: skip
    _write("records.export", values, config, data)


def bundle_records(
    type_name: Annotated[str, typer.Argument(help="哪一种填报，例如 材料报送。")],
    file: Annotated[Path, typer.Argument(help="写到哪个 .zip 文件。")],
    config: ConfigOption = None,
    data: DataOption = DATA,
) -> None:
    """把最近一次填报收到的文件按要求改名，打成一个压缩包；保密的不能打包。"""
    values: dict[str, JsonValue] = {"type": type_name, "path": str(file.absolute())}
    _write("records.bundle", values, config, data)


def report(
    unit: Annotated[str, typer.Argument(help="单位名称。")],
    period: Annotated[str, typer.Argument(help="期间：2026年9月、上月、第三季度、2026年。")],
    out: Annotated[Path, typer.Option("--out", help="写到哪个文件：.xlsx、.docx 或 .png。")],
    type_name: Annotated[
        str | None, typer.Option("--type", help="只要这一类，例如 主题党日。", show_default=False)
    ] = None,
    config: ConfigOption = None,
    data: DataOption = DATA,
) -> None:
    """出一份统计报告。"""
    values: dict[str, JsonValue] = {
        "unit": unit, "period": period, "path": str(out.absolute()), "type": type_name,
    }  # fmt: skip
    _write("report", values, config, data)


@commands.command("export")
def export_person(
    member: Annotated[str, typer.Argument(help="花名册上的姓名。")],
    file: Annotated[Path, typer.Argument(help="写到哪个 .zip 文件。")],
    config: ConfigOption = None,
    data: DataOption = DATA,
) -> None:
    """导出一个人的全部数据。"""
    _write("people.export", {"name": member, "path": str(file.absolute())}, config, data)


@commands.command("erase")
def erase_person(
    member: Annotated[str, typer.Argument(help="花名册上的姓名。")],
    yes: Annotated[bool, typer.Option("--yes", help="不再询问。")] = False,
    config: ConfigOption = None,
    data: DataOption = DATA,
) -> None:
    """按本人要求注销：姓名、账号、消息都删掉，统计数字不变。"""
    if not yes and not typer.confirm(f"注销后不能恢复。确定注销 {member} 吗？"):
        raise typer.Exit(1)
    place = Place(config=config, data=data)

    async def work() -> None:
        async with place.caller() as caller:
            touched = await caller.run("people.erase", {"name": member}, hear=unheard)
        print(f"已注销 {member}，涉及 {touched} 条记录。")

    run_command(place, work)


def _write(
    operation: str, values: Mapping[str, JsonValue], config: Path | None, data: Path
) -> None:
    place = Place(config=config, data=data)

    async def work() -> None:
        async with place.caller() as caller:
            result = await caller.run(operation, values, hear=unheard)
        if isinstance(result, Mapping):
            print(f"已写入 {result['path']}")

    run_command(place, work)
