"""交办 → 签收 → 办理 → 反馈 → 办结: every step from every state, by everybody, in one table."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from bot.errors import NotAllowed, UsageError
from handlers.deeds import DEEDS
from handlers.tasks.views import Assignee, Every, NewTask, Proof, Step
from handlers.tasks.wording import HISTORY_WORDS
from store import audit, blobs
from store.engine import Store
from store.models_tasks import Occurrence, OccurrenceState, TaskState
from tests.fakes.clock import FakeClock
from tests.fakes.duty_office import START, Office, local

S = OccurrenceState
OPEN = {S.ASSIGNED, S.ACCEPTED, S.WORKING}
UNFINISHED = OPEN | {S.REPORTED, S.DECLINED}
LEADS: dict[Step, tuple[set[OccurrenceState], OccurrenceState]] = {
    Step.ACCEPT: ({S.ASSIGNED}, S.ACCEPTED),
    Step.START: ({S.ASSIGNED, S.ACCEPTED}, S.WORKING),
    Step.REPORT: (OPEN, S.REPORTED),
    Step.DECLINE: (OPEN, S.DECLINED),
    Step.CONFIRM: (UNFINISHED, S.DONE),
    Step.RETURN: ({S.REPORTED, S.DONE}, S.WORKING),
    Step.GIVE_AGAIN: ({S.DECLINED}, S.ASSIGNED),
    Step.CANCEL: (UNFINISHED, S.CANCELLED),
}
DOERS = {Step.ACCEPT, Step.START, Step.REPORT, Step.DECLINE}


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    clock = FakeClock(START)
    store = await Store.open(tmp_path, clock=clock)
    yield await Office(store, clock).staffed()
    await store.close()


async def given(office: Office, *assignees: Assignee, maker: str = "严") -> int:
    made = await office.tasks.create(
        await office.actor(maker),
        NewTask(
            title="报送台账",
            due_at=local(9, 18, 17, 30),
            assignees=assignees,
            is_checked=True,
        ),
    )
    return made.occurrences[0].id


async def put(office: Office, number: int, state: OccurrenceState) -> None:
    await office.store.write(
        lambda session: session.execute(
            update(Occurrence).where(Occurrence.id == number).values(state=state)
        )
    )


@pytest.mark.parametrize("step", list(Step))
@pytest.mark.parametrize("state", list(OccurrenceState))
async def test_a_step_leads_where_it_should_or_is_refused(
    office: Office, step: Step, state: OccurrenceState
) -> None:
    number = await given(office, Assignee(member_id=office.members["杜"]))
    await put(office, number, state)
    who = await office.actor("杜" if step in DOERS else "严")
    begins, ends = LEADS[step]

    if state in begins:
        assert (await office.tasks.move(who, number, step, "说明")).occurrence.state is ends
    elif state is ends:
        assert not (await office.tasks.move(who, number, step, "说明")).is_changed
    else:
        with pytest.raises(UsageError):
            await office.tasks.move(who, number, step, "说明")


@pytest.mark.parametrize("step", list(Step))
@pytest.mark.parametrize(
    ("name", "does", "commands"),
    [
        ("严", True, True),  # gave it
        ("杜", True, False),  # has it
        ("田", False, False),  # a teacher elsewhere
        ("林", True, True),  # in charge of the school, and not given it
    ],
)
async def test_who_may_take_a_step(
    office: Office, step: Step, name: str, does: bool, commands: bool
) -> None:
    number = await given(office, Assignee(member_id=office.members["杜"]))
    await put(office, number, next(iter(LEADS[step][0])))
    who = await office.actor(name)

    if does if step in DOERS else commands:
        assert (await office.tasks.move(who, number, step, "说明")).is_changed
    else:
        with pytest.raises(NotAllowed):
            await office.tasks.move(who, number, step, "说明")


async def test_the_log_has_what_those_in_charge_did_and_no_more(office: Office) -> None:
    number = await given(office, Assignee(member_id=office.members["杜"]))
    await office.tasks.move(await office.actor("杜"), number, Step.ACCEPT)
    await office.tasks.move(await office.actor("杜"), number, Step.REPORT)
    await office.tasks.move(await office.actor("严"), number, Step.CONFIRM, "材料齐全")

    boss = (await office.actor("严")).account
    entries = await office.store.read(lambda session: audit.latest(session, who=[boss]))
    assert [(one.what, one.before, one.after) for one in entries] == [
        ("task.confirm", "已反馈", "已办结，材料齐全"),
        ("task.create", None, "报送台账"),
    ]
    others = await office.store.read(lambda session: audit.latest(session, limit=10))
    assert {one.who for one in others} == {boss}


@pytest.mark.parametrize("what", list(HISTORY_WORDS))
def test_the_log_has_words_for_whatever_happens_to_a_task(what: str) -> None:
    assert what == "moved" or what == "snooze" or f"task.{what}" in DEEDS


async def test_a_unit_that_was_given_a_task_neither_closes_nor_cancels_it(office: Office) -> None:
    number = await given(office, Assignee(unit_id=office.units["一校"]))
    secretary = await office.actor("林")
    task = (await office.tasks.occurrence(secretary, number)).task_id

    await office.tasks.move(secretary, number, Step.REPORT)
    for step in (Step.CONFIRM, Step.RETURN, Step.CANCEL):
        with pytest.raises(NotAllowed):
            await office.tasks.move(secretary, number, step, "说明")
    with pytest.raises(NotAllowed):
        await office.tasks.cancel(secretary, task)
    with pytest.raises(NotAllowed):
        await office.tasks.reschedule(secretary, task, due_at=local(9, 30))
    with pytest.raises(NotAllowed):
        await office.tasks.set_checked(secretary, task, is_checked=False)
    boss = await office.actor("严")
    assert (await office.tasks.move(boss, number, Step.CONFIRM)).occurrence.state is S.DONE


async def test_a_task_of_all_schools_is_no_single_schools(office: Office) -> None:
    number = await given(office, Assignee(unit_id=office.units["局"], every=Every.UNIT))
    boss, secretary = await office.actor("严"), await office.actor("林")
    task = await office.tasks.task(boss, (await office.tasks.occurrence(boss, number)).task_id)

    assert task.unit_id == office.units["局"]
    with pytest.raises(NotAllowed):
        await office.tasks.set_state(secretary, task.id, TaskState.PAUSED)


async def test_what_needs_no_check_is_done_when_it_is_reported(office: Office) -> None:
    number = await given(office, Assignee(member_id=office.members["杜"]))
    boss, teacher = await office.actor("严"), await office.actor("杜")
    task = (await office.tasks.occurrence(boss, number)).task_id
    await office.tasks.set_checked(boss, task, is_checked=False)

    assert (await office.tasks.move(teacher, number, Step.REPORT)).occurrence.state is S.DONE


async def test_photos_are_for_whose_they_are_and_who_looks_after_them(office: Office) -> None:
    number = await given(office, Assignee(unit_id=office.units["局"], every=Every.UNIT))
    now = office.clock()

    def keep(session: Session) -> Proof:
        blob = blobs.put(session, b"photo", media_type="image/jpeg", now=now)
        return Proof(name="照片.jpg", media_type="image/jpeg", blob=blob, size_bytes=5)

    photo = await office.store.write(keep)
    await office.tasks.move(await office.actor("林"), number, Step.REPORT, files=[photo])

    seen = {
        name: len(await office.tasks.proofs(await office.actor(name), number))
        for name in ("严", "林", "何", "田")
    }
    assert seen == {"严": 1, "林": 1, "何": 0, "田": 0}
    with pytest.raises(NotAllowed):
        await office.tasks.attach(await office.actor("何"), number, [photo])
