"""Documents as a list shows them: a page at a time, without their texts."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from store.documents import may_see
from store.models import DocumentStatus, StoredDocument

REPLACED = "replaced"


@dataclass(frozen=True, slots=True, kw_only=True)
class SoughtDocuments:
    """``status`` empty: whatever is searched. ``units`` as in ``documents.may_see``."""

    units: Collection[int] | None
    today: date
    words: str = ""
    status: str = ""
    visible_to: Collection[int] | None = None
    """Only what was kept for one of these."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Back:
    """What stands on a document's back."""

    id: str
    title: str
    file: str
    details: Mapping[str, object]
    status: str
    """As :class:`DocumentStatus`, or ``replaced``."""
    visible_to: int | None
    added_at: datetime


def sought(
    session: Session, wanted: SoughtDocuments, *, offset: int = 0, limit: int = 30
) -> tuple[int, Sequence[Back]]:
    """How many there are, and some of them, newest first."""
    conditions = [*may_see(wanted.units), _is(wanted.status, wanted.today)]
    if wanted.words:
        conditions.append(_has(wanted.words))
    if wanted.visible_to is not None:
        conditions.append(StoredDocument.visible_to.in_(wanted.visible_to))
    total = session.scalar(select(func.count()).select_from(StoredDocument).where(*conditions))
    rows = session.execute(
        select(
            StoredDocument.id,
            StoredDocument.title,
            StoredDocument.file,
            StoredDocument.details,
            StoredDocument.status,
            StoredDocument.visible_to,
            StoredDocument.added_at,
            StoredDocument.replaced_by,
            StoredDocument.expires_on,
        )
        .where(*conditions)
        .order_by(StoredDocument.added_at.desc(), StoredDocument.id)
        .offset(offset)
        .limit(limit)
    )
    found = [
        Back(
            id=row.id,
            title=row.title,
            file=row.file,
            details=row.details,
            status=status_of(row.status, row.replaced_by, row.expires_on, wanted.today),
            visible_to=row.visible_to,
            added_at=row.added_at,
        )
        for row in rows
    ]
    return total or 0, found


def versions(session: Session, document: StoredDocument) -> Sequence[tuple[str, datetime]]:
    """Other uploads of the same file for the same readers, newest first: id and when."""
    here = StoredDocument.visible_to
    rows = session.execute(
        select(StoredDocument.id, StoredDocument.added_at)
        .where(
            StoredDocument.file == document.file,
            StoredDocument.id != document.id,
            here.is_(None) if document.visible_to is None else here == document.visible_to,
        )
        .order_by(StoredDocument.added_at.desc())
    )
    return [(row.id, row.added_at) for row in rows]


def status_of(status: str, replaced_by: str | None, expires_on: date | None, today: date) -> str:
    """A document in force ends with its last day."""
    if replaced_by is not None:
        return REPLACED
    if status == DocumentStatus.IN_FORCE and expires_on and expires_on < today:
        return DocumentStatus.EXPIRED.value
    return status


def _is(status: str, today: date) -> ColumnElement[bool]:
    is_replaced = StoredDocument.replaced_by.is_not(None)
    if status == REPLACED:
        return is_replaced
    if not status:
        return and_(~is_replaced, StoredDocument.status != DocumentStatus.RETIRED)
    is_over = StoredDocument.expires_on < today
    in_force = StoredDocument.status == DocumentStatus.IN_FORCE
    if status == DocumentStatus.IN_FORCE:
        lasts = or_(StoredDocument.expires_on.is_(None), ~is_over)
        return and_(~is_replaced, in_force, lasts)
    if status == DocumentStatus.EXPIRED:
        is_expired = StoredDocument.status == DocumentStatus.EXPIRED
        return and_(~is_replaced, or_(is_expired, and_(in_force, is_over)))
    return and_(~is_replaced, StoredDocument.status == status)


def _has(words: str) -> ColumnElement[bool]:
    """In the title, the file's name, the issuer or the 文号."""
    texts = (
        StoredDocument.title,
        StoredDocument.file,
        StoredDocument.details["document_number"].as_string(),
        StoredDocument.details["issuer"].as_string(),
    )
    return or_(*(text.contains(words, autoescape=True) for text in texts))
