"""Stream mode: our own connection to DingTalk, no public address.

A connection is opened with a ticket that is good for one. When DingTalk says that it is going to
close it, the next one is opened first and the old one read to its end, so that nothing falls
between. A message is stored before it is acknowledged; what was stored and not acknowledged comes
again and is dropped by its id.

Source:
    DingTalk, Stream 模式协议接入.
"""

from __future__ import annotations

import asyncio
import json
import logging
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol
from urllib.parse import quote, urlsplit

import aiohttp

from bot.channels.base import Health
from bot.channels.dingtalk.inbound import Inbound
from bot.channels.dingtalk.incoming import Json, object_of
from bot.channels.dingtalk.settings import AppSettings
from bot.channels.dingtalk.wire import Http, Request, encoded
from bot.errors import ChannelError

logger = logging.getLogger(__name__)

OPEN = "/v1.0/gateway/connections/open"
MESSAGES = "/v1.0/im/bot/messages/get"
CARDS = "/v1.0/card/instances/callback"
_SUBSCRIPTIONS = [
    {"type": "EVENT", "topic": "*"},
    {"type": "CALLBACK", "topic": MESSAGES},
    {"type": "CALLBACK", "topic": CARDS},
]
_LARGEST_FRAME_BYTES = 4 << 20
_TRIES_TO_STORE = 5
_OK, _UNKNOWN, _FAILED = 200, 404, 500


class State(StrEnum):
    """Where the connection stands."""

    STOPPED = "stopped"
    STANDBY = "standby"
    """Another replica holds it."""
    CONNECTING = "connecting"
    LIVE = "live"
    WAITING = "waiting"
    """Lost; the next try is due soon."""
    REFUSED = "refused"
    """The credentials are wrong; tried again now and then."""


_DETAIL = {
    State.STOPPED: "钉钉的连接没有启动。",
    State.STANDBY: "",
    State.CONNECTING: "正在连接钉钉。",
    State.LIVE: "",
    State.WAITING: "与钉钉的连接断了，正在自动重连。一直连不上时，请检查本机能否上网。",
    State.REFUSED: (
        "钉钉不接受 client_id 或 client_secret。请到钉钉开放平台“应用开发 → 凭证与基础信息”"
        "重新复制，改好 yaodian.toml 后重启。"
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Timings:
    """How long the connection waits for what."""

    connect_s: float = 10.0
    heartbeat_s: float = 60.0
    drain_s: float = 15.0
    """DingTalk closes the old connection after 10 s of silence."""
    back_off_s: float = 1.0
    longest_back_off_s: float = 60.0
    refused_s: float = 120.0
    store_again_s: float = 0.5
    lease_s: float = 45.0


class Lease(Protocol):
    """The right to the one connection, given by the app and kept in the store."""

    async def acquire(self, name: str, ttl_s: float) -> bool: ...
    async def renew(self, name: str, ttl_s: float) -> bool: ...
    async def release(self, name: str) -> None: ...


class _Failed(Exception):
    """There is no connection to be had now."""

    def __init__(self, state: State, reason: str) -> None:
        super().__init__(reason)
        self.state = state


class Stream:
    """``WayIn`` over the stream."""

    def __init__(
        self,
        settings: AppSettings,
        session: aiohttp.ClientSession,
        inbound: Inbound,
        lease: Lease | None,
        *,
        http: Http,
        timings: Timings | None = None,
    ) -> None:
        self.state = State.STOPPED
        self._settings = settings
        self._session = session
        self._inbound = inbound
        self._lease = lease
        self._lease_name = f"dingtalk:{settings.client_id}"
        self._http = http
        self._timings = timings or Timings()
        self._task: asyncio.Task[None] | None = None
        self._tries = 0
        self._changed = asyncio.Condition()

    async def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="dingtalk-stream")

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    def health(self) -> Health:
        detail = self._inbound.trouble() or _DETAIL[self.state]
        is_ready = self.state in (State.LIVE, State.STANDBY) and not self._inbound.trouble()
        return Health(is_ready=is_ready, detail=detail)

    async def reached(self, state: State, within_s: float) -> bool:
        """Wait until the connection is in ``state``, at most ``within_s``."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s), self._changed:
                await self._changed.wait_for(lambda: self.state is state)
        return self.state is state

    async def _run(self) -> None:
        try:
            while True:
                try:
                    await self._round()
                except Exception:
                    logger.exception("the DingTalk stream failed in an unforeseen way")
                    await self._pause(State.WAITING, self._back_off_s())
        finally:
            await self._set(State.STOPPED)
            if self._lease is not None:
                await self._lease.release(self._lease_name)

    async def _round(self) -> None:
        timings = self._timings
        lease = self._lease
        if lease is not None and not await lease.acquire(self._lease_name, timings.lease_s):
            await self._pause(State.STANDBY, timings.lease_s / 3)
            return
        failed = _Failed(State.WAITING, "closed")
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._keep_lease())
                await self._hold(group)
        except* _Failed as failures:
            failed = next(one for one in failures.exceptions if isinstance(one, _Failed))
        logger.warning("the DingTalk stream ended: %s", failed)
        if failed.state is State.STANDBY:
            return
        wait_s = timings.refused_s if failed.state is State.REFUSED else self._back_off_s()
        await self._pause(failed.state, wait_s)

    async def _hold(self, group: asyncio.TaskGroup) -> None:
        """One connection after the other, the next before the last has ended."""
        old: asyncio.Task[None] | None = None
        while True:
            if self.state is not State.LIVE:
                await self._set(State.CONNECTING)
            try:
                socket = await self._opened()
            except _Failed:
                if old is not None:
                    await asyncio.wait({old})
                raise
            self._tries = 0
            await self._set(State.LIVE)
            leaving = asyncio.Event()
            reading = group.create_task(self._read(socket, leaving))
            told = asyncio.create_task(leaving.wait())
            try:
                await asyncio.wait({reading, told}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                told.cancel()
            old = reading
            if not leaving.is_set():
                raise _Failed(State.WAITING, f"closed by the platform, code {socket.close_code}")

    async def _opened(self) -> aiohttp.ClientWebSocketResponse:
        endpoint, ticket = await self._ticket()
        try:
            async with asyncio.timeout(self._timings.connect_s):
                return await self._session.ws_connect(
                    f"{endpoint}?ticket={quote(ticket, safe='')}",
                    max_msg_size=_LARGEST_FRAME_BYTES,
                    heartbeat=self._timings.heartbeat_s,
                    timeout=aiohttp.ClientWSTimeout(ws_close=2),
                )
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise _Failed(State.WAITING, f"cannot connect: {type(error).__name__}") from error

    async def _ticket(self) -> tuple[str, str]:
        settings = self._settings
        body = {
            "clientId": settings.client_id,
            "clientSecret": settings.client_secret,
            "subscriptions": _SUBSCRIPTIONS,
            "ua": "yaodian/1.0",
        }
        request = Request(
            method="POST",
            url=settings.api_base + OPEN,
            call=OPEN,
            content=encoded(body),
            is_repeatable=True,
        )
        try:
            status, answer = await self._http.ask(request)
        except ChannelError as error:
            raise _Failed(State.WAITING, f"no ticket: {error}") from error
        endpoint, ticket = answer.get("endpoint"), answer.get("ticket")
        if status in (400, 401, 403):
            raise _Failed(State.REFUSED, f"no ticket: HTTP {status}")
        if not isinstance(endpoint, str) or not isinstance(ticket, str) or not ticket:
            raise _Failed(State.WAITING, f"no ticket: HTTP {status}")
        if not _is_own(endpoint, settings.api_base):
            raise _Failed(State.WAITING, "the endpoint is not DingTalk's")
        return endpoint, ticket

    async def _read(self, socket: aiohttp.ClientWebSocketResponse, leaving: asyncio.Event) -> None:
        """Until it is closed; ``leaving`` is set when the platform announces that."""
        try:
            async for message in socket:
                if message.type is not aiohttp.WSMsgType.TEXT:
                    continue
                frame = object_of(message.data)
                if frame is None:
                    self._inbound.counts["garbage"] += 1
                elif await self._is_farewell(socket, frame):
                    leaving.set()
                    await self._drain(socket)
                    return
        except (aiohttp.ClientError, ConnectionError) as error:
            logger.info("a DingTalk connection broke: %s", type(error).__name__)
        finally:
            await socket.close()

    async def _drain(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(self._timings.drain_s):
                async for message in socket:
                    frame = (
                        object_of(message.data) if message.type is aiohttp.WSMsgType.TEXT else None
                    )
                    if frame is not None:
                        await self._is_farewell(socket, frame)

    async def _is_farewell(self, socket: aiohttp.ClientWebSocketResponse, frame: Json) -> bool:
        """Do what a frame asks and acknowledge it; whether it announces the end."""
        headers = object_of(frame.get("headers")) or {}
        kind, topic = str(frame.get("type")), str(headers.get("topic"))
        if kind == "SYSTEM" and topic == "disconnect":
            return True
        code, answer = await self._answered(kind, topic, headers, frame)
        await socket.send_str(_acknowledged(headers, code, answer))
        return False

    async def _answered(
        self, kind: str, topic: str, headers: Json, frame: Json
    ) -> tuple[int, Json]:
        body = object_of(frame.get("data")) or {}
        if kind == "SYSTEM":
            return _OK, {"opaque": body.get("opaque")}
        inbound = self._inbound
        if kind == "EVENT":
            name = str(headers.get("eventType"))
            is_kept = await self._stored(lambda: inbound.event(name))
            return _OK, {"status": "SUCCESS" if is_kept else "LATER", "message": ""}
        if kind == "CALLBACK" and topic == MESSAGES:
            is_kept = await self._stored(lambda: inbound.message(body))
            return (_OK if is_kept else _FAILED), {"response": None}
        if kind == "CALLBACK" and topic == CARDS:
            callback_id = str(headers.get("messageId"))
            is_kept = await self._stored(lambda: inbound.tap(body, callback_id))
            return (_OK if is_kept else _FAILED), {"response": {}}
        inbound.counts["unknown"] += 1
        return _UNKNOWN, {"response": None}

    async def _stored(self, store: Callable[[], Awaitable[None]]) -> bool:
        for _ in range(_TRIES_TO_STORE):
            try:
                await store()
            except Exception:
                logger.exception("a message of DingTalk could not be stored")
                await asyncio.sleep(self._timings.store_again_s)
            else:
                return True
        return False

    async def _keep_lease(self) -> None:
        if self._lease is None:
            return
        while True:
            await asyncio.sleep(self._timings.lease_s / 3)
            if not await self._lease.renew(self._lease_name, self._timings.lease_s):
                raise _Failed(State.STANDBY, "another replica holds the connection")

    def _back_off_s(self) -> float:
        self._tries += 1
        doubled = self._timings.back_off_s * 2.0 ** min(self._tries - 1, 10)
        jitter = 0.5 + random.random() / 2  # noqa: S311
        return min(doubled, self._timings.longest_back_off_s) * jitter

    async def _pause(self, state: State, pause_s: float) -> None:
        await self._set(state)
        await asyncio.sleep(pause_s)

    async def _set(self, state: State) -> None:
        async with self._changed:
            self.state = state
            self._changed.notify_all()


def _acknowledged(headers: Json, code: int, answer: Json) -> str:
    return json.dumps(
        {
            "code": code,
            "headers": {
                "messageId": headers.get("messageId"),
                "contentType": "application/json",
            },
            "message": "OK" if code == _OK else "failed",
            "data": json.dumps(answer, ensure_ascii=False),
        },
        ensure_ascii=False,
    )


def _is_own(endpoint: str, api_base: str) -> bool:
    """Whether it leads to DingTalk, or to where the configuration says DingTalk is."""
    try:
        to, base = urlsplit(endpoint), urlsplit(api_base)
        port = to.port
    except ValueError:
        return False
    if to.hostname is None or to.username is not None:
        return False
    if to.hostname == base.hostname and to.scheme == base.scheme.replace("http", "ws"):
        return True
    is_tls = to.scheme == "wss" and port in (None, 443)
    return is_tls and to.hostname.endswith(".dingtalk.com")
