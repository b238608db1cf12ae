"""A school's admin keeps the school's documents, and no others."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from bot.assembled import App
from bot.errors import NotAllowed, NotFound, UsageError
from bot.messages import ChannelName, Role, Sender
from handlers.access import Actor
from handlers.documents.actions import Outcome
from handlers.documents.browsing import DocumentList, LookedForDocuments
from handlers.documents.receiving import DocumentFiles
from handlers.people.actions import operator
from store import people
from tests.scenario.drivers import on_the_page
from tests.scenario.town import KITCHEN, READING, living, settle_in

SCHOOL = "云溪县第二中学"
NEWER = """云溪县第二中学阅读工作办法

第一条 本办法自印发之日起施行，《云溪县教育局2026年校园阅读工作方案》同时废止。
第二条 每天读书半小时。
"""


@pytest.fixture
async def app(tmp_path: Path) -> AsyncIterator[App]:
    async with living(tmp_path) as app:
        await settle_in(app)
        member = (await app.people.named("祁远山")).member_id or 0

        def give(session: Session) -> None:
            unit = people.units_named(session, SCHOOL)[0].id
            people.give_role(session, member, unit, Role.OFFICER)

        await app.store.write(give)
        yield app


async def who(app: App, name: str) -> Actor:
    person = await app.people.named(name)
    return await app.people.actor(Sender(channel=ChannelName.WEB, account=person.web_account or ""))


async def unit_of(app: App, name: str) -> int:
    return await app.store.read(lambda session: people.units_named(session, name)[0].id)


def shelf(app: App) -> DocumentList:
    return DocumentList(app.store, app.documents.clock, app.documents.zone)


async def titles(app: App, name: str) -> set[str]:
    actor = await who(app, name)
    _, found = await shelf(app).page(actor, LookedForDocuments())
    return {one.title for one in found}


async def test_the_bureaus_documents_are_not_a_schools_to_change(app: App) -> None:
    officer, keeping = await who(app, "祁远山"), app.keeping.keeping
    document = (await app.documents.find(officer, "校园阅读工作方案")).document
    school = await unit_of(app, SCHOOL)
    for deed in (
        keeping.retire(officer, document.id),
        keeping.restore(officer, document.id),
        keeping.show_to(officer, document.id, school),
        keeping.kept(officer, document.id),
        app.documents.remove(officer, document.id),
        app.documents.add(officer, "陪餐.txt", KITCHEN.encode()),
    ):
        with pytest.raises(NotAllowed, match="keeps no documents") as caught:
            await deed
        assert "管全局的" in caught.value.reply
    assert (await shelf(app).look(officer, document.id)).shelved.status == "in_force"


async def test_a_school_keeps_its_own_and_cannot_give_it_to_all(app: App) -> None:
    officer, keeping = await who(app, "祁远山"), app.keeping.keeping
    school, other = await unit_of(app, SCHOOL), await unit_of(app, "云溪县实验小学")
    added = await keeping.add(officer, "陪餐.txt", KITCHEN.encode(), school)
    assert added.document is not None
    for unit in (None, other, await unit_of(app, "云溪县教育局")):
        with pytest.raises(NotAllowed):
            await keeping.show_to(officer, added.document.id, unit)
        with pytest.raises(NotAllowed):
            await keeping.add(officer, "别的.txt", NEWER.encode(), unit)
    assert (await keeping.retire(officer, added.document.id)).status == "retired"
    await keeping.restore(officer, added.document.id)
    assert (await keeping.kept(officer, added.document.id)).status == "in_force"


async def test_a_schools_document_ends_none_of_the_bureaus(app: App) -> None:
    officer, school = await who(app, "祁远山"), await unit_of(app, SCHOOL)
    added = await app.documents.add(officer, "新.txt", NEWER.encode(), visible_to=school)
    assert (added.outcome, added.supersedes) == (Outcome.ADDED, ())
    found = await app.documents.find(officer, "校园阅读工作方案")
    assert found.status == "in_force"

    changed = NEWER.replace("半小时", "一小时").encode()
    by_bureau = await app.documents.add(operator(), "新办法.txt", changed)
    assert by_bureau.supersedes == ("云溪县教育局2026年校园阅读工作方案",)


async def test_the_list_shows_what_one_may_see(app: App) -> None:
    school = await unit_of(app, SCHOOL)
    await app.documents.add(operator(), "陪餐.txt", KITCHEN.encode(), visible_to=school)
    both = {"云溪县教育局2026年校园阅读工作方案", "云溪县第二中学食堂陪餐制度"}
    assert await titles(app, "宋见微") == await titles(app, "祁远山") == both
    for name in ("白映雪",):
        with pytest.raises(NotAllowed):
            await titles(app, name)
    small = await unit_of(app, "云溪县实验小学")
    member = (await app.people.named("白映雪")).member_id or 0
    await app.store.write(lambda s: people.give_role(s, member, small, Role.ADMIN))
    assert await titles(app, "白映雪") == {"云溪县教育局2026年校园阅读工作方案"}
    hidden = (await app.documents.find(operator(), "食堂陪餐制度")).document
    with pytest.raises(NotFound):
        await shelf(app).look(await who(app, "白映雪"), hidden.id)
    with pytest.raises(NotFound):
        await app.documents.find(await who(app, "白映雪"), "食堂陪餐")


async def test_a_file_waits_for_the_yes_of_whom_it_was_shown(app: App) -> None:
    files, officer = DocumentFiles(app.keeping.keeping), await who(app, "祁远山")
    admin, school = await who(app, "宋见微"), await unit_of(app, SCHOOL)
    offer, token = await files.offer(officer, "陪餐.txt", KITCHEN.encode())
    assert (offer.visible_to, offer.seen_by) == (school, SCHOOL)
    with pytest.raises(UsageError):
        await files.take(admin, token, None)
    with pytest.raises(UsageError):
        await files.take(officer, "0" * 64, school)
    with pytest.raises(NotAllowed):
        await files.take(officer, token, None)
    assert (await files.take(officer, token, school)).outcome is Outcome.ADDED
    with pytest.raises(UsageError):
        await files.take(officer, token, school)

    again, same = await files.offer(admin, "阅读方案.txt", READING.encode())
    assert again.visible_to is None
    assert (await files.take(admin, same, None)).outcome is Outcome.UNCHANGED
    original = await app.documents.original(admin, again.document.id)
    assert original.content == READING.encode(), "a file that is used stays"


async def test_the_chat_says_why_not(app: App) -> None:
    async with on_the_page(app, "祁远山") as officer:
        await officer.say("/文档管理 停用 校园阅读工作方案")
        assert "管全局的管理员" in (await officer.heard()).text
