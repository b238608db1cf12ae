"""``indicators`` and ``proof``: what is scored, and what proves it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.running import (
    DATA,
    FAILED,
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

_COLUMNS = "列名：一级指标、二级指标…、分值（或权重）、评分标准、记录类型、目标次数。"
TreeOption = Annotated[str, typer.Option("--tree", help="哪套指标；不写是最新的。")]

commands = typer.Typer(help="考核指标：导入、得分、导出。", no_args_is_help=True)
proof_commands = typer.Typer(help="佐证材料：一项任务或指标一个压缩包。", no_args_is_help=True)


@commands.callback()
def indicators() -> None:
    """考核指标：导入、得分、导出。"""


@proof_commands.callback()
def proof() -> None:
    """佐证材料：一项任务或指标一个压缩包。"""


@commands.command("import")
def import_file(
    file: Annotated[Path, typer.Argument(help=_COLUMNS)],
    name: Annotated[str, typer.Option("--name", help="叫什么；不写就用表里的标题。")] = "",
    period: Annotated[str, typer.Option("--period", help="考核期间，例如 2026年。")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="只检查，不写入。")] = False,
    config: ConfigOption = None,
    data: DataOption = DATA,
) -> None:
    """从 .xlsx 导入一套指标；有一处不对就整张不导。"""
    values: dict[str, JsonValue] = {
        "path": str(file.absolute()), "name": name, "period": period, "is_dry_run": dry_run,
    }  # fmt: skip
    place = Place(config=config, data=data)

    async def work() -> None:
        async with place.caller() as caller:
            result = await caller.run("indicators.import", values, hear=unheard)
        if not isinstance(result, Mapping):
            return
        errors = result["errors"]
        if isinstance(errors, list) and errors:
            print("\n".join(map(str, errors)))
            print("有问题，没有导入。")
            raise typer.Exit(FAILED)
        print(f"{'可以导入' if dry_run else '已导入'}《{result['name']}》\n{result['words']}")

    run_command(place, work)


@commands.command("list")
def list_trees(
    as_json: JsonOption = False, config: ConfigOption = None, data: DataOption = DATA
) -> None:
    """有哪些指标。"""
    place = Place(config=config, data=data)

    async def work() -> None:
        async with place.caller() as caller:
            found = await caller.run("indicators.list", {}, hear=unheard)
        if as_json:
            print_json(found)
        elif isinstance(found, list):
            lines = [
                f"《{one['name']}》 {one['first']}至{one['last']} 满分 {one['points']:g}"
                for one in found
                if isinstance(one, Mapping)
            ]
            print("\n".join(lines) or "还没有指标。")

    run_command(place, work)


@commands.command()
def show(
    unit: Annotated[str, typer.Argument(help="单位名称。")],
    tree: TreeOption = "",
    as_json: JsonOption = False,
    config: ConfigOption = None,
    data: DataOption = DATA,
) -> None:
    """一个单位的得分，还缺哪些。"""
    place = Place(config=config, data=data)

    async def work() -> None:
        values: dict[str, JsonValue] = {"tree": tree, "unit": unit}
        async with place.caller() as caller:
            found = await caller.run("indicators.show", values, hear=unheard)
        if isinstance(found, dict):
            words = str(found.pop("words")).replace("**", "")
            if as_json:
                print_json(found)
            else:
                print(words)

    run_command(place, work)


@commands.command()
def export(
    file: Annotated[Path, typer.Argument(help="写到哪个 .xlsx 文件。")],
    tree: TreeOption = "",
    config: ConfigOption = None,
    data: DataOption = DATA,
) -> None:
    """各单位得分的表格。"""
    _write("indicators.export", {"path": str(file.absolute()), "tree": tree}, config, data)


@proof_commands.command("task")
def prove_task(
    number: Annotated[int, typer.Argument(help="任务编号。")],
    file: Annotated[Path, typer.Argument(help="写到哪个 .zip 文件。")],
    config: ConfigOption = None,
    data: DataOption = DATA,
) -> None:
    """一项任务的依据、完成情况、记录和附件。"""
    values: dict[str, JsonValue] = {"kind": "task", "id": number, "path": str(file.absolute())}
    _write("proof", values, config, data)


@proof_commands.command("indicator")
def prove_indicator(
    number: Annotated[int, typer.Argument(help="指标编号。")],
    unit: Annotated[str, typer.Argument(help="单位名称。")],
    file: Annotated[Path, typer.Argument(help="写到哪个 .zip 文件。")],
    config: ConfigOption = None,
    data: DataOption = DATA,
) -> None:
    """一项指标的标准、得分、记录和附件。"""
    values: dict[str, JsonValue] = {
        "kind": "indicator", "id": number, "unit": unit, "path": str(file.absolute()),
    }  # fmt: skip
    _write("proof", values, config, data)


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
