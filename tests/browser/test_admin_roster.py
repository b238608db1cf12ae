"""The roster in a real browser: looked through, changed, imported, and refused."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.async_api import expect

from bot.errors import UsageError
from bot.messages import ChannelName, Role, Sender
from handlers.people.actions import operator
from handlers.tasks.views import Assignee, NewTask
from store import people as people_rows
from tests.browser.admin_desk import AdminDesk

pytestmark = pytest.mark.needs("chromium")

SCHOOL = "云溪县第二中学"
SHEET = """姓名,单位,角色,手机
祁远山,云溪县教育局/云溪县第二中学,教师、党员,
闻笛,云溪县教育局/云溪县第三中学,支部书记,13800000000
"""


async def follow(desk: AdminDesk, name: str) -> None:
    """Follow a link by its words."""
    await desk.page.get_by_role("link", name=name, exact=True).click()


async def pick(desk: AdminDesk, name: str, option: str) -> None:
    """Choose from a list."""
    await desk.page.get_by_role("combobox", name=name).select_option(label=option)


async def school_admin(desk: AdminDesk) -> None:
    """祁远山 looks after one school."""
    unit = await desk.app.store.read(lambda s: people_rows.units_named(s, SCHOOL)[0].id)
    person = await desk.app.people.named("祁远山")
    await desk.app.keeping.roster.give(operator(), person.member_id, Role.ADMIN, unit)


async def test_a_person_is_found_and_given_a_role(desk: AdminDesk) -> None:
    await desk.enter("宋见微")
    await follow(desk, "花名册")
    await desk.is_readable("roster")
    await desk.page.get_by_label("姓名").fill("远山")
    await desk.press("查找")
    await expect(desk.page.get_by_text("共 1 人")).to_be_visible()
    await follow(desk, "祁远山")
    await desk.is_readable("roster-person")

    await pick(desk, "在哪个单位", f"　{SCHOOL}")
    await pick(desk, "角色", "支部书记")
    await desk.press("加上")
    await expect(desk.page.get_by_role("heading", level=1)).to_contain_text(
        f"祁远山 成为{SCHOOL}的支部书记"
    )
    await desk.is_readable("roster-sure")
    await desk.press("确认")
    await desk.said("现在是")
    roles = (await desk.app.people.named("祁远山")).roles
    assert Role.BRANCH_SECRETARY in roles


async def test_the_last_admin_is_not_let_go(desk: AdminDesk) -> None:
    await desk.enter("宋见微")
    person = await desk.app.people.named("宋见微")
    await desk.go(f"/admin/roster/{person.member_id}")
    await desk.press("停用")
    await desk.press("停用")
    await expect(desk.page.get_by_role("alert")).to_contain_text("最后一位管理员")
    await desk.is_readable("roster-refused")
    assert (await desk.app.people.named("宋见微")).roles


async def test_somebody_leaves_and_comes_back(desk: AdminDesk) -> None:
    await desk.enter("宋见微")
    person = await desk.app.people.named("白映雪")
    await desk.go(f"/admin/roster/{person.member_id}")
    await desk.press("停用")
    await expect(desk.page.get_by_role("main")).to_contain_text("名下没有未办结的任务")
    await desk.press("停用")
    await desk.said("已停用 白映雪")
    with pytest.raises(UsageError):
        await desk.app.people.named("白映雪")
    await desk.go("/admin/roster?state=left")
    await follow(desk, "白映雪")
    await desk.press("恢复")
    await desk.said("已恢复 白映雪")
    assert (await desk.app.people.named("白映雪")).member_id == person.member_id


async def test_a_leaver_hands_over(desk: AdminDesk) -> None:
    leaver = await desk.app.people.named("白映雪")
    for title in ("报送图书角名单", "整理读书记录"):
        new = NewTask(
            title=title,
            duty=title,
            assignees=(Assignee(member_id=leaver.member_id),),
            due_at=desk.app.clock() + timedelta(days=7),
        )
        await desk.app.tasking.tasks.create(operator(), new)
    await desk.enter("宋见微")
    await desk.go(f"/admin/roster/{leaver.member_id}")
    await desk.press("停用")
    await expect(desk.page.get_by_role("main")).to_contain_text("还有 2 件任务没办结")
    await desk.press("停用")
    await desk.go(f"/admin/roster/{leaver.member_id}")
    await desk.is_readable("roster-leaver")
    await desk.page.get_by_label("转交给").fill("祁远山")
    await desk.page.get_by_label("整理读书记录").uncheck()
    await desk.press("转交勾选的")
    await expect(desk.page.get_by_role("main")).to_contain_text("1 件任务转交给 祁远山")
    await desk.press("转交")
    await desk.said("已转交给 祁远山")
    await expect(desk.page.get_by_role("heading", name="没办完的任务（1）")).to_be_visible()


async def test_a_sheet_is_looked_at_before_it_counts(desk: AdminDesk) -> None:
    await desk.enter("宋见微")
    await desk.go("/admin/roster/import")
    chosen = {"name": "花名册.csv", "mimeType": "text/csv", "buffer": SHEET.encode()}
    await desk.page.get_by_label("花名册（.xlsx").set_input_files(files=[chosen])
    await desk.press("看看会变什么")
    main = desk.page.get_by_role("main")
    await expect(main).to_contain_text("新增 闻笛")
    await expect(main).to_contain_text("祁远山 在云溪县第二中学增加角色：党员")
    await desk.is_readable("roster-import")
    with pytest.raises(UsageError):
        await desk.app.people.named("闻笛")
    await desk.press("确认导入")
    await desk.said("新增 1 人")
    assert (await desk.app.people.named("闻笛")).roles == (Role.BRANCH_SECRETARY,)


async def test_a_wish_to_join_is_granted(desk: AdminDesk) -> None:
    stranger = Sender(channel=ChannelName.WECOM_APP, account="wen", display_name="闻笛")
    joining = desk.app.keeping.joining
    await joining.ask(await desk.app.people.actor(stranger), "闻笛", "云溪县某某学校")
    await desk.enter("宋见微")
    await desk.go("/admin/roster/joining")
    await expect(desk.page.get_by_role("main")).to_contain_text("没有找到“云溪县某某学校”")
    await desk.is_readable("roster-joining")
    await pick(desk, "加到", f"　{SCHOOL}")
    await desk.press("同意")
    await desk.said("已同意 闻笛")
    assert (await desk.app.people.actor(stranger)).name == "闻笛"


async def test_a_school_sees_and_changes_only_its_own(desk: AdminDesk) -> None:
    await school_admin(desk)
    other = await desk.app.people.named("白映雪")
    await desk.enter("祁远山")
    await desk.go("/admin/roster")
    await expect(desk.page.get_by_text("共 1 人")).to_be_visible()
    await expect(desk.page.get_by_role("main")).not_to_contain_text("白映雪")
    assert await desk.go(f"/admin/roster/{other.member_id}") == 404

    await desk.go("/admin/roster/import")
    chosen = {"name": "花名册.csv", "mimeType": "text/csv", "buffer": SHEET.encode()}
    await desk.page.get_by_label("花名册（.xlsx").set_input_files(files=[chosen])
    await desk.press("看看会变什么")
    await expect(desk.page.get_by_role("alert")).to_contain_text("不在您管理的单位里")
