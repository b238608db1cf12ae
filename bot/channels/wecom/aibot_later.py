"""The one later message a callback allows: ``response_url``, once, within an hour.

Source:
    WeCom, 智能机器人 主动回复 (path/101138).
"""

from __future__ import annotations

from collections import OrderedDict
from datetime import datetime, timedelta

import aiohttp
from yarl import URL

from bot.channels.wecom.aibot_frames import number_at, read_object
from bot.channels.wecom.aibot_handle import Handle
from bot.channels.wecom.aibot_outbound import markdown_body
from bot.channels.wecom.errors import error_of
from bot.errors import ChannelRefused, ChannelUnavailable, OutcomeUnknown

_LIFE = timedelta(hours=1)
_REMEMBERED = 5_000
_LARGEST_ANSWER_BYTES = 64 << 10
_OVER = "回答来得太晚，企业微信已不接收。请再问一次。"


class LaterMessages:
    """Posts to each ``response_url`` once, and only if it is the platform's own."""

    def __init__(self, api_base: str) -> None:
        self._base = URL(api_base)
        self._used: OrderedDict[str, None] = OrderedDict()
        self._session: aiohttp.ClientSession | None = None

    async def start(self) -> None:
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10))

    async def stop(self) -> None:
        if self._session is not None:
            await self._session.close()

    async def post(self, handle: Handle, text: str, now: datetime) -> None:
        """Send ``text``.

        Raises:
            ChannelRefused: No such url, a foreign host, used, or over.
            ChannelUnavailable: Surely not sent.
            OutcomeUnknown: No proper answer came.
        """
        url = self._checked(handle, now)
        self._used[handle.response_url] = None
        if len(self._used) > _REMEMBERED:
            self._used.popitem(last=False)
        try:
            errcode = await self._posted(url, text)
        except (ChannelUnavailable, OutcomeUnknown):
            del self._used[handle.response_url]
            raise
        if errcode:
            raise error_of(errcode, "response_url")

    def _checked(self, handle: Handle, now: datetime) -> URL:
        if not handle.response_url or handle.response_url in self._used:
            raise ChannelRefused("no response_url is left", reply=_OVER)
        if now > handle.received_at + _LIFE:
            raise ChannelRefused("the response_url is over", reply=_OVER)
        try:
            url = URL(handle.response_url)
            is_ours = url.origin() == self._base.origin() and url.user is None
        except ValueError as error:
            raise ChannelRefused("the response_url is no url", reply=_OVER) from error
        if not is_ours:
            raise ChannelRefused("the response_url leads to a foreign host", reply=_OVER)
        return url

    async def _posted(self, url: URL, text: str) -> int:
        if self._session is None:
            raise ChannelUnavailable("the AI bot is not started")
        try:
            async with self._session.post(
                url, json=markdown_body(text), allow_redirects=False
            ) as response:
                answer = read_object(await response.content.read(_LARGEST_ANSWER_BYTES))
        except aiohttp.ClientConnectorError as error:
            raise ChannelUnavailable("response_url cannot be reached", retry_after_s=5) from error
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise OutcomeUnknown(f"response_url: {type(error).__name__}") from error
        errcode = number_at(answer, "errcode")
        if response.status != 200 or answer is None:
            raise OutcomeUnknown(f"response_url: HTTP {response.status} without an errcode")
        return errcode if errcode is not None else -1 if "errcode" in answer else 0
