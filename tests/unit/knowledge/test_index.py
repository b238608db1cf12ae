from __future__ import annotations

import threading
from pathlib import Path

import numpy as np

from knowledge.index import Index
from knowledge.vectors import ChromaVectors
from knowledge.windows import windows_of
from tests.unit.knowledge.library_of_samples import PLANS, index_of, sample


def found(index: Index, *words: str) -> set[str]:
    snapshot = index.snapshot()
    rows = snapshot.lexical(dict.fromkeys(words, 1.0), 100, None)
    return {snapshot.passages[row].document_id for row in rows}


def test_words_are_found_at_once_and_gone_after_removal() -> None:
    index = index_of(*PLANS)
    assert found(index, "评议") == {"qingya2024"}

    index.remove("qingya2024")

    assert found(index, "评议") == set()
    assert not index.vocabulary.knows("述职评议")


def test_a_replacement_is_found_instead() -> None:
    index = index_of(*PLANS)
    index.replace("qingya2024", sample("青崖市新要点", "1.建设科技馆。", key="new"))

    assert found(index, "评议") == set()
    assert found(index, "科技") == {"new"}


def test_the_same_id_with_other_words_replaces() -> None:
    index = index_of(sample("甲", "1.种植油茶。", key="one"))
    index.add(sample("甲", "1.种植花椒。", key="one"))

    assert found(index, "油茶") == set()
    assert found(index, "花椒") == {"one"}


def test_a_folder_keeps_words_and_is_repaired_when_it_holds_others(tmp_path: Path) -> None:
    first = Index(tmp_path)
    first.add_all(PLANS)
    first.close()
    del first

    second = Index(tmp_path)
    second.load(PLANS[:2])

    assert found(second, "评议") == set()
    assert found(second, "轮岗") == {"bailu2023", "bailu2024"}
    assert second.snapshot().frequency("轮岗") == 2
    second.close()


def test_a_document_taken_away_and_brought_back_is_found_again() -> None:
    index = index_of(*PLANS)
    index.remove("qingya2024")
    index.add(PLANS[2])

    assert found(index, "评议") == {"qingya2024"}


def test_search_within_documents_finds_no_others() -> None:
    snapshot = index_of(*PLANS).snapshot()
    rows = snapshot.lexical({"轮岗": 1.0}, 100, frozenset({"bailu2024"}))

    assert {snapshot.passages[row].document_id for row in rows} == {"bailu2024"}


def test_vectors_are_asked_for_once_and_scored_by_the_best_window() -> None:
    index = index_of(*PLANS)
    missing = index.missing_windows()
    assert len(missing) == len({window.hash for window in missing}) == 8
    wanted = windows_of(PLANS[2], PLANS[2].passages[1])[0]

    index.put_vectors(
        {
            window.hash: np.eye(3, dtype=np.float32)[0 if window == wanted else 1]
            for window in missing
        }
    )

    assert index.missing_windows() == []
    scores = index.snapshot().dense(np.eye(3, dtype=np.float32)[0])
    assert scores is not None
    best = int(scores[0].argmax())
    assert index.snapshot().passages[best] == PLANS[2].passages[1]


def test_a_snapshot_never_changes_while_another_thread_writes() -> None:
    index = index_of(*PLANS)
    snapshot = index.snapshot()
    writer = threading.Thread(target=index.remove, args=("bailu2023",))
    writer.start()
    writer.join()

    rows = snapshot.lexical({"轮岗": 1.0}, 100, None)
    assert {snapshot.passages[row].document_id for row in rows} == {plan.id for plan in PLANS}
    assert "bailu2023" not in index.snapshot().documents


def test_chromadb_gives_back_the_vectors_it_was_given(tmp_path: Path) -> None:
    vectors = {f"{n:032x}": np.eye(4, dtype=np.float32)[n] for n in range(3)}
    kept = ChromaVectors(tmp_path)
    kept.put("model", vectors)
    kept.keep_only("model", frozenset(list(vectors)[:2]))

    found_again = ChromaVectors(tmp_path).get("model", [*vectors, "f" * 32])

    assert set(found_again) == set(list(vectors)[:2])
    assert all(np.allclose(found_again[key], vectors[key]) for key in found_again)
