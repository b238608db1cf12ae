"""Somebody at the admin page, as a browser without script would be."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiohttp import ClientResponse, FormData
from aiohttp.test_utils import TestClient, TestServer
from lxml import html

from bot.assembled import App
from bot.messages import ChannelName, Sender
from bot.server import build_site


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A page as it came."""

    status: int
    text: str
    location: str
    headers: Mapping[str, str]

    @property
    def words(self) -> str:
        """What a reader reads."""
        return " ".join("".join(html.fromstring(self.text).itertext()).split())

    def hidden(self, name: str) -> str:
        """A hidden field of the page's form."""
        found = html.fromstring(self.text).xpath(f"//input[@name='{name}']/@value")
        assert found, self.text
        return str(found[0])


class AdminDriver:
    """Follows links and sends forms."""

    def __init__(self, client: TestClient) -> None:
        self.client = client
        self.token = ""

    async def get(self, path: str) -> Shown:
        async with self.client.get(path, allow_redirects=False) as response:
            return await _shown(response)

    async def quickest_ms(self, path: str, tries: int = 5) -> float:
        """The best of several times: what else the machine does is not the page's fault."""
        took = []
        for _ in range(tries):
            started = time.perf_counter()
            await self.get(path)
            took.append((time.perf_counter() - started) * 1000)
        return min(took)

    async def post(
        self,
        path: str,
        fields: Mapping[str, str] | None = None,
        *,
        file: tuple[str, bytes] | None = None,
        headers: Mapping[str, str] | None = None,
        token: str | None = None,
    ) -> Shown:
        """Send a form with the page's token; not what comes after."""
        form = FormData()
        values = {"token": self.token if token is None else token, **(fields or {})}
        for name, value in values.items():
            form.add_field(name, value)
        if file is not None:
            form.add_field("file", file[1], filename=file[0])
        sent = {"Sec-Fetch-Site": "same-origin"} if headers is None else dict(headers)
        async with self.client.post(
            path, data=form, headers=sent, allow_redirects=False
        ) as response:
            return await _shown(response)

    async def does(
        self,
        path: str,
        fields: Mapping[str, str] | None = None,
        *,
        file: tuple[str, bytes] | None = None,
    ) -> str:
        """Send a form, and read what the page says was done."""
        done = await self.post(path, fields, file=file)
        assert done.status == 303, done.words
        return (await self.get(done.location.partition("#")[0])).words

    async def enter(self, token: str) -> Shown:
        """Use a link up, and keep the token of the forms."""
        entered = await self.post(f"/login/{token}")
        if entered.status == 303:
            await self.look_around()
        return entered

    async def look_around(self) -> None:
        """Keep the token of the forms of whoever is signed in."""
        board = await self.get("/admin")
        found = re.search(r'name="token" value="(\w+)"', board.text)
        assert found is not None, board.text
        self.token = found[1]


async def _shown(response: ClientResponse) -> Shown:
    return Shown(
        status=response.status,
        text=(await response.read()).decode("utf-8", "replace"),
        location=response.headers.get("Location", ""),
        headers=response.headers,
    )


@asynccontextmanager
async def at_the_door(app: App) -> AsyncIterator[AdminDriver]:
    """A browser that nobody has signed in with."""
    site = await asyncio.to_thread(build_site, app)
    async with TestClient(TestServer(site)) as client:
        yield AdminDriver(client)


@asynccontextmanager
async def on_the_admin_page(app: App, name: str) -> AsyncIterator[AdminDriver]:
    """A browser in which the member of this name is signed in."""
    async with at_the_door(app) as driver:
        entered = await driver.enter(await link_of(app, name))
        assert entered.location == "/admin", entered.words
        yield driver


async def link_of(app: App, name: str) -> str:
    """The token of a one-time link, as /登录 gives it."""
    person = await app.people.named(name)
    sender = Sender(channel=ChannelName.WEB, account=person.web_account or "")
    return await app.keeping.sign_in.link(await app.people.actor(sender))
