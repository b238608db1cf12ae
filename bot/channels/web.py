"""The chat page: posts JSON, is told of replies by server-sent events.

What was said lives in the store, so the page needs no delivery of its own: a reply is *sent* when
it can be read on the page, and whoever opens the page later reads it there. A page that comes
back names the last reply it has and is given what came after.
"""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from aiohttp import web
from markupsafe import Markup

from bot.channels.base import Accept, Guarantee, Health, ReadBlob, Sent, Target
from bot.codec import reply_from_json, reply_to_json
from bot.messages import (
    Attachment,
    ChannelName,
    Conversation,
    IncomingMessage,
    MessageKind,
    Reply,
    Sender,
)
from bot.web import pages
from bot.web.links import Links
from bot.web.past import Past, Said
from bot.web.sent_files import KeepBlob, read_files

BODY_LIMIT = 64 * 1024
TEXT_LIMIT = 4000
WAITING = 200
"""Events a slow page may lag behind before it is cut off and has to ask again."""
KEEP_ALIVE_S = 15.0
SHOWN = 100
"""Entries of the past that a page opens with."""

Identify = Callable[[web.Request], Awaitable[Sender | None]]
"""Who is at the other end of a request; None sends them away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A person the demo lets one be."""

    account: str
    name: str
    roles: str = ""


class Front(Protocol):
    """What the page shows around the conversation."""

    async def choices(self) -> Mapping[str, Sequence[Choice]]:
        """People by unit; empty where people sign in."""
        ...

    async def examples(self, sender: Sender) -> Sequence[str]: ...


@dataclass(frozen=True, slots=True)
class _Event:
    name: str
    id: str
    data: str

    def encode(self) -> bytes:
        head = f"id: {self.id}\n" if self.id else ""
        return f"{head}event: {self.name}\ndata: {self.data}\n\n".encode()


_LOOK = _Event("look", "", "")
"""Not for the page: it makes its request look into the store."""


_PICTURES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
"""Shown in the talk itself; nothing that could carry script."""
LOOK_AGAIN_S = 1.0
"""A reply that is sent just before a page opens is marked as sent just after: one more look."""


class WebChannel:
    """Channel, Sends and Streams over the pages that are open."""

    name = ChannelName.WEB
    guarantee = Guarantee.ONCE
    dedupe_window_s = float("inf")
    refresh_every_s = 2.0
    refreshes_once = False

    def __init__(
        self,
        *,
        accept: Accept,
        identify: Identify,
        past: Past,
        front: Front,
        links: Links,
        keep: KeepBlob,
        clock: Callable[[], datetime],
    ) -> None:
        self._accept = accept
        self._keep = keep
        self._identify = identify
        self._past = past
        self._front = front
        self._links = links
        self._clock = clock
        self._open: dict[str, set[asyncio.Queue[_Event | None]]] = defaultdict(set)

    def look(self) -> None:
        """Have every open page look for replies that another replica has made readable."""
        for account in list(self._open):
            self._publish(account, _LOOK)

    async def start(self) -> None:
        await asyncio.to_thread(pages.prepare)

    async def stop(self) -> None:
        """Let every open page go; it reconnects to whoever serves next."""
        for account in list(self._open):
            for queue in self._open[account]:
                _put(queue, None)

    def health(self) -> Health:
        return Health(is_ready=True, detail=f"打开的页面：{sum(map(len, self._open.values()))}")

    async def render(self, reply: Reply, target: Target, read_blob: ReadBlob) -> Sequence[bytes]:
        return [json.dumps([target.reply_to, reply_to_json(reply)], ensure_ascii=False).encode()]

    async def send(self, part: bytes, target: Target, delivery_id: str) -> Sent:
        reply_to, body = json.loads(part)
        reply = reply_from_json(body)
        said = Said(id=delivery_id, reply=reply, reply_to=reply_to, files=reply.attachments)
        self._publish(target.conversation.id, self._event(said, target.conversation.id))
        return Sent(provider_id=delivery_id)

    async def refresh_card(self, reply: Reply, target: Target, provider_id: str) -> None:
        """Change what a page that is open shows; one that opens later reads the change."""
        said = Said(id=provider_id, reply=reply, reply_to=target.reply_to, files=reply.attachments)
        whole = self._event(said, target.conversation.id)
        self._publish(target.conversation.id, _Event("change", "", whole.data))

    def wait_s(self, target: Target, now: datetime) -> float:
        return 0.0

    async def stream(self, texts: AsyncIterator[str], target: Target) -> bool:
        """Show a growing answer; the whole one still comes as a delivery, with its sources."""
        async for text in texts:
            draft = json.dumps({"reply_to": target.reply_to or "", "text": text})
            self._publish(target.conversation.id, _Event("draft", "", draft))
        return False

    def add_routes(self, app: web.Application) -> None:
        app.router.add_get("/chat", self._page)
        app.router.add_get("/chat/events", self._events)
        app.router.add_post("/chat/messages", self._message)
        app.router.add_post("/chat/files", self._files)

    async def _page(self, request: web.Request) -> web.Response:
        sender = await self._identify(request)
        choices = await self._front.choices()
        if sender is None:
            if not choices:
                return pages.notice("请先登录", "向要点发 /登录，用它给的链接打开。", status=403)
            return pages.page("choose.html", {"units": list(choices.items())})
        past = await self._past.recent(sender.account, SHOWN)
        replies = [said.id for said in past if said.reply is not None]
        values = {
            "name": sender.display_name or "访客",
            "account": sender.account,
            "can_change": bool(choices),
            "examples": await self._front.examples(sender),
            "bubbles": [self._bubble(said, sender.account) for said in past],
            "seen": replies[-1] if replies else "",
        }
        return pages.page("chat.html", values)

    async def _message(self, request: web.Request) -> web.Response:
        sender = await self._identify(request)
        if sender is None or not pages.is_own_page(request):
            raise web.HTTPForbidden(text="请从聊天页面发送。")
        if request.content_type != "application/json":
            raise web.HTTPUnsupportedMediaType(text="只收 JSON。")
        if (request.content_length or 0) > BODY_LIMIT:
            raise web.HTTPRequestEntityTooLarge(BODY_LIMIT, request.content_length or 0)
        try:
            message = self._read(await request.json(), sender)
        except (ValueError, KeyError, TypeError) as error:
            raise web.HTTPBadRequest(text="这条消息的格式不对，请刷新页面再试。") from error
        is_new = await self._accept(message)
        return web.json_response({"is_new": is_new}, status=202)

    def _read(self, body: Mapping[str, str], sender: Sender) -> IncomingMessage:
        """Check what came from the page.

        Raises:
            ValueError, KeyError, TypeError: It is not a message.
        """
        kind = MessageKind(body["kind"])
        text, message_id, feedback_id = body["text"], body["id"], body.get("feedback_id")
        if not all(isinstance(value, str) for value in (text, message_id, feedback_id or "")):
            raise TypeError("not text")
        if kind not in {MessageKind.TEXT, MessageKind.TAP, MessageKind.FEEDBACK}:
            raise ValueError("not a kind a page sends")
        message = self._incoming(sender, kind, message_id, text)
        return replace(message, feedback_id=feedback_id)

    async def _files(self, request: web.Request) -> web.Response:
        """Photos and files; what they are is looked at by who takes them."""
        sender = await self._identify(request)
        if sender is None or not pages.is_own_page(request):
            raise web.HTTPForbidden(text="请从聊天页面发送。")
        try:
            sent = await read_files(request, self._keep)
            message = self._incoming(sender, MessageKind.MEDIA, sent.id, sent.text, sent.files)
        except ValueError as error:
            raise web.HTTPBadRequest(text="没有收到文件，请再选一次（一次最多 9 个）。") from error
        is_new = await self._accept(message)
        html = self._bubble(_said(message), sender.account)
        return web.json_response({"is_new": is_new, "html": html}, status=202)

    def _incoming(
        self,
        sender: Sender,
        kind: MessageKind,
        message_id: str,
        text: str,
        files: tuple[Attachment, ...] = (),
    ) -> IncomingMessage:
        """What was sent, as a message of the sender's own conversation.

        Raises:
            ValueError: Too long, or without an id of its own.
        """
        if not 8 <= len(message_id) <= 64 or len(text) > TEXT_LIMIT:
            raise ValueError("bad length")
        return IncomingMessage(
            channel=self.name,
            message_id=f"{sender.account}:{message_id}",
            conversation=Conversation(channel=self.name, id=sender.account),
            sender=sender,
            kind=kind,
            text=text,
            attachments=files,
            sent_at=self._clock(),
            reply_to=message_id,
        )

    async def _events(self, request: web.Request) -> web.StreamResponse:
        sender = await self._identify(request)
        if sender is None:
            raise web.HTTPForbidden(text="请重新打开聊天页面。")
        after = request.headers.get("Last-Event-ID") or request.query.get("after", "")
        response = web.StreamResponse(headers={**pages.HEADERS, "Cache-Control": "no-store"})
        response.content_type = "text/event-stream"
        with self._listening(sender.account) as queue, suppress(ConnectionError):
            await response.prepare(request)
            event: _Event | None = _LOOK
            while event is not None:
                if event is _LOOK:
                    for said in await self._past.replies_after(sender.account, after):
                        await response.write(self._event(said, sender.account).encode())
                        after = said.id
                else:
                    await response.write(event.encode())
                    after = event.id or after
                event = await _next(queue)
        return response

    @contextmanager
    def _listening(self, account: str) -> Iterator[asyncio.Queue[_Event | None]]:
        queue: asyncio.Queue[_Event | None] = asyncio.Queue(WAITING)
        self._open[account].add(queue)
        again = asyncio.get_running_loop().call_later(LOOK_AGAIN_S, _put, queue, _LOOK)
        try:
            yield queue
        finally:
            again.cancel()
            self._open[account].discard(queue)
            if not self._open[account]:
                del self._open[account]

    def _publish(self, account: str, event: _Event) -> None:
        for queue in self._open.get(account, ()):
            _put(queue, event)

    def _event(self, said: Said, account: str) -> _Event:
        html = self._bubble(said, account)
        data = {"id": said.id, "reply_to": said.reply_to, "html": html}
        return _Event("message", said.id, json.dumps(data, ensure_ascii=False))

    def _bubble(self, said: Said, account: str) -> Markup:
        reply = said.reply
        reader, now = Sender(channel=self.name, account=account), self._clock()
        files = [self._file(one, reader, now) for one in said.files if one.blob]
        if reply is None:
            mine = {"mine": True, "id": said.id, "text": said.text, "files": files}
            return pages.render("message.html", mine)
        sources = [
            {
                "title": source.title,
                "locator": source.locator,
                "quote": source.quote,
                "url": self._links.clause(source.document, source.locator, reader, now),
            }
            for source in reply.sources
        ]
        values = {
            "mine": False,
            "id": said.id,
            "reply_to": said.reply_to,
            "text": pages.markdown_light(reply.text) if reply.text else "",
            "card": reply.card,
            "card_body": pages.markdown_light(reply.card.body) if reply.card else "",
            "sources": sources,
            "files": files,
            "feedback_id": reply.feedback_id,
        }
        return pages.render("message.html", values)

    def _file(self, file: Attachment, reader: Sender, now: datetime) -> dict[str, object]:
        return {
            "name": file.name,
            "url": self._links.blob(file.blob or "", file.name, reader, now),
            "size": _size(file.size_bytes),
            "is_picture": file.media_type in _PICTURES,
        }


def _said(message: IncomingMessage) -> Said:
    return Said(
        id=message.reply_to or message.message_id, text=message.text, files=message.attachments
    )


def _put(queue: asyncio.Queue[_Event | None], event: _Event | None) -> None:
    """Give an event to a page; one that lags too far is cut off and asks again."""
    if queue.full():
        while not queue.empty():
            queue.get_nowait()
        event = None
    queue.put_nowait(event)


async def _next(queue: asyncio.Queue[_Event | None]) -> _Event | None:
    """The next event, or a sign of life that also finds out who has gone."""
    try:
        async with asyncio.timeout(KEEP_ALIVE_S):
            return await queue.get()
    except TimeoutError:
        return _Event("alive", "", "{}")


def _size(size_bytes: int | None) -> str:
    if size_bytes is None:
        return ""
    return f"{-(-size_bytes // 1024)} KB" if size_bytes < 2**20 else f"{size_bytes / 2**20:.1f} MB"
