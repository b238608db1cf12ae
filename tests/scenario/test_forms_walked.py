"""Every form of the house from its opening to its end, said in the chat by those it concerns."""

from __future__ import annotations

import asyncio
import io
import zipfile
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

import pytest
from openpyxl import load_workbook
from sqlalchemy import select

from bot.assembled import App
from bot.demo.clock import DemoClock
from bot.messages import Attachment, ChannelName, Conversation, IncomingMessage, MessageKind, Sender
from handlers.people.actions import operator
from store import blobs
from store.models import Blob
from store.models_records import Record
from tests.integration.records.test_attachments import picture
from tests.scenario.drivers import Driver, Enter, on_the_page
from tests.scenario.town import living

BUREAU, SECOND, PRIMARY = "云溪县教育局", "云溪县第二中学", "云溪县实验小学"
ROSTER = f"""姓名,单位,角色
严砚,{BUREAU},管理员
庄衡,{BUREAU},专干
梁鉴,{BUREAU},书记
秦正,{BUREAU},纪委
关若谷,{BUREAU}/{SECOND}/二中第一党支部,支部书记
柏舟,{BUREAU}/{SECOND}/二中第一党支部,教师
檀溪,{BUREAU}/{SECOND}/二中第一党支部,教师
顾长风,{BUREAU}/{PRIMARY}/小学党支部,支部书记
乔木,{BUREAU}/{PRIMARY}/小学党支部,教师
"""


@pytest.fixture
async def app(tmp_path: Path) -> AsyncIterator[App]:
    async with living(tmp_path) as app:
        await app.people.import_roster(operator(), "花名册.csv", ROSTER.encode())
        clock = app.clock
        assert isinstance(clock, DemoClock)
        clock.go_to(clock().replace(hour=2, minute=0))
        yield app


class Room:
    """Everybody who is in the story, each at a chat of their own."""

    def __init__(self, app: App, stack: AsyncExitStack, enter: Enter) -> None:
        self.app = app
        self._stack = stack
        self._enter = enter
        self._drivers: dict[str, Driver] = {}
        self._numbers = 0

    async def driver(self, name: str) -> Driver:
        if name not in self._drivers:
            self._drivers[name] = await self._stack.enter_async_context(self._enter(self.app, name))
        return self._drivers[name]

    async def says(self, name: str, text: str, hears: str) -> str:
        """Say something, and listen until the words are heard."""
        driver = await self.driver(name)
        await driver.say(text)
        return await self.hears(name, hears)

    async def hears(self, name: str, words: str) -> str:
        driver, heard = await self.driver(name), list[str]()
        try:
            while words not in (heard or [""])[-1]:
                one = await driver.heard()
                heard.append(f"{one.text}\n{one.card}")
        except TimeoutError:
            raise AssertionError(f"{name} heard {heard}, not {words}") from None
        return heard[-1]

    async def answers(self, name: str, form: str, answers: Sequence[str]) -> None:
        """Begin a form, and answer its questions one by one."""
        await self.says(name, f"/填报 {form}", "（1/")
        for answer in answers[:-1]:
            await self.says(name, answer, "/")
        await self.says(name, answers[-1], "都填好了")

    async def fills(self, name: str, form: str, answers: Sequence[str]) -> str:
        """The same, and hand it in."""
        await self.answers(name, form, answers)
        return await self.says(name, "提交", "编号 #")

    async def sends(self, name: str, file: str, content: bytes) -> None:
        """Send a photo or a file, as a phone does."""
        person = await self.app.people.named(name)
        account, now = person.web_account or "", self.app.clock()
        blob = await self.app.store.write(
            lambda session: blobs.put(session, content, media_type="image/png", now=now)
        )
        self._numbers += 1
        where = Conversation(channel=ChannelName.WEB, id=account)
        await self.app.dispatcher.accept(
            IncomingMessage(
                channel=where.channel,
                message_id=f"file-{self._numbers}",
                conversation=where,
                sender=Sender(channel=where.channel, account=account),
                kind=MessageKind.MEDIA,
                attachments=(Attachment(name=file, media_type="image/png", blob=blob),),
                sent_at=now,
            )
        )

    async def number(self, type_: str) -> int:
        """Of the newest entry of a type."""
        rows = await self.app.store.read(
            lambda session: session.scalars(
                select(Record).where(Record.type == type_).order_by(Record.id.desc())
            ).all()
        )
        return rows[0].id

    async def record(self, type_: str) -> Record:
        number = await self.number(type_)
        return await self.app.store.read(lambda session: session.get_one(Record, number))


@pytest.fixture
async def room(app: App) -> AsyncIterator[Room]:
    async with AsyncExitStack() as stack:
        yield Room(app, stack, on_the_page)


CHECK = ["讲了三次党课", "3", "无", "无", "较好", "无"]


async def test_a_check_of_the_quarter_is_returned_corrected_and_approved(room: Room) -> None:
    assert "现在没有开放" in await room.says("关若谷", "/填报 季度体检", "没有开放")
    opened = await room.says("庄衡", "/填报 开始 季度体检", "要报的有")
    assert "要报的有 2 个" in opened
    await room.hears("顾长风", "季度体检开始了")
    await room.fills("关若谷", "季度体检", CHECK)
    first = await room.number("quarterly_check")
    await room.hears("庄衡", "有一份“季度体检”等您办理")

    listed = await room.says("庄衡", "/填报 名单 季度体检", "应报 2")
    assert "未报：小学党支部" in listed
    assert f"二中第一党支部 #{first}（待审核）" in listed
    assert "1 个：小学党支部" in await room.says("庄衡", "/填报 催一下 季度体检", "已提醒")
    await room.hears("顾长风", "还没有收到您的")
    assert "刚提醒过" in await room.says("庄衡", "/填报 催一下 季度体检", "这次没有发")

    assert "原因" in await room.says("庄衡", f"/记录 退回 {first}", "请这样写")
    await room.says("庄衡", f"/记录 退回 {first} 请写明次数", "已退回")
    told = await room.hears("关若谷", "已退回")
    assert "请写明次数" in told
    assert "/填报 修改" in told
    returned = await room.number("quarterly_check")
    await room.says("关若谷", f"/填报 修改 {returned}", "都填好了")
    await room.says("关若谷", "/填报 改 三会一课开展次数", "三会一课开展次数")
    await room.says("关若谷", "5", "都填好了")
    await room.says("关若谷", "提交", "待审核")

    corrected = await room.record("quarterly_check")
    assert (corrected.fields["meetings"], corrected.replaces) == (5, returned)
    assert corrected.fields["done"] == "讲了三次党课"
    await room.says("庄衡", f"/记录 通过 {corrected.id}", "已通过")
    await room.hears("关若谷", "已通过")
    assert "不能再改" in await room.says("关若谷", f"/填报 修改 {corrected.id}", "已通过")

    await room.answers("关若谷", "季度体检", CHECK)
    assert "每个单位只报一次" in await room.says("关若谷", "提交", "已经报过")


async def test_a_pledge_is_signed_once_a_year(room: Room) -> None:
    assert "没有权限" in await room.says("柏舟", "/填报 书记承诺书", "权限")
    await room.says("关若谷", "/填报 书记承诺书", "承诺事项")
    await room.says("关若谷", "带头讲党课", "签订日期")
    await room.says("关若谷", "2026年3月1日", "签字件")
    assert "签字件" in await room.says("关若谷", "无", "必须有")
    await room.sends("关若谷", "承诺书.png", picture())
    await room.hears("关若谷", "都填好了")
    await room.says("关若谷", "提交", "编号 #")
    record = await room.record("pledge_secretary")
    assert record.fields == {"promises": "带头讲党课", "signed_on": "2026-03-01"}
    assert record.is_counted


async def test_a_project_is_ordered_from_the_menu_once(room: Room) -> None:
    menu = "/填报 开始 项目申报 到12月31日 菜单：红色讲堂、结对共建、书香校园"
    clock = room.app.clock
    assert isinstance(clock, DemoClock)
    assert "可选：红色讲堂" in await room.says("庄衡", menu, "要报的有")
    await room.hears("柏舟", "可以从菜单点单")
    await room.says("柏舟", "/填报 项目申报", "项目名称")
    await room.says("柏舟", "阅读角", "怎么选的")
    shown = await room.says("柏舟", "1", "菜单编号")
    assert "2. 结对共建" in shown
    assert "请从这些里选" in await room.says("柏舟", "踢足球", "请从这些里选")
    answers = ["3", "读书", "柏舟", "无", "12月20日", "无"]
    for answer, asks in zip(
        answers, ["目标和做法", "负责人", "成员", "完成时间", "申报表", "都填好了"], strict=True
    ):
        await room.says("柏舟", answer, asks)
    await room.says("柏舟", "提交", "编号 #")
    record = await room.record("project_apply")
    assert record.fields["menu_item"] == "书香校园"

    await room.says("檀溪", "/填报 项目申报", "项目名称")
    await room.says("檀溪", "自己的", "怎么选的")
    assert "菜单编号" not in await room.says("檀溪", "自己申报", "目标和做法")

    await room.says("梁鉴", f"/记录 通过 {record.id}", "已通过")
    await room.hears("柏舟", "已通过")


async def test_a_brand_is_one_of_each_school(room: Room) -> None:
    assert "要报的有 2 个" in await room.says("庄衡", "/填报 开始 一校一品 到12月31日", "要报的有")
    brand = ["1", "墨香", "以书育人", "每周一课", "无", "无"]
    await room.fills("关若谷", "一校一品", brand)
    record = await room.record("brand")
    listed = await room.says("庄衡", "/填报 名单 一校一品", "应报 2")
    assert f"{SECOND} #{record.id}" in listed
    assert f"未报：{PRIMARY}" in listed


async def test_an_opinion_finds_its_owner_and_its_answer_comes_back(room: Room) -> None:
    await room.fills("柏舟", "意见建议", ["食堂的汤凉", "不署名", "无"])
    number = await room.number("feedback")
    seen = await room.says("庄衡", f"/记录 {number}", "食堂的汤凉")
    assert "不署名" in seen
    assert "柏舟" not in seen
    assert "二中" not in seen
    assert "没有这条记录" in await room.says("檀溪", f"/记录 {number}", "没有这条记录")

    assert "姓名" in await room.says("庄衡", f"/记录 交办 {number}", "请这样写")
    await room.says("庄衡", f"/记录 交办 {number} 乔木 到12月31日", "办理中")
    await room.hears("乔木", "由您负责")
    await room.hears("柏舟", "办理中")
    given = await room.number("feedback")
    refused = await room.says("乔木", f"/记录 答复并办结 {given}", "请这样写")
    assert "还没有写答复，不能办结" in refused
    await room.says("乔木", f"/记录 办结 {given} 已换保温桶", "已答复")
    assert "已换保温桶" in await room.hears("柏舟", "已换保温桶")
    record = await room.record("feedback")
    assert (record.state, record.fields["reply"]) == ("answered", "已换保温桶")


async def test_votes_are_one_of_each_and_hidden_until_the_end(room: Room) -> None:
    await room.says("庄衡", "/填报 开始 述职评议 到12月31日 名单：关若谷、顾长风", "要报的有")
    for name, rating, remark in (
        ("柏舟", "好", "踏实"),
        ("檀溪", "一般", "无"),
        ("乔木", "好", "无"),
    ):
        await room.fills(name, "述职评议", ["关若谷", rating, remark])
    number = await room.number("debrief")
    await room.says("柏舟", "/填报 述职评议", "述职人")
    await room.says("柏舟", "1", "评价")
    await room.says("柏舟", "差", "意见")
    await room.says("柏舟", "无", "都填好了")
    assert "只算一次" in await room.says("柏舟", "提交", "只算一次")
    assert "不能改" in await room.says("柏舟", "/填报 修改 1", "不能改")

    assert "还没有结束" in await room.says("庄衡", "/填报 结果 述职评议", "谁也看不到")
    assert "还不能看" in await room.says("庄衡", f"/记录 {number}", "不能看")
    assert "#" not in await room.says("庄衡", "/填报 名单 述职评议", "应报")

    await room.says("庄衡", "/填报 结束 述职评议", "填报结束")
    told = await room.says("庄衡", "/填报 结果 述职评议", "关若谷")
    assert "评价（3 票）：好 2，较好 0，一般 1，差 0" in told
    assert "意见：踏实" in told
    assert "柏舟" not in told
    assert "还不能看" in await room.says("庄衡", f"/记录 {number}", "不能看")
    assert "截止" in await room.says("乔木", "/填报 述职评议", "不能再投")
    assert {one.state for one in await newest(room)} == {"counted"}


async def newest(room: Room) -> list[Record]:
    rows = await room.app.store.read(lambda session: session.scalars(select(Record)).all())
    replaced = {one.replaces for one in rows}
    return [one for one in rows if one.id not in replaced]


async def test_a_problem_is_reported_with_photos_returned_and_settled(room: Room) -> None:
    problem = ["图书角没有更新", "无", "每学期更新", "无", "檀溪", "2027-01-08", "无", "无"]
    await room.fills("关若谷", "问题整改", problem)
    number = await room.number("rectify")
    await room.hears("檀溪", "由您负责")
    await room.sends("檀溪", "整改后.png", picture())
    await room.hears("檀溪", "先替您存着")
    await room.says("檀溪", f"/记录 报整改结果 {number} 换了二十本新书", "待验收")
    reported = await room.record("rectify")
    assert reported.fields["result"] == "换了二十本新书"
    shown = await room.says("庄衡", f"/记录 {reported.id}", "换了二十本新书")
    assert "整改后.png" in shown
    await room.says("庄衡", f"/记录 退回再改 {reported.id} 没有照片", "待整改")
    await room.hears("关若谷", "没有照片")
    again = await room.number("rectify")
    await room.says("檀溪", f"/记录 报整改结果 {again} 补上了", "待验收")
    final = await room.number("rectify")
    await room.says("庄衡", f"/记录 销号 {final}", "已销号")
    await room.hears("关若谷", "已销号")


async def test_materials_come_as_one_archive_with_new_names(room: Room) -> None:
    await room.says("庄衡", "/填报 开始 材料报送 到12月31日", "要报的有 2 个")
    await room.says("关若谷", "/填报 材料报送", "材料名称")
    await room.says("关若谷", "年度总结", "文件")
    await room.sends("关若谷", "IMG_1.png", picture())
    await room.hears("关若谷", "说明")
    await room.says("关若谷", "无", "都填好了")
    await room.says("关若谷", "提交", "编号 #")
    told = await room.says("庄衡", "/填报 打包 材料报送", "1 个文件")
    assert f"还没报的 1 个：{PRIMARY}" in told
    rows = await room.app.store.read(
        lambda session: session.scalars(
            select(Blob).where(Blob.media_type == "application/zip")
        ).all()
    )
    with zipfile.ZipFile(io.BytesIO(rows[0].bytes)) as archive:
        assert sorted(archive.namelist()) == [f"{SECOND}-年度总结.png", "清单.xlsx"]
        sheet = archive.read("清单.xlsx")
    book = await asyncio.to_thread(load_workbook, io.BytesIO(sheet))
    assert [row[0].value for row in book["未报"].iter_rows(min_row=2)] == [PRIMARY]
    assert "没有您能管的" in await room.says("关若谷", "/填报 打包 材料报送", "没有您能管的")
    assert "保密" in await room.says("秦正", "/填报 打包 信访", "保密")


async def test_a_risk_is_registered_controlled_and_lifted(room: Room) -> None:
    risk = ["采购员", "独自询价", "高", "两人询价", "关若谷"]
    await room.fills("关若谷", "廉政风险", risk)
    number = await room.number("integrity_risk")
    await room.hears("秦正", "有一份“廉政风险登记”等您办理")
    assert "没有这条记录" in await room.says("柏舟", f"/记录 {number}", "没有这条记录")
    await room.says("秦正", f"/记录 确认防控措施 {number}", "已防控")
    controlled = await room.number("integrity_risk")
    assert "请这样写" in await room.says("秦正", f"/记录 解除 {controlled}", "请这样写")
    await room.says("秦正", f"/记录 解除 {controlled} 岗位撤销", "已解除")
    await room.hears("关若谷", "岗位撤销")


async def test_a_case_has_the_time_that_an_admin_set_and_is_told_when_late(room: Room) -> None:
    assert "没有权限" in await room.says("柏舟", "/填报 期限 信访 15天", "权限")
    await room.says("严砚", "/填报 期限 信访 15天", "15 天内办结")
    await room.fills("柏舟", "信访", ["师德师风", "乙老师收礼", "2026年3月1日", "无"])
    number = await room.number("clue")
    await room.hears("秦正", "等您办理")
    assert "没有这条记录" in await room.says("严砚", f"/记录 {number}", "没有这条记录")
    assert "没有这条记录" in await room.says("庄衡", f"/记录 {number}", "没有这条记录")
    assert "办理期限" in await room.says("秦正", f"/记录 {number}", "乙老师收礼")
    await room.says("秦正", f"/记录 交办 {number} 梁鉴", "核查中")
    given = await room.number("clue")
    assert "乙老师" not in await room.hears("梁鉴", "由您负责")
    clock = room.app.clock
    assert isinstance(clock, DemoClock)
    clock.go_to(clock() + timedelta(days=17))
    await room.app.recording.case_reminders.remind()
    assert "还没有办结" in await room.hears("梁鉴", "已经到期")
    await room.hears("秦正", "已经到期")
    assert "还没有写答复" in await room.says("梁鉴", f"/记录 办结 {given}", "不能办结")
    await room.says("梁鉴", f"/记录 办结 {given} 已约谈退还", "已办结")
    assert "已约谈退还" in await room.hears("柏舟", "已办结")


async def test_a_window_says_when_it_opens_and_when_it_was_over(room: Room) -> None:
    clock = room.app.clock
    assert isinstance(clock, DemoClock)
    start = (clock() + timedelta(days=3)).date()
    end = start + timedelta(days=4)
    words = f"/填报 开始 材料报送 {start:%Y年%m月%d日}到{end:%Y年%m月%d日}"
    assert "开始，截止" in await room.says("庄衡", words, "要报的有")
    refused = await room.says("关若谷", "/填报 材料报送", "开始填报")
    assert f"{start.month}月{start.day}日" in refused
    clock.go_to(clock() + timedelta(days=4))
    await room.says("关若谷", "/填报 材料报送", "材料名称")
    await room.says(
        "庄衡", f"/填报 延期 材料报送 到{end + timedelta(days=1):%Y年%m月%d日}", "截止改为"
    )
    clock.go_to(clock() + timedelta(days=10))
    await room.app.recording.windows.close_due()
    assert "未报 2" in await room.hears("庄衡", "填报结束")
    assert "已经在" in await room.says("顾长风", "/填报 材料报送", "截止了")
    assert "已经结束" in await room.says("庄衡", "/填报 结束 材料报送", "已经结束")


async def test_a_withdrawn_form_is_handed_in_again_as_a_new_entry(room: Room) -> None:
    await room.says("庄衡", "/填报 开始 一校一品 到12月31日", "要报的有")
    await room.fills("关若谷", "一校一品", ["1", "墨香", "以书育人", "每周一课", "无", "无"])
    first = await room.number("brand")
    await room.says("关若谷", f"/记录 撤回 {first} 写错了", "已撤回")
    await room.fills("关若谷", "一校一品", ["1", "书香", "以书育人", "每周一课", "无", "无"])
    record = await room.record("brand")
    assert record.fields["title"] == "书香"
    assert record.root_id == first
    listed = await room.says("庄衡", "/填报 名单 一校一品", "应报 2")
    assert f"{SECOND} #{record.id}" in listed
