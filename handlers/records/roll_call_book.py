"""The book of roll calls: what is read and written within one transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from bot.codec import reply_to_json
from bot.errors import NotAllowed, NotFound
from bot.messages import ChannelName, Conversation, Reply, Sender
from handlers.access import Actor
from handlers.records import rights
from handlers.records.answers import Said
from handlers.records.on_site_code import Tries
from handlers.records.roll_call_views import Line, RollCallView, Wording
from handlers.records.types import RecordType, RecordTypes
from scheduler.recipients import Addresses
from store import outbox, people, records, roll_calls
from store.models import DeliveryKind, Unit
from store.models_records import (
    RECORDED,
    WITHDRAWN,
    CheckIn,
    Record,
    RecordKind,
    RollCall,
    RollCallMember,
)
from store.records import Entered, NewFile, NewRecord

_MANY = 500
_COUNTED_FOR = timedelta(seconds=1)
Prove = Callable[[Session, Actor, int, str, datetime], None]


def _nothing(session: Session, actor: Actor, occurrence_id: int, note: str, now: datetime) -> None:
    """Where there are no tasks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """Built once, in ``bot.app``; its methods run inside a unit of work."""

    types: RecordTypes
    clock: Callable[[], datetime]
    zone: ZoneInfo
    channels: Sequence[ChannelName]
    """Those that can send to a person, best first."""
    wording: Wording
    points: Mapping[str, float] = field(default_factory=dict)
    tries: Tries = field(default_factory=Tries)
    recent: dict[int, tuple[datetime, Mapping[CheckIn, int]]] = field(default_factory=dict)
    """What large roll calls were counted to be, for a second each."""
    prove: Prove = _nothing
    """Reports the occurrence that a roll call was held for."""

    def put(
        self,
        session: Session,
        roll_call: RollCall,
        line: RollCallMember,
        standing: CheckIn,
        said: Said,
        entered: Entered,
        files: Sequence[NewFile] = (),
    ) -> bool:
        """Enter it in the ledger and move the standing, both or neither."""
        fields: dict[str, object] = {"standing": standing.value}
        if said.minutes is not None:
            fields["minutes"] = said.minutes
        if said.reason:
            fields["reason"] = said.reason
        if entered.by != line.member_id:
            fields["by_proxy"] = True
        if line.record_id is None:
            type_ = self.types.get(roll_call.type)
            is_counted = standing in (CheckIn.PRESENT, CheckIn.LATE, CheckIn.LEAVE)
            new = NewRecord(
                kind=RecordKind.CHECK_IN,
                type=roll_call.type,
                on=roll_call.starts_at.astimezone(self.zone).date(),
                unit_id=roll_call.unit_id,
                member_id=line.member_id,
                key=f"roll:{roll_call.id}:{line.member_id}",
                fields=fields,
                state=RECORDED if is_counted else CheckIn.ASKED,
                is_counted=is_counted,
                roll_call_id=roll_call.id,
                occurrence_id=roll_call.occurrence_id,
                is_confidential=roll_call.is_confidential,
                hundredths=self.hundredths(type_, standing),
            )
            record_id = records.add(session, new, entered, files)
            return record_id is not None and roll_calls.move(session, line, standing, record_id)
        record = records.newest(session, line.record_id)
        if record is not None:
            known = {one.blob for one in records.files_of(session, record.id)}
            files = [one for one in files if one.blob not in known]
        tells_nothing_new = line.standing == standing and not (said.reason or said.minutes)
        if record is None or (tells_nothing_new and not files):
            return False
        self.follow(session, record, standing, entered, fields, files)
        return roll_calls.move(session, line, standing, line.record_id)

    def follow(
        self,
        session: Session,
        record: Record | None,
        standing: CheckIn,
        entered: Entered,
        fields: Mapping[str, object] | None = None,
        files: Sequence[NewFile] = (),
        reason: str = "",
    ) -> None:
        if record is None:
            return
        is_counted = standing in (CheckIn.PRESENT, CheckIn.LATE, CheckIn.LEAVE)
        state = {CheckIn.MISSING: WITHDRAWN, CheckIn.ASKED: CheckIn.ASKED.value}
        records.follow(
            session,
            record,
            entered,
            state=state.get(standing, RECORDED),
            is_counted=is_counted,
            fields={
                **(fields if fields is not None else record.fields),
                "standing": standing.value,
            },
            hundredths=self.hundredths(self.types.get(record.type), standing),
            reason=reason,
            files=[*records.files_of(session, record.id), *files] if files else None,
        )

    def hundredths(self, type_: RecordType | None, standing: CheckIn) -> int:
        """Who was there gets the type's points; an excuse brings none."""
        if type_ is None or standing not in (CheckIn.PRESENT, CheckIn.LATE):
            return 0
        return round(self.points.get(type_.points_key, 0) * 100)

    def close(self, session: Session, roll_call: RollCall, now: datetime) -> bool:
        if not roll_calls.close(session, roll_call.id, now):
            return False
        session.refresh(roll_call)
        entered = Entered(
            by=roll_call.opened_by,
            account=roll_call.opened_account,
            channel=roll_call.channel,
            conversation=roll_call.conversation,
            at=now,
        )
        new = NewRecord(
            kind=RecordKind.ACTIVITY,
            type=roll_call.type,
            on=roll_call.starts_at.astimezone(self.zone).date(),
            unit_id=roll_call.unit_id,
            key=f"roll:{roll_call.id}",
            fields=self.summed(session, roll_call),
            roll_call_id=roll_call.id,
            occurrence_id=roll_call.occurrence_id,
            is_confidential=roll_call.is_confidential,
        )
        records.add(session, new, entered)
        if roll_call.occurrence_id is not None:
            view = self.view(session, roll_call)
            if view.present:
                note = f"“{view.title}”签到，应到 {view.expected}，实到 {view.present}"
                self.prove(session, opener(session, roll_call), roll_call.occurrence_id, note, now)
        return True

    def recount(self, session: Session, roll_call: RollCall, entered: Entered) -> None:
        """Correct the record of what took place after somebody was added to it."""
        if roll_call.closed_at is None:
            return
        wanted = records.Wanted(
            kinds=[RecordKind.ACTIVITY], roll_call_id=roll_call.id, with_confidential=True
        )
        for record in records.find(session, wanted):
            fields = self.summed(session, roll_call)
            if fields != record.fields:
                records.follow(
                    session, record, entered, state=record.state, is_counted=True, fields=fields,
                    reason="补签",
                )  # fmt: skip

    def summed(self, session: Session, roll_call: RollCall) -> dict[str, object]:
        view = self.view(session, roll_call, with_roster=True)
        return {
            "topic": view.title,
            "place": view.place,
            "expected": view.expected,
            "present": view.present,
            "on_leave": view.names(CheckIn.LEAVE),
            "absent": view.names(CheckIn.MISSING, CheckIn.ASKED),
            "late": view.names(CheckIn.LATE),
        }

    def view(
        self,
        session: Session,
        roll_call: RollCall,
        *,
        with_roster: bool = False,
        with_unit: bool = True,
    ) -> RollCallView:
        """``with_unit``: what shows no card need not look it up."""
        type_ = self.types.get(roll_call.type)
        unit_id = roll_call.unit_id if with_unit else None
        unit = session.get(Unit, unit_id) if unit_id is not None else None
        lines: tuple[Line, ...] = ()
        if with_roster:
            lines = tuple(
                Line(member_id=one.member_id, name=one.name, standing=CheckIn(one.standing))
                for one in roll_calls.roster(session, roll_call.id)
            )
        return RollCallView(
            id=roll_call.id,
            title=roll_call.title,
            type_name=type_.name if type_ else roll_call.title,
            unit=unit.name if unit else "",
            place=roll_call.place,
            starts_at=roll_call.starts_at.astimezone(self.zone),
            closes_at=roll_call.closes_at.astimezone(self.zone),
            opened_at=roll_call.opened_at,
            is_open=is_open(roll_call, self.clock()),
            occurrence_id=roll_call.occurrence_id,
            needs_code=roll_call.secret is not None,
            counts=self.counts(session, roll_call.id, is_exact=with_roster),
            lines=lines,
        )

    def counts(
        self, session: Session, roll_call_id: int, *, is_exact: bool
    ) -> Mapping[CheckIn, int]:
        """Counting thousands for each of thousands takes long: a large one may be a second old."""
        now = self.clock()
        counted_at, known = self.recent.get(roll_call_id, (None, None))
        if known is not None and counted_at is not None and not is_exact:
            if timedelta() <= now - counted_at < _COUNTED_FOR:
                return known
            self.recent.pop(roll_call_id, None)
        counts = roll_calls.counts(session, roll_call_id)
        if sum(counts.values()) >= _MANY:
            self.recent[roll_call_id] = (now, counts)
        return counts

    def leads(self, actor: Actor, roll_call: RollCall) -> bool:
        if actor.is_operator or (
            actor.member_id is not None and actor.member_id == roll_call.opened_by
        ):
            return True
        type_ = self.types.get(roll_call.type)
        return type_ is not None and rights.is_among(actor, type_.open, roll_call.unit_id)

    def led(
        self,
        session: Session,
        actor: Actor,
        roll_call_id: int | None,
        here: Conversation | None = None,
    ) -> RollCall:
        """The one named, else the latest of this chat, else the latest that the actor leads."""
        if roll_call_id is not None:
            named = roll_calls.get(session, roll_call_id)
            if named is None:
                raise NotFound("no such roll call", reply="没有这次签到，请核对编号。")
            if not self.leads(actor, named):
                raise NotAllowed(f"member {actor.member_id} does not lead roll call {named.id}")
            return named
        units = None if actor.is_operator else frozenset(actor.roles)
        latest = roll_calls.latest_of(session, units, 50)
        latest = [one for one in latest if self.leads(actor, one)]
        if here is not None:
            latest = sorted(latest, key=lambda one: not is_opened_in(one, here))
        now = self.clock()
        latest = sorted(latest, key=lambda one: not is_open(one, now))
        if not latest:
            raise NotFound(
                "no roll call",
                reply="您还没有开过签到。这样开始：/签到 开始 主题党日 今天下午3点到4点",
            )
        return latest[0]

    def reach(self, session: Session, member_ids: Sequence[int]) -> Mapping[ChannelName, int]:
        """How many of them there is a way to, by channel."""
        keys = [f"member:{member_id}" for member_id in member_ids]
        routes = Addresses(session, self.channels).routes(keys) if keys else {}
        return Counter(route.channel for route in routes.values())

    def deliver(
        self, session: Session, member_ids: Sequence[int], key: str, reply: Reply
    ) -> frozenset[int]:
        """A message to each in private; those it has a way to."""
        by_key = {f"member:{member_id}": member_id for member_id in member_ids}
        routes = Addresses(session, self.channels).routes(by_key) if by_key else {}
        body, now = reply_to_json(reply), self.clock()
        for recipient, route in routes.items():
            draft = outbox.Draft(
                key=f"{key}:{by_key[recipient]}",
                kind=DeliveryKind.BROADCAST,
                channel=route.channel,
                conversation=route.id,
                accounts=(route.id,),
                reply=body,
            )
            outbox.add(session, draft, now=now)
        return frozenset(by_key[recipient] for recipient in routes)


def is_open(roll_call: RollCall, now: datetime) -> bool:
    """Whether it may still be answered."""
    return roll_call.closed_at is None and now < roll_call.closes_at


def is_opened_in(roll_call: RollCall, here: Conversation) -> bool:
    """Whether it is this chat's."""
    return roll_call.channel == here.channel and roll_call.conversation == here.id


def lines_named(
    session: Session, roll_call_id: int, names: Sequence[str]
) -> Mapping[str, Sequence[RollCallMember]]:
    """By the name on the frozen roster, else by the one they have now; namesakes are all there."""
    roster = roll_calls.roster(session, roll_call_id)
    found: dict[str, list[RollCallMember]] = {}
    for name in names:
        found[name] = [one for one in roster if one.name == name]
        if not found[name]:
            ids = {member.id for member in people.members_named(session, name)}
            found[name] = [one for one in roster if one.member_id in ids]
    return found


def opener(session: Session, roll_call: RollCall) -> Actor:
    """Whoever opened it, with no more rights than that."""
    member = people.member(session, roll_call.opened_by) if roll_call.opened_by else None
    sender = Sender(
        channel=ChannelName(roll_call.channel),
        account=roll_call.opened_account.partition(":")[2],
    )
    return Actor(sender=sender, member_id=roll_call.opened_by, name=member.name if member else "")


def account(actor: Actor) -> str:
    """``platform:account``."""
    return f"{actor.sender.channel.platform}:{actor.sender.account}"


def entered_by(actor: Actor, here: Conversation, now: datetime) -> Entered:
    """By whom and from which chat, for the ledger."""
    return Entered(
        by=actor.member_id,
        account=account(actor),
        channel=here.channel,
        conversation=here.id,
        at=now,
    )
