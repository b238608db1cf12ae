"""Who gets a question, for how long an answer stands, and what the week's digest says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.codec import reply_from_json
from bot.messages import ChannelName, Sender
from handlers.access import Actor
from handlers.people.actions import People
from handlers.posting import Post
from handlers.questions.actions import Questions
from handlers.questions.digest import Digest
from handlers.questions.owners import Rules, Topic
from store import audit, people, questions
from store.engine import Store
from store.models import AuditEntry, Delivery
from store.models_questions import Question
from tests.fakes.clock import FakeClock
from tests.fakes.duty_office import said

ZONE = ZoneInfo("Asia/Shanghai")
MONDAY = datetime(2026, 3, 2, 0, 40, tzinfo=UTC)
"""8:40 in Shanghai."""
STAFF = {
    "局长": (["县局"], "admin"), "专干": (["县局"], "officer"),
    "组织": (["县局", "组织科"], "admin"), "校长": (["县局", "一中"], "admin"),
    "老师": (["县局", "一中"], "teacher"), "别校": (["县局", "二中"], "teacher"),
}  # fmt: skip
RULES = Rules(
    topics=(
        Topic(words=("党费",), to="member:专干"),
        Topic(words=("党费标准", "发展党员"), to="unit:组织科"),
        Topic(words=("食堂",), to="member:没有这个人"),
    ),
    units={"一中": "member:校长"},
    default="member:局长",
)


@dataclass
class Bureau:
    store: Store
    clock: FakeClock
    ids: dict[str, int]
    rules: Rules = RULES

    @property
    def desk(self) -> Questions:
        return Questions(store=self.store, post=Post(channels=[ChannelName.WEB]),
                         clock=self.clock, zone=ZONE, rules=self.rules)  # fmt: skip

    @property
    def digest(self) -> Digest:
        return Digest(
            store=self.store, post=Post(channels=[ChannelName.WEB]), clock=self.clock, zone=ZONE
        )

    async def who(self, name: str) -> Actor:
        return await People(self.store, self.clock).actor(
            Sender(channel=ChannelName.WEB, account=name)
        )

    async def asked(
        self, who: str, words: str, *, answered: bool = False, feedback: str | None = None
    ) -> int:
        def work(session: Session) -> int:
            number = questions.add(
                session, feedback_id=uuid4().hex, question=words,
                understood=words, answered=answered, answer="略" if answered else "", citations=[],
                elapsed_ms=1.0, channel="web", conversation=who, account=who,
                asked_by=self.ids.get(who), now=self.clock(),
            )  # fmt: skip
            session.get_one(Question, number).feedback = feedback
            return number

        return await self.store.write(work)

    async def told(self) -> list[tuple[str, str]]:
        rows = await self.store.read(
            lambda session: list(session.scalars(select(Delivery).order_by(Delivery.id)))
        )
        return [(row.conversation, said(reply_from_json(row.reply))) for row in rows]


@pytest.fixture
async def bureau(store: Store) -> Bureau:
    def furnish(session: Session) -> dict[str, int]:
        ids = {}
        for name, (path, role) in STAFF.items():
            ids[name] = people.add_member(session, name=name, now=MONDAY).id
            people.give_role(session, ids[name], people.unit_at(session, path).id, role)
            people.link(session, "web", name, ids[name])
        return ids

    return Bureau(store=store, clock=FakeClock(MONDAY), ids=await store.write(furnish))


@pytest.mark.parametrize(
    ("who", "question", "owner"),
    [
        ("老师", "党费怎么交", "专干"),
        ("老师", "党费标准是多少", "组织"),
        ("别校", "发展党员要几步", "组织"),
        ("老师", "校庆几月办", "校长"),
        ("老师", "食堂几点开门", "校长"),
        ("别校", "校庆几月办", "局长"),
        ("别校", "食堂几点开门", "局长"),
        ("专干", "党费怎么交", "局长"),
        ("过路的", "几点上班", "局长"),
    ],
)
async def test_a_topic_then_a_unit_then_whoever_is_left(
    bureau: Bureau, who: str, question: str, owner: str
) -> None:
    number = await bureau.asked(who, question)

    names = await bureau.desk.hand_over(await bureau.who(who), number, "unanswered")

    assert [name.partition("（")[0] for name in names] == [owner]
    ((to, text),) = await bureau.told()
    assert to == owner
    assert f"有人问（问题 {number}）" in text
    assert question in text
    (deed,) = await bureau.store.read(
        lambda session: list(
            session.scalars(select(AuditEntry).where(AuditEntry.what == "question.route"))
        )
    )
    assert (deed.subject, deed.after) == (f"question:{number}", names[0])
    assert await bureau.desk.hand_over(await bureau.who(who), number, "down") == ()
    total, listed = await bureau.desk.waiting(await bureau.who("局长"))
    assert total == 1
    assert [(one.id, one.routed_to) for one in listed] == [(number, names[0])]


async def test_without_rules_it_goes_up_from_the_asker(bureau: Bureau) -> None:
    bureau.rules = Rules()
    for who, owner in (("老师", "校长"), ("别校", "专干"), ("校长", "专干"), ("过路的", "局长")):
        number = await bureau.asked(who, f"{who}想知道校庆几月办")
        names = await bureau.desk.hand_over(await bureau.who(who), number, "unanswered")
        assert [name.partition("（")[0] for name in names] == [owner], who


async def test_an_answer_stands_until_its_day_and_says_on_what(bureau: Bureau) -> None:
    number = await bureau.asked("老师", "校庆几月办")
    headmaster, teacher = await bureau.who("校长"), await bureau.who("老师")
    given = await bureau.desk.reply(
        headmaster, number, "五月", basis="《校庆方案》第二条", expires_on=date(2026, 3, 5)
    )
    assert given.is_told
    ((to, text),) = await bureau.told()
    assert to == "老师"
    assert "校长" in text
    assert "依据：《校庆方案》第二条" in text

    stood = await bureau.desk.standing(teacher, "请问校庆几月办？")
    assert stood is not None
    assert "五月" in stood.text
    assert "校长" in stood.text
    assert "依据：《校庆方案》第二条，不是从文件里找的" in stood.text
    bureau.clock.now = datetime(2026, 3, 5, 15, 59, tzinfo=UTC)
    assert await bureau.desk.standing(teacher, "校庆几月办") is not None
    bureau.clock.now = datetime(2026, 3, 5, 16, 1, tzinfo=UTC)
    assert await bureau.desk.standing(teacher, "校庆几月办") is None


async def test_one_answer_serves_the_questions_that_are_the_same(bureau: Bureau) -> None:
    first = await bureau.asked("老师", "校庆几月办")
    second = await bureau.asked("老师", "今年学校生日哪天庆祝")
    headmaster = await bureau.who("校长")
    await bureau.desk.reply(headmaster, first, "五月")
    await bureau.desk.same_as(headmaster, second, first)

    stood = await bureau.desk.standing(await bureau.who("老师"), "今年学校生日哪天庆祝")
    assert stood is not None
    assert "五月" in stood.text
    (one,) = await bureau.desk.standing_list(headmaster)
    assert one.serves == 2


async def test_the_week_is_told_on_monday_once_to_each_about_their_own(bureau: Bureau) -> None:
    bureau.clock.now = MONDAY - timedelta(days=3)
    await bureau.asked("老师", "校庆几月办")
    await bureau.asked("老师", "作息时间", answered=True, feedback="down")
    for _ in range(3):
        await bureau.asked("别校", "陪餐记录存多久", answered=True)
    bureau.clock.now = MONDAY - timedelta(minutes=30)
    assert await bureau.digest.send_due() == 0, "not before half past eight"

    bureau.clock.now = MONDAY
    assert await bureau.digest.send_due() == 3
    assert await bureau.digest.send_due() == 0
    told = dict(await bureau.told())
    assert set(told) == {"局长", "专干", "校长"}
    for words in ("大家问了 5 次", "没答上来 1 次，点 👎 1 次", "校庆几月办", "作息时间",
                  "陪餐记录存多久（3 次）", "2月23日至3月1日"):  # fmt: skip
        assert words in told["局长"]
    assert "大家问了 2 次" in told["校长"]
    assert "陪餐" not in told["校长"]

    bureau.clock.now = MONDAY + timedelta(days=7)
    assert await bureau.digest.send_due() == 0, "a week in which nobody asked"


async def test_the_digest_is_made_up_for_after_a_monday_off(bureau: Bureau) -> None:
    bureau.clock.now = MONDAY - timedelta(days=1)
    await bureau.asked("老师", "校庆几月办")
    bureau.clock.now = MONDAY + timedelta(days=2)
    assert await bureau.digest.send_due() > 0


async def test_all_of_it_is_in_the_chain_of_the_log(bureau: Bureau) -> None:
    number = await bureau.asked("老师", "校庆几月办")
    await bureau.desk.hand_over(await bureau.who("老师"), number, "unanswered")
    headmaster = await bureau.who("校长")
    given = await bureau.desk.reply(headmaster, number, "五月")
    await bureau.desk.retire(headmaster, given.standing_id)

    deeds = await bureau.store.read(lambda session: [one.what for one in session.scalars(
        select(AuditEntry).order_by(AuditEntry.n))])  # fmt: skip
    assert deeds == ["question.route", "question.answer", "standing.retire"]
    assert await bureau.store.read(audit.first_broken) is None
