"""Reminders that wait for one recipient become one message."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from bot.codec import reply_to_json
from bot.messages import Conversation
from scheduler.letters import Letter, Told, Word
from scheduler.planning_horizon import Planner
from scheduler.policy import StageKind
from scheduler.recipients import Addresses
from scheduler.recurrence import SHANGHAI
from store import notices, occurrences, outbox
from store.models import DeliveryKind, Notice, OnDoubt
from store.models_tasks import OPEN_STATES, NoticeOutcome, OccurrenceState, TaskState
from store.notices import Settled
from store.occurrences import Entry
from store.outbox import Draft

TARDY = timedelta(minutes=5)
"""A reminder that goes out later than this says so."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    notice: Notice
    entry: Entry

    @property
    def kind(self) -> StageKind:
        return StageKind((self.notice.stage or "").partition("-")[0])

    @property
    def scheduled_at(self) -> datetime:
        return self.notice.scheduled_at or self.notice.created_at


@dataclass(frozen=True, slots=True, kw_only=True)
class PostOffice:
    """What it takes to turn reminders into deliveries, within one transaction."""

    session: Session
    addresses: Addresses
    planner: Planner
    word: Word
    now: datetime


@dataclass(frozen=True, slots=True)
class _Posted:
    draft: Draft
    told: Sequence[_Waiting]
    said_too: Sequence[_Waiting]


def gather(post: PostOffice, recipients: Sequence[str]) -> None:
    """One delivery for each of ``recipients``, with everything that waits for them."""
    session = post.session
    waiting = notices.waiting_for(session, recipients)
    about = {notices.occurrence_of(one) for rows in waiting.values() for one in rows}
    entries = occurrences.entries(session, about)
    routes = post.addresses.routes(recipients)
    posted: list[_Posted] = []
    settled: list[Settled] = []
    for recipient, rows in waiting.items():
        alive = []
        for notice in rows:
            entry = entries.get(notices.occurrence_of(notice))
            if entry is None or not _is_alive(entry):
                settled.append(Settled(notice_id=notice.id, outcome=NoticeOutcome.NEEDLESS))
            elif recipient not in routes:
                settled.append(Settled(notice_id=notice.id, outcome=NoticeOutcome.UNREACHABLE))
            else:
                alive.append(_Waiting(notice, entry))
        if alive:
            posted.append(_posted(post, routes[recipient], alive))
    ids = outbox.add_many(session, [one.draft for one in posted], now=post.now) if posted else {}
    for one in posted:
        settled += _settled(one.told, NoticeOutcome.PUT, ids[one.draft.key])
        settled += _settled(one.said_too, NoticeOutcome.COALESCED, ids[one.draft.key])
    notices.settle(session, settled)


def _settled(
    waiting: Iterable[_Waiting], outcome: NoticeOutcome, delivery_id: int
) -> Iterator[Settled]:
    for one in waiting:
        yield Settled(notice_id=one.notice.id, outcome=outcome, delivery_id=delivery_id)


def _is_alive(entry: Entry) -> bool:
    return entry.occurrence.state in OPEN_STATES and entry.task.state == TaskState.ACTIVE


def _posted(post: PostOffice, route: Conversation, alive: Sequence[_Waiting]) -> _Posted:
    told, earlier = _without_streaks(alive, post.planner, post.now)
    letter = Letter(
        items=tuple(_items(told, earlier, post.addresses, post.now, is_group=route.is_group)),
        is_group=route.is_group,
        is_one_way=route.channel.is_one_way,
        now=post.now.astimezone(SHANGHAI),
    )
    holds = any(one.entry.task.on_doubt == OnDoubt.HOLD for one in alive)
    draft = Draft(
        key=f"reminders:{alive[0].notice.id}",
        kind=DeliveryKind.REMINDER,
        channel=route.channel,
        conversation=route.id,
        is_group=route.is_group,
        reply=reply_to_json(post.word(letter)),
        on_doubt=OnDoubt.HOLD if holds else OnDoubt.RESEND,
    )
    said_too = [one for streak in earlier.values() for one in streak]
    return _Posted(draft, told, said_too)


def _without_streaks(
    alive: Sequence[_Waiting], planner: Planner, now: datetime
) -> tuple[list[_Waiting], Mapping[int, Sequence[_Waiting]]]:
    """Of due times of one assignment that all come too late, the last; and the others, by it."""
    streaks: dict[int, list[_Waiting]] = defaultdict(list)
    told = []
    for one in alive:
        is_streak = now - one.scheduled_at > TARDY and one.kind is not StageKind.ESCALATED
        if (
            is_streak
            and one.entry.task.rule is not None
            and planner.policy(one.entry.task).coalesces
        ):
            streaks[one.entry.assignment.id].append(one)
        else:
            told.append(one)
    earlier = {}
    for streak in streaks.values():
        *before, last = sorted(streak, key=lambda one: one.entry.occurrence.due_at)
        told.append(last)
        earlier[last.notice.id] = before
    return sorted(told, key=lambda one: one.entry.occurrence.due_at), earlier


def _items(
    told: Iterable[_Waiting],
    earlier: Mapping[int, Sequence[_Waiting]],
    addresses: Addresses,
    now: datetime,
    *,
    is_group: bool,
) -> list[Told]:
    """What many have to do alike is said once, with their names."""
    alike: dict[tuple[int, str, datetime, str | None], list[_Waiting]] = defaultdict(list)
    for one in told:
        occurrence = one.entry.occurrence
        alike[(one.entry.task.id, occurrence.label, occurrence.due_at, one.notice.stage)].append(
            one
        )
    items = []
    for group in alike.values():
        first = group[0]
        occurrence, _, task = first.entry
        names_people = is_group or first.kind is StageKind.ESCALATED
        items.append(
            Told(
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
                kind=first.kind,
                scheduled_at=first.scheduled_at.astimezone(SHANGHAI),
                is_tardy=now - first.scheduled_at > TARDY,
                earlier=tuple(
                    one.entry.occurrence.due_at.astimezone(SHANGHAI)
                    for one in earlier.get(first.notice.id, ())
                ),
                people=tuple(addresses.whose(one.entry.assignment) for one in group)
                if names_people
                else (),
            )
        )
    return items
