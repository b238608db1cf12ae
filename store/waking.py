"""Telling loops that a commit left work for them, so that nothing is polled."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from weakref import WeakSet

from sqlalchemy.orm import Session

_TOPICS = "woken topics"


def wake(session: Session, topic: str) -> None:
    """Wake whoever waits for ``topic``, once this unit of work is committed."""
    session.info.setdefault(_TOPICS, set()).add(topic)


def take_topics(session: Session) -> set[str]:
    """The topics that ``session`` has to wake; they are forgotten here."""
    topics: set[str] = session.info.pop(_TOPICS, set())
    return topics


class Woken(asyncio.Event):
    """One listener's own flag: set after each commit that concerns its topic."""

    async def next(self, at_most_s: float) -> None:
        """Wait to be woken, or for ``at_most_s`` as a safety, and be ready to be woken again."""
        with suppress(TimeoutError):
            async with asyncio.timeout(at_most_s):
                await self.wait()
        self.clear()


class Wakes:
    """All listeners of one process, by topic."""

    def __init__(self) -> None:
        self._listeners: dict[str, WeakSet[Woken]] = {}

    def listen(self, topic: str) -> Woken:
        woken = Woken()
        self._listeners.setdefault(topic, WeakSet()).add(woken)
        return woken

    def wake(self, topic: str) -> None:
        for woken in self._listeners.get(topic, ()):
            woken.set()

    def wake_all(self) -> None:
        """For when it is not known what was missed."""
        for topic in self._listeners:
            self.wake(topic)
