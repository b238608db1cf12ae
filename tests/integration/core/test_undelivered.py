"""What went wrong with messages: seen by those who look after it, sent again, or let be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from bot.codec import reply_to_json
from bot.errors import NotAllowed, NotFound, UsageError
from bot.messages import Card, ChannelName, Reply, Role, Sender
from bot.outbox import DOUBT_MARK, Outbox, Trouble
from handlers.access import Actor
from handlers.board.deliveries import Deliveries, DeliveryView, Pile, Which
from handlers.people.actions import People, operator
from store import audit, outbox, people, undelivered
from store.engine import Store
from store.models import Delivery, DeliveryKind, DeliveryState, Notice, OnDoubt, Part, PartState
from tests.fakes.channel import FakeChannel
from tests.fakes.clock import FakeClock

SHEET = """姓名,单位,角色,企业微信账号
宋见微,县局,管理员,song
方砚秋,县局/二中,管理员,fang
祁远山,县局/二中,教师,qi
白映雪,县局/实小,教师,bai
"""
FAILED, UNCERTAIN = DeliveryState.FAILED, DeliveryState.UNCERTAIN


@dataclass
class Desk:
    """A store with a roster, a clock, a platform."""

    store: Store
    clock: FakeClock
    people: People
    channel: FakeChannel = field(default_factory=FakeChannel)

    @property
    def deliveries(self) -> Deliveries:
        return Deliveries(self.store, self.clock)

    async def actor(self, account: str) -> Actor:
        return await self.people.actor(Sender(channel=ChannelName.WECOM_APP, account=account))

    async def add(
        self,
        key: str,
        to: str = "qi",
        state: DeliveryState = FAILED,
        *,
        channel: str = ChannelName.WECOM_APP,
        kind: DeliveryKind = DeliveryKind.REMINDER,
        is_group: bool = False,
        reply: Reply | None = None,
        on_doubt: OnDoubt = OnDoubt.HOLD,
    ) -> int:
        draft = outbox.Draft(
            key=key,
            kind=kind,
            channel=channel,
            conversation=to,
            is_group=is_group,
            reply=reply_to_json(reply or Reply(text=f"内容 {key}")),
            on_doubt=on_doubt,
        )

        def work(session: Session) -> int:
            added = outbox.add(session, draft, now=self.clock())
            assert added is not None
            if state is not DeliveryState.OPEN:
                ended = {"state": state, "reason": "对方不收。", "ended_at": self.clock()}
                session.execute(update(Delivery).where(Delivery.id == added).values(ended))
            return added

        return await self.store.write(work)

    async def parts(self, delivery_id: int, *states: PartState) -> None:
        def work(session: Session) -> None:
            session.execute(
                update(Delivery).where(Delivery.id == delivery_id).values(is_rendered=True)
            )
            for n, state in enumerate(states):
                content = f"旧的 {delivery_id}-{n}".encode()
                session.add(Part(delivery_id=delivery_id, n=n, bytes=content, state=state))

        await self.store.write(work)

    async def listed(self, actor: Actor, which: Which = Which()) -> list[int]:  # noqa: B008
        total, found = await self.deliveries.page(actor, which)
        assert total == len(found)
        return [one.id for one in found]

    async def state(self, delivery_id: int) -> str:
        def query(session: Session) -> str:
            return session.get_one(Delivery, delivery_id).state

        return await self.store.read(query)

    async def send(self) -> Sequence[str]:
        """Run the outbox once; what arrived."""

        async def no_blob(blob: str) -> bytes:
            raise LookupError(blob)

        async def no_trouble(trouble: Trouble) -> None:
            return None

        sender = Outbox(
            store=self.store,
            channels={ChannelName.WECOM_APP: self.channel},
            read_blob=no_blob,
            on_trouble=no_trouble,
            clock=self.clock,
        )
        await sender.deliver_due()
        return self.channel.arrived["qi"]


@pytest.fixture
async def desk(store: Store) -> Desk:
    clock = FakeClock()
    roster = People(store, clock)
    await roster.import_roster(operator(), "花名册.csv", SHEET.encode())
    return Desk(store=store, clock=clock, people=roster)


async def test_each_pile_holds_its_own_newest_first(desk: Desk) -> None:
    failed = await desk.add("a")
    waiting = await desk.add("b", state=DeliveryState.OPEN)
    uncertain = await desk.add("c", state=UNCERTAIN)
    sent = await desk.add("d", state=DeliveryState.SENT)
    admin = await desk.actor("song")

    assert await desk.listed(admin) == [uncertain, failed]
    assert await desk.listed(admin, Which(pile=Pile.WAITING)) == [waiting]
    assert await desk.listed(admin, Which(pile=Pile.SENT)) == [sent]


async def test_filters_narrow_a_pile(desk: Desk) -> None:
    app = await desk.add("a", "qi")
    bot = await desk.add("b", "qi", channel=ChannelName.WECOM_AIBOT)
    ding = await desk.add("c", "qi", channel=ChannelName.DINGTALK)
    reply = await desk.add("d", "bai", kind=DeliveryKind.REPLY)
    admin = await desk.actor("song")

    assert await desk.listed(admin, Which(platform="wecom")) == [reply, bot, app]
    assert await desk.listed(admin, Which(platform="wecom.aibot")) == [bot]
    assert await desk.listed(admin, Which(platform="dingtalk")) == [ding]
    assert await desk.listed(admin, Which(kind=DeliveryKind.REPLY)) == [reply]
    assert await desk.listed(admin, Which(name="远山")) == [bot, app], (
        "of another platform: not his"
    )
    assert await desk.listed(admin, Which(name="白映雪")) == [reply]
    assert await desk.listed(admin, Which(name="%")) == []


async def test_pages_follow_each_other(desk: Desk) -> None:
    added = [await desk.add(f"n{n}") for n in range(7)]
    admin = await desk.actor("song")
    seen: list[int] = []
    for offset in (0, 3, 6):
        total, found = await desk.deliveries.page(admin, Which(), offset=offset, limit=3)
        assert total == 7
        seen += [one.id for one in found]
    assert seen == added[::-1]
    assert await desk.deliveries.page(admin, Which(), offset=99, limit=3) == (7, [])


async def test_one_sees_what_goes_to_ones_own_people(desk: Desk) -> None:
    own = await desk.add("own", "qi")
    other = await desk.add("other", "bai")
    stranger = await desk.add("stranger", "nobody")
    group = await desk.add("group", "room", is_group=True)
    far_group = await desk.add("far", "hall", is_group=True)
    merged = await desk.add("merged", "elsewhere")
    qi = (await desk.people.named("祁远山")).member_id

    def work(session: Session) -> None:
        school = people.units_named(session, "二中")[0].id
        for room in ("room", "hall"):
            people.seen_in(session, ChannelName.WECOM_APP, room, is_group=True, now=desk.clock())
        people.bind(session, ChannelName.WECOM_APP, "room", school)
        notice = Notice(key="n", member_id=qi, subject="broadcast:1", created_at=desk.clock())
        notice.delivery_id = merged
        session.add(notice)

    await desk.store.write(work)
    assert await desk.listed(await desk.actor("fang")) == [merged, group, own]
    everything = [merged, far_group, group, stranger, other, own]
    assert await desk.listed(await desk.actor("song")) == everything


async def test_the_unit_admin_does_not_read_what_was_sent(desk: Desk) -> None:
    await desk.add("a", state=DeliveryState.SENT)
    assert await desk.listed(await desk.actor("fang"), Which(pile=Pile.SENT)) == []


async def test_teachers_and_strangers_see_and_do_nothing(desk: Desk) -> None:
    failed = await desk.add("a")
    for account in ("qi", "nobody"):
        actor = await desk.actor(account)
        with pytest.raises(NotAllowed):
            await desk.deliveries.page(actor, Which())
        for deed in (desk.deliveries.look, desk.deliveries.resend, desk.deliveries.give_up):
            with pytest.raises(NotAllowed):
                await deed(actor, failed)
    assert await desk.state(failed) == FAILED


async def test_other_units_messages_are_not_there(desk: Desk) -> None:
    other = await desk.add("other", "bai", UNCERTAIN)
    actor = await desk.actor("fang")
    for deed in (desk.deliveries.look, desk.deliveries.resend, desk.deliveries.give_up):
        with pytest.raises(NotFound):
            await deed(actor, other)
        with pytest.raises(NotFound):
            await deed(actor, 999)
    assert await desk.state(other) == UNCERTAIN


async def test_what_failed_goes_out_anew_once(desk: Desk) -> None:
    failed = await desk.add("a")
    await desk.parts(failed, PartState.FAILED)
    admin = await desk.actor("fang")
    await desk.deliveries.resend(admin, failed)
    with pytest.raises(UsageError, match="settled"):
        await desk.deliveries.resend(admin, failed)

    assert await desk.send() == ["内容 a"]
    assert await desk.state(failed) == DeliveryState.SENT
    with pytest.raises(UsageError):
        await desk.deliveries.resend(admin, failed)
    entry = (await desk.store.read(lambda s: audit.about(s, f"delivery:{failed}")))[0]
    assert (entry.who, entry.what, entry.before) == ("wecom:fang", "delivery.resend", "failed")


async def test_what_half_arrived_goes_on_where_it_stopped(desk: Desk) -> None:
    failed = await desk.add("a")
    await desk.parts(failed, PartState.SENT, PartState.FAILED, PartState.PENDING)
    await desk.deliveries.resend(await desk.actor("song"), failed)

    assert await desk.send() == [f"旧的 {failed}-1", f"旧的 {failed}-2"]
    assert await desk.state(failed) == DeliveryState.SENT


async def test_what_may_have_arrived_says_so(desk: Desk) -> None:
    uncertain = await desk.add("a", state=UNCERTAIN)
    await desk.parts(uncertain, PartState.UNCERTAIN)
    await desk.deliveries.resend(await desk.actor("song"), uncertain)

    assert await desk.send() == [f"内容 a{DOUBT_MARK}"]


async def test_what_is_uncertain_can_be_let_be(desk: Desk) -> None:
    uncertain, failed = await desk.add("a", state=UNCERTAIN), await desk.add("b")
    await desk.parts(uncertain, PartState.UNCERTAIN)
    admin = await desk.actor("song")
    await desk.deliveries.give_up(admin, uncertain)

    view = await desk.deliveries.look(admin, uncertain)
    assert (view.state, view.reason) == (FAILED, "宋见微决定不再发送。")
    assert await desk.send() == []
    for one in (uncertain, failed):
        with pytest.raises(UsageError):
            await desk.deliveries.give_up(admin, one)


async def test_an_erased_persons_message_stays_where_it_is(desk: Desk) -> None:
    failed = await desk.add("a", undelivered.ERASED)
    admin = await desk.actor("song")
    view = await desk.deliveries.look(admin, failed)
    assert not view.can_resend
    with pytest.raises(UsageError):
        await desk.deliveries.resend(admin, failed)


async def test_two_admins_at_once_send_it_once(desk: Desk) -> None:
    failed = await desk.add("a")
    admin, other = await desk.actor("song"), await desk.actor("fang")
    await desk.deliveries.resend(admin, failed)
    assert await desk.send() == ["内容 a"]
    with pytest.raises(UsageError):
        await desk.deliveries.resend(other, failed)
    assert await desk.send() == ["内容 a"]


async def test_a_view_says_who_and_what_but_not_an_answers_words(desk: Desk) -> None:
    card = Reply(card=Card(title="交周报", body="周五前"))
    task = await desk.add("a", reply=card)
    answer = await desk.add("b", kind=DeliveryKind.REPLY, reply=Reply(text="只给他看的话"))
    unknown = await desk.add("c", "nobody")
    long = await desk.add("d", reply=Reply(text="很长的话。\n" * 40))
    admin = await desk.actor("song")

    async def look(number: int) -> DeliveryView:
        return await desk.deliveries.look(admin, number)

    assert ((await look(task)).who, (await look(task)).words) == ("祁远山", "交周报：周五前")
    assert (await look(answer)).words == ""
    assert (await look(unknown)).who == ""
    assert len((await look(long)).words) == 61


async def test_an_officer_looks_after_deliveries_a_secretary_does_not(desk: Desk) -> None:
    failed = await desk.add("a", "qi")
    fang = (await desk.people.named("方砚秋")).member_id
    for role, may in ((Role.OFFICER, True), (Role.SECRETARY, False)):

        def work(session: Session, role: Role = role) -> None:
            unit = people.units_named(session, "二中")[0].id
            for one in people.memberships(session, fang or 0):
                people.take_role(session, one.member_id, one.unit_id, one.role)
            people.give_role(session, fang or 0, unit, role)

        await desk.store.write(work)
        actor = await desk.actor("fang")
        if may:
            assert await desk.listed(actor) == [failed]
        else:
            with pytest.raises(NotAllowed):
                await desk.listed(actor)


async def test_resending_wakes_nothing_else(desk: Desk) -> None:
    """Only this one opens again; what else ended badly stays."""
    first, second = await desk.add("a"), await desk.add("b")
    desk.clock.now += timedelta(days=3)
    await desk.deliveries.resend(await desk.actor("song"), first)
    rows = await desk.store.read(
        lambda session: session.execute(select(Delivery.id, Delivery.state, Delivery.reason)).all()
    )
    assert {tuple(row) for row in rows} == {
        (first, DeliveryState.OPEN, None),
        (second, FAILED, "对方不收。"),
    }
