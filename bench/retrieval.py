"""Run the project's own retrieval over an evaluation set and write a TREC run.

python -m bench.retrieval --data DIR --run FILE [--embedding bundled|none] [--cache DIR]
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from bench.sets import VectorCache, default_cache, read_documents, read_queries
from knowledge.embedding import make_embedder
from knowledge.index import Index
from knowledge.question import understand
from knowledge.retrieval import Retriever


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of a set")
    parser.add_argument("--run", type=Path, required=True, help="TREC run to write")
    parser.add_argument("--embedding", default="bundled")
    parser.add_argument("--cache", type=Path, default=None, help="folder for cached vectors")
    parser.add_argument("--limit", type=int, default=50)
    chosen = parser.parse_args()

    embedder = make_embedder(chosen.embedding)
    documents, line_of = read_documents(chosen.data)
    index = Index()
    started = time.perf_counter()
    index.add_all(documents)
    seconds = time.perf_counter() - started
    chars = sum(len(passage.text) for document in documents for passage in document.passages)
    print(f"{len(line_of)} passages, {chars} characters, words in {seconds:.1f} s", file=sys.stderr)
    if embedder is not None:
        cache = VectorCache(chosen.cache or default_cache(), embedder)
        missing = index.missing_windows()
        found = cache.vectors(missing)
        index.put_vectors({window.hash: found[window.hash] for window in missing})

    retriever = Retriever(index, embedder)
    now = datetime.now(UTC)
    times_ms = []
    refused = 0
    with chosen.run.open("w", encoding="utf-8") as run:
        for query_id, text in read_queries(chosen.data):
            started = time.perf_counter()
            understood = understand(text, (), index.vocabulary, now)
            hits = retriever.search(understood, allowed=None, limit=chosen.limit)
            times_ms.append((time.perf_counter() - started) * 1000)
            refused += understood.refused is not None
            for rank, hit in enumerate(hits, 1):
                # Scores are made distinct: equal ones would be ordered by id.
                run.write(
                    f"{query_id} Q0 {line_of[hit.passage.id]} {rank} {1 / rank:.6f} yaodian\n"
                )
    times_ms.sort()
    p50, p95 = statistics.median(times_ms), times_ms[int(len(times_ms) * 0.95)]
    print(f"{len(times_ms)} questions, {refused} refused, p50 {p50:.1f} ms, p95 {p95:.1f} ms")


if __name__ == "__main__":
    main()
