"""Windows of forms, and who deals with what was handed in."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import CursorResult, delete, func, select, update
from sqlalchemy.orm import Session, aliased

from store.inserting import insert_once, put
from store.models_records import WITHDRAWN, PendingForm, Record
from store.models_windows import FormCase, FormWindow
from store.waking import wake

TOPIC = "form_windows"


class Case(NamedTuple):
    """What stands beside an entry's answers."""

    owner_id: int | None = None
    due_on: date | None = None
    window_id: int | None = None


def keep(session: Session, record_id: int, case: Case) -> None:
    """Write it down beside an entry; nothing is written where there is nothing to say."""
    if case != Case():
        put(session, FormCase, {"record_id": record_id, **case._asdict()})


def of(session: Session, record_id: int) -> Case:
    """What is known of one entry."""
    row = session.get(FormCase, record_id)
    return Case() if row is None else Case(row.owner_id, row.due_on, row.window_id)


def in_window(session: Session, window_id: int) -> Sequence[Record]:
    """The newest entries of what was handed in there and not withdrawn, by number."""
    later = aliased(Record)
    return session.scalars(
        select(Record)
        .join(FormCase, FormCase.record_id == Record.id)
        .where(
            FormCase.window_id == window_id,
            Record.state != WITHDRAWN,
            ~select(later.id).where(later.replaces == Record.id).exists(),
        )
        .order_by(Record.id)
    ).all()


def with_limit(session: Session, until: date) -> Sequence[tuple[Record, FormCase]]:
    """Newest entries that are due by a day, by their day."""
    later = aliased(Record)
    rows = session.execute(
        select(Record, FormCase)
        .join(FormCase, FormCase.record_id == Record.id)
        .where(
            FormCase.due_on <= until,
            ~select(later.id).where(later.replaces == Record.id).exists(),
        )
        .order_by(FormCase.due_on, Record.id)
    )
    return [(record, case) for record, case in rows]


def open_window(session: Session, values: Mapping[str, object]) -> FormWindow | None:
    """None when its ``key`` opened one before."""
    if not insert_once(session, FormWindow, values):
        return None
    wake(session, TOPIC)
    return session.scalars(select(FormWindow).where(FormWindow.key == values["key"])).one()


def follow(session: Session, before_id: int, after_id: int) -> None:
    """What stands beside an entry stands beside the one that takes its place."""
    keep(session, after_id, of(session, before_id))


def window(session: Session, window_id: int) -> FormWindow | None:
    """One window."""
    return session.get(FormWindow, window_id)


def window_by_key(session: Session, key: str) -> FormWindow | None:
    """The window that a message opened."""
    return session.scalars(select(FormWindow).where(FormWindow.key == key)).one_or_none()


def windows(
    session: Session,
    type: str | None = None,
    *,
    open_at: datetime | None = None,
    limit: int = 50,
) -> Sequence[FormWindow]:
    """The newest first; with ``open_at`` those that take something in then."""
    query = select(FormWindow).order_by(FormWindow.id.desc()).limit(limit)
    if type is not None:
        query = query.where(FormWindow.type == type)
    if open_at is not None:
        query = query.where(
            FormWindow.closed_at.is_(None),
            FormWindow.opened_at <= open_at,
            FormWindow.closes_at > open_at,
        )
    return session.scalars(query).all()


def put_off(session: Session, window_id: int, closes_at: datetime) -> bool:
    """Another end; False when it is closed."""
    return _changed(session, window_id, {"closes_at": closes_at})


def close_window(session: Session, window_id: int, now: datetime) -> bool:
    """Once; False when it was closed before."""
    return _changed(session, window_id, {"closed_at": now})


def due_to_close(session: Session, now: datetime) -> Sequence[FormWindow]:
    """Whose time is over and that nobody has closed."""
    return session.scalars(
        select(FormWindow)
        .where(FormWindow.closed_at.is_(None), FormWindow.closes_at <= now)
        .order_by(FormWindow.closes_at)
    ).all()


def next_closing(session: Session) -> datetime | None:
    """When the next window closes by itself."""
    return session.scalar(
        select(func.min(FormWindow.closes_at)).where(FormWindow.closed_at.is_(None))
    )


def pending(session: Session, account: str, conversation: str, now: datetime) -> PendingForm | None:
    """The form that somebody has begun in a chat, or a link to one."""
    return session.scalars(
        select(PendingForm).where(
            PendingForm.account == account,
            PendingForm.conversation == conversation,
            PendingForm.expires_at > now,
        )
    ).one_or_none()


def link_named(session: Session, conversation: str, now: datetime) -> PendingForm | None:
    """A link by the hash of its token."""
    return session.scalars(
        select(PendingForm).where(
            PendingForm.conversation == conversation, PendingForm.expires_at > now
        )
    ).one_or_none()


def is_any_expired(session: Session, now: datetime) -> bool:
    """Whether a form or a link is over."""
    found = session.scalars(select(PendingForm.id).where(PendingForm.expires_at <= now).limit(1))
    return found.first() is not None


def take_expired(session: Session, now: datetime) -> Sequence[PendingForm]:
    """Forms and links whose time is over; they are gone."""
    rows = session.scalars(select(PendingForm).where(PendingForm.expires_at <= now)).all()
    for row in rows:
        session.delete(row)
    session.flush()
    return rows


def put_pending(session: Session, form: PendingForm) -> None:
    """In place of what was begun there before."""
    forget_pending(session, form.account, form.conversation)
    session.add(form)


def forget_pending(session: Session, account: str, conversation: str) -> None:
    """It was handed in or given up."""
    session.execute(
        delete(PendingForm).where(
            PendingForm.account == account, PendingForm.conversation == conversation
        )
    )


def forget_links(session: Session, account: str, kind: str, conversations: Collection[str]) -> None:
    """End an account's links to forms begun in these chats; they are kept as their ``type``."""
    session.execute(
        delete(PendingForm).where(
            PendingForm.account == account,
            PendingForm.kind == kind,
            PendingForm.type.in_(conversations),
        )
    )


def _changed(session: Session, window_id: int, values: Mapping[str, object]) -> bool:
    changed = session.execute(
        update(FormWindow)
        .where(FormWindow.id == window_id, FormWindow.closed_at.is_(None))
        .values(values)
    )
    assert isinstance(changed, CursorResult)  # noqa: S101
    if changed.rowcount:
        wake(session, TOPIC)
    return changed.rowcount > 0
