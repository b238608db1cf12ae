"""HTTP mode: DingTalk is told once where taps on cards go, and what it signs them with. A chore.

Until it took that, what would be a card is said in words: a button that leads nowhere helps nobody.

Source:
    DingTalk, 注册卡片回调地址: what is registered is kept; ``forceUpdate`` replaces it. 事件回调:
    ``x-ddpaas-signature`` is HMAC-SHA256 with ``apiSecret`` of ``x-ddpaas-signature-timestamp``.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from bot.channels.dingtalk.api import OpenApi
from bot.channels.dingtalk.settings import AppSettings
from bot.errors import ChannelError

logger = logging.getLogger(__name__)

REGISTER = "/v1.0/card/callbacks/register"
PATH = "/dingtalk/card"
TIMESTAMP, SIGNATURE = "x-ddpaas-signature-timestamp", "x-ddpaas-signature"
_FIRST_PAUSE, _LONGEST_PAUSE = timedelta(seconds=30), timedelta(hours=1)


class CardRoute:
    """Of one app; ``public_url`` is how DingTalk reaches us."""

    every_s = 10.0

    def __init__(
        self, settings: AppSettings, api: OpenApi, public_url: str, clock: Callable[[], datetime]
    ) -> None:
        self.is_open = False
        self._settings = settings
        self._api = api
        self._address = public_url.rstrip("/") + PATH
        self._clock = clock
        self._pause = _FIRST_PAUSE
        self._not_before: datetime | None = None

    async def run(self) -> None:
        """Register, unless that was done; a failure is tried again, ever more slowly."""
        now = self._clock()
        if self.is_open or (self._not_before is not None and now < self._not_before):
            return
        body = {
            "callbackRouteKey": route_key(self._settings),
            "callbackUrl": self._address,
            "apiSecret": tap_secret(self._settings),
            "forceUpdate": True,
        }
        try:
            await self._api.new("POST", REGISTER, body, is_repeatable=True)
        except ChannelError as error:
            logger.warning("no card callbacks yet: %s", error)
            self._not_before = now + self._pause
            self._pause = min(2 * self._pause, _LONGEST_PAUSE)
        else:
            self.is_open = True


def route_key(settings: AppSettings) -> str:
    """Under which the address is registered: no other app's."""
    return f"yaodian.{settings.client_id}"


def tap_secret(settings: AppSettings) -> str:
    """What taps are signed with: the same on every replica, and nothing else's secret."""
    key = settings.client_secret.encode()
    return hmac.new(key, b"yaodian card callback", hashlib.sha256).hexdigest()


def tap_signature(timestamp: str, secret: str) -> bytes:
    """What the header of a tap holds."""
    words = timestamp.encode(errors="replace")
    return base64.b64encode(hmac.new(secret.encode(), words, hashlib.sha256).digest())
