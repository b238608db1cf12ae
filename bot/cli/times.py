"""``when``: read a time or a rule."""

from __future__ import annotations

import json
import re
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.running import DATA, ConfigOption, DataOption, JsonOption, Place, run_command
from bot.errors import UsageError

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from bot.config import Settings
    from scheduler.school_calendar import Term, WorkdayCalendar

_TERM = re.compile(r"(.+):(\d{4}-\d{2}-\d{2}):(\d{4}-\d{2}-\d{2})")


def when(
    expression: Annotated[str, typer.Argument(help="例如：每周三下午三点、5月底前。")],
    now: Annotated[
        str | None, typer.Option(help="把它当作现在，例如 2026-03-02T09:00。", show_default=False)
    ] = None,
    count: Annotated[int, typer.Option(min=1, max=1000, help="规则的前几次。")] = 3,
    terms: Annotated[
        list[str] | None,
        typer.Option(help="学期：名称:开始:结束，可以写多次，代替配置里的。", show_default=False),
    ] = None,
    calendar: Annotated[
        Path | None, typer.Option(help="某一年的放假安排（JSON 文件）。", show_default=False)
    ] = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
    data: DataOption = DATA,
) -> None:
    """读一个时间或一条规则，说说读成了什么。"""
    place = Place(config=config, data=data)

    async def work() -> None:
        from zoneinfo import ZoneInfo

        from scheduler.school_calendar import WorkHours
        from scheduler.when_json import when_json

        settings = place.settings()
        zone = ZoneInfo(settings.bot.timezone)
        start, end = settings.calendar.work_hours
        reading = when_json(
            expression,
            now=moment(now, zone) if now else datetime.now(zone),
            calendar=configured_calendar(settings, calendar),
            terms=[_term(text) for text in terms] if terms else configured_terms(settings),
            count=count,
            work_hours=WorkHours(start=start, end=end),
        )
        if as_json:
            print(json.dumps(reading, ensure_ascii=False, indent=2))
        else:
            print(reading["echo"])

    run_command(place, work)


def moment(text: str, zone: ZoneInfo) -> datetime:
    """What ``--now`` says.

    Raises:
        UsageError: It cannot be read.
    """
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        reply = "--now 要写成 2026-03-02T09:00 这样。"
        raise UsageError("bad --now", reply=reply) from error
    return at.astimezone(zone) if at.tzinfo else at.replace(tzinfo=zone)


def _term(text: str) -> Term:
    from scheduler.school_calendar import Term

    found = _TERM.fullmatch(text)
    try:
        if found is None:
            raise ValueError(text)
        starts_on, ends_on = date.fromisoformat(found[2]), date.fromisoformat(found[3])
    except ValueError as error:
        reply = "--terms 要写成 名称:2026-03-02:2026-07-10 这样。"
        raise UsageError("bad --terms", reply=reply) from error
    return Term(name=found[1], starts_on=starts_on, ends_on=ends_on)


def configured_terms(settings: Settings) -> list[Term]:
    """The terms of ``[calendar]``."""
    from scheduler.school_calendar import Term

    return [
        Term(name=one.name, starts_on=one.starts_on, ends_on=one.ends_on)
        for one in settings.calendar.terms
    ]


def configured_calendar(settings: Settings, file: Path | None = None) -> WorkdayCalendar:
    """The official calendar with the extra days of ``[calendar]``, and those of ``file``.

    Raises:
        UsageError: The file cannot be read.
    """
    from scheduler.school_calendar import WorkdayCalendar

    calendar = WorkdayCalendar.official()
    if file is not None:
        try:
            content = json.loads(file.read_text("utf-8"))
        except (OSError, ValueError) as error:
            reply = f"放假安排文件 {file} 读不了，要用 JSON。"
            raise UsageError("cannot read the calendar", reply=reply) from error
        calendar = calendar.with_year_file(content)
    return calendar.with_extra(settings.calendar.extra_holidays, settings.calendar.extra_workdays)
