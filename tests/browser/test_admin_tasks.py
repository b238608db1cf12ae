"""Tasks in a real browser: found, moved, with their clause, and refused."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.async_api import expect

from bot.messages import ChannelName, Role, Sender
from handlers.people.actions import operator
from store import people as people_rows
from store.models_tasks import OccurrenceState
from tests.browser.admin_desk import AdminDesk
from tests.fakes.given import give_task, occurrences_of

pytestmark = pytest.mark.needs("chromium")

SCHOOL, OTHER = "云溪县第二中学", "云溪县实验小学"


async def settle(desk: AdminDesk) -> int:
    """Two tasks, one of them from a clause; its number."""
    app = desk.app
    shelved = await app.documents.find(operator(), "校园阅读工作方案")
    passage = next(one for one in shelved.document.passages if "读书节" in one.text)
    task = await give_task(
        app,
        "举办校园读书节",
        [SCHOOL, OTHER],
        document=shelved.document.title,
        document_id=shelved.document.id,
        locator=passage.locator,
        quote="每年4月举办读书节，由各校教导处负责组织。",
    )
    await give_task(app, "报送图书角名单", [SCHOOL])
    return (await occurrences_of(app, task.id))[0].id


async def school_secretary(desk: AdminDesk) -> Sender:
    """祁远山 answers for one school."""
    unit = await desk.app.store.read(lambda s: people_rows.units_named(s, SCHOOL)[0].id)
    person = await desk.app.people.named("祁远山")
    await desk.app.keeping.roster.give(operator(), person.member_id, Role.BRANCH_SECRETARY, unit)
    return Sender(channel=ChannelName.WEB, account=person.web_account or "")


async def test_a_task_is_found_with_its_clause_and_settled(desk: AdminDesk) -> None:
    number = await settle(desk)
    await desk.enter("宋见微")
    await desk.page.get_by_role("link", name="任务", exact=True).click()
    main = desk.page.get_by_role("main")
    await expect(main).to_contain_text("共 3 条")
    await desk.is_readable("tasks")
    await desk.page.get_by_label("标题").fill("读书节")
    await desk.press("查找")
    await expect(main).to_contain_text("共 2 条")
    await desk.page.get_by_role("link", name="举办校园读书节").first.click()
    await expect(main).to_contain_text("每年4月举办读书节")
    await desk.is_readable("task")

    await desk.press("办结")
    await expect(main).to_contain_text("会影响 1 条")
    await desk.press("办结")
    await desk.said("已办结")
    view = await desk.app.tasking.tasks.occurrence(operator(), number)
    assert view.state is OccurrenceState.DONE
    await desk.press("退回重办")
    await expect(desk.page.get_by_role("alert")).to_contain_text("要写原因")

    await desk.go(f"/admin/tasks/{number}")
    await desk.page.get_by_role("link", name="校园阅读工作方案").click()
    await expect(desk.page.locator(":target")).to_contain_text("读书节")


async def test_more_time_is_granted(desk: AdminDesk) -> None:
    number = await settle(desk)
    actor = await desk.app.people.actor(await school_secretary(desk))
    view = await desk.app.tasking.tasks.occurrence(actor, number)
    until = view.due_at + timedelta(days=3)
    await desk.app.tasking.tasks.ask_postponement(actor, number, until, "人手不够")
    await desk.enter("宋见微")
    await desk.page.get_by_role("link", name="延期申请").click()
    await expect(desk.page.get_by_role("main")).to_contain_text("人手不够")
    await desk.is_readable("postponements")
    await desk.press("同意")
    await desk.said("同意延期")
    after = await desk.app.tasking.tasks.occurrence(operator(), number)
    assert after.due_at == until


async def test_a_school_sees_its_part_and_cancels_nothing(desk: AdminDesk) -> None:
    number = await settle(desk)
    await school_secretary(desk)
    await desk.enter("祁远山")
    await desk.go("/admin/tasks")
    main = desk.page.get_by_role("main")
    await expect(main).to_contain_text("共 2 条")
    await expect(main).not_to_contain_text(OTHER)
    await desk.go(f"/admin/tasks/{number}")
    await expect(desk.page.get_by_role("button", name="取消整个任务")).to_have_count(0)
    await desk.press("签收")
    await desk.said("已签收")
    assert await desk.go(f"/admin/tasks/{number + 1}") == 404
