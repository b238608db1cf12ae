"""How fast somebody may do something: a token bucket for each."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable

_KEPT = 10_000


class Buckets:
    """Each key may do ``a_minute`` things at once, and as many again every minute."""

    def __init__(self, *, monotonic: Callable[[], float], a_minute: int) -> None:
        self._monotonic = monotonic
        self._most = float(a_minute)
        self._tokens: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()
        self._told: set[Hashable] = set()

    def take(self, key: Hashable) -> bool:
        """Whether ``key`` may go on; a refusal costs nothing."""
        now = self._monotonic()
        tokens, since = self._tokens.pop(key, (self._most, now))
        tokens = min(self._most, tokens + (now - since) * self._most / 60)
        is_allowed = tokens >= 1
        self._tokens[key] = (tokens - 1 if is_allowed else tokens, now)
        if is_allowed:
            self._told.discard(key)
        if len(self._tokens) > _KEPT:
            oldest, _ = self._tokens.popitem(last=False)
            self._told.discard(oldest)
        return is_allowed

    def tell(self, key: Hashable) -> bool:
        """Whether this refusal of ``key`` is the first since it was last allowed."""
        is_first = key not in self._told
        self._told.add(key)
        return is_first
