"""What a teacher meets when asking, on every channel alike."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import select

from bot.assembled import App
from handlers.people.actions import operator
from store import people as people_rows
from store.models import InboxMessage
from store.models_questions import Question
from tests.scenario.drivers import CHANNELS, Enter
from tests.scenario.town import KITCHEN, READING, living, settle_in

PLAN = "云溪县教育局2026年校园阅读工作方案"


@pytest.fixture
async def app(tmp_path: Path) -> AsyncIterator[App]:
    async with living(tmp_path) as app:
        await settle_in(app)
        yield app


@pytest.fixture(params=CHANNELS.values(), ids=CHANNELS.keys())
def enter(request: pytest.FixtureRequest) -> Enter:
    found: Enter = request.param
    return found


async def test_a_teacher_asks_and_is_shown_the_clause(app: App, enter: Enter) -> None:
    async with enter(app, "祁远山") as teacher:
        await teacher.say("班级图书角藏书不少于多少册")
        answer = await teacher.heard()

        assert "80册" in answer.text
        assert answer.sources == ((PLAN, "二、（一）"),)

        await teacher.say("/来源")
        clause = await teacher.heard()
        assert "每个班级设一处图书角，藏书不少于80册，每学期更新一次。" in clause.text


async def test_a_follow_up_leans_on_the_question_before(app: App, enter: Enter) -> None:
    async with enter(app, "祁远山") as teacher:
        await teacher.say("读书节几月举办")
        assert "4月" in (await teacher.heard()).text

        await teacher.say("由谁负责")
        assert "教导处" in (await teacher.heard()).text


@pytest.mark.parametrize("words", ["把原文发我", "发原文", "/原文 1"])
async def test_the_original_file_comes_when_asked_for(app: App, enter: Enter, words: str) -> None:
    async with enter(app, "祁远山") as teacher:
        await teacher.say("教师共读多久组织一次")
        assert "每月" in (await teacher.heard()).text

        await teacher.say(words)
        assert (await teacher.heard()).files == ("阅读方案.txt",)


async def test_what_the_documents_do_not_say_is_not_made_up(app: App, enter: Enter) -> None:
    async with enter(app, "祁远山") as teacher:
        await teacher.say("读书节的经费是多少钱")
        answer = await teacher.heard()

    assert "没有" in answer.text
    row = await app.store.read(lambda session: session.scalars(select(Question)).one())
    assert not row.answered


async def test_an_opinion_is_kept_with_the_answer(app: App, enter: Enter) -> None:
    async with enter(app, "祁远山") as teacher:
        await teacher.say("读书节几月举办")
        answer = await teacher.heard()
        assert answer.feedback_id is not None
        await teacher.judge(answer.feedback_id, "down")
        assert "抱歉" in (await teacher.heard()).text

        await teacher.say("👍")
        await teacher.heard()
    row = await app.store.read(lambda session: session.scalars(select(Question)).one())
    assert row.feedback == "up"
    assert row.citations[0]["locator"] == "二、（二）"
    assert row.elapsed_ms > 0


async def test_help_and_a_slip_of_the_pen(app: App, enter: Enter) -> None:
    async with enter(app, "祁远山") as teacher:
        await teacher.say("／帮助")
        shown = (await teacher.heard()).text
        assert all(command in shown for command in ("/帮助", "/来源", "/原文", "/文档"))

        await teacher.say("/来原")
        assert "/来源" in (await teacher.heard()).text

        await teacher.tap("/文档 校园阅读")
        assert PLAN in (await teacher.heard()).text


async def test_a_document_added_a_moment_ago_answers(app: App, enter: Enter) -> None:
    async with enter(app, "祁远山") as teacher:
        await app.documents.add(operator(), "陪餐.txt", KITCHEN.encode())
        await teacher.say("陪餐记录保存多久")
        answer = await teacher.heard()

    assert "一年" in answer.text
    assert answer.sources[0] == ("云溪县第二中学食堂陪餐制度", "第二条")


async def test_nobody_reads_another_units_document(app: App, enter: Enter) -> None:
    units = await app.store.read(lambda session: people_rows.units_named(session, "云溪县第二中学"))
    await app.documents.add(operator(), "陪餐.txt", KITCHEN.encode(), visible_to=units[0].id)
    async with enter(app, "祁远山") as insider:
        await insider.say("学校负责人每周陪餐几次")
        assert "两次" in (await insider.heard()).text
    async with enter(app, "白映雪") as outsider:
        await outsider.say("学校负责人每周陪餐几次")
        answer = await outsider.heard()
        assert "两次" not in answer.text
        assert all("陪餐" not in title for title, _ in answer.sources)
        await outsider.say("/文档")
        assert "陪餐" not in (await outsider.heard()).text


async def test_a_newer_upload_takes_over_and_the_old_one_is_kept(app: App, enter: Enter) -> None:
    changed = READING.replace("不少于80册", "不少于120册")
    await app.documents.add(operator(), "阅读方案.txt", changed.encode())
    async with enter(app, "祁远山") as teacher:
        await teacher.say("班级图书角藏书不少于多少册")
        answer = await teacher.heard()

    assert "120册" in answer.text
    assert "80册" not in answer.text
    shelf = await app.documents.shelf(operator(), with_past=True)
    assert [one.status for one in shelf] == ["replaced", "in_force"]


async def test_a_question_asked_before_a_restart_is_answered_once_after_it(
    tmp_path: Path, enter: Enter
) -> None:
    async with living(tmp_path) as app:
        await settle_in(app)
        await app.dispatcher.stop()
        async with enter(app, "祁远山") as teacher:
            await teacher.say("读书节几月举办")
    async with living(tmp_path) as app:
        async with enter(app, "祁远山") as teacher:
            assert "4月" in (await teacher.heard()).text
        rows = await app.store.read(lambda session: session.scalars(select(Question)).all())
        states = await app.store.read(
            lambda session: session.scalars(select(InboxMessage.state)).all()
        )
    assert len(rows) == 1
    assert list(states) == ["handled"]
