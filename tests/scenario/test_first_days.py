"""The first days: an admin whom only the configuration names, and people on no roster yet."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bot.app import opened
from bot.assembled import App
from bot.messages import ChannelName, Conversation, IncomingMessage, MessageKind, Reply, Sender
from bot.middleware import around
from handlers.people.actions import operator
from tests.fakes.messages import NOW
from tests.scenario.drivers import Driver, on_the_page
from tests.scenario.town import ROSTER, living, settings, settle_in
from tests.scenario.wecom_driver import on_the_phone

CHIEF = "chief"


@asynccontextmanager
async def empty_school(folder: Path, *admins: str) -> AsyncIterator[App]:
    configured = settings()
    bot = configured.bot.model_copy(update={"admins": admins})
    async with opened(configured.model_copy(update={"bot": bot}), folder, is_demo=True) as app:
        yield app


async def said(app: App, account: str, text: str) -> Reply | None:
    """What is answered to ``account`` on the page, whether it is known or not."""

    async def roles_of(sender: Sender) -> frozenset[object]:
        return frozenset((await app.people.actor(sender)).every_role)

    handle = around(app.router, roles_of=roles_of, monotonic=lambda: 0.0)  # type: ignore[arg-type]
    return await handle(
        IncomingMessage(
            channel=ChannelName.WEB,
            message_id=f"{account}-{text}",
            conversation=Conversation(channel=ChannelName.WEB, id=account),
            sender=Sender(channel=ChannelName.WEB, account=account),
            kind=MessageKind.TEXT,
            text=text,
            sent_at=NOW,
        )
    )


def words(reply: Reply | None) -> str:
    assert reply is not None
    return reply.text if reply.card is None else f"{reply.card.title}\n{reply.card.body}"


async def test_whom_the_configuration_names_runs_an_empty_house(tmp_path: Path) -> None:
    async with empty_school(tmp_path, f"web:{CHIEF}") as app:
        helped = words(await said(app, CHIEF, "/帮助"))
        assert "/成员" in helped
        assert "/日志" in helped
        assert "没有权限" in words(await said(app, "somebody", "/成员"))
        assert "共 0 人" in words(await said(app, CHIEF, "/成员"))

        asked = words(await said(app, "newcomer", "/加入 苏晚晴 云溪县实验小学"))
        assert "苏晚晴（云溪县实验小学）" in asked
        assert "苏晚晴" in words(await said(app, CHIEF, "/申请"))
        assert "把有这个单位的花名册" in words(await said(app, CHIEF, "/同意加入 1"))
        chief = await app.people.actor(Sender(channel=ChannelName.WEB, account=CHIEF))
        await app.people.import_roster(chief, "花名册.csv", ROSTER.encode())
        approved = words(await said(app, CHIEF, "/同意加入 1"))
        assert "苏晚晴" in approved

        log = words(await said(app, CHIEF, "/日志"))
        assert "同意加入" in log


async def test_without_an_admin_who_asks_is_told_whom_to_find(tmp_path: Path) -> None:
    async with empty_school(tmp_path) as app:
        asked = words(await said(app, "newcomer", "/加入 苏晚晴 云溪县实验小学"))

        assert "还没有设管理员" in asked
        assert "没有权限" in words(await said(app, "newcomer", "/同意加入 1"))


async def test_nobody_can_name_themselves(tmp_path: Path) -> None:
    """An account of the same name on another platform is somebody else."""
    async with empty_school(tmp_path, f"dingtalk:{CHIEF}") as app:
        assert "没有权限" in words(await said(app, CHIEF, "/成员"))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("读书节几月举办", "/加入 姓名 单位"),
        ("/我的数据", "不在花名册"),
        ("/通知 全体 大家好", "没有权限"),
        ("/任务 草拟 《方案》", ""),
        ("/签到", ""),
        ("/提醒", ""),
        ("提醒我明天下午3点交材料", ""),
        ("到", ""),
    ],
)
async def test_who_is_on_no_roster_reads_what_to_do(tmp_path: Path, text: str, told: str) -> None:
    async with empty_school(tmp_path) as app:
        await app.documents.add(operator(), "方案.txt", "第一条 读书节每年4月举办。".encode())
        answered = words(await said(app, "stranger", text))

    assert told in answered
    assert answered
    for internal in ("Traceback", "None", "Error", "member_id", "handlers."):
        assert internal not in answered


async def says(driver: Driver, text: str) -> str:
    await driver.say(text)
    heard = await driver.heard()
    return f"{heard.text}\n{heard.card}"


async def test_a_leaver_s_open_tasks_are_listed_for_whoever_takes_over(tmp_path: Path) -> None:
    async with living(tmp_path) as app:
        await settle_in(app)
        async with on_the_page(app, "宋见微") as admin, on_the_phone(app, "祁远山"):
            for what in ("交教案", "填健康表"):
                await says(admin, f"提醒祁远山明天下午3点{what}")
                assert "设好了" in await says(admin, "好")
            asked = await says(admin, "/成员 停用 祁远山")
            assert "名下还有 2 件任务没办结，请交给别人" in asked
            assert "交教案" in asked
            assert "填健康表" in asked
            done = await says(admin, "确认")
            assert "已停用 祁远山" in done
            assert "交教案" in done
