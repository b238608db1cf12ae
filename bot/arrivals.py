"""Messages that arrive while a commit is under way share the next one.

One of those who wait leads: it writes for all that wait, and then passes the lead on, so that
nobody's answer waits for those who came later.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.exc import SQLAlchemyError

from store.arrivals import Arrival, accept_all
from store.engine import Store

_MOST_AT_ONCE = 64


@dataclass(slots=True, eq=False)
class _Waiting:
    arrival: Arrival
    leads: asyncio.Future[bool]
    """True: it is this one's turn to write; False: it was written."""
    is_new: bool = False


class Arrivals:
    """Stores messages durably, many at once when many wait."""

    def __init__(self, store: Store, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._clock = clock
        self._waiting: deque[_Waiting] = deque()
        self._is_led = False

    async def accept(self, arrival: Arrival) -> bool:
        """False when it was there already; durable when this returns."""
        mine = _Waiting(arrival, asyncio.get_running_loop().create_future())
        self._waiting.append(mine)
        if self._is_led:
            try:
                leads = await mine.leads
            except asyncio.CancelledError:
                self._leave(mine)
                raise
            if not leads:
                return mine.is_new
        await self._lead(mine)
        return mine.is_new

    async def _lead(self, mine: _Waiting) -> None:
        self._is_led = True
        group = [self._waiting.popleft() for _ in range(min(len(self._waiting), _MOST_AT_ONCE))]
        try:
            await self._write(group)
        except BaseException as error:
            for other in group:
                if other is not mine and not other.leads.done():
                    other.leads.set_exception(
                        error if isinstance(error, Exception) else ConnectionAbortedError()
                    )
            raise
        else:
            for other in group:
                if not other.leads.done():
                    other.leads.set_result(False)
        finally:
            self._pass_on()

    async def _write(self, group: Sequence[_Waiting]) -> None:
        try:
            keys = await self._write_together([one.arrival for one in group])
        except SQLAlchemyError:
            if len(group) == 1:
                raise
            keys = set()
            for one in group:
                keys |= set(await self._write_together([one.arrival]))
        seen: set[tuple[str, str]] = set()
        for one in group:
            one.is_new = one.arrival.key in keys and one.arrival.key not in seen
            seen.add(one.arrival.key)

    async def _write_together(self, arrivals: Sequence[Arrival]) -> Collection[tuple[str, str]]:
        now = self._clock()
        return await self._store.write(lambda session: accept_all(session, arrivals, now))

    def _leave(self, mine: _Waiting) -> None:
        """Cancelled before it was written, perhaps just as the lead was passed to it."""
        if mine in self._waiting:
            self._waiting.remove(mine)
        if mine.leads.done() and not mine.leads.cancelled() and mine.leads.result():
            self._pass_on()

    def _pass_on(self) -> None:
        while self._waiting and self._waiting[0].leads.done():
            self._waiting.popleft()
        self._is_led = bool(self._waiting)
        if self._waiting:
            self._waiting[0].leads.set_result(True)
