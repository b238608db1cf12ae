"""One request to DingTalk and its answer: what is no answer of an API at all ends here."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parsedate_to_datetime

import aiohttp

from bot.errors import ChannelUnavailable, OutcomeUnknown

TIMEOUT = aiohttp.ClientTimeout(total=15, connect=5, sock_connect=5)
UPLOAD_TIMEOUT = aiohttp.ClientTimeout(total=120, connect=5, sock_connect=5)
_THROTTLED_S = 60.0
_LONGEST_WAIT_S = 300.0

Json = Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """``call`` is its path, for the log; all else may hold a secret."""

    method: str
    url: str = field(repr=False)
    call: str
    query: Mapping[str, str] = field(default_factory=dict, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    content: bytes | Callable[[], aiohttp.FormData] | None = field(default=None, repr=False)
    is_repeatable: bool = False


class Http:
    """Requests to DingTalk, and what is no answer of an API at all."""

    def __init__(self, session: aiohttp.ClientSession, clock: Callable[[], datetime]) -> None:
        self._session = session
        self._clock = clock
        self.skew_s = 0.0
        """How far our clock is ahead of the platform's."""

    async def post_json(self, url: str, call: str, body: Json, query: Mapping[str, str]) -> Json:
        """For addresses that carry their own right: a robot's webhook, a sessionWebhook."""
        request = Request(
            method="POST",
            url=url,
            call=call,
            query=query,
            content=encoded(body),
        )
        _, answer = await self.ask(request)
        return answer

    async def ask(self, request: Request) -> tuple[int, Json]:
        """The HTTP status and the JSON of an answer."""
        lost = ChannelUnavailable if request.is_repeatable else OutcomeUnknown
        content, headers = request.content, dict(request.headers)
        if isinstance(content, bytes):
            headers["Content-Type"] = "application/json; charset=utf-8"
        try:
            async with self._session.request(
                request.method,
                request.url,
                params=request.query or None,
                data=content() if callable(content) else content and io.BytesIO(content),
                headers=headers,
                timeout=UPLOAD_TIMEOUT if callable(content) else TIMEOUT,
                allow_redirects=False,
            ) as response:
                text = await response.text(errors="replace")
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise ChannelUnavailable(f"{request.call}: {type(error).__name__}") from error
        except (aiohttp.ClientError, TimeoutError) as error:
            raise lost(f"{request.call}: no answer, {type(error).__name__}") from error
        self._compare_clocks(response.headers.get("Date"))
        answer = parsed(text)
        if (wait_s := throttled_s(response.status, text, answer)) is not None:
            raise ChannelUnavailable(f"{request.call}: throttled", retry_after_s=wait_s)
        if answer is None and response.status == 504:
            return response.status, {}
        if answer is None and response.status >= 500:
            raise lost(f"{request.call}: HTTP {response.status} without JSON")
        if answer is None:
            raise ChannelUnavailable(f"{request.call}: HTTP {response.status} without JSON")
        return response.status, answer

    def _compare_clocks(self, date: str | None) -> None:
        if date is None:
            return
        try:
            theirs = parsedate_to_datetime(date)
        except ValueError:
            return
        if theirs.tzinfo is not None:
            self.skew_s = (self._clock() - theirs).total_seconds()


def encoded(body: Json) -> bytes:
    """As it goes over the wire."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def parsed(text: str) -> Json | None:
    """The JSON object in ``text``; None when there is none."""
    try:
        answer = json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return None
    return answer if isinstance(answer, dict) else None


def throttled_s(status: int, text: str, answer: Json | None) -> float | None:
    """How long to stay away, if this is the firewall in front of the API; None if it is not.

    It answers with a page, or with ``{"status":1111,"wait":5,"punish":"deny"}``.
    """
    if answer is None:
        is_page = status < 500 and text.lstrip()[:1] == "<"
        return _THROTTLED_S if is_page else None
    if str(answer.get("status")) != "1111" and "punish" not in answer:
        return None
    wait = answer.get("wait")
    if isinstance(wait, bool) or not isinstance(wait, int | float):
        return _THROTTLED_S
    return min(max(1.0, float(wait)), _LONGEST_WAIT_S)
