"""Documents as they were read: versions, what replaced or superseded them, who may see them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, or_, select, update
from sqlalchemy.orm import Session

from store.models import DocumentStatus, StoredDocument
from store.waking import wake

TOPIC = "documents"


def add(
    session: Session,
    *,
    document_id: str,
    file: str,
    title: str,
    details: Mapping[str, object],
    body: str,
    blob: str | None,
    now: datetime,
    expires_on: date | None = None,
    visible_to: int | None = None,
    added_by: int | None = None,
) -> bool:
    """Keep a document; False when the same bytes are current already.

    An earlier version under the same file name is kept as replaced. Bytes that were replaced or
    retired and come again become current again.
    """
    known = session.get(StoredDocument, document_id)
    if known is not None and _is_current(known):
        return False
    if known is None:
        known = StoredDocument(id=document_id, blob=blob, added_by=added_by)
        session.add(known)
    known.file = file
    known.title = title
    known.details = dict(details)
    known.body = body
    known.status = DocumentStatus.IN_FORCE
    known.superseded_by = None
    known.replaced_by = None
    known.expires_on = expires_on
    known.visible_to = visible_to
    known.added_at = now
    session.flush()
    session.execute(
        update(StoredDocument)
        .where(
            StoredDocument.file == file,
            StoredDocument.id != document_id,
            StoredDocument.replaced_by.is_(None),
            _is_within(visible_to),
        )
        .values(replaced_by=document_id)
    )
    wake(session, TOPIC)
    return True


def get(session: Session, id_or_file: str) -> StoredDocument | None:
    """By id, or the current version of a file by its name."""
    by_id = session.get(StoredDocument, id_or_file)
    if by_id is not None:
        return by_id
    return session.scalars(
        select(StoredDocument)
        .where(StoredDocument.file == id_or_file)
        .order_by(StoredDocument.replaced_by.is_not(None), StoredDocument.added_at.desc())
        .limit(1)
    ).first()


def current(session: Session) -> Sequence[StoredDocument]:
    """Every document that is searched: no replaced versions; superseded ones with their status."""
    return session.scalars(
        select(StoredDocument)
        .where(
            StoredDocument.replaced_by.is_(None),
            StoredDocument.status != DocumentStatus.RETIRED,
        )
        .order_by(StoredDocument.added_at, StoredDocument.id)
    ).all()


@dataclass(frozen=True, slots=True, kw_only=True)
class Spine:
    """What stands on a current document's spine; its text stays where it is."""

    id: str
    file: str
    title: str
    details: Mapping[str, object]
    status: str
    visible_to: int | None


def spines(session: Session) -> Sequence[Spine]:
    """As ``current``, without reading the texts."""
    rows = session.execute(
        select(
            StoredDocument.id,
            StoredDocument.file,
            StoredDocument.title,
            StoredDocument.details,
            StoredDocument.status,
            StoredDocument.visible_to,
        ).where(
            StoredDocument.replaced_by.is_(None),
            StoredDocument.status != DocumentStatus.RETIRED,
        )
    )
    return [
        Spine(
            id=row.id,
            file=row.file,
            title=row.title,
            details=row.details,
            status=row.status,
            visible_to=row.visible_to,
        )
        for row in rows
    ]


def titled(
    session: Session, words: str, units: Collection[int] | None, *, limit: int
) -> Sequence[tuple[str, str]]:
    """Id and title of current ones with these words in it, those of just this title first.

    ``units`` as in ``visible``; None sees all.
    """
    is_title = StoredDocument.title == words
    conditions = [
        StoredDocument.title.contains(words, autoescape=True),
        StoredDocument.replaced_by.is_(None),
        StoredDocument.status != DocumentStatus.RETIRED,
        *may_see(units),
    ]
    query = select(StoredDocument.id, StoredDocument.title).where(*conditions)
    order = (is_title.desc(), StoredDocument.added_at, StoredDocument.id)
    return [(id_, title) for id_, title in session.execute(query.order_by(*order).limit(limit))]


def everything(session: Session) -> Sequence[StoredDocument]:
    """With replaced and retired ones, oldest first."""
    return session.scalars(
        select(StoredDocument).order_by(StoredDocument.added_at, StoredDocument.id)
    ).all()


def visible(session: Session, units: Collection[int]) -> Sequence[str]:
    """Ids of current documents that someone may see whose units, with all above, are these."""
    return session.scalars(
        select(StoredDocument.id).where(
            StoredDocument.replaced_by.is_(None),
            StoredDocument.status != DocumentStatus.RETIRED,
            *may_see(units),
        )
    ).all()


def may_see(units: Collection[int] | None) -> list[ColumnElement[bool]]:
    """What is for everyone, or for one of ``units``; None sees all."""
    if units is None:
        return []
    return [or_(StoredDocument.visible_to.is_(None), StoredDocument.visible_to.in_(units))]


def set_status(
    session: Session, document_id: str, status: DocumentStatus, *, by: str | None = None
) -> bool:
    """Retire, expire or supersede (``by`` the later document); False when there is no such one."""
    document = session.get(StoredDocument, document_id)
    if document is None:
        return False
    document.status = status
    document.superseded_by = by
    wake(session, TOPIC)
    return True


def show_to(session: Session, document_id: str, unit_id: int | None) -> None:
    """Say who may see it: a unit with all below it, or everyone."""
    session.get_one(StoredDocument, document_id).visible_to = unit_id
    wake(session, TOPIC)


def remove(session: Session, document_id: str) -> bool:
    """Undo an upload: delete it, and let what it had replaced or superseded stand again."""
    document = session.get(StoredDocument, document_id)
    if document is None:
        return False
    session.execute(
        update(StoredDocument)
        .where(StoredDocument.replaced_by == document_id)
        .values(replaced_by=None)
    )
    session.execute(
        update(StoredDocument)
        .where(StoredDocument.superseded_by == document_id)
        .values(superseded_by=None, status=DocumentStatus.IN_FORCE)
    )
    session.delete(document)
    wake(session, TOPIC)
    return True


def _is_current(document: StoredDocument) -> bool:
    return document.replaced_by is None and document.status != DocumentStatus.RETIRED


def _is_within(visible_to: int | None) -> ColumnElement[bool]:
    if visible_to is None:
        return StoredDocument.visible_to.is_(None)
    return StoredDocument.visible_to == visible_to
