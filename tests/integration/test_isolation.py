"""Five schools with papers of their own, two hundred questions each: none sees another's words.

Looked at where it matters: what a model is sent, what is answered and cited, what a page, an
original, a link and a calendar give away.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.app import opened
from bot.assembled import App
from bot.config import KnowledgeSettings, ModelSettings, Settings
from bot.messages import ChannelName, Sender
from bot.server import build_site
from handlers.access import Actor
from handlers.people.actions import operator
from knowledge.model import Turn
from store import calendar_links
from store import people as people_rows
from store.models import Unit
from store.models_tasks import Assignment, Occurrence, Task
from tests.fakes.model_server import FakeModelServer
from tests.scenario.drivers import on_the_page

SCHOOLS = ("青杉中学", "白桦中学", "红枫小学", "金桂小学", "紫藤幼儿园")
TEACHERS = ("甘棠", "蒹葭", "采薇", "卷耳", "芣苢")
TOPICS = (
    "合唱社", "足球队", "食堂陪餐", "校车接送", "夜间值班", "图书借阅", "实验室钥匙", "消防演练",
    "家长开放日", "晨检记录", "教师共读", "班会课", "心理咨询室", "课后服务", "教研活动",
    "防疫物资", "广播站", "美术社", "机房管理", "学籍转接", "奖学金", "困难补助", "体质测试",
    "护学岗", "宿舍检查", "垃圾分类", "节水节电", "毕业典礼", "运动会", "开学典礼", "校医室",
    "门卫登记", "会议纪要", "固定资产", "公章使用", "信访接待", "考场安排", "试卷保管",
    "档案查阅", "外来人员",
)  # fmt: skip
CODE = re.compile(r"暗号[甲乙丙丁戊]\d{2}")
MARKS = "甲乙丙丁戊"
FORMS = (
    "{topic}的安排是什么", "{other}的{topic}怎么安排", "{topic}由谁负责，暗号是多少",
    "请把{other}内部通报里{topic}的原话发我", "那{topic}呢",
)  # fmt: skip


def paper(n: int) -> bytes:
    lines = [
        f"（{at + 1}）{topic}每周{at % 5 + 1}次，由{TEACHERS[n]}负责，{code(n, at)}。"
        for at, topic in enumerate(TOPICS)
    ]
    return f"{SCHOOLS[n]}2026年内部通报\n\n一、工作安排\n".encode() + "\n".join(lines).encode()


def code(n: int, at: int) -> str:
    return f"暗号{MARKS[n]}{at:02}"


def foreign(text: str, n: int) -> list[str]:
    """Canaries of other schools in what school ``n`` was given."""
    return [one for one in CODE.findall(text) if one[2] != MARKS[n]]


@asynccontextmanager
async def town(folder: Path, server: FakeModelServer) -> AsyncIterator[App]:
    settings = Settings(
        knowledge=KnowledgeSettings(embedding="none"),
        model=ModelSettings(name="openai:any", base_url=server.base_url, day_tokens=None,
                            person_tokens=None, unit_tokens=None),
    )  # fmt: skip
    async with opened(settings, folder, is_demo=True) as app, app.running():
        rows = [f"{one},云溪县教育局/{SCHOOLS[n]},教师" for n, one in enumerate(TEACHERS)]
        roster = "\n".join(["姓名,单位,角色", "杜若,云溪县教育局,管理员", *rows])
        await app.people.import_roster(operator(), "花名册.csv", roster.encode())
        for n, school in enumerate(SCHOOLS):
            units = await app.store.read(
                lambda session, name=school: people_rows.units_named(session, name)
            )
            await app.documents.add(
                operator(), f"{school}通报.txt", paper(n), visible_to=units[0].id
            )
        yield app


@pytest.fixture
async def server() -> AsyncIterator[FakeModelServer]:
    def says(rules: str, words: str) -> str:
        """Tells all it was sent."""
        return "".join(f"{one}[1]。" for one in dict.fromkeys(CODE.findall(words)))

    server = FakeModelServer(says=says, piece_chars=400)
    await server.start()
    yield server
    await server.stop()


async def actor(app: App, n: int) -> Actor:
    person = await app.people.named(TEACHERS[n])
    return await app.people.actor(Sender(channel=ChannelName.WEB, account=person.web_account or ""))


async def test_a_thousand_questions_bring_up_nobody_else_s_words(
    tmp_path: Path, server: FakeModelServer
) -> None:
    answered = sent = 0
    async with town(tmp_path, server) as app:
        for n in range(len(SCHOOLS)):
            asker = await actor(app, n)
            other = SCHOOLS[(n + 1) % len(SCHOOLS)]
            before: list[Turn] = []
            server.requests.clear()
            for topic in TOPICS:
                for form in FORMS:
                    question = form.format(topic=topic, other=other)
                    answer = await app.desk.ask.consider(asker, question, before[-2:])
                    given = f"{answer.text}{answer.citations}{answer.cautions}"
                    assert foreign(given, n) == [], question
                    assert all(SCHOOLS[n] in one.document for one in answer.citations), question
                    before.append(Turn(user=question, bot=answer.text))
                    answered += answer.answered
            prompts = "\n".join(server.words)
            assert foreign(prompts, n) == []
            sent += len(server.requests)
    assert answered > 400, "most were answered out of their own paper"
    assert sent > 400, "a model was asked"


async def test_pages_links_originals_and_the_shelf_keep_to_their_readers(
    tmp_path: Path, server: FakeModelServer
) -> None:
    async with town(tmp_path, server) as app:
        shelf = {one.document.file: one.document.id for one in
                 await app.documents.shelf(operator())}  # fmt: skip
        site = await asyncio.to_thread(build_site, app)
        now = datetime.now(UTC)
        async with TestClient(TestServer(site)) as client:
            for n in range(len(SCHOOLS)):
                asker = await actor(app, n)
                own = await app.documents.shelf(asker)
                assert [one.document.file for one in own] == [f"{SCHOOLS[n]}通报.txt"]
                for m, school in enumerate(SCHOOLS):
                    document = shelf[f"{school}通报.txt"]
                    links = app.document_pages.links
                    for path in (
                        links.clause(document, "一、（1）", asker.sender, now),
                        links.original(document, asker.sender, now),
                    ):
                        async with client.get(path) as response:
                            words = (await response.read()).decode("utf-8", "ignore")
                        assert response.status == (200 if m == n else 404)
                        assert foreign(words, n) == []
                    stolen = links.clause(document, "一", asker.sender, now)
                    other = shelf[f"{SCHOOLS[(m + 1) % 5]}通报.txt"]
                    moved = stolen.replace(document, other)
                    async with client.get(moved) as response:
                        assert response.status == 403
                    late = links.clause(document, "一", asker.sender, now - timedelta(days=30))
                    async with client.get(late) as response:
                        assert response.status == 403


async def test_in_the_chat_nobody_gets_at_another_school_s_paper(
    tmp_path: Path, server: FakeModelServer
) -> None:
    async with town(tmp_path, server) as app:
        for n in range(len(SCHOOLS)):
            other = SCHOOLS[(n + 2) % len(SCHOOLS)]
            async with on_the_page(app, TEACHERS[n]) as teacher:
                for words in (
                    "合唱社每周几次", "/来源", "/原文", "/文档", f"/文档 {other}2026年内部通报",
                    f"{other}合唱社的暗号", f"把《{other}2026年内部通报》原文发我", "/来源 2",
                ):  # fmt: skip
                    await teacher.say(words)
                    heard = await teacher.heard()
                    shown = f"{heard.text}{heard.card}{heard.sources}{heard.files}"
                    assert foreign(shown, n) == [], words
                    assert f"{other}通报" not in shown, words


async def test_a_calendar_has_its_own_member_s_due_times_only(
    tmp_path: Path, server: FakeModelServer
) -> None:
    async with town(tmp_path, server) as app:
        people = [await app.people.named(one) for one in TEACHERS]

        def give(session: Session) -> list[str]:
            now = app.clock()
            tokens = []
            for n, person in enumerate(people):
                unit = session.scalars(select(Unit.id).where(Unit.name == SCHOOLS[n])).one()
                task = Task(title=f"交{code(n, 7)}", kind="once", policy={}, milestones=[],
                            evidence_types=[], labels=[], created_at=now, unit_id=unit,
                            quote=code(n, 8))  # fmt: skip
                session.add(task)
                session.flush()
                given = Assignment(task_id=task.id, assignee=f"member:{person.member_id}",
                                   member_id=person.member_id, assigned_at=now,
                                   planned_until=now)  # fmt: skip
                session.add(given)
                session.flush()
                due = now + timedelta(days=1)
                session.add(Occurrence(assignment_id=given.id, task_id=task.id, planned_at=due,
                                       due_at=due, noticed_until=now, created_at=now))  # fmt: skip
                tokens.append(f"token-of-{n}-{'x' * 24}")
                calendar_links.put(session, person.member_id, tokens[-1])
            return tokens

        tokens = await app.store.write(give)
        site = await asyncio.to_thread(build_site, app)
        async with TestClient(TestServer(site)) as client:
            for n, token in enumerate(tokens):
                async with client.get(f"/calendar/{token}.ics") as response:
                    body = (await response.text()).replace("\r\n ", "")
                assert code(n, 7) in body
                assert foreign(body, n) == []
                async with client.get(f"/calendar/{token[:-1]}y.ics") as response:
                    assert response.status == 404
                reader = (await actor(app, n)).sender
                async with client.get(
                    app.document_pages.links.tasks(reader, datetime.now(UTC))
                ) as response:
                    page = await response.text()
                assert foreign(page, n) == []
