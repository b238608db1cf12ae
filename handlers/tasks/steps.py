"""交办 → 签收 → 办理 → 反馈 → 办结: whose step it is and where it leads, in one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from bot.errors import NotFound, UsageError
from bot.messages import Conversation
from handlers.access import Actor
from handlers.tasks import happening, rights, showing
from handlers.tasks.telling import Telling
from handlers.tasks.views import Moved, Proof, Step
from scheduler.planning_horizon import Planner
from store import notices, occurrences, proofs
from store.models_tasks import OPEN_STATES, OccurrenceState
from store.occurrences import Entry

OPEN = frozenset(OPEN_STATES)
_UNFINISHED = OPEN | {OccurrenceState.REPORTED, OccurrenceState.DECLINED}


@dataclass(frozen=True, slots=True)
class _Rule:
    """From which states a step leads where, and whose step it is."""

    begins: frozenset[OccurrenceState]
    ends: OccurrenceState
    is_assignees: bool


_STEPS: Mapping[Step, _Rule] = {
    Step.ACCEPT: _Rule(frozenset({OccurrenceState.ASSIGNED}), OccurrenceState.ACCEPTED, True),
    Step.START: _Rule(
        frozenset({OccurrenceState.ASSIGNED, OccurrenceState.ACCEPTED}),
        OccurrenceState.WORKING,
        True,
    ),
    Step.REPORT: _Rule(OPEN, OccurrenceState.REPORTED, True),
    Step.DECLINE: _Rule(OPEN, OccurrenceState.DECLINED, True),
    Step.CONFIRM: _Rule(_UNFINISHED, OccurrenceState.DONE, False),
    Step.RETURN: _Rule(
        frozenset({OccurrenceState.REPORTED, OccurrenceState.DONE}), OccurrenceState.WORKING, False
    ),
    Step.GIVE_AGAIN: _Rule(frozenset({OccurrenceState.DECLINED}), OccurrenceState.ASSIGNED, False),
    Step.CANCEL: _Rule(_UNFINISHED, OccurrenceState.CANCELLED, False),
}


def move(
    session: Session,
    planner: Planner,
    actor: Actor,
    occurrence_id: int,
    step: Step,
    note: str,
    here: Conversation | None,
    now: datetime,
    *,
    files: Sequence[Proof] = (),
    telling: Telling | None = None,
) -> Moved:
    """Take a step with an occurrence; ``here`` is the conversation it was said in.

    ``files`` prove a report: kept with the occurrence, shown to who checks it.

    Raises:
        NotFound: There is no such occurrence.
        NotAllowed: It is not the actor's step.
        UsageError: It cannot be taken in this state.
    """
    entry = entry_of(session, occurrence_id)
    rule = _STEPS[step]
    is_manager = rights.manages(actor, entry.task)
    if rule.is_assignees:
        has = rights.has(session, actor, entry.assignment, entry.task, here)
        rights.must(has or is_manager, actor, step)
    else:
        rights.must(rights.commands(session, actor, entry.task), actor, step)
    ends = rule.ends
    if step is Step.REPORT and not entry.task.is_checked:
        ends = OccurrenceState.DONE
    is_changed = entry.occurrence.state != ends
    if is_changed:
        if entry.occurrence.state not in rule.begins:
            raise out_of_turn(entry)
        attach(session, actor, entry, files, now)
        _set_state(session, planner, actor, entry, ends, step, note, now)
        if telling is not None:
            shown = [one.as_attachment() for one in files]
            telling.moved(session, actor, entry, step, note, shown, now)
    return Moved(occurrence=showing.occurrence(session, entry, now), is_changed=is_changed)


def report(
    session: Session, planner: Planner, actor: Actor, entry: Entry, note: str, now: datetime
) -> None:
    """What is open is done, and waits for a 办结 where somebody has to look at it."""
    ends = OccurrenceState.REPORTED if entry.task.is_checked else OccurrenceState.DONE
    _set_state(session, planner, actor, entry, ends, Step.REPORT, note, now)


def _set_state(
    session: Session,
    planner: Planner,
    actor: Actor,
    entry: Entry,
    state: OccurrenceState,
    step: Step,
    note: str,
    now: datetime,
) -> None:
    occurrence = entry.occurrence
    before = showing.STATE_WORDS[OccurrenceState(occurrence.state)]
    if occurrence.state not in OPEN and state in OPEN:
        occurrence.noticed_until = max(occurrence.noticed_until, now)
    occurrence.state = state
    occurrence.version += 1
    is_done = state is OccurrenceState.DONE
    occurrence.done_at = now if is_done else None
    occurrence.done_by = actor.member_id if is_done else None
    occurrence.next_notice_at = planner.next_notice_at(entry.task, occurrence)
    if _STEPS[step].is_assignees:
        notices.received(session, occurrence.id, actor.member_id, now)
    record(session, actor, entry, step, now, note, before=before, after=showing.STATE_WORDS[state])


def attach(
    session: Session, actor: Actor, entry: Entry, files: Sequence[Proof], now: datetime
) -> None:
    """Keep photos and files with an occurrence, each once."""
    for one in files:
        is_new = proofs.add_to_occurrence(
            session,
            entry.occurrence.id,
            one.blob,
            name=one.name,
            thumbnail=one.thumbnail,
            member_id=actor.member_id,
            now=now,
        )
        if is_new:
            record(session, actor, entry, "attach", now, one.name)


def possible(session: Session, actor: Actor, entry: Entry) -> list[Step]:
    """The steps that are the actor's own to take now, away from any chat."""
    has = rights.has(session, actor, entry.assignment, entry.task, None)
    commands = rights.commands(session, actor, entry.task)
    return [
        step
        for step, rule in _STEPS.items()
        if entry.occurrence.state in rule.begins
        and entry.occurrence.state != rule.ends
        and (has if rule.is_assignees else commands)
    ]


def entry_of(session: Session, occurrence_id: int, *, is_locked: bool = True) -> Entry:
    """An occurrence with what it belongs to.

    Raises:
        NotFound: There is none.
    """
    entry = occurrences.entry(session, occurrence_id, is_locked=is_locked)
    if entry is None:
        raise NotFound(f"no occurrence {occurrence_id}", reply="没有这条任务，请核对编号。")
    return entry


def out_of_turn(entry: Entry) -> UsageError:
    """It is in another state than it would have to be."""
    word = showing.STATE_WORDS[OccurrenceState(entry.occurrence.state)]
    return UsageError(
        f"occurrence {entry.occurrence.id} is {entry.occurrence.state}",
        reply=f"这条任务现在是“{word}”，不能这样操作。",
    )


def record(
    session: Session,
    actor: Actor,
    entry: Entry,
    what: str,
    now: datetime,
    note: str,
    *,
    before: str | None = None,
    after: str | None = None,
) -> None:
    """Append to the occurrence's history; what was before and after stands in the log."""
    happening.record(
        session,
        actor,
        entry.task,
        what,
        now,
        occurrence_id=entry.occurrence.id,
        note=note,
        before=before,
        after=after,
    )
