"""Both families of DingTalk's API over our own session: token, errors, throttle pages.

What becomes of a call, and what the caller learns:

=============================  ===============================================================
no connection                  ``ChannelUnavailable``: surely not done
throttled before it got in     the same, with how long to wait
an error the tables know       what :mod:`bot.channels.dingtalk.errors` says
the gateway gave up (504, 15)  ``OutcomeUnknown``; what ``is_repeatable`` is tried three times
no answer, or one without      ``OutcomeUnknown``; ``ChannelUnavailable`` if ``is_repeatable``
sense
=============================  ===============================================================
"""

from __future__ import annotations

import asyncio
import io
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import aiohttp

from bot.channels.dingtalk.answers import Failure, gettoken_failure, new_failure, old_failure
from bot.channels.dingtalk.errors import Action, error_of
from bot.channels.dingtalk.settings import AppSettings
from bot.channels.dingtalk.wire import Http, Json, Request, encoded
from bot.channels.tokens import Token, TokenCache
from bot.errors import ChannelError, ChannelUnavailable, OutcomeUnknown

logger = logging.getLogger(__name__)

TOKEN_HEADER = "x-acs-dingtalk-access-token"  # noqa: S105 its name
PAUSES_S = (1.0, 2.0, 4.0)
_SECRET_PAUSE = timedelta(minutes=5)
_LIFETIME_S = 7200.0

Spend = Callable[[], Awaitable[None]]
"""Counts one call that the monthly quota may count, too."""


async def spend_nothing() -> None:
    """For callers without a quota."""


class OpenApi:
    """One app's calls.

    Args:
        settings: Whose calls.
        session: Belongs to the caller's owner.
        clock: Aware UTC now.
        spend: Called before each call that carries a token.
        pauses_s: Before the second, third … try of what may be repeated.
    """

    def __init__(
        self,
        settings: AppSettings,
        session: aiohttp.ClientSession,
        clock: Callable[[], datetime],
        spend: Spend = spend_nothing,
        pauses_s: Sequence[float] = PAUSES_S,
    ) -> None:
        self.http = Http(session, clock)
        self._settings = settings
        self._clock = clock
        self._spend = spend
        self._pauses_s = tuple(pauses_s)
        self._tokens = TokenCache(self._fetch_token, clock)
        self._old_tokens = TokenCache(self._fetch_old_token, clock)
        self._old_has_own = False
        """The old family did not take the new family's token; whether it does is not documented."""
        self._limited = 0
        self._secret_refused: tuple[datetime, Failure] | None = None
        self.trouble = ""
        """Chinese advice while a setting keeps calls from working; empty when all is well."""

    async def token(self) -> str:
        """The access token, fetched if need be."""
        return await self._tokens.get()

    async def new(
        self,
        method: str,
        path: str,
        body: Json | None = None,
        *,
        is_repeatable: bool = False,
        **query: str,
    ) -> Json:
        """Call ``/v1.0/…``.

        Raises:
            OutcomeUnknown: The request left, no answer came and it is not ``is_repeatable``.
        """
        request = Request(
            method=method,
            url=self._settings.api_base.rstrip("/") + path,
            call=path.partition("?")[0],
            query=query,
            content=None if body is None else encoded(body),
            is_repeatable=is_repeatable,
        )
        return await self._call(request, is_old=False)

    async def old(self, path: str, body: Json, *, is_repeatable: bool = False) -> Json:
        """Call ``oapi…/topapi/…``; the answer's ``result`` is the caller's to read."""
        return await self._call(self._old_request(path, encoded(body), is_repeatable), is_old=True)

    async def upload(self, kind: str, content: bytes, file_name: str) -> Json:
        """Upload ``content`` as the multipart field ``media``; safe to repeat."""

        def form() -> aiohttp.FormData:
            data = aiohttp.FormData(quote_fields=False)
            name = file_name.replace('"', "＂").replace("\r", "").replace("\n", "")
            data.add_field("type", kind)
            data.add_field("media", io.BytesIO(content), filename=name or "file")
            return data

        return await self._call(self._old_request("/media/upload", form, True), is_old=True)

    def _old_request(
        self, path: str, content: bytes | Callable[[], aiohttp.FormData], is_repeatable: bool
    ) -> Request:
        return Request(
            method="POST",
            url=self._settings.oapi_base.rstrip("/") + path,
            call=path,
            content=content,
            is_repeatable=is_repeatable,
        )

    async def _call(self, request: Request, *, is_old: bool) -> Json:
        """Once, and again as the failure asks: with a new token, or after a pause."""
        pauses = list(self._pauses_s) if request.is_repeatable else []
        refreshes = 2 if is_old and not self._old_has_own else 1
        while True:
            cache = self._cache(is_old=is_old)
            token = await cache.get()
            await self._spend()
            answer, failure = await self._once(request, token, is_old=is_old)
            if failure is None:
                self._limited = 0
                self.trouble = ""
                return answer
            action = failure.rule.action
            if action is Action.REFRESH and refreshes:
                refreshes -= 1
                cache.drop(token)
                self._old_has_own = self._old_has_own or (is_old and not refreshes)
                continue
            if action in (Action.TIMEOUT, Action.BACK_OFF, Action.RETRY) and pauses:
                await asyncio.sleep(pauses.pop(0))
                continue
            raise self._error(failure, request)

    def _cache(self, *, is_old: bool) -> TokenCache:
        return self._old_tokens if is_old and self._old_has_own else self._tokens

    async def _once(
        self, request: Request, token: str, *, is_old: bool
    ) -> tuple[Json, Failure | None]:
        query, headers = dict(request.query), dict(request.headers)
        if is_old:
            query["access_token"] = token
        else:
            headers[TOKEN_HEADER] = token
        with_token = replace(request, query=query, headers=headers)
        status, answer = await self.http.ask(with_token)
        return answer, (old_failure if is_old else new_failure)(status, answer)

    def _error(self, failure: Failure, request: Request) -> ChannelError:
        rule = failure.rule
        self._limited = self._limited + 1 if rule.action is Action.BACK_OFF else 0
        if rule.action is Action.SETUP and self.trouble != rule.advice:
            logger.error("DingTalk setting to correct: %s: %s", request.call, failure.code)
            self.trouble = rule.advice
        if rule.action is Action.TIMEOUT and not request.is_repeatable:
            return OutcomeUnknown(f"{request.call}: the gateway gave up")
        limited_before = max(0, self._limited - 1)
        return error_of(rule, failure.code, request.call, limited_before=limited_before)

    async def _fetch_token(self) -> Token:
        settings = self._settings
        request = Request(
            method="POST",
            url=settings.api_base.rstrip("/") + "/v1.0/oauth2/accessToken",
            call="/v1.0/oauth2/accessToken",
            content=encoded({"appKey": settings.client_id, "appSecret": settings.client_secret}),
            is_repeatable=True,
        )
        answer = await self._credentials_accepted(request, new_failure)
        return _token(answer, "accessToken", "expireIn")

    async def _fetch_old_token(self) -> Token:
        settings = self._settings
        request = Request(
            method="GET",
            url=settings.oapi_base.rstrip("/") + "/gettoken",
            call="/gettoken",
            query={"appkey": settings.client_id, "appsecret": settings.client_secret},
            is_repeatable=True,
        )
        answer = await self._credentials_accepted(request, gettoken_failure)
        return _token(answer, "access_token", "expires_in")

    async def _credentials_accepted(
        self, request: Request, failure_of: Callable[[int, Json], Failure | None]
    ) -> Json:
        """Wrong secrets are not tried again and again."""
        if self._secret_refused and self._clock() < self._secret_refused[0]:
            raise self._error(self._secret_refused[1], request)
        status, answer = await self.http.ask(request)
        failure = failure_of(status, answer)
        if failure is None:
            self._secret_refused = None
            return answer
        if failure.rule.action is Action.SETUP:
            self._secret_refused = (self._clock() + _SECRET_PAUSE, failure)
        raise self._error(failure, request)


def _token(answer: Json, name: str, lifetime: str) -> Token:
    value, lifetime_s = answer.get(name), answer.get(lifetime)
    if not isinstance(value, str) or not value:
        raise ChannelUnavailable("an answer without a token")
    is_known = isinstance(lifetime_s, int) and lifetime_s > 0
    return Token(value=value, lifetime_s=float(str(lifetime_s)) if is_known else _LIFETIME_S)
