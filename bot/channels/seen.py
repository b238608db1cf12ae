"""Which signatures of callbacks were used, in one process or shared by replicas."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from store import signatures
from store.engine import Store


class Verdict(StrEnum):
    """What the use of a signature means."""

    FIRST = "first"
    REPEAT = "repeat"
    """The same signature with the same body: answered like the first, does nothing."""
    FORGED = "forged"
    """The same signature with another body."""


class SeenSignatures(Protocol):
    """Remembers each signature with the digest of its body until ``until``."""

    async def first_use(self, signature: str, body_sha: str, until: datetime) -> Verdict: ...


class MemorySeen:
    """For one process; a restart forgets, after which the inbox still drops exact repeats."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._seen: OrderedDict[str, tuple[str, datetime]] = OrderedDict()

    async def first_use(self, signature: str, body_sha: str, until: datetime) -> Verdict:
        now = self._clock()
        while self._seen and next(iter(self._seen.values()))[1] < now:
            self._seen.popitem(last=False)
        known = self._seen.get(signature)
        if known is None:
            self._seen[signature] = (body_sha, until)
            return Verdict.FIRST
        return Verdict.REPEAT if known[0] == body_sha else Verdict.FORGED


class StoredSeen:
    """Shared through the store; survives a restart. ``store.signatures.purge`` tidies up."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def first_use(self, signature: str, body_sha: str, until: datetime) -> Verdict:
        return Verdict(
            await self._store.write(
                lambda session: signatures.use(session, signature, body_sha, until).value
            )
        )
