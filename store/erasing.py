"""Takes a person's name and accounts out of rows, on request; how many there are stays.

Documents are not touched: they are published, and name people in office. Every other column of
text is searched unless it is named here, so that a new table is safe without a thought.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import JSON, ColumnElement, Text, cast, delete, inspect, or_, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from store import audit, outbox, preferences, settings
from store.models import (
    Account,
    AuditEntry,
    Base,
    ConversationRow,
    Delivery,
    DeliveryState,
    InboxMessage,
    InboxState,
    Member,
    Notice,
    Part,
    PartState,
    Setting,
)
from store.models_questions import Question, StandingAnswer
from store.models_records import PendingForm
from store.models_tasks import Assignment, Task
from store.waking import wake

_LEAST_WORDS = 4
_NUMBERS = re.compile(r"(?<!\d)(?:1[3-9]\d{9}|\d{17}[\dXx])(?!\d)")
SCRUB = "erase.scrub"
"""Set while bytes that belong to nobody may still be in the file."""

HALFWAY = "发到一半时有人注销，不知道还差哪些"
SPARED = frozenset({"member", "document", "blob", "vector", "part", "audit", "task"})
"""Tables whose words stay, or are dealt with by what leads to them; all others are searched."""
SPARED_COLUMNS = frozenset({"citations", "basis", "evidence_types", "labels"})
"""What quotes documents, and codes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Name:
    """A name that is taken out, unless it is a part of somebody else's longer one."""

    name: str
    longer: Collection[str]
    instead: str

    def out_of(self, value: object) -> object:
        """Text, or what JSON holds, without the name; lists keep their length."""
        if isinstance(value, str):
            return self._pattern.sub(self._replaced, value)
        if isinstance(value, list):
            return [self.out_of(one) for one in value]
        if isinstance(value, dict):
            return {key: self.out_of(one) for key, one in value.items()}
        return value

    @property
    def forms(self) -> tuple[str, str]:
        """As it is written, and as JSON writes it in ASCII."""
        return self.name, _escaped(self.name)

    @property
    def _pattern(self) -> re.Pattern[str]:
        words = sorted((*self.longer, self.name), key=len, reverse=True)
        return re.compile("|".join(re.escape(f) for one in words for f in (one, _escaped(one))))

    def _replaced(self, match: re.Match[str]) -> str:
        if match[0] == self.name:
            return self.instead
        return _escaped(self.instead) if match[0] == _escaped(self.name) else match[0]


def name_of(session: Session, member: Member, instead: str) -> Name | None:
    """What is to be taken out; None when somebody else has the very same name."""
    others = session.scalars(select(Member.name).where(Member.id != member.id)).all()
    if not member.name or member.name in others:
        return None
    longer = {one for one in others if member.name in one}
    return Name(name=member.name, longer=longer, instead=instead)


def take_out_name(session: Session, name: Name, now: datetime) -> None:
    """Out of every column of text that is searched; parts of deliveries that named it go whole."""
    for mapper in Base.registry.mappers:
        row: type[Base] = mapper.class_
        for column in _searched(row):
            attribute: InstrumentedAttribute[object] = getattr(row, column)
            for found in session.scalars(select(row).where(_mentions(attribute, name))):
                before = getattr(found, column)
                after = name.out_of(before)
                if after == before:
                    continue
                setattr(found, column, after)
                if isinstance(found, Delivery):
                    drop_parts(session, found, now)


def _searched(row: type[Base]) -> list[str]:
    if row.__tablename__ in SPARED:
        return []
    return [
        one.key
        for one in inspect(row).columns
        if isinstance(one.type, Text | JSON)
        and not (one.primary_key or one.unique or one.foreign_keys)
        and one.key not in SPARED_COLUMNS
    ]


def _mentions(attribute: InstrumentedAttribute[object], name: Name) -> ColumnElement[bool]:
    text = cast(attribute, Text)
    return or_(*(text.contains(form, autoescape=True) for form in name.forms))


def drop_parts(session: Session, delivery: Delivery, now: datetime) -> None:
    """Its bytes said what it says no more; somebody else's that is still to go is made anew.

    Of one that may have arrived in part nobody knows what is left: a person decides.
    """
    states = session.scalars(select(Part.state).where(Part.delivery_id == delivery.id)).all()
    session.execute(delete(Part).where(Part.delivery_id == delivery.id))
    if delivery.state != DeliveryState.OPEN:
        return
    delivery.is_rendered, delivery.owner, delivery.lease_until = False, None, None
    delivery.attempt += 1  # whoever has it in hand has lost it
    if any(one not in (PartState.PENDING, PartState.FAILED) for one in states):
        delivery.state, delivery.reason = DeliveryState.UNCERTAIN, HALFWAY
        delivery.ended_at = now
    wake(session, outbox.TOPIC)


def own_words(session: Session, member_id: int) -> list[str]:
    """What the person asked, the longest first: others were sent it to answer."""
    asked = session.scalars(select(Question.question).where(Question.asked_by == member_id))
    return sorted({one for one in asked if len(one) >= _LEAST_WORDS}, key=len, reverse=True)


def take_out_words(session: Session, words: Collection[str], instead: str, now: datetime) -> None:
    """Out of what others were sent; of standing answers that came of it the numbers go."""
    for one in words:
        forms = dict.fromkeys((one, json.dumps(one, ensure_ascii=False)[1:-1], _escaped(one)))
        quoting = or_(*(Delivery.reply.contains(form, autoescape=True) for form in forms))
        for delivery in session.scalars(select(Delivery).where(quoting)):
            for form in forms:
                delivery.reply = delivery.reply.replace(form, instead)
            drop_parts(session, delivery, now)
    for answer in session.scalars(select(StandingAnswer).where(StandingAnswer.question.in_(words))):
        answer.question = _NUMBERS.sub("***", answer.question)


def take_out_own(session: Session, member_id: int, name: Name | None) -> None:
    """What only the person's number leads to: their tasks' words, their places on lists."""
    own = select(Assignment.task_id).where(Assignment.member_id == member_id)
    for task in session.scalars(
        select(Task).where(or_(Task.created_by == member_id, Task.id.in_(own)))
    ):
        if name is not None:
            task.title, task.duty = str(name.out_of(task.title)), str(name.out_of(task.duty))
    session.execute(
        update(Assignment).where(Assignment.member_id == member_id).values(is_active=False)
    )
    settings.forget(session, f"undo\nmember:{member_id}")
    preferences.prefer(session, member_id, None)


def take_out_account(session: Session, platform: str, account: str, now: datetime) -> None:
    """Nothing says any more what this account did, nor where its private chat is."""
    key = f"{platform}:{account}"
    session.execute(delete(PendingForm).where(PendingForm.account == key))
    for mapper in Base.registry.mappers:
        _forget_account(session, mapper.class_, platform, account)
    for chat in session.scalars(select(ConversationRow).where(ConversationRow.id == account)):
        if _is_of(chat.channel, platform) and not chat.is_group:
            session.delete(chat)
    for notice in session.scalars(select(Notice).where(Notice.recipient.endswith(f":{account}"))):
        channel, _, rest = (notice.recipient or "").removeprefix("chat:").partition(":")
        if _is_of(channel, platform) and rest == f"0:{account}":
            notice.recipient = "erased"
    among = cast(Delivery.accounts, Text).contains(_escaped(account), autoescape=True)
    for delivery in session.scalars(select(Delivery).where(among)):
        if account in delivery.accounts and _is_of(delivery.channel, platform):
            delivery.accounts = [one for one in delivery.accounts if one != account]
            drop_parts(session, delivery, now)
    for setting in session.scalars(select(Setting.key).where(Setting.key.contains(account))).all():
        words = re.split(r"[\n:]", setting)
        if account in words and any(_is_of(word, platform) for word in words):
            settings.forget(session, setting)


def _forget_account(session: Session, row: type[Base], platform: str, account: str) -> None:
    """By what columns are called: ``made_account``; ``account`` or ``conversation`` of a channel.

    A row that is an account's own (a link, a session, a wish to join) goes whole.
    """
    columns: dict[str, InstrumentedAttribute[str]] = {
        one.key: getattr(row, one.key) for one in inspect(row).column_attrs
    }
    for name, column in columns.items():
        if name.endswith("_account"):
            of_account = column == f"{platform}:{account}"
            session.execute(update(row).where(of_account).values({name: ""}))
    where = columns.get("platform", columns.get("channel"))
    if where is None or row in (Account, Delivery, Question):
        return
    is_theirs = (where == platform) | where.startswith(f"{platform}.")
    if "account" in columns:
        session.execute(delete(row).where(is_theirs, columns["account"] == account))
    elif "conversation" in columns:
        is_there = columns["conversation"] == account
        session.execute(update(row).where(is_theirs, is_there).values(conversation=""))


def own_deliveries(session: Session, platform: str, account: str) -> Iterator[Delivery]:
    """What the account was sent in private."""
    for one in session.scalars(
        select(Delivery).where(Delivery.conversation == account, Delivery.is_group.is_(False))
    ):
        if _is_of(one.channel, platform, "console"):
            yield one


def own_messages(session: Session, platform: str, account: str) -> Iterator[InboxMessage]:
    """What the account wrote: the sender is a part of the turn."""
    lane = InboxMessage.turn.contains(f"\n{account}\n", autoescape=True)
    for row in session.scalars(select(InboxMessage).where(lane).order_by(InboxMessage.id)):
        if _is_of(row.channel, platform, "console") and row.turn.split("\n")[2] == account:
            yield row


def empty_messages(
    session: Session, platform: str, account: str, *, reply: str, now: datetime
) -> None:
    """What was written and what was sent are emptied; that there was something stays."""
    for row in list(own_messages(session, platform, account)):
        if row.state == InboxState.ACCEPTED:
            row.state = InboxState.HANDLED
        row.body, row.turn = "{}", f"erased\n{row.id}"
    for delivery in list(own_deliveries(session, platform, account)):
        delivery.reply, delivery.accounts, delivery.conversation = reply, [], "erased"
        delivery.reply_to = None
        if delivery.state == DeliveryState.OPEN:
            delivery.state, delivery.ended_at = DeliveryState.WITHDRAWN, now
        session.execute(delete(Part).where(Part.delivery_id == delivery.id))


def redact_audit(
    session: Session, accounts: Collection[str], name: Name | None, words: Collection[str] = ()
) -> int | None:
    """Seal the log again without the person; the first entry that changed, None for none."""

    def without_words(text: str | None) -> str | None:
        for one in words:
            text = None if text is None else text.replace(one, "***")
        return text

    def redact(entry: AuditEntry) -> bool:
        after = tuple(
            name.out_of(one) if name is not None else one
            for one in (without_words(entry.before), without_words(entry.after))
        )
        who = "erased" if entry.who in accounts else entry.who
        if (who, *after) == (entry.who, entry.before, entry.after):
            return False
        entry.who = who
        entry.before, entry.after = (None if one is None else str(one) for one in after)
        return True

    return audit.reseal(session, redact)


def _is_of(channel: str | None, *platforms: str) -> bool:
    return (channel or "").partition(".")[0] in platforms


def _escaped(text: str) -> str:
    return json.dumps(text)[1:-1]
