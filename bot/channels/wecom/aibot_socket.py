"""The AI bot's long connection: one per bot, kept alive, and never fought over.

Source:
    WeCom, 智能机器人长连接 (path/101463): a new subscription ends the old one, which hears
    ``disconnected_event`` first and must not come back.
"""

from __future__ import annotations

import asyncio
import logging
import random
import secrets
from collections import Counter, deque
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

import aiohttp

from bot.channels.wecom.aibot_frames import Command, Frame, JsonObject, read_frame, write_frame
from bot.channels.wecom.aibot_inbound import event_type
from bot.errors import ChannelUnavailable, OutcomeUnknown

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

logger = logging.getLogger(__name__)

Receive = Callable[[Frame], Awaitable[None]]
"""Takes a message or event frame; returns soon."""

_LARGEST_FRAME_BYTES = 4 << 20
_MOST_REFUSALS = 5


class Lease(Protocol):
    """A right that one process holds at a time; given by the app, kept in the store.

    ``acquire`` is true for the holder itself too, and then prolongs it; ``renew`` is true only
    as long as the right was never lost.
    """

    async def acquire(self, name: str, ttl_s: float) -> bool: ...
    async def renew(self, name: str, ttl_s: float) -> bool: ...
    async def release(self, name: str) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Timings:
    """How long the connection waits for what."""

    connect_s: float = 10
    heartbeat_s: float = 30
    ack_s: float = 5
    back_off_s: float = 1
    longest_back_off_s: float = 60
    refused_back_off_s: float = 30
    lease_s: float = 45


class State(StrEnum):
    """Where the connection stands."""

    STOPPED = "stopped"
    STANDBY = "standby"
    """Another replica holds the connection."""
    CONNECTING = "connecting"
    LIVE = "live"
    WAITING = "waiting"
    """Lost; the next try is due soon."""
    REFUSED = "refused"
    """The credentials are wrong, and were tried often enough."""
    REPLACED = "replaced"
    """A program that is none of ours subscribed with the same BotID."""


class _Ended(Exception):
    """The connection is over, for ``state``."""

    def __init__(self, state: State, reason: str) -> None:
        super().__init__(reason)
        self.state = state


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """Where to connect and as whom."""

    url: str
    bot_id: str
    secret: str


class AiBotSocket:
    """Keeps the subscription; sends one frame at a time per ``req_id`` and waits for its answer."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        credentials: Credentials,
        lease: Lease,
        receive: Receive,
        timings: Timings,
    ) -> None:
        self.state = State.STOPPED
        self.errcode = 0
        """Of the last refused subscription."""
        self.counts: Counter[str] = Counter()
        self._changed = asyncio.Condition()
        self._session = session
        self._credentials = credentials
        self._lease = lease
        self._lease_name = f"wecom.aibot:{credentials.bot_id}"
        self._receive = receive
        self._timings = timings
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._waiting: dict[str, asyncio.Future[Frame]] = {}
        self._turns: dict[str, deque[asyncio.Event]] = {}
        self._pings_unanswered = 0
        self._tries = 0
        self._refusals = 0

    async def run(self) -> None:
        """Hold the connection until cancelled."""
        try:
            while True:
                try:
                    await self._round()
                except Exception:
                    logger.exception("AI bot connection failed in an unforeseen way")
                    self._tries += 1
                    await self._pause(State.WAITING, self._back_off_s(State.WAITING))
        finally:
            await self._set(State.STOPPED)
            await self._lease.release(self._lease_name)

    async def _round(self) -> None:
        if not await self._lease.acquire(self._lease_name, self._timings.lease_s):
            await self._pause(State.STANDBY, self._timings.lease_s / 3)
            return
        ended = await self._live_once()
        if ended.state is State.REPLACED:
            if await self._still_ours():
                await self._give_up(State.REPLACED)
            return
        self._refusals = self._refusals + 1 if ended.state is State.REFUSED else 0
        if self._refusals >= _MOST_REFUSALS:
            await self._give_up(State.REFUSED)
        self._tries += 1
        await self._pause(ended.state, self._back_off_s(ended.state))

    async def request(self, command: Command, req_id: str, body: JsonObject | None = None) -> Frame:
        """Send a frame and wait for its answer, after those of the same ``req_id`` before it.

        Raises:
            ChannelUnavailable: There is no live connection; nothing left.
            OutcomeUnknown: The frame left and no answer came.
        """
        async with self._turn(req_id):
            return await self._exchange(command, req_id, body)

    async def reached(self, state: State, within_s: float) -> bool:
        """Wait until the connection is in ``state``, at most ``within_s``."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s), self._changed:
                await self._changed.wait_for(lambda: self.state is state)
        return self.state is state

    async def _exchange(self, command: Command, req_id: str, body: JsonObject | None) -> Frame:
        socket = self._socket
        if socket is None or socket.closed:
            raise ChannelUnavailable("the AI bot is not connected", retry_after_s=2)
        answer = asyncio.get_running_loop().create_future()
        self._waiting[req_id] = answer
        try:
            async with asyncio.timeout(self._timings.ack_s):
                try:
                    await socket.send_str(write_frame(command, req_id, body))
                except (aiohttp.ClientError, ConnectionError) as error:
                    raise OutcomeUnknown(f"the connection broke while sending {command}") from error
                frame: Frame = await answer
                return frame
        except TimeoutError as error:
            self.counts["unanswered"] += 1
            raise OutcomeUnknown(f"no answer to {command} in time") from error
        finally:
            self._waiting.pop(req_id, None)

    @asynccontextmanager
    async def _turn(self, req_id: str) -> AsyncIterator[None]:
        """First come, first served among the frames of one ``req_id``."""
        queue = self._turns.setdefault(req_id, deque())
        mine = asyncio.Event()
        queue.append(mine)
        try:
            if queue[0] is not mine:
                await mine.wait()
            yield
        finally:
            queue.remove(mine)
            if queue:
                queue[0].set()
            else:
                self._turns.pop(req_id, None)

    async def _live_once(self) -> _Ended:
        """One connection from its opening to its end."""
        await self._set(State.CONNECTING)
        ended = _Ended(State.WAITING, "closed")
        try:
            async with await self._connect() as socket:
                self._socket = socket
                async with asyncio.TaskGroup() as group:
                    group.create_task(self._read(socket))
                    await self._subscribe()
                    self._tries = 0
                    await self._set(State.LIVE)
                    logger.info("AI bot subscribed")
                    group.create_task(self._beat(socket))
                    group.create_task(self._keep_lease())
        except* _Ended as ends:
            ended = next(error for error in ends.exceptions if isinstance(error, _Ended))
        finally:
            self._drop_socket()
        logger.warning("AI bot connection ended: %s", ended)
        return ended

    async def _connect(self) -> aiohttp.ClientWebSocketResponse:
        try:
            async with asyncio.timeout(self._timings.connect_s):
                return await self._session.ws_connect(
                    self._credentials.url,
                    max_msg_size=_LARGEST_FRAME_BYTES,
                    timeout=aiohttp.ClientWSTimeout(ws_close=2),
                )
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise _Ended(State.WAITING, f"cannot connect: {type(error).__name__}") from error

    async def _subscribe(self) -> None:
        body = {"bot_id": self._credentials.bot_id, "secret": self._credentials.secret}
        try:
            answer = await self.request(Command.SUBSCRIBE, _new_req_id(Command.SUBSCRIBE), body)
        except (ChannelUnavailable, OutcomeUnknown) as error:
            raise _Ended(State.WAITING, f"subscription: {error}") from error
        if answer.errcode:
            self.errcode = answer.errcode
            raise _Ended(State.REFUSED, f"subscription refused, errcode {answer.errcode}")

    async def _read(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        async for message in socket:
            if message.type is not aiohttp.WSMsgType.TEXT:
                self.counts["garbage"] += 1
                continue
            frame = read_frame(message.data)
            if frame is None:
                self.counts["garbage"] += 1
            elif event_type(frame.body) == "disconnected_event":
                raise _Ended(State.REPLACED, "another program subscribed with the same BotID")
            elif frame.command:
                await self._receive(frame)
            else:
                self._answered(frame)
        raise _Ended(State.WAITING, f"closed by the platform, code {socket.close_code}")

    def _answered(self, frame: Frame) -> None:
        if frame.req_id.startswith(f"{Command.PING}_"):
            self._pings_unanswered = 0
            return
        waiting = self._waiting.get(frame.req_id)
        if waiting is None or waiting.done():
            self.counts["unexpected_answer"] += 1
        else:
            waiting.set_result(frame)

    async def _beat(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._pings_unanswered = 0
        while True:
            await asyncio.sleep(self._timings.heartbeat_s)
            if self._pings_unanswered >= 2:
                raise _Ended(State.WAITING, "two heartbeats were not answered")
            self._pings_unanswered += 1
            with suppress(aiohttp.ClientError, ConnectionError):
                await socket.send_str(write_frame(Command.PING, _new_req_id(Command.PING)))

    async def _keep_lease(self) -> None:
        while True:
            await asyncio.sleep(self._timings.lease_s / 3)
            if not await self._still_ours():
                raise _Ended(State.STANDBY, "another replica holds the connection")

    async def _still_ours(self) -> bool:
        return await self._lease.renew(self._lease_name, self._timings.lease_s)

    async def _give_up(self, state: State) -> None:
        """Stay away until restarted, and keep the lease so that no replica tries in our place."""
        await self._set(state)
        logger.error("AI bot stays disconnected until restarted: %s", state)
        while True:
            await asyncio.sleep(self._timings.lease_s / 3)
            await self._lease.acquire(self._lease_name, self._timings.lease_s)

    async def _pause(self, state: State, pause_s: float) -> None:
        await self._set(state)
        await asyncio.sleep(pause_s)

    def _back_off_s(self, state: State) -> float:
        """Doubling with every try; refused credentials wait longer, since the platform counts."""
        first = self._timings.back_off_s
        if state is State.REFUSED:
            first = self._timings.refused_back_off_s
        doubled = first * 2.0 ** min(self._tries - 1, 10)
        jitter = 0.5 + random.random() / 2  # noqa: S311
        return min(doubled, max(first, self._timings.longest_back_off_s)) * jitter

    def _drop_socket(self) -> None:
        self._socket = None
        lost = OutcomeUnknown("the connection ended before the answer came")
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(lost)

    async def _set(self, state: State) -> None:
        async with self._changed:
            self.state = state
            self._changed.notify_all()


def _new_req_id(command: Command) -> str:
    return f"{command}_{secrets.token_hex(12)}"
