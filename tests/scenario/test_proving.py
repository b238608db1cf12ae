"""A task is given, proved with a photo, looked at by who gave it, and closed."""

from __future__ import annotations

import io
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from PIL import Image

from bot.assembled import App
from tests.scenario.drivers import WebDriver, on_the_page
from tests.scenario.hearing import Heard
from tests.scenario.test_reminding import reminded_of, said
from tests.scenario.town import living, settle_in


@pytest.fixture
async def app(tmp_path: Path) -> AsyncIterator[App]:
    async with living(tmp_path) as app:
        await settle_in(app)
        yield app


def photo(color: str = "red") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (64, 48), color).save(out, "PNG")
    return out.getvalue()


async def given(admin: WebDriver, teacher: WebDriver, *, is_checked: bool = True) -> str:
    """The number of a task that the teacher has been told of."""
    await said(admin, "提醒祁远山明天17:00前拍图书角")
    await said(admin, "好")
    await reminded_of(teacher, "拍图书角")
    number = re.search(r"(\d+)号", (await said(teacher, "/我的任务")).text)
    assert number is not None
    if is_checked:
        assert "要确认才办结" in (await said(admin, f"/任务 督办 {number[1]}")).text
    return number[1]


async def sent(driver: WebDriver, name: str, content: bytes) -> Heard:
    await driver.send_file(name, content)
    return await driver.heard()


async def test_a_photo_before_the_words_goes_to_who_checks_it(app: App) -> None:
    async with on_the_page(app, "宋见微") as admin, on_the_page(app, "祁远山") as teacher:
        number = await given(admin, teacher)
        offered = await sent(teacher, "现场.png", photo())
        assert "佐证" in offered.text
        done = (await said(teacher, "已完成，照片在上面")).text
        assert "等交办的人确认办结" in done
        assert "《现场.png》" in done

        told = await admin.heard()
        assert "请您办结：拍图书角" in told.card
        assert "祁远山" in told.card
        assert told.files == ("现场.png",)
        again = (await said(teacher, f"/办结 {number}")).text
        assert "没有权限" in again or "不能用" in again
        assert "已办结" in (await said(admin, f"/办结 {number}")).text
        assert "已确认办结" in (await teacher.heard()).text

        shown = await said(admin, f"/任务 {number}")
        assert shown.files == ("现场.png",)
        assert "交了佐证：现场.png" in shown.text


async def test_a_photo_after_the_words_joins_the_report(app: App) -> None:
    async with on_the_page(app, "宋见微") as admin, on_the_page(app, "祁远山") as teacher:
        number = await given(admin, teacher, is_checked=False)
        assert "已办结" in (await said(teacher, f"{number} 已完成")).text
        assert "已附到“拍图书角”" in (await sent(teacher, "补.png", photo("blue"))).text
        assert (await said(admin, f"/任务 {number}")).files == ("补.png",)


async def test_a_photo_is_offered_as_proof_with_one_tap(app: App) -> None:
    async with on_the_page(app, "宋见微") as admin, on_the_page(app, "祁远山") as teacher:
        number = await given(admin, teacher, is_checked=False)
        assert "已完成，用作佐证" in (await sent(teacher, "图.png", photo("green"))).card
        await teacher.tap(f"/完成 {number} 照片在上面")
        assert "《图.png》" in (await teacher.heard()).text


async def test_what_was_sent_back_or_refused_is_told(app: App) -> None:
    async with on_the_page(app, "宋见微") as admin, on_the_page(app, "祁远山") as teacher:
        number = await given(admin, teacher)
        await said(teacher, f"/完成 {number} 拍好了")
        await admin.heard()
        await said(admin, f"/重办 {number} 照片呢")
        assert "照片呢" in (await teacher.heard()).text
        await said(teacher, f"/退回 {number} 不归我管")
        told = await admin.heard()
        assert "被退回" in told.card
        assert "不归我管" in told.card
        await said(admin, f"/交办 {number} 就是你")
        assert "重新交办" in (await teacher.heard()).text
        await said(admin, f"/取消 {number} 不办了")
        assert "不用办了" in (await teacher.heard()).text


async def test_more_time_is_asked_of_who_gave_it(app: App) -> None:
    async with on_the_page(app, "宋见微") as admin, on_the_page(app, "祁远山") as teacher:
        number = await given(admin, teacher)
        await said(teacher, f"/延期 {number} 三天 因为下雨")
        told = await admin.heard()
        assert "申请延期" in told.card
        assert "下雨" in told.card
        await admin.tap(f"/批准 {number}")
        await admin.heard()
        assert "同意延期" in (await teacher.heard()).text


async def test_the_page_of_the_task_shows_the_photo_to_who_may_see_it(app: App) -> None:
    async with on_the_page(app, "宋见微") as admin, on_the_page(app, "祁远山") as teacher:
        number = await given(admin, teacher, is_checked=False)
        await sent(teacher, "图.png", photo())
        await said(teacher, "已完成，照片在上面")
        path = f"/tasks/{number}?as={admin.account}"
        async with admin.client.get(path) as response:
            page = await response.text()
        address = re.search(r'<img src="([^"]+)"', page)
        assert address is not None
        async with admin.client.get(address[1].replace("&amp;", "&")) as response:
            assert response.status == 200
            assert response.content_type == "image/jpeg"


async def test_how_a_task_reminds_is_shown_and_changed_by_who_gave_it(app: App) -> None:
    async with on_the_page(app, "宋见微") as admin, on_the_page(app, "祁远山") as teacher:
        number = await given(admin, teacher, is_checked=False)
        assert "提前1个工作日" in (await said(admin, f"/提醒 方式 {number}")).text
        changed = f"/提醒 方式 {number} 提前2天，不上报，早上7点半"
        assert "没有权限" in (await said(teacher, changed)).text
        assert "提前2个工作日" in (await said(admin, changed)).text
        assert "早上7点30" in (await said(admin, f"/任务 {number}")).text
        assert "花名册上没有" in (await said(admin, f"/提醒 方式 {number} 逾期2天报没有这人")).text
        assert "没看懂" in (await said(admin, f"/提醒 方式 {number} 多提醒几次吧")).text
        assert "提前7、3、1" in (await said(admin, f"/提醒 方式 {number} 照常")).text


async def test_a_task_is_given_to_somebody_else_at_another_time(app: App) -> None:
    async with (
        on_the_page(app, "宋见微") as admin,
        on_the_page(app, "祁远山") as teacher,
        on_the_page(app, "白映雪") as other,
    ):
        number = await given(admin, teacher, is_checked=False)
        assert "花名册上没有" in (await said(admin, f"/任务 改 {number} 责任人 没有这人")).text
        assert "没有权限" in (await said(teacher, f"/任务 改 {number} 后天前")).text
        changed = (await said(admin, f"/任务 改 {number} 后天前，责任人 白映雪，督办")).text
        assert "责任人：白映雪" in changed
        assert "要督办" in changed
        assert "没有没办完" in (await said(teacher, "/我的任务")).text
        assert "拍图书角" in (await said(other, "/我的任务")).text
        listed = (await said(admin, "/任务")).text
        again = re.search(r"(\d+)号　拍图书角", listed)
        assert again is not None
        assert "改派：原来：祁远山" in (await said(admin, f"/任务 {again[1]}")).text
        assert "请这样写" in (await said(admin, f"/任务 改 {again[1]}")).text


async def test_who_gave_a_task_hands_it_to_another(app: App) -> None:
    async with (
        on_the_page(app, "宋见微") as admin,
        on_the_page(app, "祁远山") as teacher,
        on_the_page(app, "白映雪") as heir,
    ):
        number = await given(admin, teacher, is_checked=False)
        assert "写上任务编号" in (await said(admin, "/转交 白映雪")).text
        assert "没有“闻笛”" in (await said(admin, f"/转交 {number} 闻笛")).text
        assert "已转交给白映雪" in (await said(admin, f"/转交 {number} 白映雪")).text
        assert f"{number}号“拍图书角”转交给您" in (await heir.heard()).text
        assert "不用转交" in (await said(admin, f"/转交 {number} 白映雪")).text
        assert "拍图书角" not in (await said(teacher, "/我的任务")).text
        assert "没有权限" in (await said(teacher, f"/转交 {number} 祁远山")).text
        assert "已办结" in (await said(heir, f"/完成 {number}")).text
