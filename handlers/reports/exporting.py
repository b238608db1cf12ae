"""The ledger as somebody has filtered it, as .xlsx; nothing confidential."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.errors import UsageError
from handlers.access import Act, Actor, check
from handlers.records.browsing import LookedFor, RecordList
from handlers.reports import cells, counting
from handlers.reports.views import RecordRow
from store import audit, people
from store.models import Member
from store.models_records import Record
from store.pieces import pieces

_MOST = 20_000


@dataclass(frozen=True, slots=True)
class LedgerExport:
    """Built once, in ``bot.app``."""

    records: RecordList
    clock: Callable[[], datetime]

    async def workbook(self, actor: Actor, wanted: LookedFor) -> bytes:
        """What ``RecordList.page`` shows, on one sheet.

        Raises:
            NotAllowed: The actor looks after nothing.
            UsageError: There are too many for a sheet.
        """
        check(actor, Act.SIGN_IN)
        now = self.clock()

        def query(session: Session) -> list[RecordRow]:
            total, found = self.records.sought(
                session, actor, wanted, limit=_MOST, with_confidential=False
            )
            if total > _MOST:
                reply = f"有 {total} 条，一张表放不下。请选单位、类型或日期，分几次导出。"
                raise UsageError("too many records", reply=reply)
            return self._rows(session, found)

        rows = await self.records.store.read(query)

        def note(session: Session) -> None:
            audit.record(
                session,
                who=actor.account,
                what="records.export",
                subject="records",
                now=now,
                after=f"{len(rows)} records",
            )

        await self.records.store.write(note)
        return await asyncio.to_thread(_made, rows)

    def _rows(self, session: Session, found: Sequence[Record]) -> list[RecordRow]:
        units = {unit.id: unit.name for unit in people.units(session)}
        names: dict[int, str] = {}
        for some in pieces(one.member_id for one in found if one.member_id is not None):
            query = select(Member.id, Member.name).where(Member.id.in_(some))
            names |= {row.id: row.name for row in session.execute(query)}
        types = self.records.views.types
        return [counting.record_row(one, types, units, names) for one in found]


def _made(rows: Sequence[RecordRow]) -> bytes:
    from handlers.reports.xlsx import tables_workbook

    return tables_workbook([cells.ledger_of(rows, title="台账")])
