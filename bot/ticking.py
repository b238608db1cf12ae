"""How the tickers are: when each last came to an end, what they skipped, how the clock jumped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bot.channels.base import Health
from bot.web import metrics
from scheduler.clock import Ticker

_WORDS: Mapping[str, str] = {
    "reminders": "提醒",
    "calendar": "放假安排",
    "backup": "备份",
    "shortage": "空间检查",
    "housekeeping": "清理",
    "digest": "问题汇总",
}


@dataclass(frozen=True, slots=True)
class Ticking:
    """Built once, in ``bot.app``, over every ticker that runs."""

    tickers: Sequence[Ticker] = field(default_factory=tuple)

    def health(self) -> Mapping[str, Health]:
        """One line of /readyz; not ready while something that has to come around does not."""
        if not self.tickers:
            return {}
        stale = [name for ticker in self.tickers for name in ticker.stale]
        if stale:
            listed = "、".join(_WORDS.get(name, name) for name in stale)
            detail = f"定时的事停住了：{listed}。请看日志，重启服务。"
            return {"ticks": Health(is_ready=False, detail=detail)}
        ages = {name: age for ticker in self.tickers for name, age in ticker.ages_s.items()}
        age = ages.get("reminders")
        detail = "" if age is None else f"上次看有没有到点的提醒：{age:.0f} 秒前"
        return {"ticks": Health(is_ready=True, detail=detail)}

    def families(self) -> Sequence[metrics.Family]:
        """For /metrics."""
        ages = [
            ({"chore": name}, age) for ticker in self.tickers for name, age in ticker.ages_s.items()
        ]
        return [
            metrics.Family(name="yaodian_tick_age_seconds", samples=ages,
                           meaning="Since a chore last came to an end."),
            metrics.one("yaodian_tick_failures_total", "Chores that raised, and are tried again.",
                        sum(one.failures for one in self.tickers), kind="counter"),
            metrics.one("yaodian_ticks_skipped_total", "Ticks that came while one was at it.",
                        sum(one.skipped for one in self.tickers), kind="counter"),
            metrics.one("yaodian_clock_jumps_total", "Steps of the wall clock that a watchdog saw.",
                        max((one.jumps for one in self.tickers), default=0), kind="counter"),
        ]  # fmt: skip
