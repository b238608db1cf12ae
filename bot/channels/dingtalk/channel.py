"""The app's robot as one channel: a way in, and the sender.

What can fail between two lines, and what remains:

- before a message is stored: nothing is acknowledged; DingTalk may send it again;
- after it: the message is in the inbox, a repeat inserts nothing and is acknowledged alike;
- while sending: the part's bytes are stored; what the robot sends may arrive twice.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, Protocol
from urllib.parse import urlsplit, urlunsplit

import aiohttp
from aiohttp import web

from bot.channels.base import Directory, Health, ReadBlob, Sent, Target
from bot.channels.dingtalk.api import OpenApi
from bot.channels.dingtalk.http import Callbacks
from bot.channels.dingtalk.inbound import Inbound
from bot.channels.dingtalk.incoming import DOWNLOAD_PREFIX
from bot.channels.dingtalk.rendering import Part
from bot.channels.dingtalk.reply_to import is_own_address
from bot.channels.dingtalk.sending import Sender
from bot.channels.dingtalk.settings import AppSettings
from bot.channels.dingtalk.streaming import CardStream
from bot.channels.text import merge
from bot.errors import ChannelRefused, ChannelUnavailable
from bot.messages import ChannelName, Conversation, Reply
from handlers.backups.shortage import Cost, Quota
from store import quotas

DOWNLOAD = "/v1.0/robot/messageFiles/download"
_FILE_DOMAINS = ("dingtalk.com", "aliyuncs.com")
_TOGETHER = 10
"""People whom the same words reach in one call; seldom fewer."""
_TIMEOUT = aiohttp.ClientTimeout(total=60, connect=5, sock_connect=5)


class WayIn(Protocol):
    """How messages reach us."""

    async def start(self) -> None: ...
    async def stop(self) -> None: ...
    def health(self) -> Health: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelNeeds:
    """What the composition root gives."""

    settings: AppSettings
    way_in: WayIn
    """The stream or the callbacks."""
    inbound: Inbound
    """What the way in stores with; its counts are the channel's."""
    sender: Sender
    api: OpenApi
    """Turns a download code into an address."""
    files: aiohttp.ClientSession
    """For downloads; its resolver leads to public addresses only."""
    quotas: Callable[[], Awaitable[Sequence[Quota]]]
    """What is used of the month's."""


class DingTalkChannel:
    """``dingtalk``: Sends, Merges, UpdatesCards, Recalls, Downloads, ReadsDirectory, KnowsCosts."""

    name = ChannelName.DINGTALK
    guarantee = Sender.guarantee
    dedupe_window_s = Sender.dedupe_window_s
    keeps_privacy: Literal[True] = True
    refresh_every_s = 30.0
    """Each change is a call that counts against the month's."""
    refreshes_once = False

    def __init__(self, needs: ChannelNeeds) -> None:
        self._settings = needs.settings
        self._way_in = needs.way_in
        self._inbound = needs.inbound
        self._sender = needs.sender
        self._api = needs.api
        self._files = needs.files
        self._quotas = needs.quotas

    async def quotas(self) -> Sequence[Quota]:
        """What is used of the month's quotas."""
        return await self._quotas()

    async def cost_of_asking(self, people: int, *, is_invited: bool) -> Sequence[Cost]:
        """About: an answer is one arrival, a card one call, and one more when it is tapped."""
        calls = people if self._sender.has_cards else 0
        if is_invited:
            calls += people if self._sender.has_cards else -(-people // _TOGETHER)
        needed = {quotas.INBOUND: people, quotas.CALLS: calls}
        return [Cost(quota=one, needed=needed.get(one.kind, 0)) for one in await self._quotas()]

    @property
    def counts(self) -> Mapping[str, int]:
        """What came in, by kind."""
        return self._inbound.counts

    def add_routes(self, app: web.Application) -> None:
        if isinstance(self._way_in, Callbacks):
            self._way_in.add_routes(app)

    async def start(self) -> None:
        await self._way_in.start()

    async def stop(self) -> None:
        await self._way_in.stop()

    def health(self) -> Health:
        trouble = self._sender.trouble()
        return Health(is_ready=False, detail=trouble) if trouble else self._way_in.health()

    async def render(self, reply: Reply, target: Target, read_blob: ReadBlob) -> Sequence[bytes]:
        where = _to_asker(target) if _is_aside(reply, target) else target
        return await self._sender.render(reply, where, read_blob)

    async def send(self, part: bytes, target: Target, delivery_id: str) -> Sent:
        return await self._sender.send(part, _where(part, target), delivery_id)

    def wait_s(self, target: Target, now: datetime) -> float:
        return self._sender.wait_s(target, now)

    def remembered_until(self, part: bytes, first_try_at: datetime) -> datetime | None:
        """Until when a repeat of ``part`` reaches nobody twice; None if it would."""
        return self._sender.remembered_until(part, first_try_at)

    def may_merge(self, reply: Reply) -> bool:
        """Not what is private, nor what has buttons to tap."""
        has_buttons = reply.card is not None and bool(reply.card.buttons)
        return not reply.is_private and not (has_buttons and self._sender.has_cards)

    def merge(self, replies: Sequence[Reply]) -> Reply:
        return merge(replies, is_answered=True)

    async def update_card(self, reply: Reply, target: Target, provider_id: str) -> None:
        await self._sender.update_card(reply, target, provider_id)

    async def refresh_card(self, reply: Reply, target: Target, provider_id: str) -> None:
        await self.update_card(reply, target, provider_id)

    async def recall(self, provider_id: str) -> None:
        await self._sender.recall(provider_id)

    async def read_directory(self) -> Directory:
        return await self._sender.read_directory()

    async def download(self, source: str, limit_bytes: int) -> bytes:
        """The address that DingTalk gives for a code is called only where it is DingTalk's own."""
        code = source.removeprefix(DOWNLOAD_PREFIX)
        body = {"downloadCode": code, "robotCode": self._settings.robot}
        answer = await self._api.new("POST", DOWNLOAD, body, is_repeatable=True)
        address = _file_address(str(answer.get("downloadUrl")), self._settings)
        if address is None:
            raise ChannelRefused("a download address that is not DingTalk's")
        content = bytearray()
        try:
            async with self._files.get(
                address, timeout=_TIMEOUT, allow_redirects=False
            ) as response:
                if response.status != 200:
                    raise ChannelUnavailable(f"download: HTTP {response.status}")
                async for chunk in response.content.iter_any():
                    content += chunk
                    if len(content) > limit_bytes:
                        raise ChannelRefused("a file is over the limit")
        except (aiohttp.ClientError, TimeoutError) as error:
            raise ChannelUnavailable(f"download: {type(error).__name__}") from error
        return bytes(content)


class StreamingDingTalkChannel(DingTalkChannel):
    """Streams, too: an answer grows in a card, where a template for it is configured."""

    def __init__(self, needs: ChannelNeeds, growing: CardStream) -> None:
        super().__init__(needs)
        self._growing = growing

    async def stream(self, texts: AsyncIterator[str], target: Target) -> bool:
        return await self._growing.stream(texts, target)


def _is_aside(reply: Reply, target: Target) -> bool:
    return reply.is_private and target.conversation.is_group and bool(target.accounts)


def _to_asker(target: Target) -> Target:
    """A private answer to what was said in a group goes to the asker's own chat."""
    account = target.accounts[0]
    own = Conversation(channel=ChannelName.DINGTALK, id=account)
    return replace(target, conversation=own, accounts=(account,), reply_to=None, reply_until=None)


def _where(part: bytes, target: Target) -> Target:
    """Only parts for people name them; one of those in a group was rendered for the asker."""
    if target.conversation.is_group and target.accounts and Part.decode(part).to:
        return _to_asker(target)
    return target


def _file_address(address: str, settings: AppSettings) -> str | None:
    """Where a file may be fetched from, by TLS; None when it is not DingTalk's or its storage."""
    if is_own_address(address, settings.api_base):
        return address
    try:
        to = urlsplit(address)
        is_plain = to.port is None and to.username is None and to.scheme in ("http", "https")
    except ValueError:
        return None
    host = to.hostname or ""
    is_known = any(host.endswith(f".{domain}") for domain in _FILE_DOMAINS)
    return urlunsplit(to._replace(scheme="https")) if is_plain and is_known else None
