"""Our tasks in people's 待办, from the making to the end, over sockets and a real store."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from bot.channels.dingtalk.todo import Todos
from bot.dingtalk_todo import TodoKeeping
from handlers.tasks.views import Assignee, NewTask
from scheduler.policy import Policy
from store import people
from store.engine import Store
from store.models_tasks import Occurrence, OccurrenceState, Task, TaskState
from tests.fakes.clock import FakeClock
from tests.fakes.dingtalk_todo import Body
from tests.fakes.duty_office import START, Office
from tests.integration.dingtalk.sending_stage import Stage, stage

CREATE = "/v1.0/todo/users/{union}/tasks"


@dataclass(frozen=True, slots=True, kw_only=True)
class School:
    dingtalk: Stage
    office: Office
    keeping: TodoKeeping

    def again(self) -> TodoKeeping:
        """As after a restart."""
        return TodoKeeping(
            store=self.office.store,
            todos=Todos(self.dingtalk.api),
            clock=self.office.clock,
            _owner=self.keeping._owner,
        )

    @property
    def shown(self) -> list[Body]:
        return list(self.dingtalk.fake.todo.tasks.values())

    async def give(self, title: str, *, days: int = 2, to: str = "杜") -> None:
        new = NewTask(
            title=title,
            due_at=START + timedelta(days=days),
            policy=Policy.plain(),
            assignees=(Assignee(member_id=self.office.members[to]),),
            announces=False,
        )
        await self.office.tasks.create(await self.office.actor("严"), new)

    async def set_state(self, state: OccurrenceState) -> None:
        await self.office.store.write(
            lambda session: session.execute(update(Occurrence).values(state=state)) and None
        )


@pytest.fixture
async def school(store_place: str | Path) -> AsyncIterator[School]:
    clock = FakeClock(START)
    store = await Store.open(store_place, clock=clock)
    office = await Office(store, clock).staffed()

    def link(session: Session) -> None:
        people.link(session, "dingtalk", "du", office.members["杜"])
        people.link(session, "dingtalk", "tian", office.members["田"])

    await store.write(link)
    async with stage() as dingtalk:
        dingtalk.fake.directory.staff = [
            {"userid": "du", "name": "杜", "unionid": "u-du", "dept_id_list": [1]}
        ]
        keeping = TodoKeeping(store=store, todos=Todos(dingtalk.api), clock=clock)
        yield School(dingtalk=dingtalk, office=office, keeping=keeping)
    await store.close()


async def test_a_task_is_made_once_and_changes_with_ours(school: School) -> None:
    await school.give("报送计划")

    await school.keeping.run()
    await school.keeping.run()

    (task,) = school.shown
    assert (task["subject"], task["executorIds"]) == ("报送计划", ["u-du"])
    assert task["dueTime"] == int((START + timedelta(days=2)).timestamp() * 1000)
    assert school.dingtalk.fake.calls[CREATE] == 1

    await school.office.store.write(
        lambda session: session.execute(update(Task).values(title="报送总结")) and None
    )
    await school.keeping.run()
    (task,) = school.shown
    assert task["subject"] == "报送总结"


async def test_what_is_reported_is_done_there_and_comes_back_when_it_is_sent_back(
    school: School,
) -> None:
    await school.give("报送计划")
    await school.keeping.run()

    await school.set_state(OccurrenceState.REPORTED)
    await school.keeping.run()
    assert [one["done"] for one in school.shown] == [True]

    await school.set_state(OccurrenceState.WORKING)
    await school.keeping.run()
    assert [one["done"] for one in school.shown] == [False]

    await school.set_state(OccurrenceState.DONE)
    await school.again().run()
    assert [one["done"] for one in school.shown] == [True]
    assert school.dingtalk.fake.calls[CREATE] == 1


async def test_what_is_cancelled_is_taken_off(school: School) -> None:
    await school.give("报送计划")
    await school.keeping.run()

    await school.office.store.write(
        lambda session: session.execute(update(Task).values(state=TaskState.CANCELLED)) and None
    )
    await school.keeping.run()
    await school.keeping.run()

    assert school.shown == []


async def test_only_what_is_near_and_whose_owner_can_be_seen(school: School) -> None:
    await school.give("下个学期的事", days=90)
    await school.give("看不见的人", to="田")
    await school.give("没有钉钉的人", to="姚")

    await school.keeping.run()

    assert school.shown == []
    assert school.dingtalk.fake.calls[CREATE] == 0


async def test_who_is_seen_later_gets_it_later_and_is_not_looked_up_each_time(
    school: School,
) -> None:
    look = "/topapi/v2/user/get"
    await school.give("报送计划", to="田")
    await school.keeping.run()
    await school.keeping.run()
    assert school.dingtalk.fake.calls[look] == 1

    school.dingtalk.fake.directory.staff.append(
        {"userid": "tian", "name": "田", "unionid": "u-tian", "dept_id_list": [1]}
    )
    school.office.clock.go(7 * 3600)
    await school.keeping.run()
    assert [one["executorIds"] for one in school.shown] == [["u-tian"]]


@pytest.mark.parametrize("fault", ["lost", "cut", "timeout", "html", (403, "x.QpsLimitForApi")])
async def test_a_call_in_doubt_makes_no_second(school: School, fault: object) -> None:
    await school.give("报送计划")
    school.dingtalk.fake.script[CREATE].append(fault)

    await school.keeping.run()
    await school.again().run()

    assert [one["subject"] for one in school.shown] == ["报送计划"]
    assert school.dingtalk.fake.todo.doubled == 0


async def test_who_took_it_off_by_hand_is_left_alone(school: School) -> None:
    await school.give("报送计划")
    await school.keeping.run()
    school.dingtalk.fake.todo.tasks.clear()

    await school.set_state(OccurrenceState.DONE)
    await school.keeping.run()
    await school.keeping.run()

    assert school.shown == []
    assert school.dingtalk.fake.calls[CREATE] == 1


async def test_a_missing_right_leaves_everything_for_later(school: School) -> None:
    await school.give("报送计划")
    school.dingtalk.fake.rights.discard("todo")
    await school.keeping.run()
    assert "待办" in school.dingtalk.api.trouble or "权限" in school.dingtalk.api.trouble

    school.dingtalk.fake.rights.add("todo")
    await school.keeping.run()
    assert len(school.shown) == 1


async def test_a_round_is_bounded_and_the_next_goes_on(school: School) -> None:
    for n in range(40):
        await school.give(f"任务{n}")

    await school.keeping.run()
    assert len(school.shown) == 30
    await school.keeping.run()
    assert len(school.shown) == 40
