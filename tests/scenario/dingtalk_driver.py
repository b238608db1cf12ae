"""A person on the phone in DingTalk: over the stream, or by signed callbacks."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass
from itertools import count
from urllib.parse import urlsplit

from aiohttp import ClientSession
from aiohttp.test_utils import TestServer
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot.assembled import App
from bot.channels.dingtalk.http import signed
from bot.config import DingTalkAppSettings, DingTalkSettings
from bot.server import build_site
from store import people
from store.models import Delivery, DeliveryState, Part
from tests.fakes.dingtalk import Delivered, FakeDingTalk
from tests.fakes.dingtalk_stream import CARDS, MESSAGES, FakeStream
from tests.fakes.waiting import until
from tests.scenario.hearing import PATIENCE_S, Heard
from tests.scenario.wecom_driver import NUMBERED, SOURCE

TEMPLATE = "buttons.schema"
_LOOK_S = 0.05
_NUMBERS = count(1)
Body = dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Corp:
    """The simulated platform of one school."""

    fake: FakeDingTalk
    stream: FakeStream


_CORPS: dict[str, Corp] = {}


@asynccontextmanager
async def corp(mode: str = "stream", **more: object) -> AsyncIterator[DingTalkSettings]:
    """A school whose robot is in that mode, and the settings that point at it."""
    fake = FakeDingTalk()
    fake.members.clear()
    fake.templates.add(TEMPLATE)
    stream = FakeStream(fake)
    async with TestServer(stream.mount(fake.app())) as server:
        base = str(server.make_url("")).rstrip("/")
        stream.base = base
        _CORPS[base] = Corp(fake=fake, stream=stream)
        yield DingTalkSettings(
            app=DingTalkAppSettings.model_validate(
                {
                    "client_id": fake.client_id,
                    "client_secret": fake.client_secret,
                    "mode": mode,
                    "api_base": base,
                    "oapi_base": base,
                    "card_templates": {"buttons": TEMPLATE},
                    **more,
                }
            )
        )
        for connection in list(stream.connections):
            await connection.close()
        del _CORPS[base]


def stream_corp() -> AbstractAsyncContextManager[DingTalkSettings]:
    """A school whose robot is in stream mode, and the settings that point at it."""
    return corp("stream")


def http_corp() -> AbstractAsyncContextManager[DingTalkSettings]:
    """A school whose robot calls back."""
    return corp("http")


def corp_of(app: App) -> Corp:
    """The simulated platform that the school's app talks to."""
    assert app.settings.dingtalk.app is not None
    return _CORPS[app.settings.dingtalk.app.api_base]


Post = Callable[[str, Body], Awaitable[None]]
"""Brings a message (``bot``) or a tap (``card``) to our server, as the platform does."""


class DingTalkDriver:
    """Sees every message that DingTalk would show to one account, alone or in a group."""

    def __init__(self, app: App, corp: Corp, account: str, post: Post, group: str = "") -> None:
        self.account = account
        self._store = app.store
        self._corp = corp
        self._post = post
        self._group = group
        self._told = 0
        self._read = len(corp.fake.delivered)

    async def say(self, text: str) -> None:
        await self._post("bot", self.message(text))

    def message(self, text: str, **more: object) -> Body:
        """A robot message in these words."""
        place = self._group or self.account
        session = self._corp.fake.robots.open_session(place, minutes=90)
        now_ms = int(time.time() * 1000)
        return {
            "msgId": f"msg{next(_NUMBERS)}",
            "msgtype": "text",
            "text": {"content": f" {text}"},
            "conversationType": "2" if self._group else "1",
            "conversationId": self._group or f"cidOf{self.account}",
            "senderId": f"$:LWCP_v1:{self.account}",
            "senderStaffId": self.account,
            "senderNick": self.account,
            "isInAtList": True,
            "sessionWebhook": self._corp.stream.base + session,
            "sessionWebhookExpiredTime": now_ms + 90 * 60_000,
            "createAt": now_ms,
            "robotCode": self._corp.fake.robot_code,
            **more,
        }

    async def tap(self, command: str) -> None:
        """A button where one was shown; typed where none was."""
        card = next(
            (one for one in reversed(self._seen()) if one.how == "card" and _has(one, command)),
            None,
        )
        if card is None:
            await self.say(command)
            return
        content = {"cardPrivateData": {"actionIds": ["b"], "params": {"command": command}}}
        await self._post(
            "card",
            {
                "type": "actionCallback",
                "userId": self.account,
                "outTrackId": card.body["outTrackId"],
                "spaceType": "IM_GROUP" if self._group else "IM_ROBOT",
                "spaceId": str(card.body["openSpaceId"]),
                "content": json.dumps(content, ensure_ascii=False),
            },
        )

    async def judge(self, feedback_id: str, verdict: str) -> None:
        await self.say("👍" if verdict == "up" else "👎")

    async def heard(self) -> Heard:
        """All parts of the next delivery, as they stand on the phone."""
        async with asyncio.timeout(PATIENCE_S):
            while (parts := await self._store.read(self._next_delivery)) is None:
                self._corp.fake.arrived.clear()
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._corp.fake.arrived.wait(), _LOOK_S)
        found = [self._next() for _ in range(parts)]
        text = "\n".join(filter(None, (NUMBERED.sub("", _words(one)) for one in found)))
        return Heard(
            text=text,
            sources=tuple((m["title"], m["locator"].strip()) for m in SOURCE.finditer(text)),
            files=tuple(name for one in found for name in self._files(one)),
            feedback_id="said in words",
            card="\n".join(_words(one) for one in found if one.how == "card"),
        )

    def _next_delivery(self, session: Session) -> int | None:
        query = (
            select(Delivery)
            .where(Delivery.conversation == (self._group or self.account), Delivery.id > self._told)
            .order_by(Delivery.id)
        )
        rows = session.scalars(query)
        mine = (row for row in rows if self.account in (*row.accounts, row.conversation))
        delivery = next(mine, None)
        if delivery is None or delivery.state == DeliveryState.OPEN:
            return None
        assert delivery.state == DeliveryState.SENT, delivery.reason
        self._told = delivery.id
        parts = select(func.count()).where(Part.delivery_id == delivery.id)
        return session.scalars(parts).one()

    def _seen(self) -> list[Delivered]:
        places = (self.account, self._group)
        return [one for one in self._corp.fake.delivered if one.to in places]

    def _next(self) -> Delivered:
        delivered = self._corp.fake.delivered
        while delivered[self._read].to not in (self.account, self._group):
            self._read += 1
        self._read += 1
        return delivered[self._read - 1]

    def _files(self, one: Delivered) -> tuple[str, ...]:
        names = self._corp.fake.names
        if one.kind == "sampleFile":
            name = str(one.body["fileName"])
            inner = name.removesuffix(".zip")
            return (inner if "." in inner else name,)
        if one.kind == "sampleImageMsg":
            return (names[str(one.body["photoURL"])],)
        return ()


def _card_values(one: Delivered) -> Mapping[str, str]:
    card = one.body.get("cardData")
    values = card.get("cardParamMap") if isinstance(card, Mapping) else None
    return values if isinstance(values, Mapping) else {}


def _has(one: Delivered, command: str) -> bool:
    return command in _card_values(one).values()


def _words(one: Delivered) -> str:
    if one.how != "card":
        return one.text
    values = _card_values(one)
    return "\n".join(value for name, value in values.items() if not name.startswith("command"))


async def account_of(app: App, name: str) -> str:
    """The DingTalk account of the member of this name, given where there is none."""
    member_id = (await app.people.named(name)).member_id
    account = f"dt{member_id}"

    def link(session: Session) -> None:
        if people.member_of(session, "dingtalk", account) is None:
            people.link(session, "dingtalk", account, member_id)

    await app.store.write(link)
    return account


@asynccontextmanager
async def over_the_stream(app: App, name: str, group: str = "") -> AsyncIterator[DingTalkDriver]:
    """The member of this name, alone with the robot or in a group."""
    corp, account = corp_of(app), await account_of(app, name)
    corp.fake.members.add(account)
    if group:
        corp.fake.groups.add(group)

    async def post(what: str, body: Body) -> None:
        ack = await corp.stream.push("CALLBACK", CARDS if what == "card" else MESSAGES, body)
        assert ack["code"] == 200

    yield DingTalkDriver(app, corp, account, post, group)


@asynccontextmanager
async def by_callbacks(
    app: App, name: str, group: str = "", *, taps: bool = True
) -> AsyncIterator[DingTalkDriver]:
    """The member of this name, whose robot calls back; ``taps`` when it was told where."""
    corp, account = corp_of(app), await account_of(app, name)
    corp.fake.members.add(account)
    if group:
        corp.fake.groups.add(group)
    site = await asyncio.to_thread(build_site, app)
    key = f"yaodian.{corp.fake.client_id}"
    await until(lambda: not taps or key in corp.fake.routes, PATIENCE_S)
    async with TestServer(site) as server, ClientSession() as session:

        async def post(what: str, body: Body) -> None:
            timestamp = str(int(time.time() * 1000) + next(_NUMBERS) % 1000)
            headers = {
                "timestamp": timestamp,
                "sign": signed(timestamp, corp.fake.client_secret).decode(),
            }
            address = server.make_url(f"/dingtalk/{what}")
            if what == "card":
                headers = corp.fake.tap_headers(key, timestamp)
                address = server.make_url(urlsplit(corp.fake.routes[key][0]).path)
            async with session.post(address, json=body, headers=headers) as response:
                assert response.status == 200, await response.text()

        yield DingTalkDriver(app, corp, account, post, group)
