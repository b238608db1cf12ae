"""Questions and standing answers a page at a time, on both databases; and who may change which."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy.orm import Session

from bot.errors import NotAllowed, NotFound, UsageError
from bot.messages import ChannelName, Sender
from handlers.access import Actor
from handlers.people.actions import People, operator
from handlers.posting import Post
from handlers.questions.actions import Questions
from handlers.questions.browsing import LookedForQuestions, QuestionList
from store import audit, people, questions
from store.engine import Store
from store.question_list import AnswerPile, QuestionPile
from tests.fakes.clock import FakeClock

SHEET = """姓名,单位,角色,企业微信账号
宋见微,县局,管理员,song
方砚秋,县局/二中,党建专干,fang
江临川,县局/二中,书记,jiang
祁远山,县局/二中,教师,qi
白映雪,县局/实小,教师,bai
"""
DISLIKED, CLOSED = QuestionPile.DISLIKED, QuestionPile.CLOSED


@dataclass
class Desk:
    store: Store
    people: People
    clock: FakeClock
    ids: dict[str, int] = field(default_factory=dict)

    @property
    def list(self) -> QuestionList:
        return QuestionList(self.store, self.clock, ZoneInfo("Asia/Shanghai"))

    @property
    def questions(self) -> Questions:
        return Questions(
            store=self.store,
            post=Post(channels=[ChannelName.WECOM_APP]),
            clock=self.clock,
            zone=ZoneInfo("Asia/Shanghai"),
        )

    async def actor(self, account: str) -> Actor:
        return await self.people.actor(Sender(channel=ChannelName.WECOM_APP, account=account))

    async def ask(self, who: str, question: str, *, answered: bool = False) -> int:
        asked_by = self.ids.get(who)

        def work(session: Session) -> int:
            return questions.add(
                session,
                feedback_id=f"{who}-{question}",
                question=question,
                understood=question,
                answered=answered,
                answer="四月" if answered else "",
                citations=[],
                elapsed_ms=1.0,
                channel=ChannelName.WECOM_APP,
                conversation=who,
                account=who,
                now=self.clock(),
                asked_by=asked_by,
            )

        return await self.store.write(work)

    async def listed(
        self, actor: Actor, pile: QuestionPile = QuestionPile.OPEN, words: str = ""
    ) -> list[int]:
        wanted = LookedForQuestions(pile=pile, words=words)
        total, found = await self.list.asked(actor, wanted)
        assert total == len(found)
        return [one.id for one in found]

    async def standing(self, actor: Actor, pile: AnswerPile = AnswerPile.HOLDING) -> list[int]:
        total, found = await self.list.standing(actor, pile)
        assert total == len(found)
        return [one.id for one in found]


@pytest.fixture
async def desk(store: Store) -> Desk:
    clock = FakeClock(datetime(2026, 9, 1, 8, tzinfo=UTC))
    roster = People(store, clock)
    await roster.import_roster(operator(), "花名册.csv", SHEET.encode())
    rows = await store.read(people.members)
    accounts = dict(
        zip(
            ("song", "fang", "jiang", "qi", "bai"),
            ["宋见微", "方砚秋", "江临川", "祁远山", "白映雪"],
            strict=True,
        )
    )
    ids = {one.name: one.id for one in rows}
    return Desk(store, roster, clock, {key: ids[name] for key, name in accounts.items()})


async def test_each_sees_the_questions_of_their_own(desk: Desk) -> None:
    own, other = await desk.ask("qi", "校车几点"), await desk.ask("bai", "热水几点")
    guest = await desk.ask("guest", "开放日几号")
    await desk.ask("qi", "读书节几月", answered=True)
    assert await desk.listed(await desk.actor("song")) == [guest, other, own]
    assert await desk.listed(operator()) == [guest, other, own]
    for account in ("fang", "jiang"):
        assert await desk.listed(await desk.actor(account)) == [own]
    with pytest.raises(NotAllowed):
        await desk.listed(await desk.actor("qi"))

    fang = desk.ids["fang"]
    await desk.store.write(lambda session: questions.route(session, other, fang))
    assert await desk.listed(await desk.actor("fang")) == [other, own]
    assert await desk.listed(await desk.actor("jiang")) == [own]
    total, mine = await desk.list.asked(await desk.actor("fang"), LookedForQuestions(is_own=True))
    assert (total, [one.id for one in mine]) == (1, [other])
    assert mine[0].with_whom == "方砚秋（二中）"


async def test_piles_and_words(desk: Desk) -> None:
    admin = await desk.actor("song")
    bus, water = await desk.ask("qi", "校车几点"), await desk.ask("bai", "热水100%热吗")
    liked = await desk.ask("qi", "读书节几月", answered=True)
    disliked = await desk.ask("bai", "读书节几月呢", answered=True)
    for number, who, verdict in ((liked, "qi", "up"), (disliked, "bai", "down")):

        def judge(session: Session, number: int = number, who: str = who, v: str = verdict) -> None:
            row = questions.get(session, number)
            assert row is not None
            questions.give_feedback(
                session, row.feedback_id, account=who, feedback=v, now=desk.clock()
            )

        await desk.store.write(judge)
    assert await desk.listed(admin, words="几点") == [bus]
    assert await desk.listed(admin, words="%") == [water]
    assert await desk.listed(admin, DISLIKED) == [disliked]
    await desk.questions.reply(admin, disliked, "每年四月")
    await desk.questions.close(admin, bus)
    assert await desk.listed(admin, DISLIKED) == []
    assert await desk.listed(admin, CLOSED) == [disliked, bus]
    assert await desk.listed(admin) == [water]


async def test_the_chat_counts_all_and_shows_the_newest(desk: Desk) -> None:
    numbers = [await desk.ask("qi", f"第 {n} 问") for n in range(25)]
    for n in range(130):
        await desk.ask("bai", f"别校第 {n} 问")
    total, asked = await desk.questions.waiting(await desk.actor("fang"))
    assert total == 25
    assert [one.id for one in asked] == numbers[:4:-1]


async def test_one_question_is_not_there_for_others(desk: Desk) -> None:
    own, other = await desk.ask("qi", "校车几点"), await desk.ask("bai", "热水几点")
    fang, jiang = await desk.actor("fang"), await desk.actor("jiang")
    assert (await desk.list.look(fang, own)).may_answer
    assert not (await desk.list.look(jiang, own)).may_answer
    for actor in (fang, jiang):
        with pytest.raises(NotFound):
            await desk.list.look(actor, other)
        with pytest.raises(NotFound):
            await desk.list.look(actor, 999)
    with pytest.raises(NotFound):
        await desk.questions.reply(jiang, own, "七点")


async def test_standing_answers_hold_end_and_are_retired(desk: Desk) -> None:
    admin = await desk.actor("song")
    bus = await desk.ask("qi", "校车几点")
    given = await desk.questions.reply(admin, bus, "七点", expires_on=date(2026, 9, 1))
    assert await desk.standing(admin) == [given.standing_id]
    desk.clock.go(24 * 3600)
    assert await desk.standing(admin) == []
    assert await desk.standing(admin, AnswerPile.OVER) == [given.standing_id]
    with pytest.raises(UsageError):
        await desk.questions.change_expiry(admin, given.standing_id, date(2026, 9, 1))
    await desk.questions.change_expiry(admin, given.standing_id, date(2026, 9, 30))
    assert await desk.standing(admin) == [given.standing_id]
    await desk.questions.change_expiry(admin, given.standing_id, None)
    entries = await desk.store.read(
        lambda session: audit.about(session, f"standing:{given.standing_id}")
    )
    assert [(one.before, one.after) for one in entries] == [
        ("2026-09-01", "2026-09-30"),
        ("2026-09-30", "一直"),
    ]
    await desk.questions.retire(admin, given.standing_id)
    assert await desk.standing(admin, AnswerPile.RETIRED) == [given.standing_id]
    for deed in (
        desk.questions.retire(admin, given.standing_id),
        desk.questions.change_expiry(admin, given.standing_id, None),
    ):
        with pytest.raises(NotFound):
            await deed


async def test_everybodys_answer_is_not_a_schools_to_end(desk: Desk) -> None:
    guest, own = await desk.ask("guest", "开放日几号"), await desk.ask("qi", "校车几点")
    everybodys = await desk.questions.reply(await desk.actor("song"), guest, "六号")
    schools = await desk.questions.reply(await desk.actor("fang"), own, "七点")
    fang, jiang, bai = [await desk.actor(one) for one in ("fang", "jiang", "bai")]
    lines = {one.id: one for one in (await desk.list.standing(fang))[1]}
    assert (lines[everybodys.standing_id].seen_by, lines[schools.standing_id].seen_by) == (
        "所有人",
        "二中",
    )
    assert not lines[everybodys.standing_id].may_change
    assert lines[schools.standing_id].may_change
    for deed in (
        desk.questions.retire(fang, everybodys.standing_id),
        desk.questions.change_expiry(fang, everybodys.standing_id, None),
        desk.questions.retire(jiang, schools.standing_id),
    ):
        with pytest.raises(NotAllowed):
            await deed
    with pytest.raises(NotFound):
        await desk.questions.retire(bai, schools.standing_id)
    assert await desk.questions.retire(fang, schools.standing_id) == "校车几点"
    assert await desk.questions.retire(operator(), everybodys.standing_id) == "开放日几号"
