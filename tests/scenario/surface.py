"""Which of WeCom's surfaces the school of a story has; most have the app."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from enum import StrEnum

from bot.config import WeComSettings
from tests.scenario import aibot_driver, wecom_driver


class Surface(StrEnum):
    APP = "wecom"
    LONG_CONNECTION = "aibot"
    CALLBACKS = "aibot_callback"


_PLATFORMS = {
    Surface.APP: wecom_driver.platform,
    Surface.LONG_CONNECTION: aibot_driver.long_connection,
    Surface.CALLBACKS: aibot_driver.callbacks,
}
_chosen = [Surface.APP]


@contextmanager
def chosen(surface: Surface) -> Iterator[None]:
    """Give the schools of this block that surface."""
    _chosen.append(surface)
    try:
        yield
    finally:
        _chosen.pop()


def platform() -> AbstractAsyncContextManager[WeComSettings]:
    """The fake platform of the chosen surface, and the settings that point at it."""
    return _PLATFORMS[_chosen[-1]]()
