"""qyapi over our own session: token, errcodes, and what it means when no answer comes."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

import aiohttp

from bot.channels.tokens import Token, TokenCache
from bot.channels.wecom.errors import Action, error_of, rule_of
from bot.errors import ChannelUnavailable, OutcomeUnknown

logger = logging.getLogger(__name__)

TIMEOUT = aiohttp.ClientTimeout(total=15, connect=5, sock_connect=5)
UPLOAD_TIMEOUT = aiohttp.ClientTimeout(total=120, connect=5, sock_connect=5)
_SECRET_PAUSE = timedelta(minutes=5)

Json = Mapping[str, object]


class QyApi:
    """One caller of qyapi: an app by its secret, or a webhook, which has no token.

    Args:
        session: Belongs to the caller's owner.
        api_base: Scheme and host, without ``/cgi-bin``.
        clock: Aware UTC now.
        credentials: CorpID and secret; None for webhooks.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        api_base: str,
        clock: Callable[[], datetime],
        credentials: tuple[str, str] | None = None,
    ) -> None:
        self._session = session
        self._base = api_base.rstrip("/") + "/cgi-bin/"
        self._clock = clock
        self._credentials = credentials
        self._tokens = TokenCache(self._fetch_token, clock)
        self._limited = 0
        self._secret_refused: tuple[datetime, int] | None = None
        self.trouble = ""
        """Chinese advice while a setting keeps every call from working; empty when all is well."""
        self.skew_s = 0.0
        """How far our clock is ahead of the platform's."""

    async def token(self) -> str:
        """The access token, fetched if need be."""
        return await self._tokens.get()

    async def get(self, path: str, **query: str) -> Json:
        """Ask for something; safe to repeat."""
        return await self._call("GET", path, query, None, is_repeatable=True)

    async def post(
        self, path: str, body: Json, *, is_repeatable: bool = False, **query: str
    ) -> Json:
        """Do something.

        Raises:
            OutcomeUnknown: The request left, no answer came and it is not ``is_repeatable``.
        """
        content = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
        return await self._call("POST", path, query, content, is_repeatable=is_repeatable)

    async def upload(self, path: str, content: bytes, file_name: str, **query: str) -> Json:
        """Upload ``content`` as the multipart field ``media``; safe to repeat."""

        def form() -> aiohttp.FormData:
            # aiohttp would percent-encode a Chinese file name, which users would then see.
            data = aiohttp.FormData(quote_fields=False)
            name = file_name.replace('"', "＂").replace("\r", "").replace("\n", "")
            data.add_field("media", io.BytesIO(content), filename=name or "file")
            return data

        return await self._call("POST", path, query, form, is_repeatable=True)

    async def open(
        self, path: str, headers: Mapping[str, str], **query: str
    ) -> aiohttp.ClientResponse:
        """A download whose body the caller reads and closes; no redirect is followed."""
        query["access_token"] = await self._tokens.get()
        try:
            return await self._session.get(
                self._base + path,
                params=query,
                headers=headers,
                timeout=UPLOAD_TIMEOUT,
                allow_redirects=False,
            )
        except (aiohttp.ClientError, TimeoutError) as error:
            raise ChannelUnavailable(f"{path}: {type(error).__name__}") from error

    async def drop_token(self, token_error: int) -> None:
        """Forget the token when a download's JSON answer says it is stale."""
        if rule_of(token_error).action is Action.REFRESH:
            self._tokens.drop(await self._tokens.get())

    async def _call(
        self,
        method: str,
        path: str,
        query: dict[str, str],
        content: bytes | Callable[[], aiohttp.FormData] | None,
        *,
        is_repeatable: bool,
    ) -> Json:
        for is_last in (False, True):
            token = await self._tokens.get() if self._credentials else ""
            full = {"access_token": token, **query} if token else query
            answer = await self._request(method, path, full, content, is_repeatable)
            errcode = _errcode(answer)
            if errcode == 0:
                self._limited = 0
                self.trouble = ""
                return answer
            if is_last or not token or rule_of(errcode).action is not Action.REFRESH:
                self._note(errcode, path)
                raise error_of(errcode, path, limited_before=self._limited)
            self._tokens.drop(token)
        raise AssertionError("unreachable")

    def _note(self, errcode: int, path: str) -> None:
        rule = rule_of(errcode)
        self._limited = self._limited + 1 if rule.action is Action.BACK_OFF else 0
        if rule.action is Action.SETUP and self.trouble != rule.advice:
            logger.error("WeCom setting to correct: %s answered %d", path, errcode)
            self.trouble = rule.advice

    async def _request(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        content: bytes | Callable[[], aiohttp.FormData] | None,
        is_repeatable: bool,
    ) -> Json:
        lost = ChannelUnavailable if is_repeatable else OutcomeUnknown
        body = content() if callable(content) else content and io.BytesIO(content)
        headers = {"Content-Type": "application/json"} if isinstance(content, bytes) else {}
        try:
            async with self._session.request(
                method,
                self._base + path,
                params=query,
                data=body,
                headers=headers,
                timeout=UPLOAD_TIMEOUT if callable(content) else TIMEOUT,
                allow_redirects=False,
            ) as response:
                text = await response.text(errors="replace")
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise ChannelUnavailable(f"{path}: {type(error).__name__}") from error
        except (aiohttp.ClientError, TimeoutError) as error:
            raise lost(f"{path}: no answer, {type(error).__name__}") from error
        self._compare_clocks(response.headers.get("Date"))
        if 400 <= response.status < 500:
            raise ChannelUnavailable(f"{path}: HTTP {response.status}")
        answer = _parse(text)
        if answer is None or response.status >= 500:
            raise lost(f"{path}: HTTP {response.status} without JSON")
        return answer

    async def _fetch_token(self) -> Token:
        self._raise_while_refused()
        corp_id, secret = self._credentials or ("", "")
        query = {"corpid": corp_id, "corpsecret": secret}
        answer = await self._request("GET", "gettoken", query, None, is_repeatable=True)
        errcode = _errcode(answer)
        token, lifetime_s = answer.get("access_token"), answer.get("expires_in")
        if errcode != 0:
            self._note(errcode, "gettoken")
            if rule_of(errcode).action is Action.SETUP:
                self._secret_refused = (self._clock() + _SECRET_PAUSE, errcode)
            raise error_of(errcode, "gettoken", limited_before=self._limited)
        if not isinstance(token, str) or not token or not isinstance(lifetime_s, int):
            raise ChannelUnavailable("gettoken: an answer without a token")
        return Token(value=token, lifetime_s=lifetime_s)

    def _raise_while_refused(self) -> None:
        """Wrong secrets in a row would have this address blocked for an hour."""
        if self._secret_refused and self._clock() < self._secret_refused[0]:
            raise error_of(self._secret_refused[1], "gettoken")

    def _compare_clocks(self, date: str | None) -> None:
        if date is None:
            return
        try:
            theirs = parsedate_to_datetime(date)
        except ValueError:
            return
        if theirs.tzinfo is not None:
            self.skew_s = (self._clock() - theirs).total_seconds()


def _parse(text: str) -> Json | None:
    try:
        answer = json.loads(text, strict=False)
    except ValueError:
        return None
    return answer if isinstance(answer, dict) else None


def _errcode(answer: Json) -> int:
    errcode = answer.get("errcode", 0)
    return errcode if isinstance(errcode, int) else -1
