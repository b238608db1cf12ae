"""/放假安排: which years are known; a notice pasted or sent is in force after a yes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from bot.arguments import Arguments
from bot.errors import UsageError
from bot.messages import IncomingMessage, MessageKind, Reply
from handlers.access import Actor
from handlers.calendars.actions import Calendars
from handlers.confirmations import Confirmations, Values
from handlers.documents.uploading import Fetch
from handlers.people.actions import People
from scheduler.year_notice import HOW, YearNotice, read_year

_LIMIT_BYTES = 256 * 1024
_DEED = "calendar.put"


def is_year_file(message: IncomingMessage) -> bool:
    """Whether it brings a year file."""
    files = message.attachments
    return message.kind is MessageKind.MEDIA and any(
        one.name.lower().endswith(".json") for one in files
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarDialogue:
    """Built once, in ``bot.app``."""

    calendars: Calendars
    people: People
    confirmations: Confirmations
    fetch: Fetch

    def __post_init__(self) -> None:
        self.confirmations.on(_DEED, self._put)

    async def command(self, message: IncomingMessage, arguments: Arguments) -> Reply:
        """Alone: which years are known. With a notice's words: that year, after a yes."""
        if not arguments.text:
            return Reply(text=self._known())
        return await self._asked(message, arguments.text)

    async def file(self, message: IncomingMessage, arguments: Arguments) -> Reply:
        """A .json year file, from whoever runs the whole."""
        content = await self.fetch(message, message.attachments[0], _LIMIT_BYTES)
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise UsageError("not UTF-8", reply=HOW) from error
        return await self._asked(message, text)

    async def _asked(self, message: IncomingMessage, text: str) -> Reply:
        actor = await self.people.actor(message.sender)
        notice = await self.calendars.offer(actor, text)
        kept = json.dumps(notice.to_json())
        return await self.confirmations.ask(
            message,
            _DEED,
            {"notice": kept},
            title=f"{notice.year}年放假安排",
            body=self._body(notice),
        )

    async def _put(self, actor: Actor, values: Values) -> Reply:
        notice = await asyncio.to_thread(read_year, str(values["notice"]))
        await self.calendars.put(actor, notice)
        return Reply(
            text=f"{notice.year}年放假安排已生效，不用重启；之前暂定的任务日期已按它重新排过。"
        )

    def _body(self, notice: YearNotice) -> str:
        lines = [
            f"放假 {len(notice.off)} 天：{'、'.join(spans(notice.off))}",
            f"调休上班 {len(notice.on)} 天：{'、'.join(spans(notice.on)) or '没有'}",
            "确认后马上生效，暂定的任务日期会按它重新排。",
        ]
        if notice.year in self.calendars.years():
            lines.append(f"{notice.year}年原来的安排会被它代替。")
        return "\n".join(lines)

    def _known(self) -> str:
        years = self.calendars.years()
        known = f"放假安排已有到 {years[-1]}年。" if years else "还没有任何一年的放假安排。"
        warning = self.calendars.planner.calendar.warning(self.calendars.clock().date())
        return "\n".join(filter(None, (known, warning, f"要加新的一年：{HOW.partition('。')[2]}")))


def spans(days: Iterable[date]) -> Iterator[str]:
    """1月1日至3日: days in a row as one."""
    run: list[date] = []
    for day in sorted(days):
        if run and day - run[-1] > timedelta(days=1):
            yield _span(run)
            run = []
        run.append(day)
    if run:
        yield _span(run)


def _span(run: list[date]) -> str:
    first, last = run[0], run[-1]
    said = f"{first.month}月{first.day}日"
    if first == last:
        return said
    return said + f"至{'' if last.month == first.month else f'{last.month}月'}{last.day}日"
