"""How much a platform lets us send, counted in sliding windows."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")
"""Where the platforms' days begin and end."""


def midnight_before(now: datetime) -> datetime:
    """When the platforms' day began."""
    return now.astimezone(SHANGHAI).replace(hour=0, minute=0, second=0, microsecond=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """At most ``count`` messages in any ``window_s`` seconds."""

    count: int
    window_s: float


class Budget:
    """Counts what was sent per key (a member, a webhook, the app). Not safe across threads."""

    def __init__(self, limits: Sequence[Limit]) -> None:
        self._limits = tuple(limits)
        self._longest_s = max(limit.window_s for limit in limits)
        self._spent: dict[str, deque[float]] = defaultdict(deque)

    def wait_s(self, key: str, now: datetime) -> float:
        """Seconds until ``key`` may have one more; 0 means now."""
        sent = self._recent(key, now.timestamp())
        wait = 0.0
        for limit in self._limits:
            if len(sent) >= limit.count:
                wait = max(wait, sent[-limit.count] + limit.window_s - now.timestamp())
        return wait

    def spend(self, key: str, now: datetime) -> None:
        self._recent(key, now.timestamp()).append(now.timestamp())

    def seed(self, key: str, sent_at: Iterable[datetime]) -> None:
        """What was sent before this process started, so that a restart does not forget it."""
        self._spent[key] = deque(sorted([*self._spent[key], *(at.timestamp() for at in sent_at)]))

    def _recent(self, key: str, now: float) -> deque[float]:
        sent = self._spent[key]
        while sent and sent[0] <= now - self._longest_s:
            sent.popleft()
        return sent


class Daily:
    """Counts recipients by the platform's natural day; without ``most`` it only counts."""

    def __init__(self, most: int | None) -> None:
        self.most = most
        self._day = datetime.min.replace(tzinfo=SHANGHAI)
        self._used = 0

    def used(self, now: datetime) -> int:
        """How many there were today."""
        if (day := midnight_before(now)) > self._day:
            self._day, self._used = day, 0
        return self._used

    def spend(self, count: int, now: datetime) -> None:
        self._used = self.used(now) + count

    def wait_s(self, count: int, now: datetime) -> float:
        """Seconds until ``count`` more may have something; 0 means now."""
        if self.most is None or self.used(now) + min(count, self.most) <= self.most:
            return 0.0
        tomorrow = midnight_before(now) + timedelta(days=1)
        return (tomorrow - now).total_seconds()
