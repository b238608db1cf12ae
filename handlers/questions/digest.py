"""Once a week: what was asked, what nobody could answer, what was not liked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from bot.messages import Reply, Role
from handlers.access import Act, Actor, check
from handlers.posting import Post
from handlers.questions.alike import core
from store import people, questions
from store.engine import Store
from store.models_questions import Question

_READERS = (Role.ADMIN, Role.OFFICER)
_SENT_AT = time(8, 30)
_CATCHES_UP = timedelta(days=3)
_LISTED = 10
_MOST_ASKED = 5
_WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """Built once, in ``bot.app``."""

    store: Store
    post: Post
    clock: Callable[[], datetime]
    zone: ZoneInfo

    async def of_last_week(self, actor: Actor) -> str:
        """The last seven days, of units whose questions the actor may see."""
        check(actor, Act.SEE_QUESTIONS)
        now = self.clock()
        units = None if actor.is_operator else _seen_by(actor)

        def query(session: Session) -> str:
            rows = _within(session, questions.between(session, now - _WEEK, now), units)
            return _words(rows, "最近七天") if rows else "最近七天没有人提问。"

        return await self.store.read(query)

    async def send_due(self) -> int:
        """Send the digest of the week before to each who reads it, once; how many were sent."""
        now = self.clock()
        here = now.astimezone(self.zone)
        monday = datetime.combine(
            here.date() - timedelta(days=here.weekday()), _SENT_AT, tzinfo=self.zone
        )
        if not monday <= here < monday + _CATCHES_UP:
            return 0
        since = datetime.combine(monday.date() - timedelta(days=7), time(), tzinfo=self.zone)
        week = since.isocalendar()

        def work(session: Session) -> int:
            rows = questions.between(session, since, since + _WEEK)
            sent = 0
            for member_id, units in _readers(session).items():
                seen = _within(session, rows, units)
                if not seen:
                    continue
                key = f"digest:{week.year}-{week.week}:{member_id}"
                last_day = since + timedelta(days=6)
                span = f"{since.month}月{since.day}日至{last_day.month}月{last_day.day}日"
                reply = Reply(text=_words(seen, span))
                sent += self.post.to_member(session, member_id, key, reply, now) is not None
            return sent

        return await self.store.write(work) if await self._is_asked(since) else 0

    async def _is_asked(self, since: datetime) -> bool:
        return bool(await self.store.read(lambda s: questions.between(s, since, since + _WEEK)))


def _seen_by(actor: Actor) -> frozenset[int]:
    return frozenset(unit for unit in actor.roles if actor.may(Act.SEE_QUESTIONS, unit))


def _readers(session: Session) -> dict[int, frozenset[int]]:
    """Units below those that each administers."""
    found: dict[int, frozenset[int]] = {}
    for role in _READERS:
        for member in people.holders(session, role):
            own = [one.unit_id for one in people.memberships(session, member.id)
                   if one.role == role]  # fmt: skip
            found[member.id] = found.get(member.id, frozenset()) | people.with_all_below(
                session, own
            )
    return found


def _within(
    session: Session, rows: Sequence[Question], units: frozenset[int] | None
) -> Sequence[Question]:
    """Those asked from these units; a guest's for whoever has a unit at the top."""
    if units is None:
        return rows
    members = {member.id for member in people.members(session, units)}
    with_guests = bool(units & people.root_units(session))
    return [
        row for row in rows if row.asked_by in members or (row.asked_by is None and with_guests)
    ]


def _words(rows: Sequence[Question], span: str) -> str:
    silent = [row for row in rows if not row.answered]
    disliked = [row for row in rows if row.feedback == "down"]
    asked = Counter(core(row.understood) for row in rows)
    first = {core(row.understood): row.question for row in reversed(rows)}
    often = [(first[key], n) for key, n in asked.most_common(_MOST_ASKED) if n > 1]
    parts = [
        f"**{span}，大家问了 {len(rows)} 次**",
        f"没答上来 {len(silent)} 次，点 👎 {len(disliked)} 次。",
    ]
    if silent:
        parts.append("没答上来的：\n" + _list(silent))
    if disliked:
        parts.append("点了 👎 的：\n" + _list(disliked))
    if often:
        parts.append("问得最多的：\n" + "\n".join(f"- {words}（{n} 次）" for words, n in often))
    if silent or disliked:
        parts.append("补上答复请发 /答 编号 内容；缺的文件请发给我。")
    return "\n\n".join(parts)


def _list(rows: Sequence[Question]) -> str:
    lines = [f"- {row.id}：{row.question[:60]}" for row in rows[-_LISTED:]]
    more = f"\n……另有 {len(rows) - _LISTED} 个" if len(rows) > _LISTED else ""
    return "\n".join(lines) + more
