"""``documents``: add, list, show, retire, remove, reindex."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
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
    progress_bar,
    run_command,
    settle,
    unheard,
)

if TYPE_CHECKING:
    from pydantic import JsonValue

commands = typer.Typer(help="文件：添加、列出、查看、停用、删除、重读。", no_args_is_help=True)
IdArgument = Annotated[str, typer.Argument(metavar="ID_OR_FILE", help="编号、文件名或标题。")]

_OUTCOMES = {
    "added": "已添加",
    "replaced": "已更新",
    "unchanged": "没有变化",
    "unreadable": "读不了",
}
_STATUSES = {
    "in_force": "有效",
    "superseded": "被代替",
    "expired": "已过期",
    "retired": "已停用",
    "replaced": "旧版本",
}


@commands.command()
def add(
    paths: Annotated[list[Path], typer.Argument(help="文件或文件夹，可以写多个。")],
    as_json: JsonOption = False,
    config: ConfigOption = None,
    data: DataOption = DATA,
) -> None:
    """添加文件；同样的内容再加一遍什么也不变，一个坏文件不影响其他文件。"""
    place = Place(config=config, data=data)
    # A server may run in another folder.
    full: list[JsonValue] = [str(path.absolute()) for path in paths]

    async def work() -> None:
        async with place.caller() as caller:
            with progress_bar("正在读文件") as hear:
                results = _rows(await caller.run("documents.add", {"paths": full}, hear=hear))
            if as_json:
                print_json(list(results))
            else:
                _print_results(results)
            if caller.is_local:
                await settle(caller)
        if not results or any(one["outcome"] == "unreadable" for one in results):
            raise typer.Exit(FAILED)

    run_command(place, work)


@commands.command("list")
def list_all(
    with_past: Annotated[bool, typer.Option("--all", help="也列旧版本和已停用的。")] = False,
    as_json: JsonOption = False,
    config: ConfigOption = None,
    data: DataOption = DATA,
) -> None:
    """列出文件。"""
    place = Place(config=config, data=data)

    async def work() -> None:
        async with place.caller() as caller:
            rows = await caller.run("documents.list", {"with_past": with_past}, hear=unheard)
        if as_json:
            print_json(rows)
            return
        for row in _rows(rows):
            status = _STATUSES.get(str(row["status"]), "")
            print(f"{row['id']}  {status}  《{row['title']}》  {row['file']}")

    run_command(place, work)


@commands.command()
def show(
    name: IdArgument,
    as_json: JsonOption = False,
    config: ConfigOption = None,
    data: DataOption = DATA,
) -> None:
    """查看一份文件整理后的样子。"""
    place = Place(config=config, data=data)

    async def work() -> None:
        async with place.caller() as caller:
            row = await caller.run("documents.show", {"id": name}, hear=unheard)
        if as_json:
            print_json(row)
        elif isinstance(row, Mapping):
            _print_document(row)

    run_command(place, work)


@commands.command()
def retire(
    name: IdArgument,
    by: Annotated[str | None, typer.Option(help="代替它的文件。", show_default=False)] = None,
    config: ConfigOption = None,
    data: DataOption = DATA,
) -> None:
    """停用一份文件；写了 --by，就记成被那一份代替。"""
    _change("documents.retire", {"id": name, "by": by}, "已停用", config, data)


@commands.command()
def remove(name: IdArgument, config: ConfigOption = None, data: DataOption = DATA) -> None:
    """删掉一份文件，它代替过的旧版本重新生效。"""
    _change("documents.remove", {"id": name}, "已删除", config, data)


@commands.command()
def reindex(
    as_json: JsonOption = False, config: ConfigOption = None, data: DataOption = DATA
) -> None:
    """把所有原文件重读一遍（程序更新以后用）。"""
    place = Place(config=config, data=data)

    async def work() -> None:
        async with place.caller() as caller:
            with progress_bar("正在重读") as hear:
                results = _rows(await caller.run("documents.reindex", {}, hear=hear))
        if as_json:
            print_json(list(results))
        else:
            _print_results(results)

    run_command(place, work)


def _change(
    operation: str,
    arguments: Mapping[str, JsonValue],
    done: str,
    config: Path | None,
    data: Path,
) -> None:
    place = Place(config=config, data=data)

    async def work() -> None:
        async with place.caller() as caller:
            row = await caller.run(operation, arguments, hear=unheard)
        if isinstance(row, Mapping):
            print(f"{done}：《{row['title']}》")

    run_command(place, work)


def _rows(value: JsonValue) -> Sequence[dict[str, JsonValue]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _print_results(results: Sequence[Mapping[str, JsonValue]]) -> None:
    for one in results:
        words = _OUTCOMES.get(str(one["outcome"]), str(one["outcome"]))
        if one["outcome"] == "unreadable":
            print(f"✗ {one['file']}：{one['reason']}")
            continue
        print(f"✓ {one['file']}：{words}，《{one['title']}》，{one['passages']} 条")
        replaced = one["supersedes"]
        for title in replaced if isinstance(replaced, list) else []:
            print(f"  代替了《{title}》")
    bad = sum(one["outcome"] == "unreadable" for one in results)
    print(f"共 {len(results)} 个文件，{bad} 个读不了。", file=sys.stderr)


def _print_document(row: Mapping[str, JsonValue]) -> None:
    labels = {"id": "编号", "file": "文件", "issuer": "发文机关", "issued_on": "发布日期",
              "document_number": "文号", "index_number": "索引号", "year": "年份"}  # fmt: skip
    print(f"《{row['title']}》")
    for key, label in labels.items():
        if row[key] is not None:
            print(f"{label}：{row[key]}")
    cautions = row["cautions"]
    for caution in cautions if isinstance(cautions, list) else []:
        print(f"请留意：{caution}")
    print(f"\n{row['text']}")
