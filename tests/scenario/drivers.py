"""One way to play a person on any channel. A new channel adds a driver and plays every story."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Protocol
from uuid import uuid4

from aiohttp import ClientResponse, FormData
from aiohttp.test_utils import TestClient, TestServer
from lxml import html

from bot.assembled import App
from bot.channels.console import ConsoleSession
from bot.messages import Card, ChannelName, Sender
from bot.server import build_site
from tests.scenario.aibot_driver import on_the_long_connection, over_callbacks
from tests.scenario.dingtalk_driver import by_callbacks, over_the_stream
from tests.scenario.hearing import PATIENCE_S, Heard
from tests.scenario.wecom_driver import on_the_phone


class Driver(Protocol):
    """A person at one end of a conversation."""

    async def say(self, text: str) -> None: ...
    async def tap(self, command: str) -> None: ...
    async def judge(self, feedback_id: str, verdict: str) -> None: ...
    async def heard(self) -> Heard:
        """The next reply."""
        ...


Enter = Callable[[App, str], AbstractAsyncContextManager[Driver]]
"""Sit down at a channel as the member of this name."""


class WebDriver:
    """Speaks the page's own protocol over HTTP."""

    def __init__(self, client: TestClient, account: str, events: ClientResponse) -> None:
        self.client = client
        self.account = account
        self._events = events

    async def say(self, text: str) -> None:
        await self.post(kind="text", text=text)

    async def tap(self, command: str) -> None:
        await self.post(kind="tap", text=command)

    async def judge(self, feedback_id: str, verdict: str) -> None:
        await self.post(kind="feedback", text=verdict, feedback_id=feedback_id)

    async def post(self, **message: str) -> None:
        body = {"id": uuid4().hex, **message}
        async with self.client.post(f"/chat/messages?as={self.account}", json=body) as response:
            assert response.status == 202, await response.text()

    async def send_file(self, name: str, content: bytes, text: str = "") -> None:
        """As the page sends what is chosen, dropped or pasted."""
        form = FormData(quote_fields=False)
        form.add_field("id", uuid4().hex)
        form.add_field("text", text)
        form.add_field("file", content, filename=name)
        async with self.client.post(f"/chat/files?as={self.account}", data=form) as response:
            assert response.status == 202, await response.text()

    async def grown(self, words: str) -> str:
        """The first state of a growing answer that has these words."""
        async with asyncio.timeout(PATIENCE_S):
            name = ""
            async for line in self._events.content:
                text = line.decode().strip()
                if text.startswith("event: "):
                    name = text.removeprefix("event: ")
                elif text.startswith("data: ") and name == "draft":
                    draft = str(json.loads(text.removeprefix("data: "))["text"])
                    if words in draft:
                        return draft
        raise AssertionError("the page was cut off")

    async def heard(self) -> Heard:
        async with asyncio.timeout(PATIENCE_S):
            name = ""
            async for line in self._events.content:
                text = line.decode().strip()
                if text.startswith("event: "):
                    name = text.removeprefix("event: ")
                elif text.startswith("data: ") and name == "message":
                    return _read(json.loads(text.removeprefix("data: "))["html"])
        raise AssertionError("the page was cut off")


def _read(bubble: str) -> Heard:
    tree = html.fromstring(bubble)
    words = tree.xpath("//div[@class='words']")
    feedback = tree.xpath("//@data-feedback")
    return Heard(
        text="\n".join(part.strip() for part in words[0].itertext()) if words else "",
        sources=tuple(
            (
                item.xpath("string(.//cite)").strip("《》"),
                item.xpath("string(.//span[@class='locator'])"),
            )
            for item in tree.xpath("//ol[@class='sources']/li")
        ),
        files=tuple(tree.xpath("//p[@class='file']/a/text()")),
        feedback_id=feedback[0] if feedback else None,
        links=tuple(tree.xpath("//section[@class='card']//a/@href")),
        card="\n".join(
            part.strip()
            for card in tree.xpath("//section[@class='card']")
            for part in card.itertext()
        ),
    )


@asynccontextmanager
async def on_the_page(app: App, name: str) -> AsyncIterator[WebDriver]:
    person = await app.people.named(name)
    site = await asyncio.to_thread(build_site, app)
    async with TestClient(TestServer(site)) as client:
        account = person.web_account or ""
        async with client.get(f"/chat/events?as={account}") as events:
            yield WebDriver(client, account, events)


class ConsoleDriver:
    """Sits at the terminal."""

    def __init__(self, session: ConsoleSession) -> None:
        self._session = session

    async def say(self, text: str) -> None:
        await self._session.say(text)

    async def tap(self, command: str) -> None:
        await self._session.tap(command)

    async def judge(self, feedback_id: str, verdict: str) -> None:
        await self._session.judge(feedback_id, verdict)

    async def heard(self) -> Heard:
        async with asyncio.timeout(PATIENCE_S):
            reply = await self._session.next_reply()
        return Heard(
            text=re.sub(r"\*\*", "", reply.text),
            sources=tuple((source.title, source.locator) for source in reply.sources),
            files=tuple(file.name for file in reply.attachments),
            feedback_id=reply.feedback_id,
            card="" if reply.card is None else _card(reply.card),
        )


def _card(card: Card) -> str:
    facts = [f"{name}\n{value}" for name, value in card.facts]
    links = [f"{one.label}\n{one.url}" for one in card.links]
    return "\n".join([card.title, card.body, *facts, *(one.label for one in card.buttons), *links])


@asynccontextmanager
async def at_the_terminal(app: App, name: str) -> AsyncIterator[Driver]:
    person = await app.people.named(name)
    sender = Sender(channel=ChannelName.CONSOLE, account=f"m{person.member_id}", display_name=name)
    with app.desk.console.attach(sender) as session:
        await app.desk.hurry(sender.account)
        yield ConsoleDriver(session)


CHANNELS: dict[str, Enter] = {
    "web": on_the_page,
    "console": at_the_terminal,
    "wecom": on_the_phone,
    "aibot": on_the_long_connection,
    "aibot_callback": over_callbacks,
    "dingtalk": over_the_stream,
    "dingtalk_http": by_callbacks,
}
