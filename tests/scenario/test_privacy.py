"""Canaries through a whole day: a phone, an identity number, names and words nobody may find."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import zipfile
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from datetime import timedelta
from itertools import count
from pathlib import Path

import pytest
from openpyxl import load_workbook
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.app import opened
from bot.assembled import App
from bot.config import KnowledgeSettings, Settings
from bot.demo.clock import DemoClock
from bot.logs import set_up
from bot.messages import ChannelName, Conversation, IncomingMessage, Sender
from handlers.people.actions import operator
from handlers.reports.period import year
from store import audit, roll_calls
from store.models import Base, Delivery
from store.models_records import Record, RecordKind
from store.waking import wake
from tests.fakes.messages import NOW
from tests.scenario.drivers import CHANNELS, Driver, Enter, on_the_page
from tests.scenario.test_inspecting import says
from tests.scenario.town import KITCHEN, living

PHONE, IDENTITY = "18612345670", "110101199003071234"
TEACHER, BOSS, DISCIPLINE, ADMIN = "濮阳听雪", "令狐望舒", "司空见远", "百里守约"
SECRET = "玄鸟衔信投诉乙老师收礼"
SAID = "白鹭洲的钥匙在第三格"
ROSTER = f"""姓名,单位,角色,手机
{ADMIN},云溪县教育局,管理员,13700000001
{DISCIPLINE},云溪县教育局,纪委,13700000002
{BOSS},云溪县教育局/云溪县第二中学/二中第一党支部,支部书记,13700000003
{TEACHER},云溪县教育局/云溪县第二中学/二中第一党支部,教师,{PHONE}
"""
CANARIES = (PHONE, IDENTITY, TEACHER, BOSS, DISCIPLINE, ADMIN, SECRET, SAID)
GROUP = Conversation(channel=ChannelName.WECOM_APP, id="chat-of-all", is_group=True)
_numbers = count()


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What the program writes, through its own handler, with everything said."""
    root, warned = logging.getLogger(), logging.getLogger("py.warnings")
    before = root.handlers[:], root.level, warned.handlers[:]
    set_up(logging.DEBUG, [])
    [handler] = root.handlers
    assert isinstance(handler, logging.StreamHandler)
    found = io.StringIO()
    handler.setStream(found)
    yield found
    logging.captureWarnings(False)
    root.handlers[:], warned.handlers[:] = before[0], before[2]
    root.setLevel(before[1])


@pytest.fixture
async def app(tmp_path: Path, log: io.StringIO) -> AsyncIterator[App]:
    async with living(tmp_path) as app:
        await app.people.import_roster(operator(), "花名册.csv", ROSTER.encode())
        await app.documents.add(operator(), "陪餐.txt", KITCHEN.encode())
        yield app


@pytest.fixture(params=CHANNELS.values(), ids=CHANNELS.keys())
def enter(request: pytest.FixtureRequest) -> Enter:
    found: Enter = request.param
    return found


async def in_the_group(app: App, name: str, text: str) -> None:
    """Say something where everybody reads along, and wait until it is answered."""
    person = await app.people.named(name)
    account = person.web_account or ""
    key = f"group-{next(_numbers)}"
    await app.dispatcher.accept(
        IncomingMessage(
            channel=GROUP.channel,
            message_id=key,
            conversation=GROUP,
            sender=Sender(channel=ChannelName.WEB, account=account),
            text=text,
            sent_at=NOW,
        )
    )
    for _ in range(400):
        rows = await app.store.read(lambda session: session.scalars(select(Delivery)).all())
        if any(key in one.key for one in rows):
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"nothing was answered to {text}")


async def live_a_day(app: App, enter: Enter) -> int:
    """People say what they say; the number of the confidential record."""
    async with AsyncExitStack() as stack:
        teacher = await stack.enter_async_context(enter(app, TEACHER))
        boss = await stack.enter_async_context(enter(app, BOSS))
        await says(teacher, f"我的手机是{PHONE}，身份证{IDENTITY}，{SAID}在哪写着")
        await says(teacher, f"/没有的命令 {SAID}")
        await says(teacher, f"/记录 {PHONE}")
        await says(boss, "/签到 开始 主题党日")
        await heard_with(teacher, f"请假，{SAID}", "请假已登记")
        await says(boss, "/签到 结束")
        await says(boss, f"我们支部今天上午开了支部党员大会，应到2实到1，{TEACHER}请假，议了{SAID}")
        await says(boss, "好")
        await says(teacher, "/填报 信访线索核查")
        await says(teacher, f"类别：信访\n反映的情况：{SECRET}\n收到日期：2026年9月1日")
        await says(teacher, "无")
        assert "编号" in await says(teacher, "提交")
    rows = await app.store.read(lambda session: session.scalars(select(Record)).all())
    [secret] = [one for one in rows if one.is_confidential]
    assert SECRET in str(secret.fields)
    return secret.id


async def heard_with(driver: Driver, words: str, wanted: str) -> None:
    await driver.say(words)
    while wanted not in (await driver.heard()).text:
        pass


async def test_a_day_leaves_no_name_number_or_word_in_the_log(
    app: App, enter: Enter, log: io.StringIO
) -> None:
    await live_a_day(app, enter)
    logging.getLogger("bot.canary").info("written %s", PHONE)

    written = log.getvalue()
    assert "bot.canary" in written, "the log was looked at"
    assert "refused: no such record" in written
    assert [one for one in CANARIES if one in written] == []


async def test_what_is_confidential_stays_with_those_who_may_see_it(app: App, enter: Enter) -> None:
    number = await live_a_day(app, enter)
    async with AsyncExitStack() as stack:
        discipline = await stack.enter_async_context(on_the_page(app, DISCIPLINE))
        boss = await stack.enter_async_context(on_the_page(app, BOSS))
        await heard_with(discipline, f"/记录 {number}", SECRET)
        assert SECRET not in await says(boss, f"/记录 {number}")
        assert SECRET not in await says(boss, "/统计 本月 明细")
        assert SECRET not in await says(boss, "玄鸟衔信投诉了谁")
        assert SECRET not in await says(discipline, "玄鸟衔信投诉了谁")
    for words in (
        f"/记录 {number}",
        "/统计 本月 明细",
        "/月报 本月",
        "/我的数据",
        "/指标",
        "/积分",
    ):
        await in_the_group(app, DISCIPLINE, words)
    shown = await app.store.read(_group_texts)
    assert shown
    assert not any(SECRET in one or SAID in one for one in shown)

    report = await app.recording.reports.report(operator(), "", year(2026))
    assert not any(one.id == number for one in report.records)
    content = await app.recording.reports.ledger(operator(), type_name=None, first=None, last=None)
    words = await asyncio.to_thread(_words, content)
    assert TEACHER in words, "the ledger was looked at"
    assert SECRET not in words
    documents = await app.documents.shelf(operator(), with_past=True)
    assert not any(SECRET in one.document.text for one in documents)
    trail = await app.store.read(lambda session: audit.latest(session, limit=1000))
    assert not any(SECRET in f"{one.before}{one.after}" for one in trail)
    assert await app.store.read(audit.first_broken) is None


def _group_texts(session: Session) -> list[str]:
    rows = session.scalars(select(Delivery).where(Delivery.is_group)).all()
    return [json.dumps(json.loads(one.reply), ensure_ascii=False) for one in rows]


def _words(content: bytes) -> str:
    book = load_workbook(io.BytesIO(content))
    return "\n".join(str(c.value) for sheet in book for row in sheet.iter_rows() for c in row)


async def test_who_is_erased_is_in_no_row_no_index_and_no_vector(
    app: App, enter: Enter, tmp_path: Path
) -> None:
    await live_a_day(app, enter)
    person = await app.people.named(TEACHER)
    async with on_the_page(app, TEACHER) as teacher:
        await teacher.say("/我的数据")
        while not (own := await teacher.heard()).files:
            pass
        assert own.files == (f"{TEACHER}的数据.zip",)
    content = await app.recording.desk.personal.export(operator(), person.member_id)
    assert SAID in _unzipped(content)
    before = await app.recording.reports.report(operator(), "", year(2026))

    await app.recording.erasing.erase(operator(), person.member_id)

    after = await app.recording.reports.report(operator(), "", year(2026))
    assert [(one.name, one.activities, one.forms, one.attendances) for one in after.types] == [
        (one.name, one.activities, one.forms, one.attendances) for one in before.types
    ]
    stored = await app.store.read(_everything)
    assert [one for one in (PHONE, IDENTITY, TEACHER) if one in stored] == []
    found = await asyncio.to_thread(_files_with, tmp_path, (PHONE, IDENTITY, TEACHER))
    assert found == []
    assert await app.store.read(audit.first_broken) is None
    assert BOSS in stored, "others are still there"


def _unzipped(content: bytes) -> str:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return "".join(archive.read(one).decode("utf-8", "ignore") for one in archive.namelist())


def _everything(session: Session) -> str:
    found = []
    for mapper in Base.registry.mappers:
        for row in session.scalars(select(mapper.class_)):
            found += [repr(getattr(row, column.key)) for column in mapper.column_attrs]
    return "\n".join(found)


def _files_with(folder: Path, words: tuple[str, ...]) -> list[str]:
    """The database, its journal, the index and the vectors, byte by byte."""
    forms = [form for one in words for form in (one.encode(), json.dumps(one)[1:-1].encode())]
    found = []
    for path in folder.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            found += [f"{path.name}: {form!r}" for form in forms if form in content]
    return found


async def test_what_has_expired_is_gone_within_a_day(tmp_path: Path) -> None:
    settings = Settings(knowledge=KnowledgeSettings(embedding="none"), retention={"theme_day": 30})
    async with opened(settings, tmp_path, is_demo=True) as app, app.running():
        await app.people.import_roster(operator(), "花名册.csv", ROSTER.encode())
        async with on_the_page(app, BOSS) as boss:
            await says(boss, "/签到 开始 主题党日")
            await says(boss, "到")
            await says(boss, "/签到 结束")
        assert {one.kind for one in await _records(app)} == {
            RecordKind.ACTIVITY, RecordKind.CHECK_IN,
        }  # fmt: skip
        clock = app.clock
        assert isinstance(clock, DemoClock)
        clock.go_to(clock() + timedelta(days=29))
        await _look(app)
        assert len(await _records(app)) == 2
        clock.go_to(clock() + timedelta(days=2))
        await _look(app)
        assert await _records(app) == []


async def _records(app: App) -> list[Record]:
    return list(await app.store.read(lambda session: session.scalars(select(Record)).all()))


async def _look(app: App) -> None:
    """Let the loop take a turn, as it does by itself within a minute."""
    await app.store.write(lambda session: wake(session, roll_calls.TOPIC))
    for _ in range(100):
        await asyncio.sleep(0.02)
        if not await _records(app):
            return


async def test_an_admin_erases_somebody_in_the_chat_after_a_yes(app: App) -> None:
    async with on_the_page(app, ADMIN) as admin, on_the_page(app, TEACHER) as teacher:
        assert "没有权限" in await says(teacher, f"/注销 {BOSS}")
        assert "写上姓名" in await says(admin, "/注销")
        assert "不能注销自己" in await _confirmed(admin, f"/注销 {ADMIN}")
        asked = await says(admin, f"/注销 {TEACHER}")
        assert f"注销 {TEACHER}" in asked
        assert "不能恢复" in asked
        assert "没有做任何改动" in await says(admin, "取消")
        assert TEACHER in await app.store.read(_everything)

        assert "已注销" in await _confirmed(admin, f"/注销 {TEACHER}")
        assert TEACHER not in await app.store.read(_everything)
        assert "没有" in await says(admin, f"/注销 {TEACHER}")


async def _confirmed(driver: Driver, words: str) -> str:
    assert "回复“确认”就办" in await says(driver, words)
    return await says(driver, "确认")
