"""Any chat model that LangChain can open, with every failure turned into one kind of trouble."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

from knowledge.prompts import Prompt
from knowledge.writer_limits import Limits, ModelTrouble, Trouble, Usage

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import AIMessageChunk, BaseMessage

logger = logging.getLogger(__name__)

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_STATUS = {
    400: Trouble.REJECTED, 401: Trouble.UNAUTHORISED, 402: Trouble.NO_MONEY,
    403: Trouble.UNAUTHORISED, 404: Trouble.UNAUTHORISED, 408: Trouble.TIMEOUT,
    413: Trouble.REJECTED, 422: Trouble.REJECTED, 429: Trouble.RATE_LIMITED,
}  # fmt: skip
_MONEY_WORDS = ("insufficient_quota", "insufficient balance", "余额", "欠费", "arrear")
_FILTER_WORDS = (
    "content_filter", "content filter", "data_inspection", "content exists risk", "敏感", "不安全",
)  # fmt: skip
_BROKEN_OFF = ("Protocol", "ReadError", "IncompleteRead", "WriteError", "ConnectionReset")
_THINK, _THINK_END = "<think>", "</think>"


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Some more text; ``finish`` is the provider's word for how it ended, with the last ones."""

    text: str = ""
    usage: Usage | None = None
    finish: str | None = None


class Model(Protocol):
    """Something that goes on writing after a prompt."""

    name: str

    def stream(self, prompt: Prompt, limits: Limits) -> AsyncGenerator[Piece, None]:
        """Pieces as they come.

        Raises:
            ModelTrouble: Anything that went wrong.
        """
        ...

    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelPlace:
    """Where a model is: ``name`` is ``provider:model``, without a provider an OpenAI-like one."""

    name: str
    base_url: str | None = None
    api_key: str | None = None

    @property
    def is_inside(self) -> bool:
        """Whether it runs on this machine, so that nothing leaves it."""
        return (urlsplit(self.base_url or "").hostname or "") in _LOOPBACK

    @property
    def is_openai_like(self) -> bool:
        return ":" not in self.name or self.name.startswith("openai:")


class LangChainModel:
    """Opened at the first call, in a thread: its import alone takes a second."""

    def __init__(self, place: ModelPlace, limits: Limits) -> None:
        self.name = place.name
        self._place = place
        self._limits = limits
        self._opening: asyncio.Lock = asyncio.Lock()
        self._model: BaseChatModel | None = None
        self._close: Callable[[], Awaitable[None]] | None = None

    async def stream(self, prompt: Prompt, limits: Limits) -> AsyncGenerator[Piece, None]:
        thoughts = _Thoughts()
        try:
            model = await self._opened()
            async with aclosing(_chunks(model, prompt)) as chunks:
                async for chunk in chunks:
                    yield thoughts.without(_piece(chunk))
        except ModelTrouble:
            raise
        except Exception as error:
            raise trouble_of(error) from error

    async def close(self) -> None:
        close, self._close, self._model = self._close, None, None
        if close is not None:
            await close()

    async def _opened(self) -> BaseChatModel:
        async with self._opening:
            if self._model is None:
                self._model = await asyncio.to_thread(self._open)
            return self._model

    def _open(self) -> BaseChatModel:
        try:
            from langchain.chat_models import init_chat_model
        except ImportError as error:
            raise ModelTrouble(Trouble.UNREACHABLE, f"cannot import: {error.name}") from error
        place, limits = self._place, self._limits
        if not place.is_openai_like:
            if place.base_url:
                return init_chat_model(place.name, temperature=0, base_url=place.base_url)
            return init_chat_model(place.name, temperature=0)
        from openai import DefaultAsyncHttpxClient

        http = DefaultAsyncHttpxClient(
            timeout=limits.call_s, follow_redirects=False, trust_env=not place.is_inside
        )
        self._close = http.aclose
        bound = (
            {"extra_body": {"max_tokens": limits.answer_tokens}}
            if place.base_url
            else {"max_tokens": limits.answer_tokens}
        )
        return init_chat_model(
            place.name.removeprefix("openai:"),
            model_provider="openai",
            base_url=place.base_url,
            api_key=place.api_key or "none",
            temperature=0,
            timeout=limits.call_s,
            max_retries=0,
            stream_usage=True,
            use_responses_api=False,
            http_async_client=http,
            **bound,
        )


async def _chunks(model: BaseChatModel, prompt: Prompt) -> AsyncGenerator[AIMessageChunk, None]:
    """Nothing of a call may be traced to a third party, whatever the environment says."""
    from langchain_core.messages import HumanMessage, SystemMessage
    from langsmith import tracing_context

    said: list[BaseMessage] = [SystemMessage(prompt.rules), HumanMessage(prompt.words)]
    stream = model.astream(said)
    with tracing_context(enabled=False):
        chunk = await anext(stream, None)
    while chunk is not None:
        yield chunk
        chunk = await anext(stream, None)


def _piece(chunk: AIMessageChunk) -> Piece:
    counted = chunk.usage_metadata
    finish = chunk.response_metadata.get("finish_reason")
    return Piece(
        text=str(chunk.text),
        usage=Usage(
            prompt_tokens=counted["input_tokens"], completion_tokens=counted["output_tokens"]
        )
        if counted
        else None,
        finish=finish if isinstance(finish, str) else None,
    )


class _Thoughts:
    """Local models print what they think before they answer; nobody is shown that."""

    def __init__(self) -> None:
        self._held = ""
        self._is_open: bool | None = None

    def without(self, piece: Piece) -> Piece:
        if self._is_open is False:
            return piece
        self._held += piece.text
        text = ""
        if self._is_open is None and not _THINK.startswith(self._held.strip()[: len(_THINK)]):
            self._is_open, text = False, self._held
        elif self._held.strip().startswith(_THINK):
            self._is_open = True
            _, end, after = self._held.partition(_THINK_END)
            if end:
                self._is_open, text = False, after
        return Piece(text=text, usage=piece.usage, finish=piece.finish)


def trouble_of(error: BaseException) -> ModelTrouble:
    """What a provider's error means, by its status where it has one, else by what it is."""
    name = type(error).__name__
    words = f"{error} {getattr(error, 'body', '')}".lower()
    status = getattr(error, "status_code", None)
    if any(word in words for word in _FILTER_WORDS):
        return ModelTrouble(Trouble.REFUSED, name)
    if isinstance(status, int):
        trouble = _STATUS.get(status, Trouble.SERVER if status >= 500 else Trouble.REJECTED)
        if trouble is Trouble.RATE_LIMITED and any(word in words for word in _MONEY_WORDS):
            trouble = Trouble.NO_MONEY
        return ModelTrouble(trouble, f"{name} {status}", rest_s=_retry_after(error))
    if isinstance(error, TimeoutError) or "Timeout" in name:
        return ModelTrouble(Trouble.TIMEOUT, name)
    if any(word in cause for cause in _causes(error) for word in _BROKEN_OFF):
        return ModelTrouble(Trouble.CUT, name)
    if isinstance(error, OSError) or "Connect" in name:
        return ModelTrouble(Trouble.UNREACHABLE, name)
    return ModelTrouble(Trouble.MALFORMED, name)


def _causes(error: BaseException | None) -> Iterator[str]:
    while error is not None:
        yield type(error).__name__
        error = error.__cause__ or error.__context__


def _retry_after(error: BaseException) -> float | None:
    headers = getattr(getattr(error, "response", None), "headers", None)
    value = headers.get("retry-after", "") if headers is not None else ""
    return float(value) if value.isdecimal() else None
