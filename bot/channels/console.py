"""The conversation in a terminal, one attached session per person."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from uuid import uuid4

from bot.channels.base import Accept, Guarantee, Health, ReadBlob, Sent, Target
from bot.channels.text import plain, reply_text
from bot.codec import reply_from_json, reply_to_json
from bot.errors import ChannelUnavailable
from bot.messages import ChannelName, Conversation, IncomingMessage, MessageKind, Reply, Sender

ABSENT_S = 3600.0
"""A reply nobody waits for is kept; whoever attaches asks for it at once."""


class ConsoleSession:
    """One person at one terminal."""

    def __init__(self, sender: Sender, accept: Accept, clock: Callable[[], datetime]) -> None:
        self.sender = sender
        self._accept = accept
        self._clock = clock
        self._replies: asyncio.Queue[Reply] = asyncio.Queue()
        self._open = 0
        self._answered = asyncio.Event()
        self._answered.set()

    def give(self, reply: Reply) -> None:
        """A reply has come."""
        self._replies.put_nowait(reply)

    async def next_reply(self) -> Reply:
        """Wait for it."""
        return await self._replies.get()

    def reply_shown(self) -> None:
        """One thing said has its answer on the screen."""
        self._open -= 1
        if self._open <= 0:
            self._answered.set()

    async def answered(self) -> None:
        """Wait until everything said has been answered."""
        await self._answered.wait()

    async def say(self, text: str) -> None:
        await self._send(MessageKind.TEXT, text, None)

    async def tap(self, command: str) -> None:
        await self._send(MessageKind.TAP, command, None)

    async def judge(self, feedback_id: str, verdict: str) -> None:
        """Say ``up``, ``down`` or ``cancel`` about an earlier answer."""
        await self._send(MessageKind.FEEDBACK, verdict, feedback_id)

    async def _send(self, kind: MessageKind, text: str, feedback_id: str | None) -> None:
        if kind is not MessageKind.FEEDBACK:
            self._open += 1
            self._answered.clear()
        await self._accept(
            IncomingMessage(
                channel=ChannelName.CONSOLE,
                message_id=uuid4().hex,
                conversation=Conversation(channel=ChannelName.CONSOLE, id=self.sender.account),
                sender=self.sender,
                kind=kind,
                text=text,
                sent_at=self._clock(),
                feedback_id=feedback_id,
            )
        )


class ConsoleChannel:
    """Channel and Sends over the sessions that are attached."""

    name = ChannelName.CONSOLE
    guarantee = Guarantee.AT_LEAST_ONCE
    dedupe_window_s = 0.0

    def __init__(self, *, accept: Accept, clock: Callable[[], datetime]) -> None:
        self._accept = accept
        self._clock = clock
        self._sessions: dict[str, ConsoleSession] = {}

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    def health(self) -> Health:
        return Health(is_ready=True)

    @contextmanager
    def attach(self, sender: Sender) -> Iterator[ConsoleSession]:
        """Be ``sender`` until the block ends; a later terminal takes over from an earlier one."""
        session = ConsoleSession(sender, self._accept, self._clock)
        self._sessions[sender.account] = session
        try:
            yield session
        finally:
            if self._sessions.get(sender.account) is session:
                del self._sessions[sender.account]

    async def render(self, reply: Reply, target: Target, read_blob: ReadBlob) -> Sequence[bytes]:
        return [reply_to_json(reply).encode()]

    async def send(self, part: bytes, target: Target, delivery_id: str) -> Sent:
        session = self._sessions.get(target.conversation.id)
        if session is None:
            raise ChannelUnavailable("nobody at the terminal", retry_after_s=ABSENT_S)
        session.give(reply_from_json(part.decode()))
        return Sent(provider_id=delivery_id)

    def wait_s(self, target: Target, now: datetime) -> float:
        return 0.0 if target.conversation.id in self._sessions else ABSENT_S


def printed(reply: Reply) -> str:
    """A reply as plain lines for a terminal."""
    lines = [plain(reply_text(reply))]
    lines += [f"附件：{file.name}" for file in reply.attachments]
    return "\n".join(line for line in lines if line)
