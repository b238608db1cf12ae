"""Tasks on the admin page: who sees and moves which, wishes for time, proofs, and ten thousand."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert
from sqlalchemy.orm import Session

from bot.assembled import App
from bot.messages import ChannelName, Role, Sender
from handlers.people.actions import operator
from handlers.tasks.views import Step
from store import people
from store import proofs as proof_rows
from store.models_tasks import Occurrence, OccurrenceState
from tests.fakes.filed import photo
from tests.fakes.given import give_task, occurrences_of
from tests.scenario.admin_driver import on_the_admin_page
from tests.scenario.town import living, settle_in

OFFICE, SCHOOL, OTHER = "云溪县教育局", "云溪县第二中学", "云溪县实验小学"
MOST_MS = 500


@pytest.fixture
async def app(tmp_path: Path) -> AsyncIterator[App]:
    async with living(tmp_path) as app:
        await settle_in(app)
        yield app


async def give(app: App, name: str, role: Role, unit: str) -> None:
    member = (await app.people.named(name)).member_id
    where = await app.store.read(lambda session: people.units_named(session, unit)[0].id)
    await app.keeping.roster.give(operator(), member, role, where)


async def test_a_school_sees_its_own_and_its_part_of_what_the_office_gave(app: App) -> None:
    await give(app, "祁远山", Role.ADMIN, SCHOOL)
    own = await give_task(app, "本校的事", [SCHOOL])
    others = await give_task(app, "别校的事", [OTHER])
    shared = await give_task(app, "各校的事", [SCHOOL, OTHER])
    mine, theirs = await occurrences_of(app, shared.id)
    async with on_the_admin_page(app, "祁远山") as page:
        shown = (await page.get("/admin/tasks")).words
        assert "共 2 条" in shown
        assert "本校的事" in shown
        assert "各校的事" in shown
        one = await page.get(f"/admin/tasks/{mine.id}")
        assert one.status == 200
        assert OTHER not in one.words, "what others do of it is not the school's business"
        hidden = [theirs.id, (await occurrences_of(app, others.id))[0].id]
        for number in hidden:
            assert (await page.get(f"/admin/tasks/{number}")).status == 404
            moved = await page.post(
                f"/admin/tasks/{number}", {"step": "confirm", "sure": "yes", "words": "好"}
            )
            assert moved.status == 404
        cancelled = await page.post(
            f"/admin/tasks/{mine.id}", {"cancel": "yes", "words": "不办了", "sure": "yes"}
        )
        assert cancelled.status == 403, "who was given a task does not cancel it"
        number = (await occurrences_of(app, own.id))[0].id
        assert (await page.get(f"/admin/tasks/{number}")).status == 200
    for number in hidden:
        view = await app.tasking.tasks.occurrence(operator(), number)
        assert view.state is OccurrenceState.ASSIGNED


async def test_a_step_is_taken_after_a_yes_or_with_a_reason(app: App) -> None:
    task = await give_task(app, "报送名单", [SCHOOL])
    number = (await occurrences_of(app, task.id))[0].id
    path = f"/admin/tasks/{number}"
    async with on_the_admin_page(app, "宋见微") as page:
        asked = await page.post(path, {"step": "confirm"})
        assert "会影响 1 条" in asked.words
        assert "交办" in (await page.get(path)).words
        assert "已办结" in await page.does(path, {"step": "confirm", "sure": "yes"})
        again = await page.post(path, {"step": "confirm", "sure": "yes"})
        assert again.status == 400
        assert "不能这样办" in again.words
        refused = await page.post(path, {"step": "return"})
        assert refused.status == 400
        assert "要写原因" in refused.words
        said = await page.does(path, {"step": "return", "words": "名单缺电话"})
        assert "办理中" in said
        assert "名单缺电话" in said


async def test_a_whole_task_is_cancelled_with_a_reason_and_a_yes(app: App) -> None:
    task = await give_task(app, "各校报送", [SCHOOL, OTHER])
    number = (await occurrences_of(app, task.id))[0].id
    path = f"/admin/tasks/{number}"
    async with on_the_admin_page(app, "宋见微") as page:
        assert (await page.post(path, {"cancel": "yes"})).status == 400
        asked = await page.post(path, {"cancel": "yes", "words": "合并到下月"})
        assert "会影响 2 条" in asked.words
        said = await page.does(path, {"cancel": "yes", "words": "合并到下月", "sure": "yes"})
        assert "已取消" in said
        assert "合并到下月" in said
        assert "各校报送" not in (await page.get("/admin/tasks")).words


async def test_more_time_is_granted_or_refused_with_a_reason(app: App) -> None:
    task = await give_task(app, "报送名单", [SCHOOL])
    one = (await occurrences_of(app, task.id))[0]
    await give(app, "祁远山", Role.BRANCH_SECRETARY, SCHOOL)
    async with on_the_admin_page(app, "祁远山") as page:
        account = (await app.people.named("祁远山")).web_account or ""
        actor = await app.people.actor(Sender(channel=ChannelName.WEB, account=account))
        until = one.due_at + timedelta(days=3)
        await app.tasking.tasks.ask_postponement(actor, one.id, until, "人还没定")
        assert "没有等您批准的" in (await page.get("/admin/tasks/postponements")).words
        own = await page.post("/admin/tasks/postponements", {"id": "1", "do": "approve"})
        assert own.status == 404, "nobody grants it to themselves"
    async with on_the_admin_page(app, "宋见微") as page:
        assert "延期申请1 件" in (await page.get("/admin")).words
        assert "人还没定" in (await page.get("/admin/tasks/postponements")).words
        refused = await page.post("/admin/tasks/postponements", {"id": "1", "do": "refuse"})
        assert refused.status == 400
        said = await page.does("/admin/tasks/postponements", {"id": "1", "do": "approve"})
        assert "同意延期" in said
    after = (await occurrences_of(app, task.id))[0]
    assert after.due_at == until


async def test_photos_that_prove_it_are_shown_to_who_may_see_the_task(app: App) -> None:
    task = await give_task(app, "植树", [SCHOOL])
    number = (await occurrences_of(app, task.id))[0].id
    file = await photo(app)
    await app.store.write(
        lambda s: proof_rows.add_to_occurrence(
            s,
            number,
            file.blob,
            name=file.name,
            thumbnail=file.thumbnail,
            member_id=None,
            now=app.clock(),
        )
    )
    await give(app, "白映雪", Role.ADMIN, OTHER)
    async with on_the_admin_page(app, "宋见微") as page:
        assert (
            f"/admin/tasks/{number}/files/0/small"
            in (await page.get(f"/admin/tasks/{number}")).text
        )
        small = await page.get(f"/admin/tasks/{number}/files/0/small")
        assert small.headers["Content-Type"] == "image/jpeg"
        assert (await page.get(f"/admin/tasks/{number}/files/1")).status == 404
    async with on_the_admin_page(app, "白映雪") as page:
        for path in ("", "/files/0", "/files/0/small"):
            assert (await page.get(f"/admin/tasks/{number}{path}")).status == 404


async def test_filters_find_what_they_say(app: App) -> None:
    await give_task(app, "报送名单", [SCHOOL], document="阅读方案")
    done = await give_task(app, "开读书会", [OTHER])
    number = (await occurrences_of(app, done.id))[0].id
    await app.tasking.tasks.move(operator(), number, Step.CONFIRM)
    school = await app.store.read(lambda s: people.units_named(s, SCHOOL)[0].id)
    async with on_the_admin_page(app, "宋见微") as page:
        for query, title in (
            ("title=名单", "报送名单"),
            (f"unit={school}", "报送名单"),
            ("document=阅读方案", "报送名单"),
            ("state=done", "开读书会"),
        ):
            shown = (await page.get(f"/admin/tasks?{query}")).words
            assert "共 1 条" in shown, query
            assert title in shown, query
        assert "没有这样的任务" in (await page.get("/admin/tasks?state=late")).words


async def test_the_board_leads_to_what_it_counts(app: App) -> None:
    for days in (1, 5, 40):
        await give_task(app, "报送名单", [SCHOOL], days=days)
    async with on_the_admin_page(app, "宋见微") as page:
        board = await page.get("/admin")
        assert "2七天内到期" in board.words
        links = re.findall(r'href="(/admin/tasks\?from=[^"]+)"', board.text)
        shown = [(await page.get(one.replace("&amp;", "&"))).words for one in links]
    assert "没有这样的任务" in shown[0]
    assert "共 2 条" in shown[1]


async def test_ten_thousand_are_a_page_as_fast_as_ten(app: App) -> None:
    task = await give_task(app, "报送名单", [SCHOOL])
    number = (await occurrences_of(app, task.id))[0].id

    def fill(session: Session) -> None:
        one = session.get_one(Occurrence, number)
        columns = {c.key: getattr(one, c.key) for c in Occurrence.__table__.columns}
        rows = [
            {**columns, "id": n, "planned_at": one.planned_at + timedelta(seconds=n)}
            for n in range(1000, 11_000)
        ]
        session.execute(insert(Occurrence), rows)

    await app.store.write(fill)
    await give(app, "祁远山", Role.ADMIN, SCHOOL)
    async with on_the_admin_page(app, "祁远山") as page:
        for path in ("?page=1", "?page=300", "?title=名单", f"/{number}", "?state=done"):
            took_ms = await page.quickest_ms(f"/admin/tasks{path}")
            assert took_ms < MOST_MS, path
        assert "共 10001 条" in (await page.get("/admin/tasks")).words
