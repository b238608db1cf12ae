from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import time, timedelta
from pathlib import Path

import pytest

from bot.errors import NotAllowed, NotFound, UsageError
from bot.messages import ChannelName, Conversation
from handlers.tasks.views import Assignee, Every, Filter, Milestone, NewTask, Step
from scheduler.policy import Policy
from scheduler.recurrence import Frequency, Recurrence
from store.engine import Store
from store.models_tasks import OccurrenceState, TaskState
from tests.fakes.clock import FakeClock
from tests.fakes.duty_office import START, Office, local


@pytest.fixture
async def office(store_place: str | Path) -> AsyncIterator[Office]:
    clock = FakeClock(START)
    store = await Store.open(store_place, clock=clock)
    yield await Office(store, clock).staffed()
    await store.close()


def _report(*assignees: Assignee, **more: object) -> NewTask:
    return NewTask(
        title="报送防溺水台账",
        due_at=local(9, 18, 17, 30),
        assignees=assignees,
        **more,  # type: ignore[arg-type]
    )


async def _given(office: Office, name: str = "杜", **more: object) -> int:
    boss = await office.actor("严")
    made = await office.tasks.create(
        boss, _report(Assignee(member_id=office.members[name]), **more)
    )
    return made.occurrences[0].id


async def test_a_task_for_every_branch_is_one_with_many_assignments(office: Office) -> None:
    boss = await office.actor("严")

    made = await office.tasks.create(
        boss, _report(Assignee(unit_id=office.units["局"], every=Every.UNIT))
    )

    assert made.assignees == ("一校", "二校")
    assert [one.assignee for one in made.occurrences] == ["一校", "二校"]
    mine = await office.tasks.mine(await office.actor("林"))
    assert [one.assignee for one in mine] == ["一校"]
    assert await office.tasks.mine(await office.actor("杜")) == []


@pytest.mark.parametrize(
    ("new", "missing"),
    [
        (NewTask(title="开会", assignees=(), due_at=local(9, 9)), "责任人"),
        (NewTask(title=" ", assignees=(Assignee(),), due_at=local(9, 9)), "职责"),
        (NewTask(title="开会", assignees=(Assignee(),)), "期限"),
    ],
)
async def test_what_is_missing_is_named(office: Office, new: NewTask, missing: str) -> None:
    with pytest.raises(UsageError) as caught:
        await office.tasks.create(await office.actor("严"), new)

    assert missing in caught.value.reply
    assert caught.value.reply.count("（") == 1


async def test_a_time_that_is_over_is_refused(office: Office) -> None:
    with pytest.raises(UsageError, match="over"):
        await office.tasks.create(
            await office.actor("严"),
            NewTask(title="开会", due_at=local(8, 31), assignees=(Assignee(),)),
        )


async def test_a_confirmation_sent_twice_makes_one_task(office: Office) -> None:
    boss = await office.actor("严")
    new = _report(Assignee(member_id=office.members["杜"]), key="draft:1:3")

    first, second = await office.tasks.create(boss, new), await office.tasks.create(boss, new)

    assert first.id == second.id
    assert len(await office.tasks.listed(boss, Filter())) == 1


async def test_nothing_stays_of_a_task_that_may_not_be_given(office: Office) -> None:
    teacher, members = await office.actor("杜"), office.members

    with pytest.raises(NotAllowed):
        await office.tasks.create(
            teacher, _report(Assignee(member_id=members["杜"]), Assignee(member_id=members["田"]))
        )

    assert await office.tasks.mine(teacher) == []


async def test_a_secretary_gives_in_the_own_school_only(office: Office) -> None:
    secretary, members = await office.actor("林"), office.members

    assert (await office.tasks.create(secretary, _report(Assignee(member_id=members["杜"])))).id
    with pytest.raises(NotAllowed):
        await office.tasks.create(secretary, _report(Assignee(member_id=members["田"])))


async def test_the_way_from_given_to_done(office: Office) -> None:
    id = await _given(office, is_checked=True)
    teacher, boss = await office.actor("杜"), await office.actor("严")
    move = office.tasks.move

    assert (await move(teacher, id, Step.ACCEPT)).occurrence.state is OccurrenceState.ACCEPTED
    assert (await move(teacher, id, Step.START)).occurrence.state is OccurrenceState.WORKING
    reported = await move(teacher, id, Step.REPORT, "照片在上面")
    assert reported.occurrence.state is OccurrenceState.REPORTED
    assert reported.occurrence.next_notice_at is None
    with pytest.raises(NotAllowed):
        await move(teacher, id, Step.CONFIRM)
    returned = await move(boss, id, Step.RETURN, "缺第二页")
    assert returned.occurrence.state is OccurrenceState.WORKING
    assert returned.occurrence.next_notice_at is not None
    await move(teacher, id, Step.REPORT)
    done = await move(boss, id, Step.CONFIRM)
    assert done.occurrence.state is OccurrenceState.DONE
    assert not (await move(boss, id, Step.CONFIRM)).is_changed

    happened = await office.tasks.history(teacher, done.occurrence.task_id)
    assert [(one.what, one.who) for one in happened] == [
        ("create", "严"), ("accept", "杜"), ("start", "杜"), ("report", "杜"),
        ("return", "严"), ("report", "杜"), ("confirm", "严"),
    ]  # fmt: skip
    assert happened[4].note == "缺第二页"


async def test_without_a_check_a_report_is_the_end(office: Office) -> None:
    id = await _given(office)

    moved = await office.tasks.move(await office.actor("杜"), id, Step.REPORT)

    assert moved.occurrence.state is OccurrenceState.DONE
    with pytest.raises(UsageError) as caught:
        await office.tasks.move(await office.actor("杜"), id, Step.ACCEPT)
    assert "已办结" in caught.value.reply


async def test_others_can_neither_move_nor_see_it(office: Office) -> None:
    id = await _given(office)
    stranger = await office.actor("田")

    with pytest.raises(NotAllowed):
        await office.tasks.move(stranger, id, Step.REPORT)
    with pytest.raises(NotFound):
        await office.tasks.occurrence(stranger, id)
    assert (await office.tasks.occurrence(await office.actor("林"), id)).title == "报送防溺水台账"


async def test_a_declined_task_can_be_given_again(office: Office) -> None:
    id = await _given(office)

    declined = await office.tasks.move(await office.actor("杜"), id, Step.DECLINE, "不归我管")
    assert declined.occurrence.next_notice_at is None
    again = await office.tasks.move(await office.actor("严"), id, Step.GIVE_AGAIN)
    assert again.occurrence.state is OccurrenceState.ASSIGNED


async def test_more_time_is_asked_for_and_approved_once(office: Office) -> None:
    id = await _given(office)
    teacher, boss = await office.actor("杜"), await office.actor("严")

    asked = await office.tasks.ask_postponement(teacher, id, local(9, 22, 12), "材料未齐")
    assert not asked.is_decided
    assert [one.id for one in await office.tasks.postponements(boss)] == [asked.id]
    assert await office.tasks.postponements(teacher) == []
    with pytest.raises(NotAllowed):
        await office.tasks.decide_postponement(teacher, asked.id, approves=True)

    decided = await office.tasks.decide_postponement(boss, asked.id, approves=True)
    assert decided.is_approved
    assert (await office.tasks.occurrence(teacher, id)).due_at == local(9, 22, 12)
    with pytest.raises(UsageError, match="already"):
        await office.tasks.decide_postponement(boss, asked.id, approves=False)


async def test_a_refused_wish_changes_nothing(office: Office) -> None:
    id = await _given(office)
    teacher, boss = await office.actor("杜"), await office.actor("严")
    asked = await office.tasks.ask_postponement(teacher, id, local(9, 22), "忙")

    await office.tasks.decide_postponement(boss, asked.id, approves=False)

    assert (await office.tasks.occurrence(teacher, id)).due_at == local(9, 18, 17, 30)


@pytest.mark.parametrize(("until", "reason"), [(local(9, 18), "忙"), (local(9, 30), " ")])
async def test_a_wish_needs_a_reason_and_a_later_time(
    office: Office, until: object, reason: str
) -> None:
    id = await _given(office)

    with pytest.raises(UsageError):
        await office.tasks.ask_postponement(await office.actor("杜"), id, until, reason)  # type: ignore[arg-type]


async def test_who_decides_puts_off_at_once(office: Office) -> None:
    boss = await office.actor("严")
    made = await office.tasks.create(boss, _report(Assignee(member_id=office.members["严"])))

    asked = await office.tasks.ask_postponement(boss, made.occurrences[0].id, local(9, 25), "出差")

    assert asked.is_approved


async def test_cancelled_is_cancelled_for_good(office: Office) -> None:
    id = await _given(office)
    boss, teacher = await office.actor("严"), await office.actor("杜")
    task_id = (await office.tasks.occurrence(boss, id)).task_id

    with pytest.raises(NotAllowed):
        await office.tasks.cancel(teacher, task_id)
    await office.tasks.cancel(boss, task_id, "不用报了")

    assert await office.tasks.mine(teacher) == []
    with pytest.raises(UsageError):
        await office.tasks.set_state(boss, task_id, TaskState.ACTIVE)
    assert [one.what for one in await office.tasks.history(boss, task_id)][-1] == "cancelled"


async def test_a_rule_and_milestones_have_their_occurrences(office: Office) -> None:
    boss = await office.actor("严")
    weekly = Recurrence(freq=Frequency.WEEKLY, starts_at=START, week_days=((0, 4),), clock=time(16))
    chat = Conversation(channel=ChannelName.WEB, id="周报群", is_group=True)

    made = await office.tasks.create(
        boss, NewTask(title="交周报", rule=weekly, assignees=(Assignee(),), conversation=chat)
    )
    staged = await office.tasks.create(
        boss,
        _report(
            Assignee(member_id=office.members["杜"]),
            milestones=(Milestone(label="初稿", due_at=local(9, 10, 12)),),
        ),
    )

    assert made.assignees == ("本群",)
    assert [one.due_at for one in made.occurrences[:2]] == [local(9, 4, 16), local(9, 11, 16)]
    assert 8 <= len(made.occurrences) <= 10
    assert [one.label for one in staged.occurrences] == ["初稿", ""]


async def test_someone_off_the_roster_has_own_reminders_only(office: Office) -> None:
    guest = await office.actor("guest-7")
    chat = Conversation(channel=ChannelName.WEB, id="guest-7")
    new = NewTask(
        title="交材料",
        due_at=local(9, 2, 15),
        assignees=(Assignee(),),
        conversation=chat,
        policy=Policy.plain(),
    )

    await office.tasks.create(guest, new)

    assert [one.title for one in await office.tasks.mine(guest)] == ["交材料"]
    assert await office.tasks.mine(await office.actor("guest-8")) == []
    with pytest.raises(NotAllowed):
        await office.tasks.create(guest, _report(Assignee(member_id=office.members["杜"])))


async def test_the_list_of_what_is_late(office: Office) -> None:
    await _given(office)
    await _given(office, "田")
    office.clock.now = local(9, 19)

    late = await office.tasks.listed(await office.actor("林"), Filter(is_late=True))

    assert [(one.assignee, one.is_late) for one in late] == [("杜", True)]
    assert len(await office.tasks.listed(await office.actor("严"), Filter(is_late=True))) == 2
    assert await office.tasks.listed(await office.actor("田"), Filter(is_late=True)) == []


async def test_another_time_replaces_what_lies_ahead(office: Office) -> None:
    id = await _given(office, announces=False)
    boss = await office.actor("严")
    task_id = (await office.tasks.occurrence(boss, id)).task_id

    changed = await office.tasks.reschedule(boss, task_id, due_at=local(9, 28, 9))

    assert [one.due_at for one in changed.occurrences] == [local(9, 28, 9)]


async def test_what_is_due_now_is_found_after_years_of_daily_ones(office: Office) -> None:
    boss = await office.actor("严")
    daily = Recurrence(freq=Frequency.DAILY, starts_at=START, clock=time(9))
    await office.tasks.create(
        boss,
        NewTask(
            title="晨检", rule=daily, assignees=(Assignee(member_id=office.members["杜"]),),
            policy=Policy.plain(),
        ),
    )  # fmt: skip
    for _ in range(12):
        office.clock.now += timedelta(days=30)
        await office.firing.fire_due()
    teacher = await office.actor("杜")
    today = office.clock.now
    found = await office.tasks.mine(
        teacher, includes_closed=True, due_from=today, due_until=today + timedelta(days=3)
    )
    assert [one.due_at.date() for one in found] == [
        (today + timedelta(days=n)).date() for n in range(3)
    ]
