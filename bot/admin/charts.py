"""Figures as the geometry of inline SVG; templates draw it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from handlers.board.actions import Bar
from handlers.tasks.showing import STATE_WORDS
from store.models_tasks import OccurrenceState

WIDTH = 560
HEIGHT = 120
_GAP = 0.28
_WEEKDAYS = "一二三四五六日"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One bar, in units of the chart; its part stands at the foot."""

    x: float
    width: float
    y: float
    height: float
    part_y: float
    part_height: float
    middle: float
    label: str
    weekday: str
    count: int
    part: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """One part of a bar that lies: a state and its share."""

    x: float
    width: float
    state: str
    word: str
    count: int


def columns(bars: Sequence[Bar]) -> list[Column]:
    """Bars side by side, the highest as high as the chart."""
    most = max((bar.count for bar in bars), default=0) or 1
    step = WIDTH / max(len(bars), 1)
    found = []
    for n, bar in enumerate(bars):
        height, part = HEIGHT * bar.count / most, HEIGHT * bar.part / most
        found.append(
            Column(
                x=round(n * step + step * _GAP / 2, 2),
                width=round(step * (1 - _GAP), 2),
                y=round(HEIGHT - height, 2),
                height=round(height, 2),
                part_y=round(HEIGHT - part, 2),
                part_height=round(part, 2),
                middle=round((n + 0.5) * step, 2),
                label=f"{bar.on.month}/{bar.on.day}",
                weekday=_WEEKDAYS[bar.on.weekday()],
                count=bar.count,
                part=bar.part,
            )
        )
    return found


def slices(states: Mapping[OccurrenceState, int]) -> list[Slice]:
    """States in their order, each as wide as its share; none where there is nothing."""
    total = sum(states.values())
    found, x = [], 0.0
    for state, word in STATE_WORDS.items():
        count = states.get(state, 0)
        if count:
            width = WIDTH * count / total
            found.append(
                Slice(x=round(x, 2), width=round(width, 2), state=state, word=word, count=count)
            )
            x += width
    return found
