"""A person on the phone in WeCom: sealed callbacks in, the fake platform's messages out."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from itertools import count

from aiohttp import ClientSession
from aiohttp.test_utils import TestServer
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot.assembled import App
from bot.config import WeComAppSettings, WeComSettings, WeComWebhookSettings
from bot.server import build_site
from store import people
from store.engine import Store
from store.models import Delivery, DeliveryState, Part
from tests.fakes.wecom import Delivered, FakeWeCom
from tests.fakes.wecom_callbacks import AES_KEY, TOKEN, FakePlatform, post
from tests.scenario.hearing import PATIENCE_S, Heard

_NUMBERS = count(7_000_000_000_000_000_001)
SOURCE = re.compile(r"^\[\d+\] 《(?P<title>[^》]+)》(?P<locator>.*)$", re.MULTILINE)
NUMBERED = re.compile(r"^（\d+/\d+）")
_SPACES = count(1)
"""After an event's XML, so that two of one second are two."""
_LOOK_S = 0.05
_CARDS = ("template_card", "textcard")
WEBHOOK = "云溪通知群"
_PLATFORMS: dict[str, FakeWeCom] = {}


def platform_of(app: App) -> FakeWeCom:
    """The fake that the school's app and group webhooks talk to."""
    assert app.settings.wecom.app is not None
    return _PLATFORMS[app.settings.wecom.app.api_base]


@asynccontextmanager
async def platform() -> AsyncIterator[WeComSettings]:
    """A fake WeCom on loopback, and the settings that point at it."""
    fake = FakeWeCom()
    fake.members.clear()
    async with TestServer(fake.app()) as server:
        base = str(server.make_url("")).rstrip("/")
        _PLATFORMS[base] = fake
        yield WeComSettings(
            app=WeComAppSettings(
                corp_id=fake.corp_id,
                agent_id=fake.agent_id,
                secret=fake.secret,
                token=TOKEN,
                aes_key=AES_KEY,
                api_base=base,
            ),
            webhook=(WeComWebhookSettings(name=WEBHOOK, key="hook-key-1", api_base=base),),
        )
        del _PLATFORMS[base]


class WeComDriver:
    """Writes as WeCom would: encrypted by wechatpy, answered within five seconds."""

    def __init__(
        self, store: Store, fake: FakeWeCom, address: str, account: str, session: ClientSession
    ) -> None:
        self._store = store
        self._heard = 0
        self._fake = fake
        self._address = address
        self._account = account
        self._session = session
        self._platform = FakePlatform(corp_id=fake.corp_id, agent_id=fake.agent_id)
        self._read = len(fake.delivered)

    async def say(self, text: str) -> None:
        now = int(time.time())
        await self._post(self._platform.text(self._account, now, text, next(_NUMBERS)), now)

    async def tap(self, command: str) -> None:
        card = self._card_with(command)
        if card is None:
            await self.say(command)
            return
        now = int(time.time())
        code = self._fake.new_response_code()
        await self._post(self._platform.tap(self._account, now, command, card, code), now)

    async def choose(self, command: str) -> None:
        """An entry of the app's menu."""
        now = int(time.time())
        event = self._platform.event(self._account, now, "click", EventKey=command)
        await self._post(event, now)

    async def open(self) -> None:
        """WeCom tells of every time."""
        now = int(time.time())
        event = self._platform.event(self._account, now, "enter_agent", EventKey="")
        await self._post(event + " " * next(_SPACES), now)

    async def judge(self, feedback_id: str, verdict: str) -> None:
        await self.say("👍" if verdict == "up" else "👎")

    async def heard(self) -> Heard:
        """All parts of the next delivery, as they stand on the phone."""
        async with asyncio.timeout(PATIENCE_S):
            while (parts := await self._store.read(self._next_delivery)) is None:
                self._fake.arrived.clear()
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._fake.arrived.wait(), _LOOK_S)
        found = [self._next() for _ in range(parts)]
        words = [NUMBERED.sub("", _words(one)) for one in found]
        text = "\n".join(filter(None, words))
        return Heard(
            text=text,
            sources=tuple((m["title"], m["locator"].strip()) for m in SOURCE.finditer(text)),
            files=tuple(name for one in found for name in self._files(one)),
            feedback_id="said in words",
            card="\n".join(_words(one) for one in found if one.msgtype in _CARDS),
        )

    def _next_delivery(self, session: Session) -> int | None:
        """How many parts the next delivery that is done has; None when there is none yet."""
        query = (
            select(Delivery)
            .where(Delivery.conversation == self._account, Delivery.id > self._heard)
            .order_by(Delivery.id)
        )
        delivery = session.scalars(query).first()
        if delivery is None or delivery.state == DeliveryState.OPEN:
            return None
        self._heard = delivery.id
        parts = select(func.count()).where(Part.delivery_id == delivery.id)
        return session.scalars(parts).one()

    async def _post(self, xml: str, now: int) -> None:
        status, _ = await post(self._session, self._address, self._platform.seal(xml, now))
        assert status == 200

    def _next(self) -> Delivered:
        while self._fake.delivered[self._read].account != self._account:
            self._read += 1
        self._read += 1
        return self._fake.delivered[self._read - 1]

    def _files(self, delivered: Delivered) -> tuple[str, ...]:
        content = delivered.body[delivered.msgtype]
        if delivered.msgtype not in {"file", "image"} or not isinstance(content, Mapping):
            return ()
        return (self._fake.names[str(content["media_id"])],)

    def _card_with(self, command: str) -> str | None:
        """None where no card was shown: there the command is typed."""
        for one in reversed(self._fake.delivered):
            card = one.body.get("template_card")
            if isinstance(card, Mapping) and command in str(card):
                return str(card["task_id"])
        return None


def _words(delivered: Delivered) -> str:
    opened = delivered.body.get("textcard")
    if isinstance(opened, Mapping):
        return "\n".join(str(opened[key]) for key in ("title", "description", "url"))
    card = delivered.body.get("template_card")
    if not isinstance(card, Mapping):
        return delivered.text
    return card_words(card)


def card_words(card: object) -> str:
    """What stands on a card."""
    found: list[str] = []
    _collect(card, found)
    return "\n".join(found)


def _collect(value: object, found: list[str]) -> None:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if key not in {"task_id", "card_type", "key", "url"}:
                _collect(inner, found)
    elif isinstance(value, list):
        for inner in value:
            _collect(inner, found)
    elif isinstance(value, str):
        found.append(value)


async def account_of(app: App, name: str) -> str:
    """The WeCom account of the member of this name, which they are given if they have none."""
    member_id = (await app.people.named(name)).member_id
    assert member_id is not None
    account = f"u{member_id}"

    def link(session: Session) -> None:
        if people.member_of(session, "wecom", account) is None:
            people.link(session, "wecom", account, member_id)

    await app.store.write(link)
    return account


@asynccontextmanager
async def on_the_phone(app: App, name: str) -> AsyncIterator[WeComDriver]:
    """The member of this name, known to the corp by an account of their own."""
    configured = app.settings.wecom.app
    assert configured is not None
    fake, account = _PLATFORMS[configured.api_base], await account_of(app, name)
    fake.members.add(account)
    site = await asyncio.to_thread(build_site, app)
    async with TestServer(site) as server, ClientSession() as session:
        address = str(server.make_url("/wecom/app"))
        yield WeComDriver(app.store, fake, address, account, session)
