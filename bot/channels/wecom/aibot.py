"""The AI bot in WebSocket mode: no public address, single chats and @ in groups.

What a crash leaves: a message is stored before any work, so that it is answered after a restart,
by its ``req_id`` within 24 h or else by a push. A streamed answer that broke off is completed
under the same stream id while its six minutes last.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Literal

import aiohttp

from bot.channels.base import Accept, Downloaded, Guarantee, Health, ReadBlob, Sent, Target
from bot.channels.budget import Budget
from bot.channels.public_hosts import GlobalResolver
from bot.channels.wecom.aibot_frames import Frame
from bot.channels.wecom.aibot_handle import Way, feedback_message, read_handle
from bot.channels.wecom.aibot_inbound import read_message
from bot.channels.wecom.aibot_media import (
    LEAST_BYTES,
    MOST_FILE_BYTES,
    download,
    upload,
)
from bot.channels.wecom.aibot_outbound import Media, Part, read_part, render_parts, write_part
from bot.channels.wecom.aibot_sending import LIMITS, Sender
from bot.channels.wecom.aibot_settings import AiBotSettings, Answers, NoAnswers
from bot.channels.wecom.aibot_socket import AiBotSocket, Credentials, Lease, State, Timings
from bot.channels.wecom.aibot_stream import Growing, LiveStream, Pace
from bot.errors import ChannelError, ChannelUnavailable, SetupNeeded
from bot.messages import ChannelName, IncomingMessage, Reply

logger = logging.getLogger(__name__)

_MOST_WAITING = 1_000
_ACCEPT_AGAIN_S = 0.5
_STORE_LAST_S = 5
_SETUP_S = 60.0
_DETAIL = {
    State.STOPPED: "智能机器人的长连接没有启动。",
    State.CONNECTING: "正在连接企业微信智能机器人。",
    State.STANDBY: "智能机器人由另一台服务负责，本机待命。",
    State.LIVE: "",
    State.WAITING: (
        "与企业微信智能机器人的连接断了，正在自动重连。一直连不上时，请检查本机能否上网。"
    ),
    State.REFUSED: (
        "企业微信不接受智能机器人的 BotID 或 Secret（错误码 {errcode}）。请到机器人的“API 设置”"
        "重新复制长连接的 BotID 和 Secret，改好 yaodian.toml 后重启。"
    ),
    State.REPLACED: (
        "另一个程序用同一个 BotID 连上了企业微信，这里的连接已被替下，不会自动抢回。"
        "请停掉那个程序，再重启要点。"
    ),
}


def utc_now() -> datetime:
    """The clock of both modes."""
    return datetime.now(UTC)


class AiBotChannel:
    """``wecom.aibot`` over the long connection.

    Args:
        settings: ``bot_id``, ``secret`` and ``ws_url`` are used.
        accept: Stores a message durably before any work.
        lease: Lets one replica hold the connection.
        answers: Finds the answer that feedback on a stream is about.
        clock: Aware UTC now.
        timings: Of the connection.
        pace: Of streamed answers.
    """

    name = ChannelName.WECOM_AIBOT
    guarantee = Guarantee.AT_LEAST_ONCE
    dedupe_window_s = 0.0
    keeps_privacy: Literal[True] = True

    def __init__(
        self,
        settings: AiBotSettings,
        accept: Accept,
        lease: Lease,
        *,
        answers: Answers | None = None,
        clock: Callable[[], datetime] = utc_now,
        timings: Timings | None = None,
        pace: Pace | None = None,
    ) -> None:
        self.counts: Counter[str] = Counter()
        """Frames by what became of them: ``text``, ``repeat``, ``ignored`` …"""
        self._settings = settings
        self._accept = accept
        self._lease = lease
        self._answers = answers or NoAnswers()
        self._clock = clock
        self._timings = timings or Timings()
        self._pace = pace or Pace()
        self._uploads = Budget(LIMITS)
        self._arrived: asyncio.Queue[IncomingMessage] = asyncio.Queue(_MOST_WAITING)
        self._tasks: list[asyncio.Task[None]] = []
        self._connection: AiBotSocket | None = None
        self._sender: Sender | None = None
        self._session: aiohttp.ClientSession | None = None
        self._media_session: aiohttp.ClientSession | None = None

    async def start(self) -> None:
        settings = self._settings
        self._session = aiohttp.ClientSession()
        connector = aiohttp.TCPConnector(resolver=GlobalResolver())
        self._media_session = aiohttp.ClientSession(connector=connector)
        self._connection = AiBotSocket(
            self._session,
            Credentials(url=settings.ws_url, bot_id=settings.bot_id, secret=settings.secret),
            self._lease,
            self._receive,
            self._timings,
        )
        self._sender = Sender(self._connection, self._clock)
        self._tasks = [
            asyncio.create_task(self._connection.run(), name="aibot-connection"),
            asyncio.create_task(self._store_arrived(), name="aibot-inbox"),
        ]

    async def stop(self) -> None:
        """Disconnect, then store what has arrived, since nobody would send it again."""
        if self._tasks:
            connection, inbox = self._tasks
            await _cancelled(connection)
            with suppress(TimeoutError):
                async with asyncio.timeout(_STORE_LAST_S):
                    await self._arrived.join()
            await _cancelled(inbox)
        for session in (self._session, self._media_session):
            if session is not None:
                await session.close()
        self._tasks = []

    def health(self) -> Health:
        connection = self._connection
        if connection is None:
            return Health(is_ready=False, detail=_DETAIL[State.STOPPED])
        detail = _DETAIL[connection.state].format(errcode=connection.errcode)
        return Health(is_ready=connection.state in {State.LIVE, State.STANDBY}, detail=detail)

    async def reached(self, state: State, within_s: float) -> bool:
        """Wait until the connection is in ``state``, at most ``within_s``."""
        return self._connection is not None and await self._connection.reached(state, within_s)

    async def render(self, reply: Reply, target: Target, read_blob: ReadBlob) -> Sequence[bytes]:
        """Files are uploaded here; ``ChannelUnavailable`` when the connection is down."""
        media, notes = await self._uploaded(reply, read_blob)
        return [write_part(part) for part in render_parts(reply, target, media=media, notes=notes)]

    async def send(self, part: bytes, target: Target, delivery_id: str) -> Sent:
        try:
            return await self._started().send(read_part(part), target, delivery_id)
        except ChannelUnavailable as error:
            connection = self._connection
            if connection is None or connection.state not in {State.REFUSED, State.REPLACED}:
                raise
            advice = self.health().detail
            raise SetupNeeded(str(error), retry_after_s=_SETUP_S, reply=advice) from error

    def wait_s(self, target: Target, now: datetime) -> float:
        return self._started().wait_s(target.conversation.id, now)

    async def stream(self, texts: AsyncIterator[str], target: Target) -> bool:
        growing = Growing(texts)
        try:
            is_shown = await self._show(growing, target)
            await growing.ended()
        finally:
            await growing.close()
        return is_shown

    async def update_card(self, reply: Reply, target: Target, provider_id: str) -> None:
        shown = next((p for p in render_parts(reply, target) if p.card is not None), Part())
        await self._started().update_card(shown, target)

    async def download(self, source: str, limit_bytes: int) -> bytes:
        return (await self.download_named(source, limit_bytes)).content

    async def download_named(self, source: str, limit_bytes: int) -> Downloaded:
        """As :meth:`download`, with the name the platform gives the file."""
        if self._media_session is None:
            raise ChannelUnavailable("the AI bot is not started")
        return await download(
            self._media_session,
            source,
            limit_bytes,
            now=self._clock(),
            hosts=self._settings.media_hosts,
        )

    def _started(self) -> Sender:
        if self._sender is None:
            raise ChannelUnavailable("the AI bot is not started")
        return self._sender

    async def _show(self, growing: Growing, target: Target) -> bool:
        handle = read_handle(target.reply_to)
        sender = self._started()
        if not (handle and handle.way is Way.MESSAGE and handle.can_stream(self._clock())):
            return False
        place = target.conversation.id
        live = LiveStream(
            lambda command, req_id, body: sender.request(place, command, req_id, body),
            handle,
            self._pace,
            lambda: sender.may_update(place),
        )
        is_shown = await live.show(growing)
        if live.is_closed:
            sender.close_stream(handle.message_id)
        try:
            for text in live.rest if is_shown else []:
                await sender.send(Part(text=text), target, handle.message_id)
        except ChannelError as error:
            logger.info("the rest of a long answer was not sent: %s", error)
            return False
        return is_shown

    async def _uploaded(self, reply: Reply, read_blob: ReadBlob) -> tuple[list[Media], list[str]]:
        media: list[Media] = []
        notes: list[str] = []
        for attachment in reply.attachments:
            content = await read_blob(attachment.blob) if attachment.blob else b""
            if not LEAST_BYTES <= len(content) <= MOST_FILE_BYTES:
                notes.append(f"（附件《{attachment.name}》超过 20 MB 或是空的，发不出来。）")
                continue
            if self._connection is None:
                raise ChannelUnavailable("the AI bot is not started")
            now = self._clock()
            if wait_s := self._uploads.wait_s("", now):
                raise ChannelUnavailable("too many uploads for now", retry_after_s=wait_s)
            self._uploads.spend("", now)
            media.append(await upload(self._connection, content, attachment.name))
        return media, notes

    async def _receive(self, frame: Frame) -> None:
        message = read_message(
            frame.body,
            now=self._clock(),
            req_id=frame.req_id,
            bot_name=self._settings.bot_name,
        )
        if message is None or not message.is_mention:
            self.counts["ignored"] += 1
            return
        self.counts[message.kind] += 1
        await self._arrived.put(message)

    async def _store_arrived(self) -> None:
        while True:
            message = await self._arrived.get()
            await self._store(message)
            self._arrived.task_done()

    async def _store(self, message: IncomingMessage) -> None:
        """The platform sends nothing twice, so that a store that fails is asked again."""
        while True:
            try:
                known = await with_answer(message, self._answers)
                if not await self._accept(known):
                    self.counts["repeat"] += 1
            except Exception:
                logger.exception("message %s is not stored yet", message.message_id)
                await asyncio.sleep(_ACCEPT_AGAIN_S)
            else:
                return


async def _cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def with_answer(message: IncomingMessage, answers: Answers) -> IncomingMessage:
    """Feedback on a stream names its message; here it comes to name the answer instead."""
    answered = feedback_message(message.feedback_id or "")
    if answered is None:
        return message
    found = await answers.to(answered)
    return replace(message, feedback_id=found.reply.feedback_id if found else None)
