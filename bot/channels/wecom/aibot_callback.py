"""The AI bot in callback mode: encrypted JSON in, polled answers out, one later message at most.

A signature covers the ciphertext and every message id is stored, so that an old callback sent
again within the time window changes nothing and learns nothing.

Source:
    WeCom, 智能机器人 接收与回复 (path/100719, 101031, 101033, 101138).
"""

from __future__ import annotations

import asyncio
import base64
import logging
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Literal

import aiohttp
from aiohttp import web

from bot.channels.base import Accept, Downloaded, Guarantee, Health, ReadBlob, Sent, Target
from bot.channels.bodies import parameter, read_capped
from bot.channels.budget import Budget
from bot.channels.crypto import CallbackCrypto, check_age
from bot.channels.public_hosts import GlobalResolver
from bot.channels.text import card_text, split_numbered
from bot.channels.wecom.aibot import utc_now, with_answer
from bot.channels.wecom.aibot_cards import new_task_id
from bot.channels.wecom.aibot_frames import JsonObject, read_object, text_at, write_object
from bot.channels.wecom.aibot_handle import (
    Handle,
    Way,
    feedback_message,
    read_handle,
    streamed_message,
    thanks_handle,
    write_handle,
)
from bot.channels.wecom.aibot_inbound import read_message
from bot.channels.wecom.aibot_later import LaterMessages
from bot.channels.wecom.aibot_media import (
    decode_key,
    download,
    shown_as,
)
from bot.channels.wecom.aibot_outbound import (
    LIMIT_BYTES,
    MediaType,
    Part,
    read_part,
    render_parts,
    stream_body,
    update_body,
    welcome_body,
    write_part,
)
from bot.channels.wecom.aibot_polls import Answering, Polls
from bot.channels.wecom.aibot_sending import LIMITS
from bot.channels.wecom.aibot_settings import AiBotSettings, Answers, NoAnswers
from bot.channels.wecom.aibot_stream import Growing
from bot.errors import BadSignature, ChannelRefused, ChannelUnavailable
from bot.messages import ChannelName, Conversation, IncomingMessage, MessageKind, Reply

logger = logging.getLogger(__name__)

_BODY_LIMIT_BYTES = 256 << 10
_MOST_IMAGES = 10
_IMMEDIATE_S = 4.0
_GLANCE_S = 1.0
_ASK_ALONE = "这条内容只能单独给您看。请在与我的单聊里再问一次。"
_TOO_LONG = "\n\n（内容太长，其余请看原文。）"
_ENDED = "这个回答已经结束，请再问一次。"
_NO_PUSH = (
    "智能机器人用回调方式时不能主动发消息。请改用长连接方式，或另外配置企业微信自建应用来发通知。"
)


class AiBotCallbackChannel:
    """``wecom.aibot`` over HTTP.

    Args:
        settings: ``token``, ``aes_key`` and ``api_base`` are used.
        accept: Stores a message durably before the callback is answered.
        answers: Finds the final answer to a message after a restart.
        clock: Aware UTC now.
        patience_s: How long a finished answer waits to be polled for.
    """

    name = ChannelName.WECOM_AIBOT
    guarantee = Guarantee.AT_LEAST_ONCE
    dedupe_window_s = 0.0
    keeps_privacy: Literal[True] = True

    def __init__(
        self,
        settings: AiBotSettings,
        accept: Accept,
        *,
        answers: Answers | None = None,
        clock: Callable[[], datetime] = utc_now,
        patience_s: float = 10,
    ) -> None:
        self.counts: Counter[str] = Counter()
        """Callbacks by what they were: ``text``, ``poll``, ``repeat``, ``refused`` …"""
        self._settings = settings
        self._accept = accept
        self._answers = answers or NoAnswers()
        self._clock = clock
        self._patience_s = patience_s
        self._crypto = CallbackCrypto(settings.token, settings.aes_key, "")
        self._polls = Polls()
        self._immediate: dict[str, asyncio.Future[dict[str, object]]] = {}
        self._budget = Budget(LIMITS)
        self._later = LaterMessages(settings.api_base)
        self._media_session: aiohttp.ClientSession | None = None

    def add_routes(self, app: web.Application, path: str = "/wecom/aibot") -> None:
        app.router.add_get(path, self.verify_address, allow_head=False)
        app.router.add_post(path, self.receive)

    async def start(self) -> None:
        connector = aiohttp.TCPConnector(resolver=GlobalResolver())
        self._media_session = aiohttp.ClientSession(connector=connector)
        await self._later.start()

    async def stop(self) -> None:
        await self._later.stop()
        if self._media_session is not None:
            await self._media_session.close()

    def health(self) -> Health:
        if self._media_session is None:
            return Health(is_ready=False, detail="智能机器人的回调还没有启动。")
        return Health(is_ready=True)

    async def verify_address(self, request: web.Request) -> web.Response:
        """Answer the console's check of the address with the decrypted words alone."""
        try:
            words = self._open(request, request.query.get("echostr", ""))
        except BadSignature as error:
            return self._refused(error)
        return web.Response(body=words, content_type="text/plain")

    async def receive(self, request: web.Request) -> web.Response:
        """Store a message and answer it at once with the beginning of a stream."""
        envelope = read_object(await read_capped(request, _BODY_LIMIT_BYTES))
        try:
            plain = self._open(request, text_at(envelope, "encrypt"))
        except BadSignature as error:
            return self._refused(error)
        answer = await self._answer(read_object(plain) or {})
        if answer is None:
            return web.Response()
        timestamp, nonce = request.query["timestamp"], request.query["nonce"]
        sealed = self._crypto.seal(write_object(answer), timestamp, nonce)
        shown = {
            "encrypt": sealed.ciphertext,
            "msgsignature": sealed.signature,
            "timestamp": int(sealed.timestamp),
            "nonce": sealed.nonce,
        }
        return web.Response(body=write_object(shown), content_type="application/json")

    async def render(self, reply: Reply, target: Target, read_blob: ReadBlob) -> Sequence[bytes]:
        images: list[str] = []
        notes: list[str] = []
        for attachment in reply.attachments:
            content = await read_blob(attachment.blob) if attachment.blob else b""
            if shown_as(content) is MediaType.IMAGE and len(images) < _MOST_IMAGES:
                images.append(base64.b64encode(content).decode())
            else:
                notes.append(f"（附件《{attachment.name}》在这里发不出来，请向管理员索取。）")
        parts = _parts(reply, target, images, notes)
        if not any(part.updates for part in parts):
            self._answer_with_nothing(read_handle(target.reply_to))
        return [write_part(part) for part in parts]

    async def send(self, part: bytes, target: Target, delivery_id: str) -> Sent:
        """Let the platform fetch the part, or post it as the one later message.

        Raises:
            ChannelRefused: Nobody polls and the later message is used up or over.
        """
        piece, handle = read_part(part), read_handle(target.reply_to)
        if handle is None:
            raise ChannelRefused("a callback bot cannot push", reply=_NO_PUSH)
        self._budget.spend(target.conversation.id, self._clock())
        task = piece.updates or new_task_id(piece.card_key, delivery_id)
        sent = Sent(provider_id=task if piece.card is not None else None)
        if handle.way is Way.FEEDBACK:
            await self._thank(piece, handle)
            return sent
        if handle.way is not Way.MESSAGE:
            if self._answered_at_once(piece, handle, task):
                return sent
            if handle.way is Way.WELCOME:
                return Sent(refused={handle.account: "没有赶上欢迎语的时限。"})
        elif piece.is_first and await self._was_fetched(piece, handle, task):
            return sent
        words = "\n\n".join(text for text in (piece.text, piece.card_words) if text)
        await self._later.post(handle, split_numbered(words, LIMIT_BYTES)[0], self._clock())
        return Sent()

    async def _thank(self, piece: Part, handle: Handle) -> None:
        """The platform thanks by itself, so that nobody misses what can no longer be said."""
        try:
            await self._later.post(handle, piece.text, self._clock())
        except ChannelRefused as error:
            logger.info("no word about feedback: %s", error)

    def wait_s(self, target: Target, now: datetime) -> float:
        return self._budget.wait_s(target.conversation.id, now)

    async def stream(self, texts: AsyncIterator[str], target: Target) -> bool:
        growing = Growing(texts)
        try:
            handle = read_handle(target.reply_to)
            answering = self._answering(handle)
            while not await growing.ended(0):
                await growing.changed(_GLANCE_S)
                if answering is not None:
                    answering.text = (split_numbered(growing.text, LIMIT_BYTES) or [""])[0]
            parts = split_numbered(growing.text, LIMIT_BYTES)
            if answering is None or len(parts) != 1:
                return False
            return await answering.finish(Part(text=parts[0]), "", self._patience_s)
        finally:
            await growing.close()

    async def update_card(self, reply: Reply, target: Target, provider_id: str) -> None:
        handle = read_handle(target.reply_to)
        shown = next((p for p in render_parts(reply, target) if p.card is not None), Part())
        if not (handle and self._answered_at_once(shown, handle, handle.task_id)):
            raise ChannelRefused("a card can only be updated within 5 s of a tap")

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
            key=decode_key(self._settings.aes_key),
        )

    def _open(self, request: web.Request, ciphertext: str) -> bytes:
        timestamp = parameter(request, "timestamp")
        check_age(timestamp, self._clock().timestamp())
        signature, nonce = parameter(request, "msg_signature"), parameter(request, "nonce")
        return self._crypto.open(signature, timestamp, nonce, ciphertext)

    async def _answer(self, body: JsonObject) -> dict[str, object] | None:
        if text_at(body, "msgtype") == "stream":
            self.counts["poll"] += 1
            return await self._poll(body)
        message = read_message(body, now=self._clock(), bot_name=self._settings.bot_name)
        if message is None or not message.is_mention:
            self.counts["ignored"] += 1
            return None
        self.counts[message.kind] += 1
        if message.kind in {MessageKind.ENTER, MessageKind.TAP}:
            return await self._at_once(message)
        if not await self._accept(await self._known(message)):
            self.counts["repeat"] += 1
        if message.kind is MessageKind.FEEDBACK:
            return None
        return self._polls.open(message.message_id, self._clock()).first()

    async def _known(self, message: IncomingMessage) -> IncomingMessage:
        """Feedback with the answer it is about, and with what that has left to thank for it."""
        if message.kind is not MessageKind.FEEDBACK:
            return message
        feedback_id = message.feedback_id or ""
        found = await self._answers.to(feedback_message(feedback_id) or "")
        handle = thanks_handle(feedback_id, found.reply_to if found else None, self._clock())
        known = await with_answer(message, self._answers)
        return replace(known, reply_to=write_handle(handle))

    async def _at_once(self, message: IncomingMessage) -> dict[str, object] | None:
        """A greeting or a card can only be the callback's own answer: wait for it a little."""
        if message.message_id in self._immediate:
            self.counts["repeat"] += 1
            return None
        answer = asyncio.get_running_loop().create_future()
        self._immediate[message.message_id] = answer
        try:
            if not await self._accept(message):
                self.counts["repeat"] += 1
                return None
            async with asyncio.timeout(_IMMEDIATE_S):
                found: dict[str, object] = await answer
                return found or None
        except TimeoutError:
            return None
        finally:
            del self._immediate[message.message_id]

    def _answered_at_once(self, part: Part, handle: Handle, task: str) -> bool:
        answer = self._immediate.get(handle.message_id)
        if answer is None or answer.done():
            return False
        if handle.way is Way.WELCOME:
            answer.set_result(welcome_body(part, task))
        elif part.card is not None and part.updates:
            answer.set_result(update_body(part.card, task, handle.account))
        return answer.done()

    def _answer_with_nothing(self, handle: Handle | None) -> None:
        """A tap whose card stays as it is need not wait: the words come another way."""
        answer = self._immediate.get(handle.message_id) if handle else None
        if handle and handle.way is Way.CARD and answer is not None and not answer.done():
            answer.set_result({})

    async def _poll(self, body: JsonObject) -> dict[str, object]:
        stream = text_at(body, "stream", "id")
        message_id = streamed_message(stream)
        if message_id is None:
            return stream_body(stream, _ENDED, is_last=True)
        answering = self._polls.open(message_id, self._clock())
        if not answering.has_end:
            await self._look_up(message_id, body, answering)
        return answering.next(self._clock())

    async def _look_up(self, message_id: str, body: JsonObject, answering: Answering) -> None:
        """Take the end from the store, where a restart or another replica has left it.

        Pictures are only in the outbox, which is about to bring them.
        """
        found = await self._answers.to(message_id)
        if found is None or found.reply.attachments:
            return
        chat = text_at(body, "chatid") if text_at(body, "chattype") == "group" else ""
        place = Conversation(channel=self.name, id=chat, is_group=bool(chat))
        parts = _parts(found.reply, Target(conversation=place), [], [])
        if parts:
            answering.offer(parts[0], new_task_id(parts[0].card_key, message_id))

    def _answering(self, handle: Handle | None) -> Answering | None:
        if handle is None or not handle.can_stream(self._clock()):
            return None
        return self._polls.open(handle.message_id, handle.received_at)

    async def _was_fetched(self, part: Part, handle: Handle, task: str) -> bool:
        answering = self._answering(handle)
        return answering is not None and await answering.finish(part, task, self._patience_s)

    def _refused(self, error: BadSignature) -> web.Response:
        self.counts["refused"] += 1
        logger.info("refused an AI bot callback: %s", error)
        return web.Response(status=403, text=BadSignature.default_reply)


def _parts(reply: Reply, target: Target, images: Sequence[str], notes: Sequence[str]) -> list[Part]:
    """One part to be polled for, with its card, and at most one to follow."""
    if reply.is_private and target.conversation.is_group:
        return [Part(text=_ASK_ALONE, is_first=True)]
    parts = render_parts(reply, target, images=images, notes=notes)
    card = next((part for part in parts if part.card is not None), None)
    texts = [part for part in parts if part.card is None]
    if len(texts) > 2:
        room = LIMIT_BYTES - len(_TOO_LONG.encode())
        texts = [
            texts[0],
            replace(texts[1], text=split_numbered(texts[1].text, room)[0] + _TOO_LONG),
        ]
    if card is None or reply.card is None or card.updates:
        return [*texts, *([card] if card else [])]
    first = texts[0] if texts else Part(text=f"**{reply.card.title}**", is_first=True)
    joined = replace(
        first, card=card.card, card_key=card.card_key, card_words=card_text(reply.card)
    )
    return [joined, *texts[1:]]
