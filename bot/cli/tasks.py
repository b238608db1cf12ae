"""``tasks``: what a document asks for, what changed between two, and the list as a sheet."""

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

commands = typer.Typer(help="任务：从文件里草拟，比较，导入、导出、列出。", no_args_is_help=True)
_HELP = "编号、文件名、标题，或者一个文件的路径。"
DocumentArgument = Annotated[str, typer.Argument(metavar="DOCUMENT", help=_HELP)]
OldArgument = Annotated[str, typer.Argument(metavar="OLD", help=_HELP)]
NewArgument = Annotated[str, typer.Argument(metavar="NEW", help=_HELP)]

_KINDS = {"one-off": "一次", "recurring": "反复", "ongoing": "长期"}
_UNITS = {"YEARLY": "年", "MONTHLY": "月", "WEEKLY": "周", "DAILY": "天"}
_WEEKDAYS = dict(zip(("MO", "TU", "WE", "TH", "FR", "SA", "SU"), "一二三四五六日", strict=True))
_CHANGES = {
    "due_on": "期限",
    "rrule": "周期",
    "responsible": "责任人",
    "quantity": "数量",
    "words": "内容",
}


@commands.command()
def draft(
    document: DocumentArgument,
    as_json: JsonOption = False,
    config: ConfigOption = None,
    data: DataOption = DATA,
) -> None:
    """草拟一份文件里要做的事；只列出来，不会替人确认。"""
    place = Place(config=config, data=data)

    async def work() -> None:
        async with place.caller() as caller:
            drafts = await caller.run("tasks.draft", {"id": _named(document)}, hear=unheard)
        if as_json:
            print_json(drafts)
            return
        rows = _rows(drafts)
        for number, row in enumerate(rows, 1):
            print(f"{number}. {_line(row)}")
            print(f"   {row['locator']}：“{row['quote']}”")
        print(f"共 {len(rows)} 项，还没有确认。" if rows else "这份文件里没有找到要做的事。")

    run_command(place, work)


@commands.command()
def diff(
    old: OldArgument,
    new: NewArgument,
    as_json: JsonOption = False,
    config: ConfigOption = None,
    data: DataOption = DATA,
) -> None:
    """比较两份文件里要做的事：多了什么，少了什么，哪里变了。"""
    place = Place(config=config, data=data)

    async def work() -> None:
        async with place.caller() as caller:
            found = await caller.run(
                "tasks.diff", {"old": _named(old), "new": _named(new)}, hear=unheard
            )
        if as_json:
            print_json(found)
        elif isinstance(found, Mapping):
            _print_diff(found)

    run_command(place, work)


def _named(document: str) -> str:
    """A file's full path: a server may run in another folder."""
    path = Path(document)
    return str(path.absolute()) if path.is_file() else document


def _rows(value: JsonValue) -> list[dict[str, JsonValue]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _line(row: Mapping[str, JsonValue]) -> str:
    parts = [str(row["title"]), _KINDS.get(str(row["kind"]), "")]
    if row["responsible"]:
        parts.append(f"责任：{row['responsible']}")
    if row["due_on"]:
        parts.append(f"期限：{row['due_on']}")
    if row["rrule"]:
        parts.append(f"周期：{_rhythm(str(row['rrule']))}")
    if row["basis"] == "reported-practice":
        parts.append("别处的做法")
    return "  ".join(parts)


def _rhythm(rule: str) -> str:
    """``FREQ=MONTHLY;INTERVAL=3`` as 每 3 个月."""
    parts = dict(part.split("=", 1) for part in rule.split(";"))
    every, unit = parts.get("INTERVAL", ""), _UNITS[parts["FREQ"]]
    if parts["FREQ"] == "MONTHLY" and every:
        unit = "个月"
    words = f"每 {every} {unit}" if every else f"每{unit}"
    if months := parts.get("BYMONTH"):
        words += f" {months.replace(',', '、')} 月"
    if days := parts.get("BYMONTHDAY"):
        words += "最后一天" if days == "-1" else f" {days.replace(',', '、')} 日"
    if weekdays := parts.get("BYDAY"):
        words += "、".join(_WEEKDAYS[day] for day in weekdays.split(","))
    return words


def _print_diff(found: Mapping[str, JsonValue]) -> None:
    for key, label in (("added", "新增"), ("removed", "去掉")):
        for row in _rows(found[key]):
            print(f"{label}：{_line(row)}")
    for one in _rows(found["changed"]):
        before, after, what = one["from"], one["to"], one["what"]
        if isinstance(before, dict) and isinstance(after, dict) and isinstance(what, list):
            words = "、".join(_CHANGES.get(str(change), str(change)) for change in what)
            print(f"变了（{words}）：{_line(before)}\n  → {_line(after)}")
    print(f"没有变的 {found['same']} 项。")


@commands.command("import")
def import_file(
    file: Annotated[
        Path, typer.Argument(help="责任清单 .xlsx：重点任务、责任人、完成时限三列必填。")
    ],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="只检查，不写入。")] = False,
    config: ConfigOption = None,
    data: DataOption = DATA,
) -> None:
    """从责任清单导入；有一行不对就整张不导，没变的行不动。"""
    place = Place(config=config, data=data)

    async def work() -> None:
        async with place.caller() as caller:
            result = await caller.run(
                "tasks.import",
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
        print(
            f"{verb} {result['added']} 项，改动 {result['changed']} 项，没变 {result['same']} 项。"
        )

    run_command(place, work)


@commands.command()
def export(
    file: Annotated[Path, typer.Argument(help="写到哪个 .xlsx。")],
    config: ConfigOption = None,
    data: DataOption = DATA,
) -> None:
    """导出成责任清单；改了可以再导回来。"""
    place = Place(config=config, data=data)

    async def work() -> None:
        async with place.caller() as caller:
            count = await caller.run("tasks.export", {"path": str(file.absolute())}, hear=unheard)
        print(f"导出 {count} 项到 {file}")

    run_command(place, work)


@commands.command("list")
def list_all(
    as_json: JsonOption = False, config: ConfigOption = None, data: DataOption = DATA
) -> None:
    """列出确认过的任务。"""
    place = Place(config=config, data=data)

    async def work() -> None:
        async with place.caller() as caller:
            tasks = await caller.run("tasks.list", {}, hear=unheard)
        if as_json:
            print_json(tasks)
            return
        for row in _rows(tasks):
            names = row["assignees"]
            who = "、".join(map(str, names)) if isinstance(names, list) else ""
            print(f"{row['id']}  {row['title']}  {who}  {row['due']}")

    run_command(place, work)
