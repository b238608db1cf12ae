"""A small invented bureau with its people, for tests of tasks and reminders."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.codec import reply_from_json
from bot.messages import ChannelName, Reply, Role, Sender
from handlers.access import Actor
from handlers.people.actions import People
from handlers.reminders.actions import Reminders
from handlers.reminders.wording import word
from handlers.tasks.actions import Tasks
from scheduler.firing import Firing
from scheduler.planning_horizon import Planner
from scheduler.policy import Policy
from scheduler.recurrence import SHANGHAI
from scheduler.school_calendar import WorkdayCalendar
from store import people
from store.engine import Store
from store.models import Delivery
from tests.fakes.clock import FakeClock

START = datetime(
    2026, 9, 1, 9, 0, tzinfo=SHANGHAI
)  # a Tuesday; 25 September begins the Mid-Autumn break


def local(month: int, day: int, hour: int = 0, minute: int = 0, *, year: int = 2026) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=SHANGHAI)


@dataclass
class Office:
    """局 over 一校 and 二校; each school has a secretary (林 and 何) and a teacher (杜 and 田)."""

    store: Store
    clock: FakeClock = field(default_factory=lambda: FakeClock(START))
    planner: Planner = field(default_factory=lambda: Planner(calendar=WorkdayCalendar.official()))
    members: dict[str, int] = field(default_factory=dict)
    units: dict[str, int] = field(default_factory=dict)

    async def staffed(self) -> Office:
        await self.store.write(self._staff)
        return self

    def _staff(self, session: Session) -> None:
        everyone = {
            "局": {"严": Role.OFFICER},
            "一校": {"林": Role.BRANCH_SECRETARY, "杜": Role.TEACHER, "姚": Role.TEACHER},
            "二校": {"何": Role.BRANCH_SECRETARY, "田": Role.TEACHER},
        }
        for unit, staff in everyone.items():
            path = ["局"] if unit == "局" else ["局", unit]
            self.units[unit] = people.unit_at(session, path).id
            for name, role in staff.items():
                member = people.add_member(session, name=name, now=START)
                self.members[name] = member.id
                people.give_role(session, member.id, self.units[unit], role)
                people.link(session, "web", f"m{member.id}", member.id)

    async def actor(self, name: str) -> Actor:
        account = f"m{self.members[name]}" if name in self.members else name
        sender = Sender(channel=ChannelName.WEB, account=account, display_name=name)
        return await People(self.store, self.clock).actor(sender)

    @property
    def tasks(self) -> Tasks:
        return Tasks(self.store, self.planner, self.clock)

    @property
    def reminders(self) -> Reminders:
        return Reminders(self.store, self.planner, self.tasks, word, self.clock)

    @property
    def firing(self) -> Firing:
        return Firing(
            store=self.store, planner=self.planner, word=word, channels=(ChannelName.WEB,)
        )

    async def tick_at(self, moment: datetime) -> list[tuple[str, Reply]]:
        """What is put into the outbox by a tick at ``moment``, with whom it is for."""
        self.clock.now = moment
        before = len(await self.deliveries())
        await self.firing.fire_due()
        names = {f"m{id}": name for name, id in self.members.items()}
        return [
            (names.get(row.conversation, row.conversation), reply_from_json(row.reply))
            for row in (await self.deliveries())[before:]
        ]

    async def deliveries(self) -> list[Delivery]:
        return await self.store.read(
            lambda session: list(session.scalars(select(Delivery).order_by(Delivery.id)))
        )


def with_policy(**changes: object) -> Policy:
    return Policy().with_json(changes)


def said(reply: Reply) -> str:
    """All words of a reply."""
    if reply.card is None:
        return reply.text
    facts = "\n".join(f"{name}：{value}" for name, value in reply.card.facts)
    return "\n".join((reply.card.title, reply.card.body, facts))
