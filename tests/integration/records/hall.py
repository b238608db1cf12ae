"""An invented branch with its people, and the roll calls over it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from bot.messages import ChannelName, Conversation, IncomingMessage, MessageKind, Role, Sender
from bot.web.links import Links
from handlers.access import Actor
from handlers.people.actions import People
from handlers.records import wording
from handlers.records.check_in import RollCalls
from handlers.records.on_site import OnSite
from handlers.records.opening import read_opening
from handlers.records.roll_call_book import Book
from handlers.records.roll_call_views import RollCallView
from handlers.records.type_files import load_record_types
from handlers.records.types import RecordTypes
from scheduler.school_calendar import WorkdayCalendar
from store import people
from store.engine import Store
from tests.fakes.clock import FakeClock

ZONE = ZoneInfo("Asia/Shanghai")
AFTERNOON = datetime(2026, 9, 1, 6, 50, tzinfo=UTC)
"""14:50 in Shanghai."""
GROUP = Conversation(channel=ChannelName.WECOM_APP, id="chat-9", is_group=True)
NAMES = ("关若谷", "柏舟", "檀溪", "桑榆晚", "谷雨")
"""The first is the secretary of the branch."""
LINKS = Links(secret=b"of the hall")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hall:
    store: Store
    clock: FakeClock
    people: People
    roll_calls: RollCalls
    on_site: OnSite
    types: RecordTypes
    ids: Mapping[str, int]
    numbers: count[int]

    async def who(self, name: str) -> Actor:
        account = f"m{self.ids[name]}" if name in self.ids else name
        return await self.people.actor(Sender(channel=ChannelName.WEB, account=account))

    def room(self, name: str) -> Conversation:
        return Conversation(channel=ChannelName.WEB, id=f"m{self.ids.get(name, 0)}")

    async def open(
        self, words: str = "主题党日 今天下午3点到4点", here: Conversation = GROUP
    ) -> RollCallView:
        actor = await self.who("关若谷")
        opening = read_opening(
            words,
            now=self.clock().astimezone(ZONE),
            types=self.types,
            units=await self.roll_calls.units(actor),
            calendar=WorkdayCalendar.official(),
        )
        return await self.roll_calls.open(actor, opening, here, key=f"open-{next(self.numbers)}")

    def message(self, name: str, text: str, *, here: Conversation | None = None) -> IncomingMessage:
        account = f"m{self.ids[name]}" if name in self.ids else name
        where = here or Conversation(channel=ChannelName.WEB, id=account)
        return IncomingMessage(
            channel=where.channel,
            message_id=f"said-{next(self.numbers)}",
            conversation=where,
            sender=Sender(channel=ChannelName.WEB, account=account, display_name=name),
            kind=MessageKind.TEXT,
            text=text,
            sent_at=self.clock(),
        )


async def furnish(
    store: Store, points: Mapping[str, float] | None = None, address: str = ""
) -> Hall:
    clock = FakeClock(AFTERNOON)

    def settle(session: Session) -> dict[str, int]:
        branch = people.unit_at(session, ["云溪县教育局", "云溪县第二中学", "第一党支部"])
        ids: dict[str, int] = {}
        for n, name in enumerate(NAMES):
            member = people.add_member(session, name=name, now=clock())
            role = Role.BRANCH_SECRETARY if n == 0 else Role.TEACHER
            people.give_role(session, member.id, branch.id, role)
            people.link(session, "web", f"m{member.id}", member.id, display_name=name)
            ids[name] = member.id
        other = people.unit_at(session, ["云溪县教育局", "云溪县实验小学"])
        stranger = people.add_member(session, name="路人", now=clock())
        people.give_role(session, stranger.id, other.id, Role.TEACHER)
        people.link(session, "web", f"m{stranger.id}", stranger.id)
        return {**ids, "路人": stranger.id}

    ids = await store.write(settle)
    types = await asyncio.to_thread(load_record_types)
    book = Book(
        types=types,
        clock=clock,
        zone=ZONE,
        channels=[ChannelName.WEB],
        wording=wording.DELIVERED,
        points=points or {},
    )
    return Hall(
        store=store,
        clock=clock,
        people=People(store, clock),
        roll_calls=RollCalls(store=store, book=book),
        on_site=OnSite(
            store=store,
            book=book,
            address=lambda path: f"{address}{path}" if address else None,
            screen_path=LINKS.screen,
        ),
        types=types,
        ids=ids,
        numbers=count(),
    )
