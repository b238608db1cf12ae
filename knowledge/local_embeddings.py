"""A sentence-transformers model from a folder or the local cache. Never asks the network."""

from __future__ import annotations

from langchain_core.embeddings import Embeddings

from bot.errors import ConfigError


class LocalEmbeddings(Embeddings):
    """``model`` is a folder, or the name of a model that was downloaded before."""

    def __init__(self, model: str) -> None:
        from sentence_transformers import SentenceTransformer
        from transformers.utils.logging import disable_progress_bar

        disable_progress_bar()  # type: ignore[no-untyped-call]
        try:
            self._model = SentenceTransformer(
                model,
                device="cpu",
                local_files_only=True,
                trust_remote_code=False,
                model_kwargs={"use_safetensors": True},
            )
        except (OSError, ValueError) as error:
            raise ConfigError(
                "the sentence-transformers model does not load",
                reply=f"向量模型“{model}”打不开：请先把模型下载到本机，再把文件夹路径写进配置。",
            ) from error
        self.name = f"sentence-transformers:{model}"
        self.dimensions = int(self._model.get_embedding_dimension() or 0)

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        vectors: list[list[float]] = self._model.encode_document(
            texts, normalize_embeddings=True, show_progress_bar=False
        ).tolist()
        return vectors

    def embed_query(self, text: str) -> list[float]:
        vector: list[float] = self._model.encode_query(
            text, normalize_embeddings=True, show_progress_bar=False
        ).tolist()
        return vector
