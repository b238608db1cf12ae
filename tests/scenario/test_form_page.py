"""A long form on its page: behind an address that is good once, for one person and one form."""

from __future__ import annotations

import io
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from aiohttp import FormData
from lxml import html
from sqlalchemy import func, select

from bot.assembled import App
from bot.demo.clock import DemoClock
from handlers.people.actions import operator
from store.models import Blob
from store.models_records import PendingForm, Record, RecordFile
from tests.fakes.bombs import BOMBS
from tests.integration.records.test_attachments import picture
from tests.scenario.drivers import WebDriver, on_the_page
from tests.scenario.test_checking_in import ROSTER
from tests.scenario.test_inspecting import says
from tests.scenario.town import living

WHOLE = {
    "f-done": "讲了三次党课，\n走访了两户家庭。",
    "f-meetings": "３次",
    "f-problems": "无",
    "f-measures": "",
    "f-rating": "较好",
}
Page = tuple[int, html.HtmlElement]


@pytest.fixture
async def app(tmp_path: Path) -> AsyncIterator[App]:
    async with living(tmp_path) as app:
        await app.people.import_roster(operator(), "花名册.csv", ROSTER.encode())
        yield app


@pytest.fixture
async def secretary(app: App) -> AsyncIterator[WebDriver]:
    async with on_the_page(app, "严砚") as admin, on_the_page(app, "关若谷") as secretary:
        await says(admin, "/填报 开始 季度体检")
        assert isinstance(secretary, WebDriver)
        yield secretary


async def given(driver: WebDriver, words: str = "/填报 季度体检") -> str:
    """The address that the chat offers."""
    await driver.say(words)
    while not (links := (await driver.heard()).links):
        pass
    [address] = links
    assert re.fullmatch(r"/f/[A-Za-z0-9_-]{43}", address)
    return address


async def looked(driver: WebDriver, address: str) -> Page:
    async with driver.client.get(address) as response:
        assert response.headers["Cache-Control"] == "no-store"
        assert "default-src 'none'" in response.headers["Content-Security-Policy"]
        return response.status, html.fromstring(await response.text())


async def sent(
    driver: WebDriver,
    address: str,
    values: Mapping[str, str],
    files: Sequence[tuple[str, str, bytes]] = (),
    *,
    do: str = "hand_in",
    headers: Mapping[str, str] | None = None,
) -> Page:
    form = FormData(quote_fields=False, default_to_multipart=True)
    for name, value in {**values, "do": do}.items():
        form.add_field(name, value)
    for name, file, content in files:
        form.add_field(name, io.BytesIO(content), filename=file)
    async with driver.client.post(address, data=form, headers=headers) as response:
        return response.status, html.fromstring(await response.text())


def words(page: Page) -> str:
    return str(page[1].text_content())


def shown(page: Page, name: str) -> str:
    [found] = page[1].xpath(f"//*[@name='f-{name}' and (not(@type='radio') or @checked)]")
    return str(found.get("value") or found.text_content()).strip()


async def stored(app: App) -> Sequence[Record]:
    return await app.store.read(lambda session: session.scalars(select(Record)).all())


async def test_a_page_hands_in_what_the_chat_would_have(app: App, secretary: WebDriver) -> None:
    address = await given(secretary)
    page = await looked(secretary, address)
    assert page[0] == 200
    assert "本季度完成的工作" in words(page)
    assert "关若谷" in words(page)

    files = [("f-files", "照片.png", picture()), ("f-files", "总结.txt", "总结".encode())]
    handed = await sent(secretary, address, WHOLE, files)
    assert handed[0] == 200
    assert "编号 #1，待审核" in words(handed)
    while "您在网页上填的“季度体检”" not in (await secretary.heard()).text:
        pass

    [record] = await stored(app)
    assert dict(record.fields) == {
        "done": "讲了三次党课，\n走访了两户家庭。", "meetings": 3,
        "problems": "无", "rating": "较好",
    }  # fmt: skip
    assert (record.type, record.state, record.channel) == ("quarterly_check", "submitted", "web")
    rows = await app.store.read(lambda session: session.scalars(select(RecordFile)).all())
    assert [(one.name, one.field, one.thumbnail is not None) for one in rows] == [
        ("照片.png", "files", True), ("总结.txt", "files", False),
    ]  # fmt: skip
    assert "总结.txt" in await says(secretary, "/记录 1")


async def test_what_was_typed_stays_on_an_error_and_in_the_chat(
    app: App, secretary: WebDriver
) -> None:
    address = await given(secretary)
    wrong = {**WHOLE, "f-meetings": "好多次", "f-rating": ""}
    page = await sent(secretary, address, wrong, [("f-files", "照片.png", picture())])
    assert page[0] == 422
    assert "“三会一课开展次数”要填数字" in words(page)
    assert "“自评”必须填" in words(page)
    assert shown(page, "done") == WHOLE["f-done"]
    assert shown(page, "meetings") == "好多次"
    assert page[1].xpath("//ul[@class='files']//img/@src")[0].startswith("data:image/jpeg;base64,")
    assert await stored(app) == []

    again = await looked(secretary, address)
    assert shown(again, "done") == WHOLE["f-done"]
    assert "照片.png" in words(again)
    assert "三会一课开展次数" in await says(secretary, "/填报 继续")

    address = await given(secretary, "/填报 网页")
    handed = await sent(secretary, address, WHOLE)
    assert "编号 #1" in words(handed)
    files = await app.store.read(lambda session: session.scalars(select(RecordFile)).all())
    assert [one.name for one in files] == ["照片.png"]


async def test_saved_is_not_handed_in_and_the_chat_goes_on(app: App, secretary: WebDriver) -> None:
    address = await given(secretary)
    page = await sent(secretary, address, {"f-done": "党课"}, do="save")
    assert page[0] == 200
    assert "存好了" in words(page)
    assert await stored(app) == []
    assert "三会一课开展次数" in await says(secretary, "/填报 继续")
    assert "存在的问题" in await says(secretary, "2")


async def test_a_file_can_be_taken_away_again(app: App, secretary: WebDriver) -> None:
    address = await given(secretary)
    files = [("f-files", "甲.txt", "甲".encode()), ("f-files", "乙.txt", "乙".encode())]
    page = await sent(secretary, address, {}, files, do="save")
    [first, _] = page[1].xpath("//input[@name='remove']/@value")
    page = await sent(secretary, address, {"remove": first}, do="save")
    assert "甲.txt" not in words(page)
    assert "乙.txt" in words(page)


async def test_a_file_is_judged_by_what_it_is(app: App, secretary: WebDriver) -> None:
    address = await given(secretary)
    for name, content, why in (
        ("照片.png", b"MZ not a picture", "只收照片"),
        ("炸弹.png", BOMBS["pixels.png"](), "尺寸太大"),
        ("大.pdf", b"%PDF-" + b"0" * (20 * 2**20), "20 MB"),
    ):
        page = await sent(secretary, address, WHOLE, [("f-files", name, content)])
        assert page[0] == 422
        assert why in words(page)
    assert await stored(app) == []
    assert await app.store.read(lambda session: session.scalar(select(func.count(Blob.hash)))) == 0


async def test_an_address_is_good_once_and_for_a_day(app: App, secretary: WebDriver) -> None:
    first = await given(secretary)
    second = await given(secretary, "/填报 网页")
    assert (await looked(secretary, first))[0] == 410, "a newer one takes its place"
    assert (await sent(secretary, second, WHOLE))[0] == 200
    for _ in range(2):
        assert (await looked(secretary, second))[0] == 410
        assert (await sent(secretary, second, WHOLE))[0] == 410
    assert len(await stored(app)) == 1

    while "编号 #1" not in (await secretary.heard()).text:
        pass
    assert "承诺事项" in await says(secretary, "/填报 书记承诺书")
    third = await given(secretary, "/填报 网页")
    clock = app.clock
    assert isinstance(clock, DemoClock)
    clock.go_to(clock() + timedelta(days=1, minutes=1))
    assert (await looked(secretary, third))[0] == 410


async def test_an_address_is_for_its_form_alone(app: App, secretary: WebDriver) -> None:
    address = await given(secretary)
    await says(secretary, "/填报 意见建议")
    assert (await looked(secretary, address))[0] == 410
    assert (await looked(secretary, "/f/" + "a" * 43))[0] == 410
    foreign = {"Sec-Fetch-Site": "cross-site"}
    mine = await given(secretary, "/填报 季度体检")
    assert (await sent(secretary, mine, WHOLE, headers=foreign))[0] == 403
    kept = await app.store.read(
        lambda session: [one.conversation for one in session.scalars(select(PendingForm))]
    )
    assert not any(mine.removeprefix("/f/") in one for one in kept), "only its hash is kept"


async def test_a_closed_form_is_refused_on_the_page_too(app: App, secretary: WebDriver) -> None:
    address = await given(secretary)
    async with on_the_page(app, "严砚") as admin:
        await admin.say("/填报 结束 季度体检")
        while "填报结束" not in (await admin.heard()).text:
            pass
    page = await sent(secretary, address, WHOLE)
    assert page[0] == 409
    assert "没有开放" in words(page)
    assert shown(await looked(secretary, address), "done") == WHOLE["f-done"], "nothing is lost"
