"""The platform's end of the AI bot's long connection, on loopback, with faults to order."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field

from aiohttp import WSMsgType, web

Json = dict[str, object]
BOT_ID, SECRET = "bot-1", "long-secret"
_ANSWERS = {
    "aibot_respond_msg",
    "aibot_respond_welcome_msg",
    "aibot_respond_update_msg",
    "aibot_send_msg",
}


@dataclass
class FakeAiBotServer:
    """Knows which req_ids it gave, closes streams, keeps uploads, answers every frame."""

    frames: list[Json] = field(default_factory=list)
    """Every frame a client sent, in order."""
    taken: list[Json] = field(default_factory=list)
    """Those of them that were not refused: what people see."""
    errcodes: dict[str, list[int]] = field(default_factory=dict)
    """Next errcodes by command (0 is normal), used up one by one."""
    silent: dict[str, int] = field(default_factory=dict)
    """How many frames of a command are left without an answer; -1 for ever."""
    cut_on: set[str] = field(default_factory=set)
    """Commands whose next frame cuts the connection instead of being answered."""
    delay_s: float = 0
    uploads: dict[str, bytes] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    """Of what was uploaded, by upload, then by media id."""
    finished_streams: set[str] = field(default_factory=set)
    subscriptions: int = 0
    live: web.WebSocketResponse | None = None
    _known: set[str] = field(default_factory=set)
    _chunks: dict[str, dict[int, bytes]] = field(default_factory=dict)
    _changed: asyncio.Condition = field(default_factory=asyncio.Condition)
    _runner: web.AppRunner | None = None
    url: str = ""
    _numbers: int = 0

    async def start(self) -> None:
        app = web.Application()
        app.router.add_get("/", self._serve)
        self._runner = web.AppRunner(app, shutdown_timeout=0.5)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"ws://{host}:{port}/"

    async def stop(self) -> None:
        if self._runner:
            await self._runner.cleanup()

    async def until(self, condition: Callable[[], bool], within_s: float = 5) -> None:
        async with asyncio.timeout(within_s), self._changed:
            await self._changed.wait_for(condition)

    def sent(self, command: str) -> list[Json]:
        return [frame for frame in self.frames if frame.get("cmd") == command]

    def bodies(self, command: str) -> list[Json]:
        return [frame["body"] for frame in self.sent(command)]  # type: ignore[misc]

    def streams(self) -> list[Json]:
        """Every state of every streamed answer, in order."""
        return [body["stream"] for body in self.bodies("aibot_respond_msg")]  # type: ignore[misc]

    async def say(self, text: str, **more: str) -> str:
        """A text message; returns its req_id."""
        return await self.call("aibot_msg_callback", message(text, **more))

    async def call(self, command: str, body: Json) -> str:
        self._numbers += 1
        req_id = f"cb{self._numbers}"
        self._known.add(req_id)
        await self.push({"cmd": command, "headers": {"req_id": req_id}, "body": body})
        return req_id

    async def push(self, frame: Json) -> None:
        await self.raw(json.dumps(frame, ensure_ascii=False))

    async def raw(self, text: str | bytes) -> None:
        assert self.live is not None
        await (self.live.send_bytes(text) if isinstance(text, bytes) else self.live.send_str(text))

    async def cut(self) -> None:
        """End the TCP connection without a word."""
        assert self.live is not None
        transport = self.live._req.transport  # type: ignore[union-attr]
        if transport is not None:
            transport.abort()

    def forget_req_ids(self) -> None:
        """As after 24 h: replies are answered 846605."""
        self._known.clear()

    async def _serve(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(max_msg_size=8 << 20, timeout=0.2)
        await socket.prepare(request)
        async for message_ in socket:
            if message_.type is not WSMsgType.TEXT:
                continue
            frame = json.loads(message_.data)
            async with self._changed:
                self.frames.append(frame)
                self._changed.notify_all()
            await self._answer(socket, frame)
        return socket

    async def _answer(self, socket: web.WebSocketResponse, frame: Json) -> None:
        command = str(frame["cmd"])
        if command in self.cut_on:
            self.cut_on.discard(command)
            await self.cut()
            return
        if left := self.silent.get(command, 0):
            self.silent[command] = left - 1
            return
        if self.delay_s and command != "ping":
            await asyncio.sleep(self.delay_s)
        planned = self.errcodes.get(command)
        errcode, body = planned.pop(0) if planned else 0, None
        if not errcode:
            errcode, body = self._do(command, frame)
        if not errcode:
            self.taken.append(frame)
        answer: Json = {"headers": frame["headers"], "errcode": errcode, "errmsg": "ok"}
        if body is not None:
            answer["body"] = body
        old = self.live
        await socket.send_str(json.dumps(answer))
        if command == "aibot_subscribe" and not errcode:
            if old is not None and not old.closed:
                await self.kick(old)
            async with self._changed:
                self.live = socket
                self.subscriptions += 1
                self._changed.notify_all()

    async def kick(self, socket: web.WebSocketResponse) -> None:
        event = {"msgtype": "event", "event": {"eventtype": "disconnected_event"}}
        frame = {"cmd": "aibot_event_callback", "headers": {"req_id": "kick"}, "body": event}
        await socket.send_str(json.dumps(frame))
        await socket.close()

    def _do(self, command: str, frame: Json) -> tuple[int, Json | None]:
        body = frame.get("body")
        headers = frame["headers"]
        assert isinstance(headers, dict)
        if command == "ping":
            return 0, None
        assert isinstance(body, dict)
        if command == "aibot_subscribe":
            return (0 if (body["bot_id"], body["secret"]) == (BOT_ID, SECRET) else 40001), None
        if command in _ANSWERS and command != "aibot_send_msg":
            if headers["req_id"] not in self._known:
                return 846605, None
            return self._check_stream(body), None
        if command == "aibot_send_msg":
            return (0 if body.get("chatid") and body.get("msgtype") != "stream" else 93006), None
        return self._upload(command, body)

    def _check_stream(self, body: Json) -> int:
        stream = body.get("stream")
        if not isinstance(stream, dict):
            return 0
        if stream["id"] in self.finished_streams:
            return 846608
        if len(str(stream.get("content", "")).encode()) > 20480:
            return 40058
        if stream.get("finish"):
            self.finished_streams.add(stream["id"])
        return 0

    def _upload(self, command: str, body: Json) -> tuple[int, Json | None]:
        if command == "aibot_upload_media_init":
            upload_id = f"up{len(self._chunks)}"
            self._chunks[upload_id] = {}
            self.names[upload_id] = str(body["filename"])
            return 0, {"upload_id": upload_id}
        upload_id = str(body["upload_id"])
        if command == "aibot_upload_media_chunk":
            chunk = base64.b64decode(str(body["base64_data"]))
            if len(chunk) > 512 * 1024:
                return 40058, None
            self._chunks[upload_id][int(str(body["chunk_index"]))] = chunk
            return 0, None
        if command != "aibot_upload_media_finish":
            return 40058, None
        content = b"".join(self._chunks[upload_id][n] for n in sorted(self._chunks[upload_id]))
        media_id = f"media-{hashlib.sha256(content).hexdigest()[:12]}"
        self.uploads[media_id] = content
        self.names[media_id] = self.names[upload_id]
        return 0, {"type": "file", "media_id": media_id, "created_at": "1767225600"}


def message(text: str, *, msgid: str = "m1", user: str = "zhangsan", group: str = "") -> Json:
    """The body of a text message, in a single chat or a group."""
    place: Json = {"chattype": "group", "chatid": group} if group else {"chattype": "single"}
    return {
        "msgid": msgid,
        "aibotid": BOT_ID,
        **place,
        "from": {"userid": user},
        "msgtype": "text",
        "text": {"content": text},
    }


def event(kind: str, *, msgid: str = "e1", user: str = "zhangsan", **fields: object) -> Json:
    """The body of an event in a single chat."""
    return {
        "msgid": msgid,
        "aibotid": BOT_ID,
        "chattype": "single",
        "from": {"userid": user},
        "msgtype": "event",
        "event": {"eventtype": kind, kind: fields},
    }
