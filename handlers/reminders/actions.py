"""What people do with reminders: see, put off, pause, try, receive, and settle the uncertain."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from sqlalchemy.orm import Session

from bot.codec import reply_from_json
from bot.errors import NotAllowed, NotFound, UsageError
from bot.messages import ChannelName, Conversation, Reply
from handlers.access import Actor
from handlers.tasks import happening, rights, showing
from handlers.tasks.actions import Tasks
from handlers.tasks.views import OccurrenceView, TaskView
from scheduler.letters import Letter, Told, Word
from scheduler.planning_horizon import Planner
from scheduler.policy import Policy, StageKind
from scheduler.recipients import Addresses, conversation_key
from scheduler.recurrence import SHANGHAI
from store import audit, notices, occurrences, people, tasks
from store.engine import Store
from store.models import Delivery, DeliveryState, OnDoubt
from store.models_tasks import OPEN_STATES, NoticeOutcome, OccurrenceState, TaskState
from store.occurrences import Entry

_TOO_LATE = "这个时间已经过去了，请换一个以后的时间。"
PREVIEW_MARK = "（试发，仅您可见）"


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """One reminder and how far it got. ``delivery`` None: it was not sent; see ``outcome``."""

    occurrence_id: int
    who: str
    stage: StageKind
    scheduled_at: datetime
    outcome: NoticeOutcome
    delivery: DeliveryState | None
    delivered_at: datetime | None
    received_at: datetime | None
    reason: str


class Verdict(StrEnum):
    """What somebody decides about a delivery that may or may not have arrived."""

    RESEND = "resend"
    """Again, with a mark."""
    ARRIVED = "arrived"
    GIVE_UP = "give_up"


@dataclass(frozen=True, slots=True, kw_only=True)
class Undecided:
    """A delivery of which nobody knows whether it arrived."""

    delivery_id: int
    channel: str
    conversation: str
    who: tuple[str, ...]
    text: str
    since: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Reminders:
    """Built once, in ``bot.app``."""

    store: Store
    planner: Planner
    tasks: Tasks
    word: Word
    clock: Callable[[], datetime]
    channels: Sequence[ChannelName] = ()
    """Those that reach a person."""

    async def reaches(self, chat: Conversation) -> bool:
        """Whether what is set for this chat can arrive, there or with its owner."""
        key = conversation_key(chat)

        def query(session: Session) -> bool:
            return key in Addresses(session, self.channels).routes([key])

        return await self.store.read(query)

    async def upcoming(self, actor: Actor, limit: int = 20) -> Sequence[OccurrenceView]:
        """/提醒: the actor's own that will remind, soonest first."""
        found = [one for one in await self.tasks.mine(actor) if one.next_notice_at is not None]
        return sorted(found, key=lambda one: one.next_notice_at or one.due_at)[:limit]

    async def pause(self, actor: Actor, task_id: int) -> TaskView:
        """Nobody is reminded until it is resumed; what was due meanwhile is not made up for."""
        return await self.tasks.set_state(actor, task_id, TaskState.PAUSED)

    async def resume(self, actor: Actor, task_id: int) -> TaskView:
        """Remind again, from now on."""
        return await self.tasks.set_state(actor, task_id, TaskState.ACTIVE)

    async def set_policy(self, actor: Actor, task_id: int, policy: Policy) -> TaskView:
        """Another policy for a task; what was reminded stays reminded."""

        def work(session: Session) -> None:
            task = tasks.task(session, task_id)
            if task is None:
                raise NotFound(f"no task {task_id}")
            rights.must(rights.commands(session, actor, task), actor, "set a policy")
            task.policy = policy.to_json()
            now = self.clock()
            for entry in occurrences.of_task(session, task_id, is_open=True):
                entry.occurrence.noticed_until = max(entry.occurrence.noticed_until, now)
                entry.occurrence.next_notice_at = self.planner.next_notice_at(
                    task, entry.occurrence
                )
            happening.record(session, actor, task, "set_policy", now)

        await self.store.write(work)
        return await self.tasks.task(actor, task_id)

    async def snooze(
        self,
        actor: Actor,
        occurrence_id: int,
        until: datetime,
        *,
        here: Conversation | None = None,
    ) -> OccurrenceView:
        """稍后再提醒: silent until then; the due time stays.

        Raises:
            UsageError: That time is over, or the task is not open.
        """
        now = self.clock()

        def work(session: Session) -> OccurrenceView:
            entry = self._own(session, actor, occurrence_id, here)
            if until <= now:
                raise UsageError("the time is over", reply=_TOO_LATE)
            if entry.occurrence.state not in OPEN_STATES:
                raise UsageError("not open", reply="这条任务已经不需要提醒了。")
            entry.occurrence.snoozed_until = until
            entry.occurrence.next_notice_at = self.planner.next_notice_at(
                entry.task, entry.occurrence
            )
            self._record(session, actor, entry, "snooze", now)
            return showing.occurrence(session, entry, now)

        return await self.store.write(work)

    async def received(
        self, actor: Actor, occurrence_id: int, *, here: Conversation | None = None
    ) -> OccurrenceView:
        """已阅: seen, without any promise."""
        now = self.clock()

        def work(session: Session) -> OccurrenceView:
            entry = self._own(session, actor, occurrence_id, here)
            notices.received(session, occurrence_id, actor.member_id, now)
            return showing.occurrence(session, entry, now)

        return await self.store.write(work)

    async def preview(self, actor: Actor, occurrence_id: int) -> Reply:
        """现在发一次给我看: the reminder as it will be, to the asker only."""
        now = self.clock().astimezone(SHANGHAI)
        await self.tasks.occurrence(actor, occurrence_id)

        def query(session: Session) -> Reply:
            entry = occurrences.entry(session, occurrence_id)
            if entry is None:
                raise NotFound(f"no occurrence {occurrence_id}")
            letter = Letter(
                items=(_as_it_will_be(session, self.planner, entry, now),), is_group=False, now=now
            )
            return self.word(letter)

        reply = await self.store.read(query)
        if reply.card is not None:
            card = replace(reply.card, title=PREVIEW_MARK + reply.card.title)
            reply = replace(reply, card=card)
        return replace(reply, is_private=True, mentions=())

    async def receipts(self, actor: Actor, occurrence_id: int) -> Sequence[Receipt]:
        """Every reminder of an occurrence: sent, received, missed, uncertain."""
        await self.tasks.occurrence(actor, occurrence_id)
        return await self.store.read(lambda session: receipts(session, occurrence_id))

    async def undecided(self, actor: Actor) -> Sequence[Undecided]:
        """Reminders that may or may not have arrived and that the actor may decide on."""

        def query(session: Session) -> Sequence[Undecided]:
            return [
                _undecided(session, delivery)
                for delivery in notices.undecided(session)
                if self._may_decide(session, actor, delivery.id)
            ]

        return await self.store.read(query)

    async def decide(self, actor: Actor, delivery_id: int, verdict: Verdict) -> bool:
        """Settle an uncertain one; False when it was settled already.

        Raises:
            NotAllowed: It is about nothing the actor manages.
        """
        now = self.clock()

        def work(session: Session) -> bool:
            if not self._may_decide(session, actor, delivery_id):
                raise NotAllowed(f"member {actor.member_id} may not decide on {delivery_id}")
            is_done = _settle(session, delivery_id, verdict, actor.name or "管理员", now)
            if is_done:
                audit.record(
                    session,
                    who=rights.account_of(actor),
                    what=f"delivery.{verdict}",
                    subject=f"delivery:{delivery_id}",
                    now=now,
                )
            return is_done

        return await self.store.write(work)

    async def set_on_doubt(self, actor: Actor, task_id: int, on_doubt: OnDoubt) -> TaskView:
        """What is done with its reminders of which nobody knows whether they arrived."""

        def work(session: Session) -> None:
            task = tasks.task(session, task_id)
            if task is None:
                raise NotFound(f"no task {task_id}")
            rights.must(rights.commands(session, actor, task), actor, "set what a doubt means")
            task.on_doubt = on_doubt
            now = self.clock()
            what = "ask_on_doubt" if on_doubt is OnDoubt.HOLD else "resend_on_doubt"
            happening.record(session, actor, task, what, now)

        await self.store.write(work)
        return await self.tasks.task(actor, task_id)

    async def outcomes(self) -> Mapping[str, int]:
        """How many reminders ended how, for /metrics: missed ones are counted here."""
        return await self.store.read(notices.outcomes)

    def _own(
        self, session: Session, actor: Actor, occurrence_id: int, here: Conversation | None
    ) -> Entry:
        entry = occurrences.entry(session, occurrence_id, is_locked=True)
        if entry is None:
            raise NotFound(f"no occurrence {occurrence_id}", reply="没有这条任务，请核对编号。")
        has = rights.has(session, actor, entry.assignment, entry.task, here)
        rights.must(has or rights.manages(actor, entry.task), actor, "answer this reminder")
        return entry

    def _may_decide(self, session: Session, actor: Actor, delivery_id: int) -> bool:
        if actor.is_operator:
            return True
        about = {notices.occurrence_of(one) for one in notices.of_delivery(session, delivery_id)}
        entries = occurrences.entries(session, about).values()
        return bool(entries) and all(rights.manages(actor, entry.task) for entry in entries)

    def _record(
        self, session: Session, actor: Actor, entry: Entry, what: str, now: datetime
    ) -> None:
        tasks.record(
            session,
            entry.task.id,
            what,
            now=now,
            member_id=actor.member_id,
            occurrence_id=entry.occurrence.id,
        )


def _settle(session: Session, delivery_id: int, verdict: Verdict, who: str, now: datetime) -> bool:
    match verdict:
        case Verdict.RESEND:
            return notices.resend(session, delivery_id, now)
        case Verdict.ARRIVED:
            return notices.trust(session, delivery_id, f"{who}确认已送到。")
        case Verdict.GIVE_UP:
            return notices.give_up(session, delivery_id, f"{who}决定不再发送。")


def _as_it_will_be(session: Session, planner: Planner, entry: Entry, now: datetime) -> Told:
    occurrence, assignment, task = entry
    coming = next(iter(planner.stages(task, occurrence)), None)
    return Told(
        occurrence_id=occurrence.id,
        task_id=task.id,
        title=task.title,
        duty=task.duty,
        label=occurrence.label,
        document=task.document_title,
        locator=task.locator,
        quote=task.quote,
        due_at=occurrence.due_at.astimezone(SHANGHAI),
        is_provisional=occurrence.missing_year is not None,
        state=OccurrenceState(occurrence.state),
        kind=StageKind.DUE if coming is None else coming.kind,
        scheduled_at=now,
        is_tardy=False,
        people=(Addresses(session, ()).whose(assignment),) if task.is_group else (),
    )


def receipts(session: Session, occurrence_id: int) -> Sequence[Receipt]:
    """The same, to whoever may see the occurrence."""
    rows = notices.receipts(session, occurrence_id)
    return [_receipt(session, occurrence_id, row) for row in rows]


def _receipt(session: Session, occurrence_id: int, row: notices.Receipt) -> Receipt:
    notice, delivery = row
    is_sent = delivery is not None and delivery.state == DeliveryState.SENT
    return Receipt(
        occurrence_id=occurrence_id,
        who=showing.name(session, notice.member_id),
        stage=StageKind((notice.stage or "").partition("-")[0]),
        scheduled_at=notice.scheduled_at or notice.created_at,
        outcome=NoticeOutcome(notice.outcome or NoticeOutcome.PUT),
        delivery=None if delivery is None else DeliveryState(delivery.state),
        delivered_at=delivery.ended_at if delivery is not None and is_sent else None,
        received_at=notice.received_at,
        reason="" if delivery is None else delivery.reason or "",
    )


def _undecided(session: Session, delivery: Delivery) -> Undecided:
    reply = reply_from_json(delivery.reply)
    members = {one.member_id for one in notices.of_delivery(session, delivery.id)}
    rows = [people.member(session, one) for one in sorted(one for one in members if one)]
    return Undecided(
        delivery_id=delivery.id,
        channel=delivery.channel,
        conversation=delivery.conversation,
        who=tuple(row.name for row in rows if row is not None),
        text=reply.text or (reply.card.title if reply.card else ""),
        since=delivery.ended_at or delivery.created_at,
        reason=delivery.reason or "",
    )
