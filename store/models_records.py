"""Tables of records: entries that are only ever added to, roll calls, forms, points, indicators."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from store.models import Base, _Id


class RecordKind(StrEnum):
    """What a record counts as."""

    ACTIVITY = "activity"
    """Something that took place in a unit: a meeting, a lecture, a visit."""
    CHECK_IN = "check_in"
    """One member's answer to a roll call."""
    FORM = "form"
    """Something one member filled in."""


RECORDED = "recorded"
"""The state of what needs nobody's decision."""
WITHDRAWN = "withdrawn"


class CheckIn(StrEnum):
    """A member's standing in a roll call."""

    MISSING = "missing"
    PRESENT = "present"
    LATE = "late"
    LEAVE = "leave"
    ASKED = "asked"
    """Wants to sign in afterwards; an officer has to agree."""


class Record(Base):
    """One entry. A correction, a decision and a withdrawal are entries that name the old one.

    ``replaces`` is unique: of a record only the newest entry can be followed. ``root_id`` is the
    first entry of its line, and null on that one.
    """

    __tablename__ = "record"
    __table_args__ = (
        Index("ix_record_what", "type", "on_date"),
        Index("ix_record_where", "unit_id", "on_date"),
    )

    id: Mapped[int] = mapped_column(_Id, primary_key=True)
    key: Mapped[str | None] = mapped_column(unique=True)
    """Makes it once, e.g. ``roll:7:3`` or ``draft:web:m1:19:0``."""
    kind: Mapped[str] = mapped_column(String(16))
    type: Mapped[str] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(48), default=RECORDED)
    """As the type names it, or ``withdrawn``."""
    is_counted: Mapped[bool] = mapped_column(default=True)
    """Whether reports and points count it: it is settled, and not withdrawn."""
    root_id: Mapped[int | None] = mapped_column(ForeignKey("record.id"), index=True)
    replaces: Mapped[int | None] = mapped_column(ForeignKey("record.id"), unique=True)
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"))
    member_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"), index=True)
    """Whom it counts for."""
    roll_call_id: Mapped[int | None] = mapped_column(ForeignKey("roll_call.id"), index=True)
    occurrence_id: Mapped[int | None] = mapped_column(
        ForeignKey("occurrence.id", ondelete="SET NULL"), index=True
    )
    on_date: Mapped[date]
    fields: Mapped[dict[str, object]]
    is_confidential: Mapped[bool] = mapped_column(default=False)
    entered_by: Mapped[int | None] = mapped_column(ForeignKey("member.id"), index=True)
    entered_account: Mapped[str] = mapped_column(default="")
    channel: Mapped[str] = mapped_column(String(32), default="")
    conversation: Mapped[str] = mapped_column(default="")
    entered_at: Mapped[datetime]
    reason: Mapped[str] = mapped_column(default="")
    """Why it was corrected, returned or withdrawn."""


class RecordFile(Base):
    """A photo or file of a record; ``thumbnail`` where it is a picture."""

    __tablename__ = "record_file"

    record_id: Mapped[int] = mapped_column(
        _Id, ForeignKey("record.id", ondelete="CASCADE"), primary_key=True
    )
    n: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    field: Mapped[str] = mapped_column(default="")
    name: Mapped[str]
    blob: Mapped[str] = mapped_column(ForeignKey("blob.hash"), index=True)
    thumbnail: Mapped[str | None] = mapped_column(ForeignKey("blob.hash"))


class RollCall(Base):
    """A check-in that somebody opened. Who counts is frozen in ``roll_call_member``."""

    __tablename__ = "roll_call"
    __table_args__ = (
        Index("ix_roll_call_open", "closes_at", sqlite_where=text("closed_at IS NULL"),
              postgresql_where=text("closed_at IS NULL")),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(_Id, primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)
    """The message that opened it, so that a repeat opens nothing."""
    type: Mapped[str] = mapped_column(String(64))
    title: Mapped[str]
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"), index=True)
    place: Mapped[str] = mapped_column(default="")
    starts_at: Mapped[datetime]
    closes_at: Mapped[datetime]
    opened_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    opened_by: Mapped[int | None] = mapped_column(ForeignKey("member.id"))
    opened_account: Mapped[str] = mapped_column(default="")
    channel: Mapped[str] = mapped_column(String(32))
    conversation: Mapped[str]
    is_group: Mapped[bool] = mapped_column(default=False)
    secret: Mapped[str | None]
    """Of the on-site code that changes every minute; None: no code is asked for."""
    occurrence_id: Mapped[int | None] = mapped_column(
        ForeignKey("occurrence.id", ondelete="SET NULL")
    )
    is_confidential: Mapped[bool] = mapped_column(default=False)


class RollCallMember(Base):
    """Somebody expected at a roll call, with the name they had when it was opened."""

    __tablename__ = "roll_call_member"
    __table_args__ = (Index("ix_roll_call_member_standing", "roll_call_id", "standing"),)

    roll_call_id: Mapped[int] = mapped_column(
        ForeignKey("roll_call.id", ondelete="CASCADE"), primary_key=True
    )
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), primary_key=True, index=True)
    name: Mapped[str]
    standing: Mapped[str] = mapped_column(String(16), default=CheckIn.MISSING)
    record_id: Mapped[int | None] = mapped_column(ForeignKey("record.id"))
    nudged_at: Mapped[datetime | None]


class PendingForm(Base):
    """What somebody has begun and not yet confirmed: drafts of a sentence, or a form."""

    __tablename__ = "pending_form"
    __table_args__ = (UniqueConstraint("account", "conversation"),)

    id: Mapped[int] = mapped_column(_Id, primary_key=True)
    account: Mapped[str]
    """``platform:account``."""
    conversation: Mapped[str]
    """``channel:id``, or ``link:`` and the hash of a one-time link's token."""
    kind: Mapped[str] = mapped_column(String(16))
    type: Mapped[str] = mapped_column(String(64), default="")
    body: Mapped[dict[str, object]]
    began_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class ScoreEntry(Base):
    """A line of the points ledger: what a record brings, or takes back."""

    __tablename__ = "score_entry"

    record_id: Mapped[int] = mapped_column(ForeignKey("record.id"), primary_key=True)
    """The entry that brought it about, which does so once."""
    type: Mapped[str] = mapped_column(String(64), index=True)
    member_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"), index=True)
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"), index=True)
    on_date: Mapped[date]
    hundredths: Mapped[int]
    """Points times 100: sums of these are exact."""
    entered_at: Mapped[datetime]


class Indicator(Base):
    """A node of an indicator tree; leaves are filled by counting records or by a rater."""

    __tablename__ = "indicator"
    __table_args__ = (UniqueConstraint("tree", "position"),)

    id: Mapped[int] = mapped_column(_Id, primary_key=True)
    tree: Mapped[str]
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("indicator.id", ondelete="CASCADE"))
    position: Mapped[int]
    level: Mapped[int]
    title: Mapped[str]
    criterion: Mapped[str | None]
    """By what it is scored, as the sheet says."""
    hundredths: Mapped[int | None]
    """The full score times 100."""
    type: Mapped[str | None] = mapped_column(String(64))
    """The record type whose records are counted; None: a rater fills it in."""
    target: Mapped[int | None]
    """How many records earn the full score."""


class Rating(Base):
    """What a rater gave a unit on an indicator; the newest counts, the older stay."""

    __tablename__ = "rating"

    id: Mapped[int] = mapped_column(_Id, primary_key=True)
    indicator_id: Mapped[int] = mapped_column(
        ForeignKey("indicator.id", ondelete="CASCADE"), index=True
    )
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    hundredths: Mapped[int]
    note: Mapped[str | None]
    rated_by: Mapped[int | None] = mapped_column(ForeignKey("member.id"))
    rated_at: Mapped[datetime]
