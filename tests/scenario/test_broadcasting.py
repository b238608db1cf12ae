"""/通知 on every platform: to whom, how many, when, who has read it, once more, and back."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot.assembled import App
from handlers.people.actions import operator
from tests.fakes.waiting import until
from tests.scenario.drivers import CHANNELS, Driver, Enter, on_the_page
from tests.scenario.town import living
from tests.scenario.wecom_driver import WEBHOOK, platform_of

ROSTER = """姓名,单位,角色
宋见微,云溪县教育局,管理员
关若谷,云溪县教育局/云溪县第二中学,支部书记
祁远山,云溪县教育局/云溪县第二中学,教师
柏舟,云溪县教育局/云溪县第二中学,教师
白映雪,云溪县教育局/云溪县实验小学,教师
"""


@pytest.fixture
async def app(tmp_path: Path) -> AsyncIterator[App]:
    async with living(tmp_path) as app:
        await app.people.import_roster(operator(), "花名册.csv", ROSTER.encode())
        yield app


BEGINNING = {
    name: one for name, one in CHANNELS.items() if name not in {"console", "aibot_callback"}
}
"""Where somebody can be written to who did not just write."""


@pytest.fixture(params=BEGINNING.values(), ids=BEGINNING.keys())
def enter(request: pytest.FixtureRequest) -> Enter:
    found: Enter = request.param
    return found


async def hears(driver: Driver) -> str:
    heard = await driver.heard()
    return f"{heard.text}\n{heard.card}"


async def says(driver: Driver, words: str) -> str:
    await driver.say(words)
    return await hears(driver)


async def sends(driver: Driver, words: str) -> str:
    """Confirmed; the number it has."""
    asked = await says(driver, words)
    assert "发通知给" in asked, asked
    await driver.say("确认")
    while (number := re.search(r"通知 (\d+) 已交给发件箱", await hears(driver))) is None:
        pass  # the notice itself, which is for the sender, too
    return number[1]


async def test_a_notice_goes_out_is_read_chased_and_taken_back(app: App, enter: Enter) -> None:
    async with on_the_page(app, "宋见微") as admin, enter(app, "祁远山") as teacher:
        await says(teacher, "/帮助")
        number = await sends(admin, "/通知 祁远山、白映雪 明早八点交读书单")
        assert "明早八点交读书单" in await hears(teacher)
        receipts = await says(admin, f"/通知 {number}")
        assert "回“收到” 0 人" in receipts
        await teacher.tap(f"/通知收到 {number}")
        assert "记下您收到了" in await hears(teacher)
        receipts = await says(admin, f"/通知 {number}")
        assert "回“收到” 1 人" in receipts
        assert "还没回的 1 人：白映雪" in receipts

        second = await sends(admin, "/通知 祁远山 改到九点")
        assert "改到九点" in await hears(teacher)
        assert "祁远山" in await says(admin, f"/通知 催 {second}")
        assert "已再发给 1 人" in await says(admin, "确认")
        again = await hears(teacher)
        assert "再次提醒" in again
        assert "改到九点" in again
        assert "已记下您收到了" in await says(teacher, "收到")
        assert "都读过了" in await says(admin, f"/通知 催 {second}")

        assert f"撤回通知 {second}（发给 1 人）" in await says(admin, f"/通知 撤回 {second}")
        assert "通知已撤回" in await says(admin, "确认")
        assert "已撤回" in await says(admin, f"/通知 {second}")


async def test_what_was_recalled_is_not_chased(app: App) -> None:
    async with on_the_page(app, "宋见微") as admin:
        number = await sends(admin, "/通知 祁远山 改到九点")
        await says(admin, f"/通知 撤回 {number}")
        await says(admin, "确认")
        await says(admin, f"/通知 催 {number}")
        assert "已撤回或还没发出，不能催" in await says(admin, "确认")


@pytest.mark.parametrize("enter", [CHANNELS["aibot_callback"]], ids=["aibot_callback"])
async def test_where_the_bot_only_answers_it_comes_another_way(app: App, enter: Enter) -> None:
    """Callbacks of the AI bot: the page of the same person can be written to."""
    async with (
        on_the_page(app, "宋见微") as admin,
        enter(app, "祁远山") as teacher,
        on_the_page(app, "祁远山") as page,
    ):
        await says(teacher, "/帮助")
        await sends(admin, "/通知 祁远山 改到九点")
        assert "改到九点" in await hears(page)


async def test_what_is_scheduled_comes_at_its_time(app: App, enter: Enter) -> None:
    clock = app.tasking.clock_dialogue
    assert clock is not None
    async with on_the_page(app, "宋见微") as admin, enter(app, "祁远山") as teacher:
        await says(teacher, "/帮助")
        await sends(admin, "/通知 祁远山 定时 “明天 8:30” 交读书单")
        tomorrow = app.tasking.times.now() + timedelta(days=1)
        await clock.go(tomorrow.replace(hour=8, minute=31))
        assert "交读书单" in await hears(teacher)


@pytest.mark.parametrize(
    ("words", "count"),
    [
        ("全体", 5),
        ("云溪县第二中学", 3),
        ("云溪县第二中学、云溪县实验小学", 4),
        ("东片区", 4),
        ("教师", 3),
        ("云溪县第二中学的教师", 2),
        ("支部书记", 1),
        ("祁远山、祁远山", 1),
        ("@祁远山", 1),
    ],
)
async def test_whom_the_words_name(app: App, words: str, count: int) -> None:
    async with on_the_page(app, "宋见微") as admin:
        await says(admin, "/片区 东片区 加 云溪县第二中学 云溪县实验小学")
        assert f"发通知给 {count} 人" in await says(admin, f"/通知 {words} 请看群")


async def test_those_who_have_not(app: App) -> None:
    async with on_the_page(app, "关若谷") as secretary, on_the_page(app, "祁远山") as teacher:
        first = await sends(secretary, "/通知 云溪县第二中学 请交读书单")
        await secretary.tap(f"/通知收到 {first}")
        assert "记下您收到了" in await hears(secretary)
        assert "请交读书单" in await hears(teacher)
        await says(teacher, "收到")
        for words in ("未读", f"未读{first}", f"未读 {first}", f"未回执通知{first}"):
            asked = await says(secretary, f"/通知 {words} 快一点")
            assert "发通知给 1 人" in asked, asked

        await says(secretary, "/签到 开始 主题党日 地点三楼")
        while "请签到" not in await hears(teacher):
            pass
        await says(teacher, "到")
        await says(secretary, "到")
        for words in ("未签到", "未签到 1", "未签到1"):
            asked = await says(secretary, f"/通知 {words} 请尽快到三楼")
            assert "发通知给 1 人" in asked, (words, asked)

        await says(secretary, "提醒祁远山、柏舟明天下午3点交教案")
        done = await says(secretary, "好")
        number = re.search(r"/取消 (\d+)", done)
        assert number is not None, done
        for words in (f"未交{number[1]}", f"未办结 {number[1]}", f"未完成任务{number[1]}"):
            asked = await says(secretary, f"/通知 {words} 请抓紧")
            assert "发通知给 2 人" in asked, (words, asked)


async def test_nobody_chases_over_what_is_not_theirs(app: App) -> None:
    async with on_the_page(app, "宋见微") as admin, on_the_page(app, "关若谷") as secretary:
        await sends(admin, "/通知 全体 请看群")
        await hears(secretary)
        assert "没有通知 1" in await says(secretary, "/通知 未读1 看了吗")
        assert "没有签到" in await says(secretary, "/通知 未签到7 看了吗")
        assert "没有叫“无名氏”的" in await says(secretary, "/通知 无名氏 看了吗")
        assert "不在您能发通知的单位里" in await says(secretary, "/通知 白映雪 看了吗")
        assert "由管全局的人来发" in await says(secretary, f"/通知 {WEBHOOK} 看了吗")


async def test_a_group_hears_it_with_those_who_are_named(app: App) -> None:
    group = platform_of(app).group
    async with on_the_page(app, "宋见微") as admin, on_the_page(app, "祁远山") as teacher:
        asked = await says(admin, f"/通知 {WEBHOOK}、祁远山 明天停课一天")
        assert "发通知给 1 人、1 个群" in asked
        assert f"“{WEBHOOK}”群（收不到回执）" in asked
        assert "共 1 人、1 个群" in await says(admin, "确认")
        assert "明天停课一天" in await hears(teacher)
        await until(lambda: bool(group))
        assert "明天停课一天" in str(group[0])
        assert "已不在花名册" not in await says(admin, "/通知 1")
        assert "发给 1 人、1 个群" in await says(admin, "/通知 撤回 1")
        assert "2 条已经送到" in await says(admin, "确认")


@pytest.mark.parametrize(
    ("words", "whom", "text"),
    [
        ("祁远山 白映雪 明早开会", "祁远山、白映雪", "明早开会"),
        ("@祁远山 @白映雪 明早开会", "祁远山、白映雪", "明早开会"),
        ("祁远山、白映雪 明早开会", "祁远山、白映雪", "明早开会"),
        ("祁远山 云溪县实验小学 明早开会", "祁远山、白映雪", "明早开会"),
        ("祁远山 请通知 白映雪 明早开会", "祁远山", "请通知 白映雪 明早开会"),
        ("祁远山 白映雪", "祁远山", "白映雪"),
    ],
)
async def test_names_with_white_space_between_are_all_meant(
    app: App, words: str, whom: str, text: str
) -> None:
    async with on_the_page(app, "宋见微") as admin:
        asked = await says(admin, f"/通知 {words}")
        assert f"范围：{whom}\n" in asked
        assert f"内容：{text}" in asked
