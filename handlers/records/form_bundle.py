"""What a window brought in, as one .zip: files under names that their type declares, and a list.

Nothing confidential is in it, nor anything that must not be known who it is from.
"""

from __future__ import annotations

import asyncio
import io
import re
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePath

from sqlalchemy.orm import Session

from bot.errors import UsageError
from handlers.access import Actor
from handlers.records.files import safe_name
from handlers.records.form_state import listed
from handlers.records.roll_call_book import account
from handlers.records.types import RecordType
from handlers.records.window_book import WindowBook
from handlers.records.window_views import Bundle, Standing
from store import audit, blobs, cases, proofs, records
from store.engine import Store
from store.models import Member, Unit
from store.models_records import Record

_MOST_BYTES = 300 * 2**20
_USUAL = "{unit}-{file}"
_LONGEST_STEM = 80
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Piece:
    name: str
    was: str
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class FormBundles:
    """Built once, in ``bot.app``."""

    store: Store
    book: WindowBook

    async def of(self, actor: Actor, type_: RecordType) -> Bundle:
        """The newest window of a type that the actor leads.

        Raises:
            NotFound: There is none.
            UsageError: The type is confidential, or it is too much for one file.
        """
        if type_.confidential or type_.anonymous or type_.anonymous_if:
            reply = f"“{type_.name}”是保密的，不能打包导出；一条一条看发 /记录 编号。"
            raise UsageError("confidential", reply=reply)

        def read(session: Session) -> tuple[Standing, list[tuple[Record, list[_Piece]]]]:
            window = self.book.led(session, actor, type_)
            found = cases.in_window(session, window.id)
            hashes = [file.blob for one in found for file in records.files_of(session, one.id)]
            if proofs.size_bytes(session, hashes) > _MOST_BYTES:
                reply = f"材料超过 {_MOST_BYTES // 2**20} MB，一个压缩包装不下。"
                raise UsageError("too many bytes", reply=reply)
            standing = self.book.standing(session, window)
            return standing, [(one, self._pieces(session, type_, one)) for one in found]

        standing, found = await self.store.read(read)
        now = self.book.clock()
        content = await asyncio.to_thread(_zipped, type_, standing, found, now)
        files = sum(len(pieces) for _, pieces in found)

        def note(session: Session) -> None:
            audit.record(
                session,
                who=account(actor),
                what="form.export",
                subject=f"form-window:{standing.view.id}",
                now=now,
                after=f"{len(found)} records, {files} files",
            )

        await self.store.write(note)
        return Bundle(
            name=safe_name(f"{type_.name}{now.astimezone(self.book.zone):%Y-%m-%d}", ".zip"),
            content=content,
            records=len(found),
            files=files,
            missing=tuple(one.name for one in standing.missing),
        )

    def _pieces(self, session: Session, type_: RecordType, record: Record) -> list[_Piece]:
        unit = session.get(Unit, record.unit_id) if record.unit_id else None
        member = session.get(Member, record.member_id) if record.member_id else None
        words: dict[str, str] = {
            **{name: "、".join(map(str, listed(value))) for name, value in record.fields.items()},
            "unit": unit.name if unit else "",
            "person": member.name if member else "",
            "type": type_.name,
            "on": record.on_date.isoformat(),
        }
        found = []
        for file in records.files_of(session, record.id):
            row = blobs.get(session, file.blob)
            if row is not None:
                name = renamed(type_.rename or _USUAL, words, file.name)
                found.append(_Piece(name=name, was=file.name, content=row.bytes))
        return found


def renamed(pattern: str, words: Mapping[str, str], was: str) -> str:
    """A file's name by its type's pattern; its ending stays."""
    path = PurePath(was)
    known = {**words, "file": path.stem}
    stem = _PLACEHOLDER.sub(lambda found: known.get(found[1], ""), pattern)
    return safe_name(safe_name(stem.strip("-_ "))[:_LONGEST_STEM], path.suffix.lower())


def _zipped(
    type_: RecordType,
    standing: Standing,
    found: Sequence[tuple[Record, Sequence[_Piece]]],
    now: datetime,
) -> bytes:
    from handlers.reports.cells import Cell, Table
    from handlers.reports.xlsx import tables_workbook

    names = {one.record_id: one for one in standing.handed}
    asked = [one for one in type_.fields if one.kind not in ("photo", "file")]
    out, taken = io.BytesIO(), set[str]()
    at = now.timetuple()[:6]
    rows: list[tuple[Cell, ...]] = []
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for record, pieces in found:
            kept = []
            for piece in pieces:
                entry = zipfile.ZipInfo(_free(piece.name, taken), at)
                entry.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(entry, piece.content)
                kept.append(f"{entry.filename}（原名 {piece.was}）")
            handed = names.get(record.id)
            rows.append(
                (
                    record.id,
                    record.on_date,
                    handed.name if handed else "",
                    handed.state if handed else "",
                    *("、".join(map(str, listed(record.fields.get(one.id)))) for one in asked),
                    "\n".join(kept),
                )
            )
        header = ("编号", "日期", "谁报的", "状态", *(one.name for one in asked), "文件")
        tables = [
            Table(title="已报", header=header, rows=tuple(rows),
                  widths=(8, 12, 24, 10, *(24 for _ in asked), 60)),
            Table(title="未报", header=("谁还没报",),
                  rows=tuple((one.name,) for one in standing.missing), widths=(40,)),
        ]  # fmt: skip
        archive.writestr(zipfile.ZipInfo("清单.xlsx", at), tables_workbook(tables))
    return out.getvalue()


def _free(name: str, taken: set[str]) -> str:
    """Another name where two files have the same."""
    path, found, n = PurePath(name), name, 1
    while found.casefold() in taken:
        n += 1
        found = f"{path.stem}-{n}{path.suffix}"
    taken.add(found.casefold())
    return found
