"""The people who keep it useful: who may come in, who answers, who is told, and what is kept."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.assembled import App
from bot.messages import Attachment, ChannelName, Conversation, IncomingMessage, MessageKind, Sender
from store import audit, blobs, people
from store.models import Notice
from tests.fakes.messages import NOW
from tests.scenario.drivers import Driver, at_the_terminal, on_the_page
from tests.scenario.town import KITCHEN, living, settle_in

QUESTION = "读书节的经费是多少钱"


@pytest.fixture
async def app(tmp_path: Path) -> AsyncIterator[App]:
    async with living(tmp_path) as app:
        await settle_in(app)
        yield app


async def hears(driver: Driver) -> str:
    """Words and card of the next reply."""
    heard = await driver.heard()
    return f"{heard.text}\n{heard.card}"


async def says(driver: Driver, text: str) -> str:
    await driver.say(text)
    return await hears(driver)


async def account_of(app: App, name: str) -> str:
    return (await app.people.named(name)).web_account or ""


async def send_file(app: App, name: str, file: str, content: bytes) -> None:
    """As a channel would: the bytes are stored, the message names them."""
    account = await account_of(app, name)

    def keep(session: Session) -> str:
        return blobs.put(session, content, media_type="text/plain", now=NOW)

    blob = await app.store.write(keep)
    await app.dispatcher.accept(
        IncomingMessage(
            channel=ChannelName.WEB,
            message_id=f"file-{file}",
            conversation=Conversation(channel=ChannelName.WEB, id=account),
            sender=Sender(channel=ChannelName.WEB, account=account),
            kind=MessageKind.MEDIA,
            attachments=(Attachment(name=file, media_type="text/plain", blob=blob),),
            sent_at=NOW,
        )
    )


async def test_a_question_goes_to_a_person_and_comes_back(app: App) -> None:
    async with on_the_page(app, "宋见微") as admin, on_the_page(app, "祁远山") as teacher:
        assert "已经转给宋见微" in await says(teacher, QUESTION)
        handed = await hears(admin)
        assert QUESTION in handed
        assert "祁远山" in handed
        number = re.search(r"问题 (\d+)", handed)
        assert number is not None

        thanks = await says(
            admin, f"/答 {number[1]} 每校两千元。依据：《阅读方案》三、 有效期至 2099-12-31"
        )
        assert "祁远山" in thanks
        came_back = await hears(teacher)
        assert "每校两千元" in came_back
        assert "宋见微" in came_back

        async with on_the_page(app, "白映雪") as next_one:
            again = await says(next_one, "请问读书节经费多少？")
            assert "每校两千元" in again
            assert "宋见微" in again
            assert "不是从文件里找的" in again

            assert "已收回" in await says(admin, "/撤销")
            assert "每校两千元" not in await says(next_one, "读书节的经费是多少")


async def test_the_owner_alone_answers_and_strangers_may_not(app: App) -> None:
    async with on_the_page(app, "祁远山") as teacher, on_the_page(app, "白映雪") as other:
        await says(teacher, QUESTION)
        assert "没有编号 1 的问题" in await says(other, "/答 1 我猜是一万元")
        assert "没有权限" in await says(other, "/问题")


async def test_a_dislike_is_shown_to_a_person(app: App) -> None:
    async with on_the_page(app, "宋见微") as admin, on_the_page(app, "祁远山") as teacher:
        await says(teacher, "读书节几月举办")
        await says(teacher, "👎")
        handed = await hears(admin)
    assert "点了 👎" in handed
    assert "读书节几月举办" in handed


async def test_a_broadcast_is_counted_confirmed_read_chased_and_recalled(app: App) -> None:
    async with (
        on_the_page(app, "宋见微") as admin,
        on_the_page(app, "祁远山") as qi,
        on_the_page(app, "白映雪") as bai,
    ):
        preview = await says(admin, "/通知 云溪县第二中学、云溪县实验小学 明早八点交读书单")
        assert "发通知给 2 人" in preview
        assert "范围：祁远山、白映雪" in preview
        assert "没有做任何改动" in await says(admin, "取消")

        await says(admin, "/通知 云溪县第二中学、云溪县实验小学 明早八点交读书单")
        assert "共 2 人" in await says(admin, "确认")
        assert "明早八点交读书单" in await hears(qi)
        assert "明早八点交读书单" in await hears(bai)
        assert "记下您收到了" in await says(qi, "收到")

        receipts = await says(admin, "/通知 1")
        assert "回“收到” 1 人" in receipts
        assert "白映雪" in receipts
        assert "祁远山" not in receipts

        assert "白映雪" in await says(admin, "/通知 催 1")
        assert "已再发给 1 人" in await says(admin, "是")
        assert "再次提醒" in await hears(bai)

        assert "撤回通知 1（发给 2 人）" in await says(admin, "/通知 撤回 1")
        assert "2 条已经送到" in await says(admin, "确认")


async def test_what_is_scheduled_can_be_taken_back_before_it_leaves(app: App) -> None:
    async with on_the_page(app, "宋见微") as admin:
        await says(admin, "/通知 全体 定时 “后天 8:30” 交表")
        assert "发出" in await says(admin, "好")
        assert "3 人还没发出，不会再发" in await says(admin, "/撤销")
        assert "已撤回" in await says(admin, "/通知")


async def test_a_role_is_given_after_a_yes_and_taken_back(app: App) -> None:
    async with on_the_page(app, "宋见微") as admin, on_the_page(app, "祁远山") as teacher:
        asked = await says(admin, "/角色 祁远山 支部书记 云溪县第二中学")
        assert "祁远山 成为云溪县第二中学的支部书记" in asked
        assert "没有权限" in await says(teacher, "/通知 全体 大家好")
        await says(admin, "确认")
        assert "发通知给 1 人" in await says(teacher, "/通知 全体 大家好")
        assert "已撤销" in await says(admin, "/撤销")
        assert "没有权限" in await says(teacher, "/通知 全体 大家好")


async def test_a_yes_belongs_to_whom_was_asked(app: App) -> None:
    async with on_the_page(app, "宋见微") as admin, on_the_page(app, "祁远山") as teacher:
        await says(admin, "/成员 停用 白映雪")
        await says(teacher, "确认")
        assert "白映雪" in await says(admin, "/成员 白映雪")


async def test_the_last_admin_stays(app: App) -> None:
    async with on_the_page(app, "宋见微") as admin:
        await says(admin, "/角色 去掉 宋见微 管理员")
        assert "最后一位管理员" in await says(admin, "确认")
        await says(admin, "/成员 停用 宋见微")
        assert "最后一位管理员" in await says(admin, "确认")
        assert "管理员" in await says(admin, "/成员 宋见微")


async def test_a_leaver_is_shown_the_door_and_let_in_again(app: App) -> None:
    async with on_the_page(app, "宋见微") as admin:
        asked = await says(admin, "/成员 停用 祁远山")
        assert "名下没有未办结的任务" in asked
        assert "已停用 祁远山" in await says(admin, "确认")
        account = "m2"
        gone = await app.people.actor(Sender(channel=ChannelName.WEB, account=account))
        assert gone.member_id is None
        assert "已恢复" in await says(admin, "/成员 恢复 祁远山")
        back = await app.people.actor(Sender(channel=ChannelName.WEB, account=account))
        assert back.name == "祁远山"


async def test_a_stranger_is_welcomed_once_asks_and_is_let_in_with_one_tap(app: App) -> None:
    stranger = Sender(channel=ChannelName.CONSOLE, account="stranger", display_name="新来的")
    async with on_the_page(app, "宋见微") as admin:
        with app.desk.console.attach(stranger) as terminal:

            async def says_at_terminal(text: str) -> str:
                await terminal.say(text)
                return (await terminal.next_reply()).text

            assert "/加入 姓名 单位" in await says_at_terminal("读书节几月举办")
            assert "/加入 姓名 单位" not in await says_at_terminal("图书角藏书多少册")
            assert "管理员审核" in await says_at_terminal("/加入 苏晚晴 云溪县实验小学")

        assert "申请加入：苏晚晴" in await hears(admin)
        await admin.tap("/同意加入 1")
        assert "已同意 苏晚晴" in await hears(admin)
        await admin.tap("/同意加入 1")
        assert "已经处理过" in await hears(admin)
    actor = await app.people.actor(stranger)
    assert actor.name == "苏晚晴"


async def test_somebody_says_on_which_platform_they_want_to_be_told(app: App) -> None:
    member_id = (await app.people.named("祁远山")).member_id
    assert member_id is not None
    await app.store.write(lambda session: people.link(session, "wecom", "qi-w", member_id))
    async with on_the_page(app, "祁远山") as teacher:
        assert "企业微信" in await says(teacher, "/常用平台")
        assert "/绑定" in await says(teacher, "/常用平台 钉钉")

        await app.store.write(lambda session: people.link(session, "dingtalk", "qi-d", member_id))
        assert "最近" in await says(teacher, "/常用平台")
        assert "以后提醒和通知都发到您的钉钉" in await says(teacher, "/常用平台 钉钉")
        assert "发到您的钉钉" in await says(teacher, "/常用平台")
        assert "/常用平台 自动" in await says(teacher, "/常用平台 飞鸽")
        assert "最近" in await says(teacher, "/常用平台 自动")


async def test_one_person_on_two_platforms(app: App) -> None:
    async with at_the_terminal(app, "祁远山") as teacher:
        said = await says(teacher, "/绑定")
    code = re.search(r"\d{6}", said)
    assert code is not None
    elsewhere = Sender(channel=ChannelName.DINGTALK, account="qi-ding")
    assert await app.keeping.binding.bind(elsewhere, code[0]) == "祁远山"

    there = await app.people.actor(elsewhere)
    here = await app.people.actor(Sender(channel=ChannelName.WEB, account="m2"))
    assert there.member_id == here.member_id is not None


async def test_a_document_comes_by_chat_and_goes_again(app: App) -> None:
    async with on_the_page(app, "宋见微") as admin:
        await send_file(app, "宋见微", "陪餐.txt", KITCHEN.encode())
        offered = await hears(admin)
        assert "云溪县第二中学食堂陪餐制度" in offered
        assert "读出" in offered
        assert "没有写：发文机关" in offered
        assert "现在就能问" in await says(admin, "确认")
        assert "一年" in await says(admin, "陪餐记录保存多久")
        assert "已撤销添加" in await says(admin, "/撤销")
        assert "一年" not in await says(admin, "陪餐记录保存多久")


async def test_a_roster_comes_by_chat_with_its_differences(app: App) -> None:
    sheet = (
        "姓名,单位,角色\n祁远山,云溪县教育局/云溪县第二中学,支部书记\n方砚秋,云溪县教育局,教师\n"
    )
    async with on_the_page(app, "宋见微") as admin:
        await send_file(app, "宋见微", "新花名册.csv", sheet.encode())
        offered = await hears(admin)
        assert "新增 1 人，已有 1 人" in offered
        assert "新增 方砚秋（云溪县教育局）" in offered
        assert "祁远山 在云溪县第二中学增加角色：支部书记" in offered
        assert "白映雪" in offered
        await says(admin, "确认")
        assert "方砚秋" in await says(admin, "/成员")


async def test_everything_stands_in_the_log(app: App) -> None:
    async with on_the_page(app, "宋见微") as admin, on_the_page(app, "祁远山") as teacher:
        await says(admin, "/角色 祁远山 党建专干 云溪县第二中学")
        await says(admin, "确认")
        await says(admin, "/通知 祁远山 请看群")
        await says(admin, "确认")
        log = await says(admin, "/日志 宋见微")
        assert "给角色" in log
        assert "教师 → " in log
        assert "发通知" in log
        await teacher.heard()
        assert "没有权限" in await says(teacher, "/日志")
    assert await app.store.read(audit.first_broken) is None


async def test_reminders_and_broadcasts_keep_apart(app: App) -> None:
    async with on_the_page(app, "宋见微") as admin:
        await says(admin, "/通知 全体 请看群")
        await says(admin, "确认")
    rows = await app.store.read(lambda session: session.scalars(select(Notice)).all())
    assert {row.subject for row in rows} == {"broadcast:1"}
    assert len(rows) == len(await app.store.read(lambda session: people.members(session)))
