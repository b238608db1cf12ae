"""Six digits that prove somebody is there: new every minute, by a roll call's secret."""

from __future__ import annotations

import hashlib
import hmac
from collections import deque
from datetime import UTC, datetime, timedelta

MINUTE = timedelta(minutes=1)
MOST_WRONG = 10
"""In five minutes: who reads the digits off a screen needs fewer, who guesses needs more."""
_WRONG_FOR = timedelta(minutes=5)
_OLDEST = timedelta(days=1)


def code_at(secret: str, moment: datetime) -> str:
    """The six digits of a minute."""
    minute = str(int(moment.timestamp()) // 60).encode()
    digest = hmac.new(secret.encode(), minute, hashlib.sha256).digest()
    return f"{int.from_bytes(digest[:4], 'big') % 1_000_000:06d}"


def ends_at(moment: datetime) -> datetime:
    """When the code of ``moment`` gives way to the next."""
    return datetime.fromtimestamp((int(moment.timestamp()) // 60 + 1) * 60, UTC)


def is_code(secret: str, code: str, now: datetime) -> bool:
    """This minute's, or a neighbour's: typing takes time, and replicas' clocks differ."""
    near = (code_at(secret, now + n * MINUTE) for n in (0, -1, 1))
    return any(hmac.compare_digest(one, code) for one in near)


def was_code(secret: str, code: str, now: datetime, since: datetime) -> bool:
    """Whether it was right some time after ``since``, within the last day."""
    moment = max(since, now - _OLDEST)
    while moment < now:
        if hmac.compare_digest(code_at(secret, moment), code):
            return True
        moment += MINUTE
    return False


class Tries:
    """Wrong codes by roll call and member, of the last minutes. Kept in memory only."""

    def __init__(self) -> None:
        self._wrong: dict[tuple[int, int], deque[datetime]] = {}

    def add(self, who: tuple[int, int], now: datetime) -> None:
        self._wrong = {key: of for key, of in self._wrong.items() if now - of[-1] < _WRONG_FOR}
        self._wrong.setdefault(who, deque(maxlen=MOST_WRONG)).append(now)

    def are_too_many(self, who: tuple[int, int], now: datetime) -> bool:
        found = self._wrong.get(who)
        return found is not None and len(found) == MOST_WRONG and now - found[0] < _WRONG_FOR
