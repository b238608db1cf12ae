"""A branch signs in, its secretary nudges the last, tells of a meeting, and asks for the month."""

from __future__ import annotations

import io
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from PIL import Image
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.assembled import App
from handlers.people.actions import operator
from store import records
from store.models import Blob
from store.models_records import Record, RecordKind
from store.records import Wanted
from tests.scenario.drivers import CHANNELS, Driver, Enter, WebDriver, on_the_page
from tests.scenario.town import living

ROSTER = """姓名,单位,角色
严砚,云溪县教育局,管理员
关若谷,云溪县教育局/云溪县第二中学/二中第一党支部,支部书记
柏舟,云溪县教育局/云溪县第二中学/二中第一党支部,教师
檀溪,云溪县教育局/云溪县第二中学/二中第一党支部,教师
桑榆晚,云溪县教育局/云溪县第二中学/二中第一党支部,教师
"""


ONLY_ANSWER = (CHANNELS["console"], CHANNELS["aibot_callback"])
"""Nobody can be written to first there; the page has what comes by itself."""


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


def photo(colour: str) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (64, 48), colour).save(out, "PNG")
    return out.getvalue()


async def entered(app: App) -> list[tuple[int, str]]:
    """Of every check-in its roll call and its photos, as they are now."""
    wanted = Wanted(kinds=[RecordKind.CHECK_IN])

    def query(session: Session) -> list[tuple[int, str]]:
        found = records.find(session, wanted)
        return [
            (one.roll_call_id or 0, "、".join(f.name for f in records.files_of(session, one.id)))
            for one in found
        ]

    return sorted(await app.store.read(query))


async def test_a_photo_signs_in_and_is_its_proof(app: App) -> None:
    async with (
        on_the_page(app, "关若谷") as secretary,
        on_the_page(app, "柏舟") as teacher,
    ):
        assert isinstance(teacher, WebDriver)
        await teacher.send_file("早了.png", photo("red"))
        assert "先替您存着" in (await teacher.heard()).text

        await ask(secretary, "/签到 开始 主题党日")
        assert "请签到" in (await teacher.heard()).text
        await teacher.send_file("现场.png", photo("green"))
        assert "已签到" in (await teacher.heard()).text
        for _ in range(2):
            await teacher.send_file("再一张.png", photo("blue"))
            said = (await teacher.heard()).text
        assert "不用再发" in said
        assert await entered(app) == [(1, "现场.png、再一张.png")]

        await ask(secretary, "/签到 开始 志愿服务")
        await teacher.heard()
        await ask(secretary, "/签到 开始 党课")
        await teacher.heard()
        await teacher.send_file("哪一个.png", photo("white"))
        assert "请点它是哪一个的" in (await teacher.heard()).text
        assert len(await entered(app)) == 1
        await teacher.tap("/签到 3 照片")
        assert "已签到：党课" in (await teacher.heard()).text
        assert await entered(app) == [(1, "现场.png、再一张.png"), (3, "哪一个.png")]


async def test_whoever_was_not_in_time_asks_and_is_told(app: App, enter: Enter) -> None:
    async with AsyncExitStack() as stack:
        secretary = await stack.enter_async_context(on_the_page(app, "关若谷"))
        await ask(secretary, "/签到 开始 主题党日")
        await ask(secretary, "/签到 结束")
        for name, decision, why, told in (
            ("柏舟", "同意", "", "已同意"),
            ("檀溪", "不同意", "监控里没有您", "没有同意：监控里没有您。"),
        ):
            teacher = await stack.enter_async_context(enter(app, name))
            await teacher.say("补签 当时手机没电")
            while "已转给发起人" not in (await teacher.heard()).text:
                pass
            asked = await secretary.heard()
            assert f"{name} 申请补签“主题党日”" in asked.text
            assert "当时手机没电" in asked.text
            member = (await app.people.named(name)).member_id
            await secretary.say(f"/补签 {decision} 1 {member} {why}")
            assert name in (await secretary.heard()).text
            await secretary.tap(f"/补签 {decision} 1 {member}")
            assert "已经处理过" in (await secretary.heard()).text
            page = await stack.enter_async_context(on_the_page(app, name))
            listener = page if enter in ONLY_ANSWER else teacher
            while told not in (await listener.heard()).text:
                pass
        assert "实到 1" in await ask(secretary, "/签到 情况")


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


async def until(driver: Driver, words: str, wanted: str) -> None:
    """Say something, and listen until it is answered: word of a window may come in between."""
    await driver.say(words)
    while True:
        heard = await driver.heard()
        if wanted in f"{heard.text}\n{heard.card}":
            return


async def test_a_form_is_asked_left_resumed_handed_in_and_approved(app: App, enter: Enter) -> None:
    async with AsyncExitStack() as stack:
        admin = await stack.enter_async_context(enter(app, "严砚"))
        secretary = await stack.enter_async_context(enter(app, "关若谷"))
        await until(secretary, "/填报 季度体检", "没有开放")
        await until(admin, "/填报 开始 季度体检", "截止")

        for words, wanted in (
            ("/填报 季度体检", "本季度完成的工作"),
            ("上了三次党课", "三会一课开展次数"),
            ("很多次", "要填数字"),
            ("３次", "存在的问题"),
            ("先不填", "接着填"),
            ("/填报 继续", "存在的问题"),
            ("无问题", "改进措施"),
            ("无", "自评"),
            ("/填报 答 较好", "佐证材料"),
            ("无", "都填好了"),
            ("提交", "编号 #1"),
            ("/填报 季度体检", "本季度完成的工作"),
        ):
            await until(secretary, words, wanted)
        whole = (
            "本季度完成的工作：党课\n三会一课开展次数：2\n存在的问题：无\n改进措施：无\n自评：好"
        )
        await until(secretary, whole, "佐证材料")
        await until(secretary, "无", "都填好了")
        await until(secretary, "提交", "已经报过")
