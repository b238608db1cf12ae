"""With a model: answers grow on the page; it may point at tasks and say a report plainer."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy import select

from bot.app import opened
from bot.assembled import App
from bot.config import ModelSettings
from handlers.people.actions import operator
from store import tasks
from store.models_records import Record
from tests.fakes.model_server import FakeModelServer
from tests.scenario.drivers import Driver, WebDriver, at_the_terminal, on_the_page
from tests.scenario.town import ROSTER, settings

PLAN = """云溪县教育局2027年图书工作要点

一、重点任务
1.办好读书节。各校每年4月举办读书节，6月底前报送总结。
2.图书流通。图书角的书，开学头一个月里要换过一遍。
"""
MISSED = "图书角的书，开学头一个月里要换过一遍。"
MUDDLED = "咱们的主题党日嘛，搞定了，大家一起去了烈士陵园扫墓"
PLAINER = "大家去烈士陵园扫墓，开展了主题党日。"


@pytest.fixture
async def model() -> AsyncIterator[FakeModelServer]:
    server = FakeModelServer()
    await server.start()
    yield server
    await server.stop()


@asynccontextmanager
async def with_model(folder: Path, model: FakeModelServer) -> AsyncIterator[App]:
    configured = settings().model_copy(
        update={
            "model": ModelSettings(
                name="openai:fake", base_url=model.base_url, timeout_s=60, reads_records=True
            )
        }
    )
    async with opened(configured, folder, is_demo=True) as app, app.running():
        await app.people.import_roster(operator(), "花名册.csv", ROSTER.encode())
        await app.documents.add(operator(), "图书要点.txt", PLAN.encode())
        yield app


async def hears(driver: Driver, text: str) -> str:
    await driver.say(text)
    heard = await driver.heard()
    return f"{heard.text}\n{heard.card}"


async def test_what_a_model_points_at_waits_for_a_person(
    tmp_path: Path, model: FakeModelServer
) -> None:
    model.says = lambda rules, words: f"{MISSED}\n图书角的书每周都要换一遍。"
    async with (
        with_model(tmp_path, model) as app,
        at_the_terminal(app, "宋见微") as admin,
    ):
        first = await hears(admin, "/任务 草拟 《图书工作要点》")
        assert "再找找" in first
        assert "头一个月" not in first

        more = await hears(admin, "再找找")
        assert "又找出 1 条" in more
        assert "模型指出的" in more
        assert MISSED.rstrip("。") in more
        assert "每周" not in more, "a sentence that the document does not print"
        assert await app.store.read(lambda session: list(tasks.tasks(session))) == []

        assert "3. 图书角的书" in more
        changed = await hears(admin, "3 改为 2027年9月20日，责任人 祁远山")
        assert "改好了" in changed
        done = await hears(admin, "3 确认")
        assert "确认了 1 项任务" in done
        (task,) = await app.store.read(lambda session: list(tasks.tasks(session)))
        assert task.quote == MISSED


async def test_without_a_model_nothing_is_offered(tmp_path: Path) -> None:
    async with opened(settings(), tmp_path, is_demo=True) as app, app.running():
        await app.people.import_roster(operator(), "花名册.csv", ROSTER.encode())
        await app.documents.add(operator(), "图书要点.txt", PLAN.encode())
        async with at_the_terminal(app, "宋见微") as admin:
            first = await hears(admin, "/任务 草拟 《图书工作要点》")
            assert "再找找" not in first
            assert "没有接语言模型" in await hears(admin, "再找找")


async def test_a_report_said_plainer_is_read_again_and_confirmed(
    tmp_path: Path, model: FakeModelServer
) -> None:
    model.says = lambda rules, words: PLAINER
    async with with_model(tmp_path, model) as app, at_the_terminal(app, "祁远山") as teacher:
        shown = await hears(teacher, MUDDLED)
        assert "主题党日" in shown
        assert "登记" in shown
        assert MUDDLED in model.words[-1]
        assert await stored(app) == 0, "nobody has said yes"
        await hears(teacher, "昨天下午，云溪县第二中学，应到20人，实到18人")
        await hears(teacher, "好")
        assert await stored(app) == 1


async def test_a_model_that_adds_a_figure_is_not_heard(
    tmp_path: Path, model: FakeModelServer
) -> None:
    model.says = lambda rules, words: PLAINER.replace("大家", "大家18人")
    async with with_model(tmp_path, model) as app, at_the_terminal(app, "祁远山") as teacher:
        await hears(teacher, MUDDLED)
        assert await stored(app) == 0
        assert "登记" not in await hears(teacher, "好")


async def test_what_is_confidential_is_not_sent(tmp_path: Path, model: FakeModelServer) -> None:
    async with with_model(tmp_path, model) as app, at_the_terminal(app, "祁远山") as teacher:
        await hears(teacher, "有个信访的事翻篇了，主题党日也了了")
        assert not any("把【原话】改写" in words for words in model.words)


async def stored(app: App) -> int:
    return len(await app.store.read(lambda session: list(session.scalars(select(Record)))))


async def test_an_answer_grows_on_the_page(tmp_path: Path, model: FakeModelServer) -> None:
    model.says = lambda rules, words: "各校每年4月举办读书节[1]。6月底前报送总结[1]。"
    model.fault, model.pause_after = "pause", 6
    async with with_model(tmp_path, model) as app, on_the_page(app, "祁远山") as teacher:
        assert isinstance(teacher, WebDriver)
        await teacher.say("读书节什么时候举办，总结什么时候报")
        growing = await teacher.grown("读书节")
        assert "6月底" not in growing, "that sentence was not said yet"
        model.go_on.set()
        whole = await teacher.heard()
        assert "6月底前" in whole.text
        assert whole.sources
