"""The access token of one platform app: fetched by one caller at a time, refreshed early."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

_KEPT = 0.9
"""Share of its life after which a token is fetched anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """As fetched."""

    value: str
    lifetime_s: float


class TokenCache:
    """Holds the token that ``fetch`` brings.

    Callers that come while a fetch is under way wait for it; if it fails, each later caller tries
    again by itself, so that a cancelled caller takes nobody with it.
    """

    def __init__(
        self, fetch: Callable[[], Awaitable[Token]], clock: Callable[[], datetime]
    ) -> None:
        self._fetch = fetch
        self._clock = clock
        self._lock = asyncio.Lock()
        self._token = ""
        self._fresh_until: datetime | None = None

    async def get(self) -> str:
        async with self._lock:
            now = self._clock()
            if self._fresh_until is None or now >= self._fresh_until:
                token = await self._fetch()
                self._token = token.value
                self._fresh_until = now + timedelta(seconds=token.lifetime_s * _KEPT)
            return self._token

    def drop(self, token: str) -> None:
        """Forget ``token`` unless somebody fetched a newer one meanwhile."""
        if token == self._token:
            self._fresh_until = None
