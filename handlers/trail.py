"""The log a page at a time: by whom, what, and when; each with what was before and after."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from handlers.access import Act, Actor, check, within
from handlers.deeds import DEEDS, SUBJECTS, masked, said
from handlers.reach import runs_whole
from store import audit, people
from store.engine import Store
from store.models import AuditEntry, StoredDocument
from store.models_questions import Question, StandingAnswer

_NAMED_CHARS = 40
_OPERATOR = {"console:operator": "本机操作员"}


@dataclass(frozen=True, slots=True, kw_only=True)
class LookedForDeeds:
    """Empty and None: any. Both days count."""

    name: str = ""
    """In the name of who did it."""
    what: str = ""
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """An entry of the log, in words."""

    n: int
    at: datetime
    who: str
    what: str
    kind: str
    """Of what it was done to: the part of ``subject`` before the colon."""
    key: str
    """The part behind it; empty where there is only one."""
    subject: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Trail:
    """Built once, in ``bot.app``."""

    store: Store
    zone: ZoneInfo

    async def page(
        self, actor: Actor, wanted: LookedForDeeds, *, offset: int = 0, limit: int = 30
    ) -> tuple[int, Sequence[Deed]]:
        """How many the actor may read of those, and some of them, newest first.

        Raises:
            NotAllowed: The actor may not read the log.
        """
        check(actor, Act.SEE_AUDIT)

        def query(session: Session) -> tuple[int, Sequence[Deed]]:
            sought = audit.Sought(
                units=readable(session, actor),
                name=wanted.name,
                what=wanted.what,
                since=self._midnight(wanted.since),
                until=self._midnight(wanted.until + timedelta(days=1) if wanted.until else None),
            )
            total, rows = audit.sought(session, sought, offset=offset, limit=limit)
            who = names(session, rows)
            return total, [_deed(session, row, who.get(row.who, row.who)) for row in rows]

        return await self.store.read(query)

    def _midnight(self, day: date | None) -> datetime | None:
        return None if day is None else datetime.combine(day, time(), self.zone)


def readable(session: Session, actor: Actor) -> Collection[int] | None:
    """Units whose people's deeds the actor may read; None: everything, whoever did it."""
    units = within(actor, Act.SEE_AUDIT)
    return None if units is None or runs_whole(session, actor, Act.SEE_AUDIT) else units


def names(session: Session, entries: Sequence[AuditEntry]) -> dict[str, str]:
    """Who did it, as far as an account is somebody's on the roster."""
    found = dict(_OPERATOR)
    for who in {entry.who for entry in entries}:
        platform, _, account = who.partition(":")
        member = people.member_of(session, platform, account)
        if member is not None:
            found[who] = member.name
    return found


def _deed(session: Session, entry: AuditEntry, who: str) -> Deed:
    kind, _, key = entry.subject.partition(":")
    return Deed(
        n=entry.n,
        at=entry.at,
        who=who,
        what=DEEDS.get(entry.what, entry.what),
        kind=kind,
        key=key,
        subject=_named(session, kind, key),
        before=said(entry.before),
        after=said(entry.after),
    )


def _named(session: Session, kind: str, key: str) -> str:
    """文件《…》, 成员 祁远山, 问题 17."""
    word = SUBJECTS.get(kind)
    if word is None:
        return masked(f"{kind}{' ' if key else ''}{key}")
    name = _name(session, kind, key)
    if name:
        return f"{word}{name}" if name.startswith("《") else f"{word} {name}"
    return f"{word} {masked(key)}".strip()


def _name(session: Session, kind: str, key: str) -> str:
    if kind == "document":
        title = session.get(StoredDocument, key)
        return f"《{title.title}》" if title else ""
    if not key.isdecimal():
        return ""
    number = int(key)
    match kind:
        case "member":
            member = people.member(session, number)
            return member.name if member else ""
        case "question":
            row = session.get(Question, number)
            return f"{number}：{_short(row.question)}" if row else ""
        case "standing":
            answer = session.get(StandingAnswer, number)
            return f"{number}：{_short(answer.question)}" if answer else ""
    return ""


def _short(text: str) -> str:
    line = masked(" ".join(text.split()))
    return line if len(line) <= _NAMED_CHARS else f"{line[: _NAMED_CHARS - 1]}…"
