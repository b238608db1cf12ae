"""Which surface of which platform the school of a story has; most have WeCom's app."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from enum import StrEnum

from bot.config import DingTalkSettings, WeComSettings
from tests.scenario import aibot_driver, dingtalk_driver, wecom_driver


class Surface(StrEnum):
    """By the name of its driver."""

    APP = "wecom"
    LONG_CONNECTION = "aibot"
    CALLBACKS = "aibot_callback"
    STREAM = "dingtalk"
    ROBOT_CALLBACKS = "dingtalk_http"


@dataclass(frozen=True, slots=True, kw_only=True)
class Platforms:
    """What the school's configuration says of them."""

    wecom: WeComSettings = field(default_factory=WeComSettings)
    dingtalk: DingTalkSettings = field(default_factory=DingTalkSettings)
    public_url: str | None = None


_WECOM = {
    Surface.APP: wecom_driver.platform,
    Surface.LONG_CONNECTION: aibot_driver.long_connection,
    Surface.CALLBACKS: aibot_driver.callbacks,
}
_DINGTALK = {
    Surface.STREAM: dingtalk_driver.stream_corp,
    Surface.ROBOT_CALLBACKS: dingtalk_driver.http_corp,
}
_ADDRESSES = {Surface.ROBOT_CALLBACKS: "https://bot.example.cn"}
"""Of schools that DingTalk calls back."""
_chosen = [Surface.APP]


@contextmanager
def chosen(surface: Surface) -> Iterator[None]:
    """Give the schools of this block that surface."""
    _chosen.append(surface)
    try:
        yield
    finally:
        _chosen.pop()


@asynccontextmanager
async def platform() -> AsyncIterator[Platforms]:
    """The fake platform of the chosen surface, and the settings that point at it."""
    surface = _chosen[-1]
    if surface in _DINGTALK:
        async with _DINGTALK[surface]() as dingtalk:
            yield Platforms(dingtalk=dingtalk, public_url=_ADDRESSES.get(surface))
    else:
        async with _WECOM[surface]() as wecom:
            yield Platforms(wecom=wecom)
