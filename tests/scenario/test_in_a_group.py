"""What happens in a group where the AI bot sits: over the long connection, and by callbacks."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from bot.assembled import App
from bot.config import ModelSettings
from handlers.people.actions import operator
from store.models import InboxMessage
from store.models_questions import Question
from tests.fakes.model_server import FakeModelServer
from tests.fakes.waiting import until
from tests.scenario.aibot_driver import AiBotDriver, on_the_long_connection, over_callbacks
from tests.scenario.drivers import on_the_page
from tests.scenario.hearing import PATIENCE_S, Heard
from tests.scenario.town import living, settle_in

PLAN = "云溪县教育局2026年校园阅读工作方案"
WORDED = "班级图书角的藏书至少80册[1]。图书每学期更新一次[1]。"
BRANCH = """姓名,单位,角色
关若谷,云溪县教育局/云溪县第二中学/二中第一党支部,支部书记
柏舟,云溪县教育局/云溪县第二中学/二中第一党支部,教师
"""
GROUP = "wrkSfGroupOfTeachers"

Enter = Callable[..., AbstractAsyncContextManager[AiBotDriver]]


@pytest.fixture
async def app(tmp_path: Path) -> AsyncIterator[App]:
    async with living(tmp_path) as app:
        await settle_in(app)
        yield app


@pytest.fixture(params=[on_the_long_connection, over_callbacks], ids=["aibot", "aibot_callback"])
def enter(request: pytest.FixtureRequest) -> Enter:
    found: Enter = request.param
    return found


async def says(driver: AiBotDriver, words: str) -> Heard:
    await driver.say(words)
    return await driver.heard()


async def test_only_what_is_addressed_to_the_bot_is_answered(app: App, enter: Enter) -> None:
    async with enter(app, "祁远山", GROUP) as teacher:
        for words in ("班级图书角藏书不少于多少册", "/文档", "到", "👎", "提醒我明天9点交材料"):
            await teacher.write(words)

        answer = await says(teacher, "班级图书角藏书不少于多少册")

        assert "80册" in answer.text
        assert answer.sources == ((PLAN, "二、（一）"),)
        assert len(await teacher.seen()) == 1
    asked = await app.store.read(lambda session: session.scalars(select(Question.question)).all())
    assert list(asked) == ["班级图书角藏书不少于多少册"]
    kept = await app.store.read(lambda session: session.scalars(select(InboxMessage.body)).all())
    assert len(kept) == 1


async def test_who_quotes_an_answer_asks_on_about_it(app: App, enter: Enter) -> None:
    async with enter(app, "祁远山", GROUP) as teacher, enter(app, "白映雪", GROUP) as colleague:
        said = (await says(teacher, "读书节几月举办")).text
        assert "4月" in said

        await colleague.write(
            "@要点 由谁负责", quote={"msgtype": "text", "text": {"content": said}}
        )

        assert "教导处" in (await colleague.heard()).text


async def test_nobody_else_sees_what_is_only_for_the_asker(app: App, enter: Enter) -> None:
    async with (
        enter(app, "宋见微", GROUP) as admin,
        enter(app, "宋见微") as admin_alone,
    ):
        await says(admin_alone, "/文档")
        shown = await says(admin, "/成员")

        assert "白映雪" not in shown.text
        assert "单" in shown.text
        if enter is on_the_long_connection:
            assert "白映雪" in (await admin_alone.seen())[-1].text
        assert all("白映雪" not in one.text for one in await admin.seen())


async def test_a_thumb_in_the_group_is_kept_with_the_answer(app: App, enter: Enter) -> None:
    async with enter(app, "祁远山", GROUP) as teacher:
        answer = await says(teacher, "读书节几月举办")
        assert answer.feedback_id is not None

        await teacher.judge(answer.feedback_id, "down")

        assert "抱歉" in (await teacher.heard()).text
    row = await app.store.read(lambda session: session.scalars(select(Question)).one())
    assert row.feedback == "down"


async def test_one_card_in_the_group_is_tapped_by_each(app: App, enter: Enter) -> None:
    await app.people.import_roster(operator(), "支部.csv", BRANCH.encode())
    async with enter(app, "关若谷", GROUP) as secretary, enter(app, "柏舟", GROUP) as teacher:
        await says(secretary, "/签到 开始 主题党日")
        card = (await secretary.seen())[-1].card
        assert card is not None

        await teacher.tap_on(card, "/签到 1")
        assert "柏舟 已签到" in (await teacher.heard()).text

        assert "实到 1" in (await says(secretary, "/签到 名单")).text


@pytest.fixture
async def slow_model() -> AsyncIterator[FakeModelServer]:
    """Stops in the middle until it is told to go on."""
    server = FakeModelServer(says=lambda rules, words: WORDED, fault="pause", pause_after=9)
    await server.start()
    yield server
    server.go_on.set()
    await server.stop()


async def test_an_answer_is_seen_growing(
    tmp_path: Path, enter: Enter, slow_model: FakeModelServer
) -> None:
    model = ModelSettings(name="openai:fake", base_url=slow_model.base_url)
    async with living(tmp_path, model=model) as app:
        await settle_in(app)
        async with enter(app, "祁远山", GROUP) as teacher:
            await teacher.say("班级图书角藏书多少册，多久更新一次")

            async def grows() -> bool:
                return any("80册" in text for text in await teacher.grown())

            await until(grows, PATIENCE_S)
            assert all("更新一次" not in text for text in await teacher.grown())
            slow_model.go_on.set()
            answer = await teacher.heard()

    assert "80册" in answer.text
    assert "更新一次" in answer.text
    assert answer.sources == ((PLAN, "二、（一）"),)


async def go_to_three_tomorrow(app: App) -> None:
    clock = app.tasking.clock_dialogue
    assert clock is not None
    tomorrow = app.tasking.times.now() + timedelta(days=1)
    await clock.go(tomorrow.replace(hour=15, minute=1))


async def test_a_reminder_comes_to_the_group_or_is_not_promised(app: App, enter: Enter) -> None:
    async with enter(app, "祁远山", GROUP) as teacher:
        said = (await says(teacher, "提醒大家明天下午3点交周报")).text
        if enter is over_callbacks:
            assert "不能主动提醒" in said
            assert "没有" in (await says(teacher, "/提醒")).text
            return
        assert "设好了" in (await says(teacher, "好")).text
        shown = len(await teacher.seen())
        await go_to_three_tomorrow(app)

        async def is_there() -> bool:
            return any("交周报" in one.text for one in (await teacher.seen())[shown:])

        await until(is_there, PATIENCE_S)


async def test_what_the_bot_cannot_begin_comes_another_way(app: App, enter: Enter) -> None:
    """With callbacks it only answers; the page of the same person can be written to."""
    async with enter(app, "祁远山") as teacher, on_the_page(app, "祁远山") as page:
        await says(teacher, "提醒我明天下午3点交教案")
        assert "设好了" in (await says(teacher, "好")).text
        shown = len(await teacher.seen())
        await go_to_three_tomorrow(app)

        if enter is over_callbacks:
            heard = await page.heard()
            assert "交教案" in heard.text + heard.card
        else:

            async def is_there() -> bool:
                found = (await teacher.seen())[shown:]
                return any("交教案" in one.text + str(one.card) for one in found)

            await until(is_there, PATIENCE_S)
