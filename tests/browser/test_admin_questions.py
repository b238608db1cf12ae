"""Questions and standing answers on the admin page, in a real browser."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import expect
from sqlalchemy.orm import Session

from bot.messages import Role
from store import people
from tests.browser.admin_desk import AdminDesk
from tests.scenario.drivers import on_the_page

pytestmark = pytest.mark.needs("chromium")

SCHOOL = "云溪县第二中学"
STRANGE = "校车几点从东门出发"
HOT = "教师宿舍的热水几点停"


async def make(desk: AdminDesk, name: str, unit: str, role: Role) -> None:
    member = (await desk.app.people.named(name)).member_id or 0

    def work(session: Session) -> None:
        here = people.units_named(session, unit)[0].id
        people.give_role(session, member, here, role)

    await desk.app.store.write(work)


async def test_an_answer_goes_back_and_stands_until_it_is_retired(desk: AdminDesk) -> None:
    async with on_the_page(desk.app, "祁远山") as teacher:
        await teacher.say(STRANGE)
        assert "转给宋见微" in (await teacher.heard()).text
        await desk.enter("宋见微")
        await desk.page.get_by_role("link", name="等人答复的问题").click()
        await desk.is_readable("questions")
        await desk.page.get_by_role("link", name=STRANGE).click()
        await desk.is_readable("question")
        await desk.page.get_by_label("答复，会发给提问的人").fill("每天 17:20 从东门出发。")
        await desk.page.get_by_label("依据").fill("《校车安排》第二条")
        await desk.page.get_by_label("有效期至").fill("2099-12-31")
        await desk.press("答复")
        await desk.said("已经告诉祁远山")
        came = (await teacher.heard()).text
        assert "17:20" in came
        assert "宋见微" in came
    assert "17:20" in await desk.ask("白映雪", STRANGE)

    await desk.page.get_by_role("link", name=re.compile(r"^答复 \d+$")).click()
    await expect(desk.page.get_by_role("region", name="答复")).to_contain_text("2099年12月31日")
    await desk.is_readable("standing-answer")
    await desk.page.get_by_label("有效期至").fill("")
    await desk.press("改有效期")
    await desk.said("一直有效")
    await desk.page.get_by_role("link", name="标准答复").click()
    await desk.is_readable("standing-answers")
    await desk.page.get_by_role("link", name=STRANGE).click()
    await desk.press("停用")
    await expect(desk.page.get_by_role("main")).to_contain_text("重新从文件里找")
    await desk.press("停用")
    await desk.said("已停用")
    assert "17:20" not in await desk.ask("白映雪", STRANGE)


async def test_what_is_not_answered_stays_and_an_empty_answer_is_refused(desk: AdminDesk) -> None:
    await desk.ask("祁远山", STRANGE)
    await desk.enter("宋见微")
    await desk.go("/admin/questions")
    await desk.page.get_by_role("link", name=STRANGE).click()
    await desk.page.get_by_label("答复，会发给提问的人").fill("   ")
    await desk.press("答复")
    await expect(desk.page.get_by_role("alert")).to_be_visible()
    await desk.page.go_back()
    await desk.page.get_by_label("答复，会发给提问的人").fill("明早八点。")
    await desk.page.get_by_label("有效期至").fill("2001-01-01")
    await desk.press("答复")
    await expect(desk.page.get_by_role("alert")).to_contain_text("有效期已经过了")


async def test_passed_on_and_let_be(desk: AdminDesk) -> None:
    await desk.ask("祁远山", STRANGE)
    await desk.ask("白映雪", HOT)
    await desk.enter("宋见微")
    await desk.go("/admin/questions")
    await desk.page.get_by_role("link", name=STRANGE).click()
    await desk.page.get_by_text("别的办法").click()
    await desk.page.get_by_label("转给谁").fill("白映雪")
    async with on_the_page(desk.app, "白映雪") as colleague:
        await desk.press("转给他")
        await desk.said("已转给白映雪")
        assert STRANGE in (await colleague.heard()).card
    await desk.go("/admin/questions")
    await desk.page.get_by_role("link", name="热水").click()
    await desk.page.get_by_text("别的办法").click()
    await desk.press("不用答复")
    await expect(desk.page.get_by_role("main")).to_contain_text("不会收到任何消息")
    await desk.press("不用答复")
    await desk.said("不再等答复")
    await expect(desk.page.get_by_role("link", name="热水")).to_have_count(0)
    await desk.page.get_by_role("link", name="处理过的").click()
    await expect(desk.page.get_by_role("link", name="热水")).to_be_visible()


async def test_a_thumb_down_is_seen(desk: AdminDesk) -> None:
    async with on_the_page(desk.app, "祁远山") as teacher:
        await teacher.say("读书节几月举办")
        await teacher.heard()
        await teacher.say("👎")
        await teacher.heard()
    await desk.enter("宋见微")
    await desk.go("/admin/questions?pile=disliked")
    await desk.page.get_by_role("link", name="读书节几月举办").click()
    about = desk.page.get_by_role("region", name="这个问题")
    await expect(about).to_contain_text("提问的人说没答好")
    await about.get_by_role("link", name="校园阅读工作方案").click()
    await expect(desk.page.locator(":target")).to_contain_text("每年4月举办读书节")


async def test_a_school_sees_its_own_questions_and_a_secretary_only_looks(desk: AdminDesk) -> None:
    await desk.ask("祁远山", STRANGE)
    await desk.ask("白映雪", HOT)
    await make(desk, "祁远山", SCHOOL, Role.SECRETARY)
    await desk.enter("祁远山")
    await desk.go("/admin/questions")
    await expect(desk.page.get_by_text("共 1 个")).to_be_visible()
    await expect(desk.page.get_by_role("link", name="热水")).to_have_count(0)
    await desk.page.get_by_role("link", name=STRANGE).click()
    await expect(desk.page.get_by_role("textbox")).to_have_count(0)
    assert await desk.go("/admin/questions/2") == 404
    await expect(desk.page.get_by_role("alert")).to_contain_text("没有编号 2 的问题")
