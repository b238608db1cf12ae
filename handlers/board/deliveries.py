"""Messages that wait or went wrong, with the reason; sent again, or let be."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy.orm import Session

from bot.codec import reply_from_json
from bot.errors import NotFound, UsageError
from bot.messages import Reply
from handlers.access import Act, Actor, check, within
from store import audit, notices, people, undelivered
from store.engine import Store
from store.models import Delivery, DeliveryKind, DeliveryState

_SHOWN_CHARS = 60
_NONE = "没有这条消息，或者它不是发给您单位的人的。"
_SETTLED = "这条消息已经处理过了，请刷新再看。"


class Pile(StrEnum):
    """Which deliveries are looked at."""

    TROUBLED = "troubled"
    WAITING = "waiting"
    SENT = "sent"
    """For whoever runs the whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Which:
    """Empty: any."""

    pile: Pile = Pile.TROUBLED
    platform: str = ""
    kind: str = ""
    name: str = ""
    """In the name of whom it goes to."""


_STATES: Mapping[Pile, Collection[DeliveryState]] = {
    Pile.TROUBLED: undelivered.TROUBLED,
    Pile.WAITING: (DeliveryState.OPEN,),
    Pile.SENT: (DeliveryState.SENT, DeliveryState.COALESCED, DeliveryState.WITHDRAWN),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryView:
    """A message as those see it who look after it. Replies to people keep their words."""

    id: int
    kind: DeliveryKind
    channel: str
    who: str
    words: str
    state: DeliveryState
    reason: str
    created_at: datetime
    ended_at: datetime | None
    retry_at: datetime
    failures: int
    can_resend: bool
    can_give_up: bool


@dataclass(frozen=True, slots=True)
class Deliveries:
    """Built once, in ``bot.app``."""

    store: Store
    clock: Callable[[], datetime]

    async def page(
        self, actor: Actor, which: Which, *, offset: int = 0, limit: int = 30
    ) -> tuple[int, Sequence[DeliveryView]]:
        """How many there are, and some of them, newest first.

        Raises:
            NotAllowed: The actor looks after no deliveries.
        """
        check(actor, Act.SEE_DELIVERIES)

        def query(session: Session) -> tuple[int, Sequence[DeliveryView]]:
            units = reach(session, actor)
            if which.pile is Pile.SENT and units is not None:
                return 0, ()
            sought = undelivered.Sought(
                states=_STATES[which.pile],
                units=units,
                platform=which.platform,
                kind=which.kind,
                name=which.name,
            )
            total, rows = undelivered.listed(session, sought, offset=offset, limit=limit)
            names = undelivered.names(session, rows)
            return total, [_view(row, names[row.id]) for row in rows]

        return await self.store.read(query)

    async def look(self, actor: Actor, delivery_id: int) -> DeliveryView:
        """One of them.

        Raises:
            NotFound: There is none to anybody of the actor's units.
        """
        check(actor, Act.SEE_DELIVERIES)

        def query(session: Session) -> DeliveryView:
            row = _found(session, actor, delivery_id)
            return _view(row, undelivered.names(session, [row])[row.id])

        return await self.store.read(query)

    async def resend(self, actor: Actor, delivery_id: int) -> None:
        """Send what ended badly again.

        Raises:
            NotFound: There is none to anybody of the actor's units.
            UsageError: It was settled meanwhile.
        """
        check(actor, Act.SEE_DELIVERIES)
        now = self.clock()

        def work(session: Session) -> None:
            before = _found(session, actor, delivery_id).state
            if not undelivered.reopen(session, delivery_id, now):
                raise UsageError("settled", reply=_SETTLED)
            _record(session, actor, "delivery.resend", delivery_id, now, before)

        await self.store.write(work)

    async def give_up(self, actor: Actor, delivery_id: int) -> None:
        """Let what may or may not have arrived be.

        Raises:
            NotFound: There is none to anybody of the actor's units.
            UsageError: It was settled meanwhile.
        """
        check(actor, Act.SEE_DELIVERIES)
        now = self.clock()

        def work(session: Session) -> None:
            before = _found(session, actor, delivery_id).state
            reason = f"{actor.name or '管理员'}决定不再发送。"
            if not notices.give_up(session, delivery_id, reason):
                raise UsageError("settled", reply=_SETTLED)
            _record(session, actor, "delivery.give_up", delivery_id, now, before)

        await self.store.write(work)


def reach(session: Session, actor: Actor) -> Collection[int] | None:
    """The units whose people's messages the actor looks after; None: everybody's."""
    units = within(actor, Act.SEE_DELIVERIES)
    if units is None or people.root_units(session) & frozenset(units):
        return None
    return units


def _found(session: Session, actor: Actor, delivery_id: int) -> Delivery:
    row = undelivered.get(session, delivery_id)
    if row is None or not undelivered.is_to(session, delivery_id, reach(session, actor)):
        raise NotFound(f"no delivery {delivery_id}", reply=_NONE)
    return row


def _view(row: Delivery, who: str) -> DeliveryView:
    state = DeliveryState(row.state)
    is_bad = state in undelivered.TROUBLED and row.conversation != undelivered.ERASED
    return DeliveryView(
        id=row.id,
        kind=DeliveryKind(row.kind),
        channel=row.channel,
        who=who,
        words="" if row.kind == DeliveryKind.REPLY else _words(reply_from_json(row.reply)),
        state=state,
        reason=row.reason or "",
        created_at=row.created_at,
        ended_at=row.ended_at,
        retry_at=row.retry_at,
        failures=row.failures,
        can_resend=is_bad,
        can_give_up=is_bad and state is DeliveryState.UNCERTAIN,
    )


def _words(reply: Reply) -> str:
    words = reply.card.title if reply.card else reply.text
    if reply.card and reply.card.body:
        words = f"{words}：{reply.card.body}"
    line = " ".join(words.split())
    return line if len(line) <= _SHOWN_CHARS else f"{line[:_SHOWN_CHARS]}…"


def _record(
    session: Session, actor: Actor, what: str, delivery_id: int, now: datetime, before: str
) -> None:
    audit.record(
        session,
        who=actor.account,
        what=what,
        subject=f"delivery:{delivery_id}",
        now=now,
        before=before,
    )
