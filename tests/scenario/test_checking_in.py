"""A branch signs in, its secretary nudges the last, tells of a meeting, and asks for the month."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from sqlalchemy import select

from bot.assembled import App
from handlers.people.actions import operator
from store.models import Blob
from store.models_records import Record, RecordKind
from tests.scenario.drivers import CHANNELS, Driver, Enter, on_the_page
from tests.scenario.town import living

ROSTER = """姓名,单位,角色
严砚,云溪县教育局,管理员
关若谷,云溪县教育局/云溪县第二中学/二中第一党支部,支部书记
柏舟,云溪县教育局/云溪县第二中学/二中第一党支部,教师
檀溪,云溪县教育局/云溪县第二中学/二中第一党支部,教师
桑榆晚,云溪县教育局/云溪县第二中学/二中第一党支部,教师
"""


@pytest.fixture
async def app(tmp_path: Path) -> AsyncIterator[App]:
    async with living(tmp_path) as app:
        await app.people.import_roster(operator(), "花名册.csv", ROSTER.encode())
        yield app


@pytest.fixture(params=CHANNELS.values(), ids=CHANNELS.keys())
def enter(request: pytest.FixtureRequest) -> Enter:
    found: Enter = request.param
    return found


async def ask(driver: Driver, words: str) -> str:
    await driver.say(words)
    return (await driver.heard()).text


async def test_a_branch_signs_in_and_the_last_is_nudged(app: App, enter: Enter) -> None:
    async with AsyncExitStack() as stack:
        secretary = await stack.enter_async_context(enter(app, "关若谷"))
        opened = await ask(secretary, "/签到 开始 主题党日 地点三楼会议室")
        assert "已通知名单上的 4 人" in opened

        for name, words in (("柏舟", "到"), ("檀溪", "报到，迟到10分钟")):
            teacher = await stack.enter_async_context(enter(app, name))
            await teacher.say(words)
            while "已签到" not in (heard := (await teacher.heard()).text):
                assert "请签到" in heard
        assert "已签到" in await ask(secretary, "我到了")

        last = await stack.enter_async_context(on_the_page(app, "桑榆晚"))
        nudged = await ask(secretary, "/签到 催一下")
        assert "已提醒 1 人：桑榆晚" in nudged
        while "还没有签到" not in (await last.heard()).text:
            pass
        await last.say("请假，家里有事")
        while "请假已登记" not in (await last.heard()).text:
            pass

        closed = await ask(secretary, "/签到 结束")
        assert "应到 4，实到 3，请假 1，未签 0" in closed
        assert "请假：桑榆晚" in closed
        assert "迟到：檀溪" in closed


async def test_who_is_there_sends_the_digits_of_the_minute(app: App, enter: Enter) -> None:
    async with AsyncExitStack() as stack:
        secretary = await stack.enter_async_context(enter(app, "关若谷"))
        teacher = await stack.enter_async_context(enter(app, "柏舟"))
        await ask(secretary, "/签到 开始 主题党日 现场码")
        await teacher.say("到")
        while "要在现场签到" not in (heard := (await teacher.heard()).text):
            assert "请签到" in heard
        assert "现场码不对" in await ask(teacher, "签到 000000")

        await secretary.say("/签到 二维码")
        shown = await secretary.heard()
        assert [Path(name).suffix for name in shown.files] == [".png"]
        [digits] = re.findall(r"\d{6}", shown.text)
        assert "已签到" in await ask(teacher, digits)
        assert "不用再发" in await ask(teacher, f"签到 {digits}")
        assert "没有权限" in await ask(teacher, "/签到 二维码 1")


async def test_a_sentence_is_stored_only_after_a_yes(app: App, enter: Enter) -> None:
    async with enter(app, "关若谷") as secretary:
        told = "我们支部今天上午开了支部党员大会，应到4实到3，檀溪请假，学习了新修订的条例"
        shown = await ask(secretary, told)
        assert "应到 4" in await _card_or(app, shown)
        rows = await app.store.read(lambda session: session.scalars(select(Record)).all())
        assert rows == []

        assert "已登记" in await ask(secretary, "好")
        rows = await app.store.read(lambda session: session.scalars(select(Record)).all())
        assert [(one.kind, one.type) for one in rows] == [(RecordKind.ACTIVITY, "san_hui_yi_ke")]
        assert rows[0].fields["present"] == 3


async def _card_or(app: App, text: str) -> str:
    """The page shows the card with the words; at the terminal it is on the reply."""
    from store.models import Delivery

    newest = await app.store.read(
        lambda session: session.scalars(select(Delivery).order_by(Delivery.id.desc())).first()
    )
    return text + (newest.reply if newest else "")


async def test_the_month_comes_with_its_picture_and_tables(app: App, enter: Enter) -> None:
    async with enter(app, "关若谷") as secretary:
        await ask(secretary, "/签到 开始 主题党日")
        await ask(secretary, "到")
        await ask(secretary, "/签到 结束")
        await secretary.say("/月报 本月")
        report = await secretary.heard()

        assert "共登记活动1次" in report.text
        assert {Path(name).suffix for name in report.files} == {".png", ".docx", ".xlsx"}
        blobs = await app.store.read(lambda session: session.scalars(select(Blob)).all())
        assert any(one.bytes.startswith(b"\x89PNG") for one in blobs)


async def test_a_teacher_gets_no_report(app: App, enter: Enter) -> None:
    async with enter(app, "柏舟") as teacher:
        assert "没有权限" in await ask(teacher, "/月报")


async def test_a_form_is_asked_left_resumed_handed_in_and_approved(app: App, enter: Enter) -> None:
    async with AsyncExitStack() as stack:
        admin = await stack.enter_async_context(enter(app, "严砚"))
        secretary = await stack.enter_async_context(enter(app, "关若谷"))
        assert "没有开放" in await ask(secretary, "/填报 季度体检")
        assert "截止" in await ask(admin, "/填报 开始 季度体检")

        await ask(secretary, "/填报 季度体检")
        await ask(secretary, "上了三次党课")
        assert "要填数字" in await ask(secretary, "很多次")
        await ask(secretary, "３次")
        assert "接着填" in await ask(secretary, "先不填")
        await ask(secretary, "/填报 继续")
        await ask(secretary, "无问题")
        await ask(secretary, "无")
        await secretary.tap("/填报 答 较好")
        await secretary.heard()
        assert "都填好了" in await ask(secretary, "无")
        assert "编号 #1" in await ask(secretary, "提交")

        await ask(secretary, "/填报 季度体检")
        whole = (
            "本季度完成的工作：党课\n三会一课开展次数：2\n存在的问题：无\n改进措施：无\n自评：好"
        )
        await ask(secretary, whole)
        await ask(secretary, "无")
        assert "已经报过" in await ask(secretary, "提交")
