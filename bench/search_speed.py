"""How fast a question becomes hits and an answer over 10,000 and 100,000 synthetic passages.

python -m bench.search_speed [--sizes 10000 100000] [--questions 100]

The passages are put together at random from invented phrases, and their vectors are random unit
vectors: the figures are about speed and memory, never about quality.
"""

from __future__ import annotations

import argparse
import math
import random
import resource
import statistics
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import numpy as np

from knowledge.answers import Answerer
from knowledge.embedding import Embedder, make_embedder
from knowledge.index import Index
from knowledge.model import Document, Hit, Passage, PassageKind
from knowledge.question import Understood, understand
from knowledge.retrieval import Retriever

_SUBJECTS = (
    "校园安全 课后服务 教师培训 党建品牌 阅读推广 劳动教育 心理健康 资助帮扶 食堂管理".split()
)
_VERBS = "推进 落实 完善 强化 规范 健全 深化 开展 优化 统筹".split()
_ENDS = "工作机制 责任清单 专项检查 示范创建 台账管理 考核办法 经费保障 年度计划".split()
_PER_DOCUMENT = 40
_PASSAGE_CHARS = 95


class FixedEmbedder:
    """Answers a random vector at once, to time everything but the model."""

    name = "fixed"
    dimensions = 384

    def __init__(self, seed: int) -> None:
        self._random = np.random.default_rng(seed)

    def embed_query(self, text: str) -> list[float]:
        vector = self._random.standard_normal(self.dimensions)
        unit: list[float] = (vector / np.linalg.norm(vector)).tolist()
        return unit

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        return [self.embed_query(text) for text in texts]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--questions", type=int, default=100)
    chosen = parser.parse_args()
    model = make_embedder("bundled")
    for size in chosen.sizes:
        _measure(size, chosen.questions, model)


def _measure(size: int, questions: int, model: Embedder | None) -> None:
    rng = random.Random(size)  # noqa: S311 — sample texts, no secret
    documents = [_document(number, rng) for number in range(size // _PER_DOCUMENT)]
    chars = sum(len(document.text) for document in documents)
    index = Index()
    started = time.perf_counter()
    index.add_all(documents)
    seconds = time.perf_counter() - started
    print(f"{size} synthetic passages, {chars} characters")
    print(f"  words searchable after {seconds:.1f} s: {chars / seconds:,.0f} characters/s")
    windows = index.missing_windows()
    vectors = np.random.default_rng(size).standard_normal((len(windows), 384), dtype=np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    index.put_vectors({window.hash: vectors[n] for n, window in enumerate(windows)})
    del vectors
    asked = [_question(rng) for _ in range(questions)]
    _report(index, FixedEmbedder(size), asked, "without embedding the question")
    if model is not None:
        _report(index, model, asked, "with embedding the question")
        sample = [window.text for window in windows[:64]]
        seconds = _timed(lambda: model.embed_documents(sample))
        made = sum(map(len, sample)) / seconds
        print(f"  vectors: {made:,.0f} characters/s (bundled model, 64 windows)")
    print(f"  resident memory {_resident_mb():.0f} MB, peak {_peak_mb():.0f} MB")


def _report(index: Index, embedder: Embedder, asked: list[str], label: str) -> None:
    retriever = Retriever(index, embedder)
    snapshot = index.snapshot()
    total = len(snapshot.passages)
    answerer = Answerer(weigh=lambda term: math.log1p(total / (1 + snapshot.frequency(term))))
    now = datetime.now(UTC)

    def find(text: str) -> tuple[Understood, list[Hit]]:
        understood = understand(text, (), index.vocabulary, now)
        return understood, retriever.search(understood, allowed=None, limit=12)

    def ask(text: str) -> None:
        answerer.answer(*find(text))

    for work, reach in ((find, "hits"), (ask, "answer")):
        work(asked[0])
        times = sorted(_timed(partial(work, text)) * 1000 for text in asked)
        p50, p95 = statistics.median(times), times[int(len(times) * 0.95)]
        print(f"  question to {reach}, {label}: p50 {p50:.1f} ms, p95 {p95:.1f} ms")


def _timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _document(number: int, rng: random.Random) -> Document:
    year = 2015 + number % 12
    title = f"第{number}中心学校{year}年工作计划"
    key = f"{number:012x}"
    passages: list[Passage] = []
    at = 0
    for n in range(1, _PER_DOCUMENT + 1):
        text = f"{n}.{_sentence(rng)}"
        passages.append(
            Passage(
                id=f"{key}#{n}",
                document_id=key,
                locator=f"{n}.",
                path=(f"一、{rng.choice(_SUBJECTS)}",),
                kind=PassageKind.ITEM,
                start=at,
                end=at + len(text),
                text=text,
            )
        )
        at += len(text) + 1
    text = "\n".join(passage.text for passage in passages)
    return Document(
        id=key, file=f"{key}.txt", title=title, year=year, text=text, passages=tuple(passages)
    )


def _sentence(rng: random.Random) -> str:
    text = ""
    while len(text) < _PASSAGE_CHARS:
        rare = "".join(chr(rng.randrange(0x4E00, 0x5E00)) for _ in range(3))
        words = (rng.choice(_VERBS), rng.choice(_SUBJECTS), rare, rng.choice(_ENDS))
        text += "".join(words) + ("。" if len(text) > 60 else "，")
    return text


def _question(rng: random.Random) -> str:
    return f"{rng.choice(_SUBJECTS)}的{rng.choice(_ENDS)}怎么{rng.choice(_VERBS)}，由谁负责？"


def _resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6


def _peak_mb() -> float:
    scale = 1e6 if sys.platform == "darwin" else 1e3
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / scale


if __name__ == "__main__":
    main()
