"""The card of a roll call counts on where it was sent, as often as the platform lets it."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from sqlalchemy.orm import Session

from bot.channels.base import Target
from bot.codec import reply_from_json, reply_to_json
from bot.errors import ChannelRefused
from bot.live_cards import LiveCards
from bot.messages import ChannelName, Conversation, Reply
from handlers.records import wording
from handlers.records.answers import Said, Word
from handlers.records.roll_call_views import RollCallView
from store import outbox
from store.engine import Store
from store.models import Delivery, DeliveryKind, DeliveryState
from tests.fakes.channel import FakeChannel
from tests.integration.records.hall import GROUP, Hall, furnish


@dataclass
class Screen(FakeChannel):
    """Shows cards, and changes them."""

    refresh_every_s: float = 10.0
    refreshes_once: bool = False
    is_gone: bool = False
    shown: list[tuple[str, Reply]] = field(default_factory=list)

    async def refresh_card(self, reply: Reply, target: Target, provider_id: str) -> None:
        if self.is_gone:
            raise ChannelRefused("the card is gone")
        self.shown.append((provider_id, reply))


@pytest.fixture
async def hall(store: Store) -> Hall:
    return await furnish(store)


async def opened(hall: Hall, here: Conversation = GROUP) -> RollCallView:
    """Opened, and its card delivered."""
    view = await hall.open(here=here)
    reply = wording.opened(view, is_group=here.is_group)
    draft = outbox.Draft(
        key="the card",
        kind=DeliveryKind.REPLY,
        channel=here.channel,
        conversation=here.id,
        is_group=here.is_group,
        reply=reply_to_json(reply),
    )

    def deliver(session: Session) -> None:
        added = outbox.add(session, draft, now=hall.clock())
        row = session.get_one(Delivery, added)
        row.state = DeliveryState.SENT

    await hall.store.write(deliver)
    return view


def live(hall: Hall, channel: FakeChannel, here: Conversation = GROUP) -> LiveCards:
    return LiveCards(
        store=hall.store,
        calls=hall.roll_calls,
        channels={here.channel: channel},
        monotonic=lambda: hall.clock().timestamp(),
    )


async def sign_in(hall: Hall, name: str) -> None:
    await hall.roll_calls.answer(await hall.who(name), Said(word=Word.PRESENT), GROUP)


def numbers(reply: Reply) -> str:
    assert reply.card is not None
    return dict(reply.card.facts)["人数"]


async def test_the_counts_follow_and_not_too_often(hall: Hall) -> None:
    view = await opened(hall)
    screen = Screen()
    cards = live(hall, screen)
    assert await cards.refresh() == 0
    assert screen.shown == []

    hall.clock.go(60)
    await sign_in(hall, "柏舟")
    assert await cards.refresh() == 0
    await sign_in(hall, "檀溪")
    assert await cards.refresh() == 10
    hall.clock.go(10)
    assert await cards.refresh() == 0
    assert await cards.refresh() == 0
    assert [numbers(reply) for _, reply in screen.shown] == [
        "应到 5，实到 1，请假 0，未签 4",
        "应到 5，实到 2，请假 0，未签 3",
    ]

    await hall.roll_calls.close(await hall.who("关若谷"), view.id, GROUP)
    await cards.refresh()
    _, last = screen.shown[-1]
    assert last.card is not None
    assert "已结束" in last.card.title
    assert last.card.buttons == ()
    [row] = await hall.store.read(lambda session: session.query(Delivery).all())
    assert reply_from_json(row.reply).card == last.card


async def test_where_one_change_is_all_it_is_the_last(hall: Hall) -> None:
    view = await opened(hall)
    screen = Screen(refreshes_once=True)
    cards = live(hall, screen)
    await sign_in(hall, "柏舟")
    await cards.refresh()
    assert screen.shown == []
    await hall.roll_calls.close(await hall.who("关若谷"), view.id, GROUP)
    await cards.refresh()
    hall.clock.go(60)
    await cards.refresh()
    assert [numbers(reply) for _, reply in screen.shown] == ["应到 5，实到 1，请假 0，未签 4"]


async def test_a_card_that_cannot_be_changed_stays(hall: Hall) -> None:
    await opened(hall)
    await sign_in(hall, "柏舟")
    for channel in (Screen(is_gone=True), FakeChannel()):
        assert await live(hall, channel).refresh() == 0
    [row] = await hall.store.read(lambda session: session.query(Delivery).all())
    assert "实到 0" in row.reply


async def test_a_card_on_its_way_is_waited_for(hall: Hall) -> None:
    await hall.open()
    await sign_in(hall, "柏舟")
    cards = live(hall, Screen())
    assert await cards.refresh() == 10
    hall.clock.go(3600)
    assert await cards.refresh() == 0


async def test_the_officers_own_card_keeps_its_buttons(hall: Hall) -> None:
    here = hall.room("关若谷")
    await opened(hall, here)
    screen = Screen(name=ChannelName.WEB)
    await sign_in(hall, "柏舟")
    await live(hall, screen, here).refresh()
    [(_, reply)] = screen.shown
    assert reply.card is not None
    assert [one.label for one in reply.card.buttons][2:] == ["催一下", "名单", "结束"]
