"""The page's protocol, its links and its guards, over real HTTP."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiohttp.test_utils import TestClient, TestServer
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from bot.assembled import App
from bot.messages import ChannelName, Sender
from bot.server import build_site
from bot.web.links import Links, anchor
from bot.web.pages import markdown_light
from handlers.people.actions import operator
from store.models import InboxMessage
from tests.scenario.town import living, settle_in

READER = Sender(channel=ChannelName.WEB, account="m1")
NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
QUESTION = {"id": "0123456789", "kind": "text", "text": "读书节几月举办"}


@pytest.fixture
async def app(tmp_path: Path) -> AsyncIterator[App]:
    async with living(tmp_path) as app:
        await settle_in(app)
        yield app


@pytest.fixture
async def client(app: App) -> AsyncIterator[TestClient]:
    site = await asyncio.to_thread(build_site, app)
    async with TestClient(TestServer(site)) as client:
        yield client


async def account_of(app: App, name: str) -> str:
    return (await app.people.named(name)).web_account or ""


async def status_of(client: TestClient, path: str, headers: Mapping[str, str] | None = None) -> int:
    async with client.get(path, headers=headers) as response:
        await response.read()
        return response.status


async def test_the_same_message_twice_is_one_message(app: App, client: TestClient) -> None:
    account = await account_of(app, "祁远山")
    for is_new in (True, False):
        async with client.post(f"/chat/messages?as={account}", json=QUESTION) as response:
            assert response.status == 202
            assert await response.json() == {"is_new": is_new}
    rows = await app.store.read(lambda session: session.scalars(select(InboxMessage)).all())
    assert len(rows) == 1


async def test_a_page_that_comes_back_is_given_what_it_missed(app: App, client: TestClient) -> None:
    account = await account_of(app, "祁远山")
    await client.post(f"/chat/messages?as={account}", json=QUESTION)
    first = await next_event(client, account, "")
    await client.post(
        f"/chat/messages?as={account}", json={**QUESTION, "id": "abcdefghij", "text": "/帮助"}
    )
    second = await next_event(client, account, first)

    assert second not in {"", first}


async def next_event(client: TestClient, account: str, after: str) -> str:
    """The id of the first reply after ``after``."""
    async with asyncio.timeout(20):
        async with client.get(
            f"/chat/events?as={account}", headers={"Last-Event-ID": after} if after else {}
        ) as events:
            async for line in events.content:
                if line.startswith(b"data: {") and b'"html"' in line:
                    return str(json.loads(line.removeprefix(b"data: "))["id"])
    raise AssertionError("no event")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Host": "evil.example"}, 421),
        ({"Sec-Fetch-Site": "same-origin"}, 202),
        ({}, 202),
    ],
)
async def test_only_our_own_page_may_send(
    app: App, client: TestClient, headers: dict[str, str], status: int
) -> None:
    account = await account_of(app, "祁远山")
    async with client.post(
        f"/chat/messages?as={account}", json=QUESTION, headers=headers
    ) as response:
        assert response.status == status


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"not json", 400),
        (b"[]", 400),
        (b"{}", 400),
        (json.dumps({**QUESTION, "id": "short"}).encode(), 400),
        (json.dumps({**QUESTION, "kind": "enter"}).encode(), 400),
        (json.dumps({**QUESTION, "text": 7}).encode(), 400),
        (json.dumps({**QUESTION, "text": "长" * 5000}).encode(), 400),
        (b"x" * 70_000, 413),
    ],
)
async def test_what_is_no_message_is_refused(
    app: App, client: TestClient, body: bytes, status: int
) -> None:
    account = await account_of(app, "祁远山")
    async with client.post(
        f"/chat/messages?as={account}", data=body, headers={"Content-Type": "application/json"}
    ) as response:
        assert response.status == status


async def test_a_form_of_another_page_cannot_post(app: App, client: TestClient) -> None:
    account = await account_of(app, "祁远山")
    async with client.post(f"/chat/messages?as={account}", data=QUESTION) as response:
        assert response.status == 415


async def test_every_page_carries_its_guards(app: App, client: TestClient) -> None:
    for path in ("/chat", "/chat?as=guest", "/d/nothing", "/static/chat.js", "/healthz"):
        async with client.get(path) as response:
            assert "default-src 'none'" in response.headers["Content-Security-Policy"]
            assert response.headers["X-Content-Type-Options"] == "nosniff"


async def test_a_stranger_is_nobody(client: TestClient) -> None:
    async with client.post("/chat/messages?as=m999", json=QUESTION) as response:
        assert response.status == 403
    assert await status_of(client, "/chat/events?as=m999") == 403


async def test_a_link_opens_its_document_for_its_reader_only(app: App, client: TestClient) -> None:
    (shelved,) = await app.documents.shelf(operator())
    document = shelved.document.id
    reader = Sender(channel=ChannelName.WEB, account=await account_of(app, "祁远山"))
    now = datetime.now(UTC)
    link = app.document_pages.links.clause(document, "二、（一）", reader, now).partition("#")[0]

    async with client.get(link) as response:
        assert response.status == 200
        page = await response.text()
    assert 'id="二、（一）"' in page
    assert "藏书不少于80册" in page
    assert await status_of(client, f"/d/{document}") == 403
    assert await status_of(client, link.replace("?r=", "?r=x")) == 403
    other = app.document_pages.links.clause("another", "", reader, now).partition("?r=")[2]
    assert await status_of(client, f"/d/{document}?r={other.partition('#')[0]}") == 403


async def test_an_original_is_saved_never_shown(app: App, client: TestClient) -> None:
    await app.documents.add(
        operator(),
        "页面.html",
        "<html><body><p>校园安全工作每周检查一次。</p></body></html>".encode(),
    )
    shelf = await app.documents.shelf(operator())
    reader = Sender(channel=ChannelName.WEB, account=await account_of(app, "祁远山"))
    link = app.document_pages.links.original(shelf[-1].document.id, reader, datetime.now(UTC))

    async with client.get(link) as response:
        assert response.status == 200
        assert response.headers["Content-Disposition"].startswith("attachment;")
        assert "sandbox" in response.headers["Content-Security-Policy"]


async def test_health_tells_machines_and_people(app: App, client: TestClient) -> None:
    async with client.get("/readyz") as response:
        assert response.status == 200
        state = await response.json()
    assert state["ready"] is True
    assert state["index"]["detail"].startswith("1 份文件")
    async with client.get("/metrics") as response:
        assert "yaodian_documents 1" in await response.text()


@given(st.text(max_size=60), st.text(max_size=20))
def test_a_link_is_for_one_thing_one_reader_and_a_while(document: str, account: str) -> None:
    links = Links(secret=b"k" * 32)
    reader = Sender(channel=ChannelName.WEB, account=account)
    token = links.original(document, reader, NOW).partition("?r=")[2]
    thing = f"d/{document}"

    assert links.reader(thing, token, NOW) == reader
    assert links.reader(f"{thing}x", token, NOW) is None
    assert links.reader(thing, token, NOW + timedelta(days=9)) is None
    assert Links(secret=b"q" * 32).reader(thing, token, NOW) is None


@given(st.text())
def test_no_token_opens_anything_or_breaks_anything(token: str) -> None:
    assert Links(secret=b"k" * 32).reader("d/1", token, NOW) is None


@given(st.text("<>&\"'*-\n 甲乙a", max_size=80))
def test_markdown_light_lets_nothing_through(text: str) -> None:
    shown = markdown_light(text)
    for tag in ("<p>", "</p>", "<ul>", "</ul>", "<li>", "</li>", "<b>", "</b>", "<br>"):
        shown = shown.replace(tag, "")  # type: ignore[assignment]

    assert "<" not in shown
    assert ">" not in shown


@given(st.text())
def test_an_anchor_holds_no_space(locator: str) -> None:
    assert anchor(locator).split() in ([], [anchor(locator)])
