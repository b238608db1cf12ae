"""A person who talks with the AI bot, alone or in a group: over the long connection, by callbacks.

Both see what the platform would show them, and nothing that it refused.
"""

from __future__ import annotations

import asyncio
import re
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from itertools import count
from typing import Protocol

from aiohttp import ClientSession
from aiohttp.test_utils import TestServer
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot.assembled import App
from bot.config import WeComAiBotSettings, WeComSettings
from bot.live import DONE, SEE_NEXT
from bot.server import build_site
from store.engine import Store
from store.models import Delivery, DeliveryState, InboxMessage, Part
from tests.fakes.aibot_callbacks import AES_KEY, TOKEN, FakeCallbackPlatform
from tests.fakes.aibot_server import BOT_ID, SECRET, FakeAiBotServer, Json, event, message
from tests.fakes.waiting import until
from tests.scenario.hearing import PATIENCE_S, Heard
from tests.scenario.wecom_driver import NUMBERED, SOURCE, account_of, card_words

BOT_NAME = "要点"
_LOOK_S = 0.05
_UNSENDABLE = re.compile(r"（附件《([^》]+)》在这里发不出来")
_NUMBERS = count(1)
_SERVERS: dict[str, FakeAiBotServer] = {}
_CALLERS: dict[str, FakeCallbackPlatform] = {}
_OPEN: defaultdict[str, list[str]] = defaultdict(list)
"""Streams that the platform goes on asking for, whatever becomes of our server."""


def forget() -> None:
    """Begin another story."""
    _OPEN.clear()


@asynccontextmanager
async def long_connection() -> AsyncIterator[WeComSettings]:
    """A fake platform that is connected to, and the settings that point at it."""
    fake = FakeAiBotServer()
    await fake.start()
    _SERVERS[fake.url] = fake
    yield WeComSettings(
        aibot=WeComAiBotSettings(bot_id=BOT_ID, secret=SECRET, ws_url=fake.url, bot_name=BOT_NAME)
    )
    await fake.stop()
    del _SERVERS[fake.url]


@asynccontextmanager
async def callbacks() -> AsyncIterator[WeComSettings]:
    """A fake platform that calls back, and the settings that point at it."""
    async with ClientSession() as session:
        fake = FakeCallbackPlatform(session)
        await fake.start()
        _CALLERS[fake.url] = fake
        yield WeComSettings(
            aibot=WeComAiBotSettings(
                mode="callback", token=TOKEN, aes_key=AES_KEY, api_base=fake.url, bot_name=BOT_NAME
            )
        )
        await fake.stop()
        del _CALLERS[fake.url]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One message as it stands in the chat."""

    text: str = ""
    card: Mapping[str, object] | None = None
    files: tuple[str, ...] = ()
    feedback_id: str | None = None


def seen_of(body: Json, names: Mapping[str, str]) -> Seen | None:
    """What an answer or a push shows; None while its stream still grows."""
    shown = Seen()
    stream, card = body.get("stream"), body.get("template_card")
    if isinstance(stream, Mapping):
        if not stream["finish"]:
            return None
        feedback = stream.get("feedback")
        pictures = stream.get("msg_item")
        shown = Seen(
            text=str(stream.get("content", "")),
            feedback_id=str(feedback["id"]) if isinstance(feedback, Mapping) else None,
            files=tuple("图片.png" for _ in pictures) if isinstance(pictures, Sequence) else (),
        )
    for kind in ("markdown", "text"):
        if isinstance(content := body.get(kind), Mapping):
            shown = Seen(text=str(content["content"]))
    for kind in ("file", "image"):
        if isinstance(content := body.get(kind), Mapping):
            shown = Seen(files=(names[str(content["media_id"])],))
    return replace(shown, card=card) if isinstance(card, Mapping) else shown


def heard_of(found: Sequence[Seen]) -> Heard:
    """Several messages that are one reply."""
    text = "\n".join(filter(None, (NUMBERED.sub("", one.text) for one in found)))
    files = [name for one in found for name in one.files]
    cards = [card_words(one.card) for one in found if one.card is not None]
    return Heard(
        text="\n".join([text, *cards]),
        sources=tuple((m["title"], m["locator"].strip()) for m in SOURCE.finditer(text)),
        files=(*files, *_UNSENDABLE.findall(text)),
        feedback_id=next((one.feedback_id for one in found if one.feedback_id), None),
        card="\n".join(cards),
    )


class Platform(Protocol):
    """How a person's words get to the bot, and how its answers come back."""

    async def say(self, body: Json) -> None: ...
    async def happen(self, body: Json) -> None: ...
    async def look(self) -> Sequence[Seen]:
        """Everything in the chat so far, in its order."""
        ...

    async def grown(self) -> Sequence[str]:
        """The states in which answers were seen before they were whole."""
        ...


def _unfinished(body: object) -> str | None:
    """What a stream shows while it grows."""
    stream = body.get("stream") if isinstance(body, Mapping) else None
    is_growing = isinstance(stream, Mapping) and not stream["finish"]
    return str(stream["content"]) if is_growing else None


class AiBotDriver:
    """Sits in a chat with the bot; in a group what is said begins with its name."""

    def __init__(self, store: Store, platform: Platform, account: str, group: str = "") -> None:
        self.account = account
        self._store = store
        self._platform = platform
        self._group = group
        self._told = 0
        self._read = 0

    async def say(self, text: str) -> None:
        msgid = await self.write(f"@{BOT_NAME} {text}" if self._group else text)
        await self._stored(msgid)

    async def write(self, text: str, **more: object) -> str:
        """Exactly these words; ``more`` are further fields of the message. Its id."""
        msgid = self._new_id()
        body = message(text, msgid=msgid, user=self.account, group=self._group)
        await self._platform.say({**body, **more})
        return msgid

    async def _stored(self, msgid: str) -> None:
        await until(
            lambda: self._store.read(lambda session: _is_stored(session, msgid)), PATIENCE_S
        )

    async def tap(self, command: str) -> None:
        await self.tap_on(await self._card_with(command), command)

    async def tap_on(self, card: Mapping[str, object] | None, command: str) -> None:
        """Tap a button of that card, which another may have been shown; type where none was."""
        if card is None:
            await self.say(command)
            return
        fields = {"event_key": command, "task_id": card["task_id"], "card_type": card["card_type"]}
        await self._happen("template_card_event", **fields)

    async def open(self) -> None:
        """For the first time that day."""
        await self._happen("enter_chat")

    async def judge(self, feedback_id: str, verdict: str) -> None:
        kinds = {"up": 1, "down": 2, "cancel": 3}
        await self._happen("feedback_event", id=feedback_id, type=kinds[verdict])

    async def heard(self) -> Heard:
        """The next reply, whole: as many messages as its delivery has parts."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                seen = await self._platform.look()
                if (parts := await self._store.read(self._next_delivery)) is not None:
                    break
                await asyncio.sleep(_LOOK_S)
            found: list[Seen] = []
            while len(found) < max(1, parts):
                while self._read >= len(seen):
                    await asyncio.sleep(_LOOK_S)
                    seen = await self._platform.look()
                one = seen[self._read]
                self._read += 1
                if one.text not in {SEE_NEXT, DONE}:
                    found.append(one)
        return heard_of(found)

    async def grown(self) -> Sequence[str]:
        """The states in which answers were seen before they were whole."""
        return await self._platform.grown()

    async def seen(self) -> Sequence[Seen]:
        """Everything in the chat so far."""
        return await self._platform.look()

    def _new_id(self) -> str:
        return f"m{next(_NUMBERS)}"

    async def _happen(self, kind: str, **fields: object) -> None:
        body = event(kind, msgid=self._new_id(), user=self.account, **fields)
        place = {"chattype": "group", "chatid": self._group} if self._group else {}
        await self._platform.happen({**body, **place})

    async def _card_with(self, command: str) -> Mapping[str, object] | None:
        """None where no card was shown: there the command is typed."""
        for one in reversed(await self._platform.look()):
            if one.card is not None and command in str(one.card):
                return one.card
        return None

    def _next_delivery(self, session: Session) -> int | None:
        """How many parts the next reply to this person has; None when it has not arrived yet."""
        query = (
            select(Delivery)
            .where(Delivery.conversation == (self._group or self.account), Delivery.id > self._told)
            .order_by(Delivery.id)
        )
        mine = (row for row in session.scalars(query) if self.account in row.accounts)
        delivery = next(mine, None)
        if delivery is None or delivery.state == DeliveryState.OPEN:
            return None
        assert delivery.state == DeliveryState.SENT, delivery.reason
        self._told = delivery.id
        parts = select(func.count()).where(Part.delivery_id == delivery.id)
        return session.scalars(parts).one()


def _is_stored(session: Session, msgid: str) -> bool:
    """The long connection acknowledges nothing: what is not read yet when it ends is gone."""
    query = select(InboxMessage.id).where(InboxMessage.message_id.startswith(f"{msgid}@"))
    return session.scalars(query).first() is not None


class LongConnection:
    """What one conversation looks like from the platform's end of the connection."""

    def __init__(self, fake: FakeAiBotServer, place: str) -> None:
        self.fake = fake
        self._place = place
        self._asked: set[str] = set()

    async def say(self, body: Json) -> None:
        self._asked.add(await self.fake.call("aibot_msg_callback", body))

    async def happen(self, body: Json) -> None:
        self._asked.add(await self.fake.call("aibot_event_callback", body))

    async def look(self) -> Sequence[Seen]:
        bodies = [frame["body"] for frame in self.fake.taken if self._is_here(frame)]
        found = [seen_of(body, self.fake.names) for body in bodies if isinstance(body, dict)]
        return [one for one in found if one is not None]

    async def grown(self) -> Sequence[str]:
        bodies = [frame["body"] for frame in self.fake.taken if self._is_here(frame)]
        return [text for body in bodies if (text := _unfinished(body)) is not None]

    def _is_here(self, frame: Json) -> bool:
        body, headers = frame.get("body"), frame["headers"]
        assert isinstance(headers, Mapping)
        is_push = isinstance(body, Mapping) and body.get("chatid") == self._place
        return is_push or headers["req_id"] in self._asked


class Callbacks:
    """What one conversation looks like to the platform that calls back and polls."""

    def __init__(self, fake: FakeCallbackPlatform, account: str, group: str) -> None:
        self._fake = fake
        self._account = account
        self._group = group
        self._codes: set[str] = set()
        self._seen: list[Seen] = []
        self._grown: list[str] = []

    async def say(self, body: Json) -> None:
        await self._take(await self._fake.post(self._answerable(body)))

    async def happen(self, body: Json) -> None:
        await self._take(await self._fake.post(self._answerable(body)))

    async def look(self) -> Sequence[Seen]:
        place = self._group or self._account
        for stream in list(_OPEN[place]):
            answer = await self._fake.poll(stream, group=self._group, user=self._account)
            if (text := _unfinished(answer)) is not None:
                self._grown.append(text)
            elif (one := seen_of(answer, {})) is not None:
                _OPEN[place].remove(stream)
                self._seen.append(replace(one, feedback_id=self._feedback_id(stream)))
        for code, body in list(zip(self._fake.later_codes, self._fake.later, strict=True)):
            if code in self._codes and (one := seen_of(body, {})) is not None:
                self._codes.discard(code)
                self._seen.append(one)
        return self._seen

    async def grown(self) -> Sequence[str]:
        await self.look()
        return self._grown

    def _answerable(self, body: Json) -> Json:
        code = f"code{next(_NUMBERS)}"
        self._codes.add(code)
        url = self._fake.response_url.replace("=abc", f"={code}")
        return {**body, "response_url": url}

    async def _take(self, answer: Json | int | None) -> None:
        assert not isinstance(answer, int), answer
        if answer is None:
            return
        stream = answer.get("stream")
        if isinstance(stream, Mapping):
            _OPEN[self._group or self._account].append(str(stream["id"]))
            _FEEDBACK[str(stream["id"])] = str(stream["feedback"]["id"])
        elif (one := seen_of(answer, {})) is not None:
            self._seen.append(one)

    def _feedback_id(self, stream: str) -> str | None:
        return _FEEDBACK.get(stream)


_FEEDBACK: dict[str, str] = {}
"""By stream; a feedback id is taken with the first answer only."""


@asynccontextmanager
async def on_the_long_connection(
    app: App, name: str, group: str = ""
) -> AsyncIterator[AiBotDriver]:
    """The member of this name, alone with the bot or in a group."""
    configured = app.settings.wecom.aibot
    assert configured is not None
    fake, account = _SERVERS[configured.ws_url], await account_of(app, name)
    await fake.until(lambda: fake.live is not None, within_s=PATIENCE_S)
    yield AiBotDriver(app.store, LongConnection(fake, group or account), account, group)


@asynccontextmanager
async def over_callbacks(app: App, name: str, group: str = "") -> AsyncIterator[AiBotDriver]:
    """The member of this name, with the bot that is called back."""
    configured = app.settings.wecom.aibot
    assert configured is not None
    fake, account = _CALLERS[configured.api_base], await account_of(app, name)
    site = await asyncio.to_thread(build_site, app)
    async with TestServer(site) as server:
        fake.bot_url = str(server.make_url("/wecom/aibot"))
        yield AiBotDriver(app.store, Callbacks(fake, account, group), account, group)
