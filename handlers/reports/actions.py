"""Reports by unit, period and type; exports of the ledger."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from bot.errors import NotFound, UsageError
from handlers.access import Act, Actor, check
from handlers.records.types import RecordTypes
from handlers.reports import counting
from handlers.reports.period import Period
from handlers.reports.task_progress import TaskProgress, progress
from handlers.reports.units import unit_of
from handlers.reports.views import Report
from store import audit, people
from store.engine import Store

_EVER = Period(name="全部", first=date(2000, 1, 1), last=date(2100, 12, 31))


class Form(StrEnum):
    """As what a report is made."""

    XLSX = "xlsx"
    DOCX = "docx"
    PNG = "png"


MEDIA_TYPES = {
    Form.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    Form.DOCX: "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    Form.PNG: "image/png",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reports:
    """Built once, in ``bot.app``."""

    store: Store
    types: RecordTypes
    clock: Callable[[], datetime]
    zone: ZoneInfo
    is_ranked: bool = False
    """Whether units are shown in an order of merit."""

    def today(self) -> date:
        """Where the people are."""
        return self.clock().astimezone(self.zone).date()

    async def report(
        self, actor: Actor, unit: str, period: Period, *, type_name: str | None = None
    ) -> Report:
        """Count it; ``unit`` may be empty: the actor's own, the highest.

        Raises:
            NotFound: No such unit or type, or several.
            NotAllowed: The actor may not see what is done there.
        """
        type_ids = None
        if type_name:
            type_ = self.types.named(type_name)
            if type_ is None or type_.confidential:
                raise NotFound("no such type", reply=f"没有“{type_name}”这一类。")
            type_ids = [type_.id]
        now = self.clock()

        def query(session: Session) -> Report:
            found = unit_of(session, actor, unit)
            check(actor, Act.SEE_TASKS, found.id)
            return counting.count(
                session,
                found,
                period,
                self.types,
                now=now,
                zone=self.zone,
                type_ids=type_ids,
                is_ranked=self.is_ranked,
            )

        return await self.store.read(query)

    async def of_task(self, actor: Actor, task_id: int) -> TaskProgress:
        """Assignee by assignee, with the clause.

        Raises:
            NotFound: There is no such task.
            NotAllowed: The actor may not see what is done for it.
        """
        now = self.clock()
        return await self.store.read(lambda session: progress(session, actor, task_id, now))

    async def units_named_in(self, words: Sequence[str]) -> str:
        """The first word that is a unit's name, or the end of one; empty when none is."""
        units = await self.store.read(people.units)
        for word in words:
            if len(word) >= 2 and any(one.name.endswith(word) for one in units):
                return word
        return ""

    async def made(self, report: Report, form: Form) -> bytes:
        """A file of it; CPU work, off the event loop."""
        return await asyncio.to_thread(_make, report, form)

    async def ledger(
        self, actor: Actor, *, type_name: str | None, first: date | None, last: date | None
    ) -> bytes:
        """The records of everything the actor may see, as .xlsx; nothing confidential.

        Raises:
            NotFound: No such type.
            NotAllowed: The actor may not see a whole unit.
        """
        period = Period(name="台账", first=first or _EVER.first, last=last or _EVER.last)
        if period.last < period.first:
            raise UsageError("empty period", reply="结束日期早于开始日期。")
        report = await self.report(actor, "", period, type_name=type_name)
        now, who = self.clock(), actor.sender

        def note(session: Session) -> None:
            audit.record(
                session,
                who=f"{who.channel.platform}:{who.account}",
                what="records.export",
                subject="records",
                now=now,
                after=f"{len(report.records)} records",
            )

        await self.store.write(note)
        return await asyncio.to_thread(_make_ledger, report)


def _make(report: Report, form: Form) -> bytes:
    if form is Form.XLSX:
        from handlers.reports.xlsx import report_workbook

        return report_workbook(report)
    if form is Form.DOCX:
        from handlers.reports.docx import report_document

        return report_document(report)
    from handlers.reports.chart import report_chart

    return report_chart(report)


def _make_ledger(report: Report) -> bytes:
    from handlers.reports.xlsx import ledger_workbook

    return ledger_workbook(report)
