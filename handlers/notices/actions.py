"""One text to many: counted, confirmed, sent through the outbox, read, chased, recalled."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.orm import Session

from bot.errors import NotFound, UsageError
from bot.messages import Button, Card, ChannelName, Conversation, Reply
from handlers import undo
from handlers.access import Act, Actor, check
from handlers.notices.audience import Audience, audience, may_see, parted_by_names
from handlers.people.selecting import unit_name
from handlers.posting import Post
from store import audit, broadcasts, outbox, people
from store.engine import Store
from store.models import DeliveryState
from store.models_running import Broadcast, BroadcastState

Recall = Callable[[str, str], Awaitable[bool]]
"""Takes back what a channel (its name) has sent, by the platform's id."""

_CHAT = "chat:"
_MOST_CHARS = 2000
_FEW = 5
"""Readers that a preview names one by one."""
_GONE = (DeliveryState.FAILED, DeliveryState.MISSED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """Whom a broadcast would reach."""

    count: int
    by_unit: Mapping[str, int]
    unreachable: tuple[str, ...]
    """Who has no account to send to."""
    chats: tuple[str, ...] = ()
    """Names of the groups that are only written to."""
    names: tuple[str, ...] = ()
    """Who they are, when they are few."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A broadcast and how far it got."""

    id: int
    text: str
    audience: str
    made_at: datetime
    due_at: datetime
    is_recalled: bool
    total: int
    delivered: int
    read: int
    unread: tuple[str, ...]
    unreachable: tuple[str, ...]
    failed: tuple[str, ...]
    chats: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Recalled:
    """What a recall could do."""

    withdrawn: int
    """Never left."""
    taken_back: int
    """The platform removed it."""
    too_late: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Broadcasts:
    """Built once, in ``bot.app``."""

    store: Store
    post: Post
    clock: Callable[[], datetime]
    recall_sent: Recall
    chats: Mapping[str, ChannelName] = field(default_factory=dict)
    """Groups that are only written to, by name."""

    async def preview(self, actor: Actor, words: str, text: str) -> Preview:
        """Count without sending.

        Raises:
            NotAllowed: The actor may not broadcast.
            NotFound: ``words`` name nobody the actor may write to.
            UsageError: There is no text, or too much of it.
        """
        check(actor, Act.BROADCAST)
        _check_text(text)

        def query(session: Session) -> Preview:
            found = self._somebody(session, actor, words)
            reached = self.post.where(session, found.members)
            units: Counter[str] = Counter()
            for member_id in found.members:
                held = people.memberships(session, member_id)
                units[unit_name(session, held[0].unit_id) if held else "未分单位"] += 1
            return Preview(
                count=len(found.members),
                by_unit=dict(units.most_common()),
                unreachable=tuple(
                    _name(session, one) for one in found.members if one not in reached
                ),
                chats=tuple(found.chats),
                names=tuple(_name(session, one) for one in found.members[:_FEW])
                if len(found.members) <= _FEW
                else (),
            )

        return await self.store.read(query)

    async def parted(self, text: str) -> tuple[str, str]:
        """Whom a text begins with, 顿号 or white space between them, and the rest of it."""
        return await self.store.read(lambda session: parted_by_names(session, text))

    async def send(
        self, actor: Actor, words: str, text: str, *, due_at: datetime | None = None
    ) -> Sent:
        """Hand it to the outbox, now or for later, each reader once.

        Raises:
            UsageError: There is nobody to send to, or the time is over.
        """
        check(actor, Act.BROADCAST)
        _check_text(text)
        now = self.clock()
        if due_at is not None and due_at <= now:
            raise UsageError("the time is over", reply="这个时间已经过去了，请换一个以后的时间。")

        def work(session: Session) -> Sent:
            found = self._somebody(session, actor, words)
            row = broadcasts.add(
                session,
                text=text,
                audience=words,
                made_by=actor.member_id,
                made_account=actor.account,
                now=now,
                due_at=due_at or now,
            )
            for member_id in found.members:
                reply = Reply(card=_card(row, actor.name))
                at = f"broadcast:{row.id}:{member_id}"
                delivery = self.post.to_member(session, member_id, at, reply, now, due_at=due_at)
                recipient = f"member:{member_id}"
                broadcasts.note(
                    session, row.id, recipient, member_id=member_id, delivery_id=delivery, now=now
                )
            for name in found.chats:
                self._to_chat(session, row, name, actor.name, now, due_at)
            undo.remember(session, actor, "broadcast.send", {"broadcast_id": row.id}, now)
            after = f"{words}，{len(found.members)} 人：{text}"
            _record(session, actor, "broadcast.send", row.id, now, after)
            return _sent(session, row)

        return await self.store.write(work)

    async def mine(self, actor: Actor, limit: int = 10) -> Sequence[Sent]:
        """The latest broadcasts of the actor; those who run the whole see everybody's."""
        check(actor, Act.BROADCAST)

        def query(session: Session) -> list[Sent]:
            rows = [row for row in broadcasts.recent(session) if may_see(session, actor, row)]
            return [_sent(session, row) for row in rows[:limit]]

        return await self.store.read(query)

    async def look(self, actor: Actor, broadcast_id: int) -> Sent:
        """One broadcast with its receipts."""
        return await self.store.read(lambda s: _sent(s, _own(s, actor, broadcast_id)))

    async def receive(self, actor: Actor, broadcast_id: int) -> bool:
        """收到; False when it was not for the actor."""
        member_id, now = actor.member_id, self.clock()
        if member_id is None:
            return False
        return await self.store.write(
            lambda session: broadcasts.receive(session, broadcast_id, member_id, now)
        )

    async def receive_latest(self, actor: Actor, since: datetime) -> bool:
        """收到, where the newest thing the actor was told is an unread broadcast."""
        member_id, now = actor.member_id, self.clock()
        if member_id is None:
            return False

        def work(session: Session) -> bool:
            latest = broadcasts.latest_notice(session, member_id, since)
            about = None if latest is None else broadcasts.broadcast_of(latest)
            if latest is None or about is None or latest.received_at is not None:
                return False
            return broadcasts.receive(session, about, member_id, now)

        return await self.store.write(work)

    async def chase(self, actor: Actor, broadcast_id: int) -> int:
        """Send it again to those who have not said that they read it; how many.

        Raises:
            UsageError: It was recalled, or is not out yet.
        """
        now = self.clock()

        def work(session: Session) -> int:
            row = _own(session, actor, broadcast_id)
            if row.state == BroadcastState.RECALLED or row.due_at > now:
                raise UsageError("not out", reply="这条通知已撤回或还没发出，不能催。")
            row.chased += 1
            reply = Reply(card=_card(row, actor.name, mark="（再次提醒）"))
            told = 0
            for member_id in broadcasts.members_of(session, row.id, is_unread=True):
                at = f"broadcast:{row.id}:chase:{row.chased}:{member_id}"
                told += self.post.to_member(session, member_id, at, reply, now) is not None
            _record(session, actor, "broadcast.chase", row.id, now, f"{told} 人")
            return told

        return await self.store.write(work)

    async def recall(self, actor: Actor, broadcast_id: int) -> Recalled:
        """Take back what has not left, and what the platform still lets us remove."""
        now = self.clock()

        def work(session: Session) -> tuple[int, list[tuple[str, str]], int]:
            row = _own(session, actor, broadcast_id)
            row.state = BroadcastState.RECALLED
            withdrawn, out, late = 0, [], 0
            for reader in broadcasts.readers(session, row.id):
                if reader.delivery is None:
                    continue
                if outbox.withdraw(session, reader.delivery.id, now, "通知已撤回。"):
                    withdrawn += 1
                    continue
                ids = [one.provider_id for one in outbox.parts(session, reader.delivery.id)]
                known = [one for one in ids if one]
                out += [(reader.delivery.channel, one) for one in known]
                late += not known and reader.delivery.state == DeliveryState.SENT
            undo.forget(session, actor)
            _record(session, actor, "broadcast.recall", row.id, now, "已撤回", row.text)
            return withdrawn, out, late

        withdrawn, out, late = await self.store.write(work)
        taken_back = 0
        for channel, provider_id in dict.fromkeys(out):
            is_gone = await self.recall_sent(channel, provider_id)
            taken_back += is_gone
            late += not is_gone
        return Recalled(withdrawn=withdrawn, taken_back=taken_back, too_late=late)

    def _somebody(self, session: Session, actor: Actor, words: str) -> Audience:
        found = audience(session, actor, words, self.chats.keys())
        if not (found.members or found.chats):
            raise UsageError("nobody", reply="没有人可以发，请换一个范围。")
        return found

    def _to_chat(
        self,
        session: Session,
        row: Broadcast,
        name: str,
        who: str,
        now: datetime,
        due_at: datetime | None,
    ) -> None:
        """Into a group that cannot answer: words, without a button."""
        chat = Conversation(channel=self.chats[name], id=name, is_group=True)
        reply = Reply(text=f"**通知**\n{row.text}\n（{who or '管理员'}）")
        at = f"broadcast:{row.id}:{_CHAT}{name}"
        delivery = self.post.to(session, chat, at, reply, now, due_at=due_at)
        broadcasts.note(
            session, row.id, f"{_CHAT}{name}", member_id=None, delivery_id=delivery, now=now
        )


def _check_text(text: str) -> None:
    if not text.strip():
        raise UsageError("no text", reply="通知的内容还没有写。")
    if len(text) > _MOST_CHARS:
        raise UsageError("too long", reply=f"通知太长了，请写在 {_MOST_CHARS} 字以内。")


def _own(session: Session, actor: Actor, broadcast_id: int) -> Broadcast:
    row = broadcasts.get(session, broadcast_id)
    if row is None or not may_see(session, actor, row):
        raise NotFound(f"no broadcast {broadcast_id}", reply=f"没有通知 {broadcast_id}。")
    return row


def _card(row: Broadcast, who: str, *, mark: str = "") -> Card:
    return Card(
        title=f"通知{mark}",
        body=row.text,
        facts=(("发通知的人", who or "管理员"),),
        buttons=(Button(label="收到", command=f"/通知收到 {row.id}", style="primary"),),
        key=f"broadcast:{row.id}{':' + str(row.chased) if mark else ''}",
    )


def _sent(session: Session, row: Broadcast) -> Sent:
    everybody = broadcasts.readers(session, row.id)
    readers = [one for one in everybody if _chat_of(one) is None]
    states = [one.delivery.state if one.delivery else None for one in readers]
    return Sent(
        id=row.id,
        text=row.text,
        audience=row.audience,
        made_at=row.made_at,
        due_at=row.due_at,
        is_recalled=row.state == BroadcastState.RECALLED,
        total=len(readers),
        delivered=states.count(DeliveryState.SENT),
        read=sum(one.notice.received_at is not None for one in readers),
        unread=tuple(
            _name(session, one.notice.member_id)
            for one in readers
            if one.notice.received_at is None
        ),
        unreachable=tuple(
            _name(session, one.notice.member_id) for one in readers if one.delivery is None
        ),
        failed=tuple(
            _name(session, one.notice.member_id)
            for one, state in zip(readers, states, strict=True)
            if state in _GONE
        ),
        chats=tuple(filter(None, map(_chat_of, everybody))),
    )


def _chat_of(reader: broadcasts.Reader) -> str | None:
    """The group's name, where it is one."""
    recipient = reader.notice.recipient or ""
    return recipient.removeprefix(_CHAT) if recipient.startswith(_CHAT) else None


def _name(session: Session, member_id: int | None) -> str:
    member = people.member(session, member_id or 0)
    return member.name if member else "已不在花名册的人"


def _record(
    session: Session,
    actor: Actor,
    what: str,
    broadcast_id: int,
    now: datetime,
    after: str,
    before: str | None = None,
) -> None:
    audit.record(
        session,
        who=actor.account,
        what=what,
        subject=f"broadcast:{broadcast_id}",
        now=now,
        before=before,
        after=after,
    )
