"""Proof for an inspection: one .zip of a task or an indicator, with its records and their files.

Nothing confidential is in it, and nothing of a unit that the actor may not see.
"""

from __future__ import annotations

import asyncio
import io
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from bot.errors import UsageError
from handlers.access import Act, Actor
from handlers.records.files import safe_name
from handlers.records.types import RecordTypes
from handlers.reports import cells
from handlers.reports.cells import Cell, Table
from handlers.reports.counting import record_row
from handlers.reports.indicators import Indicators
from handlers.reports.task_progress import assignee, seen_entries
from handlers.reports.views import RecordRow
from store import audit, blobs, people, proofs, records
from store.engine import Store
from store.models import Member
from store.models_records import Record
from store.models_tasks import OccurrenceState
from store.records import Wanted

_MOST_BYTES = 300 * 2**20
_STATES = {
    OccurrenceState.ASSIGNED: "已交办",
    OccurrenceState.ACCEPTED: "已签收",
    OccurrenceState.WORKING: "办理中",
    OccurrenceState.REPORTED: "已反馈",
    OccurrenceState.DONE: "已办结",
    OccurrenceState.DECLINED: "已退回",
    OccurrenceState.CANCELLED: "已取消",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """A made archive, and how much is in it."""

    name: str
    content: bytes
    records: int
    files: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Piece:
    """A file, and where it goes."""

    path: str
    blob: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    title: str
    facts: tuple[tuple[str, Cell], ...]
    rows: tuple[RecordRow, ...]
    due: tuple[tuple[Cell, ...], ...]
    pieces: tuple[_Piece, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proofs:
    """Built once, in ``bot.app``."""

    store: Store
    types: RecordTypes
    indicators: Indicators
    clock: Callable[[], datetime]
    zone: ZoneInfo

    async def of_task(self, actor: Actor, task_id: int) -> Bundle:
        """Its clause, its due times, the records and files that prove them.

        Raises:
            NotFound: There is no such task.
            NotAllowed: The actor may not see what is done for it.
            UsageError: It is too much for one file.
        """
        found = await self.store.read(lambda session: self._of_task(session, actor, task_id))
        return await self._made(actor, found, f"task:{task_id}")

    async def of_indicator(self, actor: Actor, indicator_id: int, unit: str = "") -> Bundle:
        """Its criterion, its score, and the records that were counted for the unit.

        Raises:
            NotFound: There is no such indicator or unit.
            NotAllowed: The actor may not see what is done there.
            UsageError: It is too much for one file.
        """
        view = await self.indicators.look(actor, indicator_id, unit)
        row = view.row
        facts: tuple[tuple[str, Cell], ...] = (
            ("指标", " › ".join([*view.above, row.title])),
            ("所属", view.tree),
            ("评分标准", row.criterion),
            ("单位", view.unit),
            ("满分", None if row.full is None else row.full / 100),
            ("得分", "还没有结果" if row.score is None else row.score / 100),
            ("记录类型", row.type_name),
            *(
                (f"{one.at:%Y-%m-%d} 评分", f"{one.score / 100:g} 分　{one.by}　{one.note}".strip())
                for one in view.ratings
            ),
        )

        def query(session: Session) -> _Found:
            wanted = [records.get(session, one) for one in row.record_ids]
            kept = [one for one in wanted if one is not None and self._may(actor, one)]
            return _Found(
                title=f"{view.unit}{row.title}佐证材料",
                facts=facts,
                rows=self._rows(session, kept),
                due=(),
                pieces=_pieces(session, self._rows(session, kept)),
            )

        return await self._made(actor, await self.store.read(query), f"indicator:{indicator_id}")

    def _of_task(self, session: Session, actor: Actor, task_id: int) -> _Found:
        task, seen = seen_entries(session, actor, task_id)
        ids = [one.occurrence.id for one in seen]
        proving = records.find(session, Wanted(occurrence_ids=ids)) if ids else []
        rows = self._rows(session, [one for one in proving if self._may(actor, one)])
        own = tuple(
            _Piece(
                path=f"附件/任务_{one.at.astimezone(self.zone):%Y-%m-%d}_{safe_name(one.name)}",
                blob=one.blob,
            )
            for one in proofs.files_of_occurrences(session, ids)
        )
        return _Found(
            title=f"{task.title[:40]}佐证材料",
            facts=(
                ("任务", task.title),
                ("要求", task.duty),
                ("依据", f"《{task.document_title}》{task.locator}" if task.document_title else ""),
                ("原文", task.quote),
            ),
            rows=rows,
            due=tuple(
                (
                    one.occurrence.due_at.astimezone(self.zone).date(),
                    assignee(session, one.assignment),
                    _STATES.get(OccurrenceState(one.occurrence.state), one.occurrence.state),
                    None
                    if one.occurrence.done_at is None
                    else one.occurrence.done_at.astimezone(self.zone).date(),
                )
                for one in seen
                if one.occurrence.state != OccurrenceState.CANCELLED
            ),
            pieces=(*_pieces(session, rows), *own),
        )

    def _may(self, actor: Actor, record: Record) -> bool:
        """Nothing confidential, whatever the actor is; of units that the actor may see."""
        type_ = self.types.get(record.type)
        if record.is_confidential or (type_ is not None and type_.confidential):
            return False
        if actor.is_operator or record.member_id == actor.member_id is not None:
            return True
        return record.unit_id is not None and actor.may(Act.SEE_TASKS, record.unit_id)

    def _rows(self, session: Session, found: Sequence[Record]) -> tuple[RecordRow, ...]:
        units = {one.id: one.name for one in people.units(session)}
        ids = {one.member_id for one in found if one.member_id is not None}
        names = {id: member.name for id in ids if (member := session.get(Member, id)) is not None}
        return tuple(record_row(one, self.types, units, names) for one in found)

    async def _made(self, actor: Actor, found: _Found, subject: str) -> Bundle:
        def read(session: Session) -> list[tuple[str, bytes]]:
            hashes = [one.blob for one in found.pieces]
            if proofs.size_bytes(session, hashes) > _MOST_BYTES:
                limit = _MOST_BYTES // 2**20
                reply = f"附件超过 {limit} MB，一个压缩包装不下，请按单位分开导出。"
                raise UsageError("too many bytes", reply=reply)
            rows = [(one.path, blobs.get(session, one.blob)) for one in found.pieces]
            return [(path, row.bytes) for path, row in rows if row is not None]

        files = await self.store.read(read)
        content = await asyncio.to_thread(_zipped, found, files, self.clock())
        now = self.clock()

        def note(session: Session) -> None:
            audit.record(
                session,
                who=actor.account,
                what="proofs.export",
                subject=subject,
                now=now,
                after=f"{len(found.rows)} records, {len(files)} files",
            )

        await self.store.write(note)
        return Bundle(
            name=safe_name(found.title, ".zip"),
            content=content,
            records=len(found.rows),
            files=len(files),
        )


def _pieces(session: Session, rows: Sequence[RecordRow]) -> tuple[_Piece, ...]:
    by_id = {one.id: one for one in rows}
    return tuple(
        _Piece(
            path=(
                f"附件/#{file.record_id}_{by_id[file.record_id].on}_"
                f"{safe_name(by_id[file.record_id].type_name)}_{file.n + 1}_{safe_name(file.name)}"
            ),
            blob=file.blob,
        )
        for file in proofs.files_of_records(session, list(by_id))
    )


def _zipped(found: _Found, files: Sequence[tuple[str, bytes]], now: datetime) -> bytes:
    from handlers.reports.xlsx import tables_workbook

    about = Table(title="说明", header=("项目", "内容"), rows=found.facts, widths=(14, 80))
    tables = [about]
    if found.due:
        header = ("截止", "责任人", "状态", "办结日期")
        tables.append(
            Table(title="完成情况", header=header, rows=found.due, widths=(14, 24, 12, 14))
        )
    tables.append(cells.ledger_of(found.rows, title="记录"))
    tables.append(
        Table(title="附件目录", header=("文件",), rows=tuple((name,) for name, _ in files),
              widths=(80,))
    )  # fmt: skip
    out = io.BytesIO()
    taken: set[str] = set()
    at = now.timetuple()[:6]
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo("清单.xlsx", at), tables_workbook(tables))
        for name, content in files:
            entry = zipfile.ZipInfo(_free(name, taken), at)
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
    return out.getvalue()


def _free(name: str, taken: set[str]) -> str:
    """Another name where two files have the same."""
    stem, dot, suffix = name.rpartition(".")
    found, n = name, 1
    while found.casefold() in taken:
        n += 1
        found = f"{stem}（{n}）{dot}{suffix}" if dot else f"{name}（{n}）"
    taken.add(found.casefold())
    return found
