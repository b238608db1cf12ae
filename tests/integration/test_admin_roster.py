"""The roster on the admin page: who sees and changes whom, and how long ten thousand take."""

from __future__ import annotations

import asyncio
import io
import re
from collections.abc import AsyncIterator
from datetime import time as clock_time
from datetime import timedelta
from pathlib import Path

import pytest
from aiohttp import FormData
from openpyxl import Workbook
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from bot.assembled import App
from bot.messages import ChannelName, Role, Sender
from handlers.people.actions import operator
from handlers.people.browsing import tree
from handlers.tasks.views import Assignee, NewTask
from scheduler.recurrence import Frequency, Recurrence
from store import people
from store.models import AuditEntry, Blob, Delivery, Member, Membership, Unit
from store.models_tasks import OPEN_STATES
from tests.fakes.messages import NOW
from tests.scenario.admin_driver import on_the_admin_page
from tests.scenario.town import living, settle_in

OFFICE, SCHOOL, OTHER = "云溪县教育局", "云溪县第二中学", "云溪县实验小学"
MOST_MS = 400
"""For a page of the roster; the door and the template included."""


@pytest.fixture
async def app(tmp_path: Path) -> AsyncIterator[App]:
    async with living(tmp_path) as app:
        await settle_in(app)
        yield app


async def unit_id(app: App, name: str) -> int:
    return await app.store.read(lambda session: people.units_named(session, name)[0].id)


async def member_id(app: App, name: str) -> int:
    return (await app.people.named(name)).member_id


async def give(app: App, name: str, role: Role, unit: str) -> None:
    member = await member_id(app, name)
    await app.keeping.roster.give(operator(), member, role, await unit_id(app, unit))


@pytest.mark.parametrize(
    "fields",
    [
        {"do": "give", "role": "teacher", "unit": OTHER},
        {"do": "give", "role": "admin", "unit": OFFICE},
        {"do": "take", "role": "teacher", "unit": OTHER},
        {"do": "leave"},
        {"do": "return"},
    ],
)
@pytest.mark.parametrize("role", [Role.ADMIN, Role.BRANCH_SECRETARY])
async def test_a_school_changes_nobody_elsewhere(
    app: App, role: Role, fields: dict[str, str]
) -> None:
    await give(app, "祁远山", role, SCHOOL)
    target = await member_id(app, "白映雪")
    before = await app.people.everyone()
    async with on_the_admin_page(app, "祁远山") as page:
        sent = dict(fields) | {"sure": "yes"}
        if "unit" in fields:
            sent["unit"] = str(await unit_id(app, fields["unit"]))
        done = await page.post(f"/admin/roster/{target}", sent)
        assert done.status in (403, 404)
    assert await app.people.everyone() == before


async def test_a_branch_secretary_looks_and_changes_nothing(app: App) -> None:
    await give(app, "祁远山", Role.BRANCH_SECRETARY, SCHOOL)
    own = await member_id(app, "祁远山")
    async with on_the_admin_page(app, "祁远山") as page:
        shown = await page.get("/admin/roster")
        assert "共 1 人" in shown.words
        assert "从表格导入" not in shown.words
        person = await page.get(f"/admin/roster/{own}")
        assert "停用" not in person.words
        assert "m2" not in person.words, "accounts are for those in charge"
        school = str(await unit_id(app, SCHOOL))
        given = await page.post(
            f"/admin/roster/{own}",
            {"do": "give", "role": "admin", "unit": school, "sure": "yes"},
        )
        assert given.status == 403
        assert (await page.get("/admin/roster/joining")).status == 403
        sheet = ("花名册.csv", "姓名,单位\n某人,云溪县教育局\n".encode())
        assert (await page.post("/admin/roster/import", file=sheet)).status == 403
        added = await page.post("/admin/roster/add", {"name": "某人", "unit": school})
        assert added.status == 403


async def test_whom_a_school_may_not_see_is_not_there(app: App) -> None:
    await give(app, "祁远山", Role.ADMIN, SCHOOL)
    async with on_the_admin_page(app, "祁远山") as page:
        other = str(await unit_id(app, OTHER))
        assert "没有这样的人" in (await page.get(f"/admin/roster?unit={other}")).words
        assert (await page.get(f"/admin/roster/{await member_id(app, '白映雪')}")).status == 404
        assert (await page.get("/admin/roster/999999999999")).status == 404


async def test_nothing_is_changed_before_a_yes(app: App) -> None:
    before = await app.people.everyone()
    async with on_the_admin_page(app, "宋见微") as page:
        target = f"/admin/roster/{await member_id(app, '白映雪')}"
        school = str(await unit_id(app, SCHOOL))
        given = await page.post(target, {"do": "give", "role": "officer", "unit": school})
        assert "会影响 1 个人" in given.words
        assert "停用 白映雪" in (await page.post(target, {"do": "leave"})).words
        assert await app.people.everyone() == before
        said = await page.does(
            target, {"do": "give", "role": "officer", "unit": school, "sure": "yes"}
        )
        assert f"白映雪 现在是{SCHOOL}的党建专干" in said
    deeds = await app.store.read(lambda session: session.scalars(select(AuditEntry.what)).all())
    assert deeds.count("role.give") == 1


async def test_a_shown_sheet_is_good_once_and_for_its_reader(app: App) -> None:
    await give(app, "祁远山", Role.ADMIN, OFFICE)
    sheet = ("花名册.csv", f"姓名,单位\n闻笛,{OFFICE}\n".encode())
    async with (
        on_the_admin_page(app, "宋见微") as page,
        on_the_admin_page(app, "祁远山") as other,
    ):
        shown = await page.post("/admin/roster/import", file=sheet)
        assert "新增 闻笛" in shown.words
        yes = {"sheet": shown.hidden("sheet"), "sure": "yes"}
        assert (await other.post("/admin/roster/import", yes)).status == 400
        assert "新增 1 人" in await page.does("/admin/roster/import", yes)
        assert (await page.post("/admin/roster/import", yes)).status == 400
    kept = await app.store.read(lambda s: s.get(Blob, yes["sheet"]))
    assert kept is None, "a sheet full of personal data is not kept"


async def test_a_workbook_is_taken_like_any_sheet(app: App) -> None:
    def made() -> bytes:
        book, out = Workbook(), io.BytesIO()
        sheet = book.worksheets[0]
        for line in (("姓名", "单位", "角色"), ("闻笛", f"{OFFICE}/新设的科", "党建专干")):
            sheet.append(line)
        book.save(out)
        return out.getvalue()

    file = ("花名册.xlsx", await asyncio.to_thread(made))
    async with on_the_admin_page(app, "宋见微") as page:
        shown = await page.post("/admin/roster/import", file=file)
        assert "新建单位 1 个" in shown.words
        yes = {"sheet": shown.hidden("sheet"), "sure": "yes"}
        assert "新增 1 人" in await page.does("/admin/roster/import", yes)
        assert "新设的科 党建专干" in (await page.get("/admin/roster?name=闻笛")).words


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("花名册.xlsx", b"PK\x03\x04 broken"),
        ("花名册.xlsx", b""),
        ("花名册.exe", b"MZ"),
        ("花名册.csv", b"\xff\xfe\x00\x80"),
    ],
)
async def test_what_is_no_sheet_is_refused_in_words(app: App, name: str, content: bytes) -> None:
    async with on_the_admin_page(app, "宋见微") as page:
        refused = await page.post("/admin/roster/import", file=(name, content))
        assert refused.status == 400
        assert re.search(r"[\u4e00-\u9fff]", refused.words), refused.text


async def test_a_sheet_that_is_too_large_is_refused_in_words(app: App) -> None:
    async with on_the_admin_page(app, "宋见微") as page:
        form = FormData({"token": page.token})
        form.add_field("file", io.BytesIO(bytes(8 * 2**20 + 1)), filename="花名册.csv")
        async with page.client.post("/admin/roster/import", data=form) as refused:
            assert refused.status == 413
            assert "太大了" in await refused.text()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("姓名,单位,角色\n闻笛,云溪县教育局,皇帝\n", "不认识角色“皇帝”"),
        ("名字,学校\n闻笛,云溪县教育局\n", "表头里要有"),
    ],
)
async def test_a_sheet_that_is_wrong_says_where(app: App, content: str, says: str) -> None:
    async with on_the_admin_page(app, "宋见微") as page:
        shown = await page.post("/admin/roster/import", file=("花名册.csv", content.encode()))
        assert says in shown.words
        assert "确认导入" not in shown.words


async def test_what_a_leaver_has_to_do_goes_to_another(app: App) -> None:
    leaver, heir = await app.people.named("祁远山"), await app.people.named("白映雪")
    given = Assignee(member_id=leaver.member_id)
    due_at = app.clock() + timedelta(days=7)
    new = NewTask(title="报送名单", duty="报送名单", assignees=(given,), due_at=due_at)
    task = await app.tasking.tasks.create(operator(), new)
    number = task.occurrences[0].id
    path = f"/admin/roster/{leaver.member_id}"
    handing = {"do": "hand_over", f"task-{number}": "yes", "to": "白映雪"}
    await give(app, "白映雪", Role.ADMIN, OTHER)
    async with on_the_admin_page(app, "白映雪") as page:
        assert (await page.post(path, {**handing, "sure": "yes"})).status == 404
    async with on_the_admin_page(app, "宋见微") as page:
        assert "报送名单" in (await page.post(path, {"do": "leave"})).words
        assert "请在下面转交" in await page.does(path, {"do": "leave", "sure": "yes"})
        assert (await page.post(path, {**handing, "to": "祁远山", "sure": "yes"})).status == 404
        assert "1 件任务转交给" in (await page.post(path, handing)).words
        said = await page.does(path, {**handing, "sure": "yes"})
        assert "已转交给 白映雪" in said
        assert "没办完的任务（0）" in said
        shown = (await page.get(f"/admin/tasks/{number}")).words
        assert "白映雪" in shown
        assert "转交：祁远山 → 白映雪" in shown
    after = await app.tasking.tasks.occurrence(operator(), number)
    assert (after.member_id, after.due_at) == (heir.member_id, due_at)
    told = await app.store.read(lambda session: session.scalars(select(Delivery.reply)).all())
    assert any("转交给您" in one for one in told)


async def test_a_rule_goes_on_with_who_took_it_over_and_back(app: App) -> None:
    first, second = await app.people.named("祁远山"), await app.people.named("白映雪")
    rule = Recurrence(
        freq=Frequency.WEEKLY, starts_at=app.clock(), week_days=((0, 4),), clock=clock_time(16)
    )
    new = NewTask(
        title="交周报", duty="交周报", assignees=(Assignee(member_id=first.member_id),), rule=rule
    )
    tasks = app.tasking.tasks
    number = (await tasks.create(operator(), new)).occurrences[0].id
    for heir in (second, first, second):
        assert (await tasks.hand_over(operator(), [number], f"#{heir.member_id}")).count == 1
        task = await tasks.task(operator(), (await tasks.occurrence(operator(), number)).task_id)
        owners = {one.member_id for one in task.occurrences if one.state in OPEN_STATES}
        assert owners == {heir.member_id}
        assert task.assignees == (heir.name,)
        assert len({one.due_at for one in task.occurrences}) == len(task.occurrences)


async def test_a_wish_is_granted_only_by_who_is_in_charge(app: App) -> None:
    stranger = Sender(channel=ChannelName.WECOM_APP, account="wen", display_name="闻笛")
    await app.keeping.joining.ask(await app.people.actor(stranger), "闻笛", OTHER)
    await give(app, "祁远山", Role.ADMIN, SCHOOL)
    async with on_the_admin_page(app, "祁远山") as page:
        assert "闻笛" not in (await page.get("/admin/roster/joining")).words
        for unit in (OTHER, SCHOOL):
            granting = {"do": "approve", "id": "1", "unit": str(await unit_id(app, unit))}
            assert (await page.post("/admin/roster/joining", granting)).status == 403, unit
        refused = await page.post(
            "/admin/roster/joining", {"do": "refuse", "id": "1", "sure": "yes"}
        )
        assert refused.status == 403
    async with on_the_admin_page(app, "宋见微") as page:
        assert "加入申请1 件" in (await page.get("/admin")).words
        assert (
            "谢绝后会告诉本人"
            in (await page.post("/admin/roster/joining", {"do": "refuse", "id": "1"})).words
        )
        refuse = {"do": "refuse", "id": "1", "sure": "yes"}
        assert "已谢绝 闻笛" in await page.does("/admin/roster/joining", refuse)


async def test_ten_thousand_people_are_a_page_as_fast_as_ten(app: App) -> None:
    school = await unit_id(app, SCHOOL)

    def fill(session: Session) -> None:
        ids = range(1000, 11_000)
        session.execute(
            insert(Member),
            [
                {"id": n, "name": f"教师{n}", "pinyin": "", "is_active": True, "added_at": NOW}
                for n in ids
            ],
        )
        session.execute(
            insert(Membership),
            [{"member_id": n, "unit_id": school, "role": Role.TEACHER} for n in ids],
        )

    await app.store.write(fill)
    async with on_the_admin_page(app, "宋见微") as page:
        for path in ("?", "?page=300&", "?name=10999&", f"?unit={school}&role=teacher&"):
            took_ms = await page.quickest_ms(f"/admin/roster{path}")
            assert took_ms < MOST_MS, path
        assert (await page.get("/admin/roster")).text.count('th scope="row"') == 30
        total, found = await app.keeping.roster.listed(operator())
        assert (total, len(found)) == (10_003, 40), "/成员 looks at no more than it says"
        assert "第 300 页，共 334 页" in (await page.get("/admin/roster?page=300")).words


def test_a_tree_is_shown_from_where_one_may_look() -> None:
    units = [
        Unit(id=3, name="支部", parent_id=2),
        Unit(id=1, name="县局", parent_id=None),
        Unit(id=2, name="二中", parent_id=1),
        Unit(id=4, name="小学", parent_id=1),
    ]
    every = [(one.path, one.depth) for one in tree(units)]
    assert every == [("县局", 0), ("县局/二中", 1), ("县局/二中/支部", 2), ("县局/小学", 1)]
    own = [(one.name, one.depth) for one in tree(units, {2, 3})]
    assert own == [("二中", 0), ("支部", 1)]
