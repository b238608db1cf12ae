"""A ledger in memory."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date

from knowledge.writer_limits import Asker, Limits, Usage


@dataclass
class MemoryLedger:
    """``spent`` is by payer and day; ``settled`` counts the calls that are over."""

    spent: Counter[tuple[str, date]] = field(default_factory=Counter)
    settled: int = 0

    async def reserve(self, asker: Asker, day: date, tokens: int, limits: Limits) -> bool:
        payers = self._payers(asker, limits)
        if any(
            most is not None and self.spent[payer, day] + tokens > most for payer, most in payers
        ):
            return False
        for payer, _ in payers:
            self.spent[payer, day] += tokens
        return True

    async def settle(self, asker: Asker, day: date, reserved: int, used: Usage) -> None:
        self.settled += 1
        for payer, _ in self._payers(asker, Limits()):
            self.spent[payer, day] += used.total - reserved

    def _payers(self, asker: Asker, limits: Limits) -> list[tuple[str, int | None]]:
        return [
            (payer, most)
            for payer, most in (
                ("all", limits.day_tokens),
                (asker.unit, limits.unit_tokens),
                (asker.person, limits.person_tokens),
            )
            if payer is not None
        ]
