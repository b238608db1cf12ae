"""Messages that did not arrive, in a real browser."""

from __future__ import annotations

import pytest
from playwright.async_api import expect
from sqlalchemy import update
from sqlalchemy.orm import Session

from bot.assembled import App
from bot.codec import reply_to_json
from bot.messages import ChannelName, Reply, Role
from store import outbox, people
from store.models import Delivery, DeliveryKind, DeliveryState
from tests.browser.admin_desk import AdminDesk
from tests.scenario.drivers import on_the_page

pytestmark = pytest.mark.needs("chromium")


async def lost(
    app: App, key: str, name: str, state: DeliveryState = DeliveryState.FAILED, text: str = ""
) -> int:
    """A reminder to somebody that ended badly."""
    account = (await app.people.named(name)).web_account or ""
    draft = outbox.Draft(
        key=key,
        kind=DeliveryKind.REMINDER,
        channel=ChannelName.WEB,
        conversation=account,
        reply=reply_to_json(Reply(text=text or f"{name}，请交读书单")),
    )
    now = app.documents.clock()

    def work(session: Session) -> int:
        added = outbox.add(session, draft, now=now, owner="nobody")
        assert added is not None
        ended = {
            "state": state,
            "reason": "对方不在应用的可见范围内。",
            "ended_at": now,
            "owner": None,
        }
        session.execute(update(Delivery).where(Delivery.id == added).values(ended))
        return added

    return await app.store.write(work)


async def make_admin(app: App, name: str, unit: str) -> None:
    member = (await app.people.named(name)).member_id or 0

    def work(session: Session) -> None:
        here = people.units_named(session, unit)[0].id
        people.give_role(session, member, here, Role.ADMIN)

    await app.store.write(work)


async def test_what_failed_is_sent_again_and_arrives(desk: AdminDesk) -> None:
    await lost(desk.app, "a", "祁远山")
    await lost(desk.app, "b", "白映雪", DeliveryState.UNCERTAIN)
    await desk.enter("宋见微")
    await desk.page.get_by_role("link", name="一周内没送到").click()
    await expect(desk.page.get_by_role("heading", level=1, name="消息")).to_be_visible()
    await desk.is_readable("outbox")

    async with on_the_page(desk.app, "祁远山") as teacher:
        await desk.press("再发一次：祁远山")
        await desk.said("给祁远山的消息重新排队了")
        assert "请交读书单" in (await teacher.heard()).text
    await expect(desk.page.get_by_role("row", name="祁远山")).to_have_count(0)

    await desk.press("不用了：白映雪")
    await expect(desk.page.get_by_role("heading", name="不再发这 1 条消息")).to_be_visible()
    await desk.is_readable("outbox-sure")
    await desk.press("不用了")
    await desk.said("不再发了")
    row = desk.page.get_by_role("row", name="白映雪")
    await expect(row).to_contain_text("宋见微决定不再发送")
    await expect(row.get_by_role("button", name="不用了")).to_have_count(0)


async def test_what_may_have_arrived_asks_first_and_no_changes_nothing(desk: AdminDesk) -> None:
    number = await lost(desk.app, "a", "祁远山", DeliveryState.UNCERTAIN)
    await desk.enter("宋见微")
    await desk.go("/admin/outbox?platform=web")
    await desk.press("再发一次：祁远山")
    await expect(desk.page.get_by_role("main")).to_contain_text("可能收到两遍")
    await desk.page.get_by_role("link", name="不办了").click()
    assert desk.page.url.endswith("/admin/outbox?platform=web")
    row = await desk.app.store.read(lambda session: session.get_one(Delivery, number).state)
    assert row == DeliveryState.UNCERTAIN


async def test_filters_and_pages_by_keyboard(desk: AdminDesk) -> None:
    for n in range(35):
        await lost(desk.app, f"n{n}", "祁远山", text=f"第 {n} 条")
    await lost(desk.app, "b", "白映雪")
    await desk.enter("宋见微")
    await desk.go("/admin/outbox")
    await expect(desk.page.get_by_text("共 36 条")).to_be_visible()
    await desk.page.get_by_role("link", name="下一页").click()
    await expect(desk.page.get_by_text("第 2 页，共 2 页")).to_be_visible()
    await expect(desk.page.get_by_role("row")).to_have_count(7)
    box = desk.page.get_by_label("发给谁")
    await box.focus()
    await desk.page.keyboard.type("映雪")
    await desk.page.keyboard.press("Enter")
    await expect(desk.page.get_by_role("row")).to_have_count(2)
    await desk.page.get_by_label("哪一种").select_option("通知")
    await desk.press("查找")
    await expect(desk.page.get_by_role("main")).to_contain_text("换个条件")
    await desk.page.get_by_role("main").get_by_role("link", name="全部").click()
    await expect(desk.page.get_by_text("共 36 条")).to_be_visible()


async def test_a_schools_admin_sees_only_the_schools(desk: AdminDesk) -> None:
    await make_admin(desk.app, "祁远山", "云溪县第二中学")
    await lost(desk.app, "a", "祁远山")
    other = await lost(desk.app, "b", "白映雪")
    await desk.enter("祁远山")
    await desk.go("/admin/outbox")
    await expect(desk.page.get_by_role("row")).to_have_count(2)
    await expect(desk.page.get_by_role("link", name="已经发出的")).to_have_count(0)

    form = desk.page.locator("form[action$='/again']").first
    await form.evaluate(f"form => form.action = '/admin/outbox/{other}/again'")
    await form.get_by_role("button").click()
    await expect(desk.page.get_by_role("alert")).to_contain_text("不是发给您单位的人的")
    row = await desk.app.store.read(lambda session: session.get_one(Delivery, other).state)
    assert row == DeliveryState.FAILED
