from __future__ import annotations

import pytest

from knowledge.model import Hit
from knowledge.retrieval import Retriever, Standing
from tests.unit.knowledge.library_of_samples import PLANS, ask, index_of


def search(question: str, **options: object) -> list[Hit]:
    index = index_of(*PLANS)
    allowed = options.get("allowed")
    standing = options.get("standing")
    assert allowed is None or isinstance(allowed, frozenset)
    assert standing is None or isinstance(standing, dict)
    return Retriever(index).search(ask(index, question), allowed=allowed, standing=standing)


def test_the_named_plan_answers() -> None:
    hits = search("白鹭县2023年轮岗多少人")

    assert hits[0].passage == PLANS[0].passages[0]
    assert {hit.document.id for hit in hits} == {"bailu2023"}


def test_the_later_of_two_equal_plans_comes_first_unless_a_year_is_named() -> None:
    assert search("班级图书角")[0].document.id == "bailu2024"
    assert search("2023年班级图书角")[0].document.id == "bailu2023"


def test_only_permitted_documents_are_found() -> None:
    hits = search("轮岗多少人", allowed=frozenset({"qingya2024"}))

    assert {hit.document.id for hit in hits} == {"qingya2024"}
    assert search("轮岗多少人", allowed=frozenset()) == []


@pytest.mark.parametrize("standing", [Standing.SUPERSEDED, Standing.EXPIRED])
def test_what_no_longer_holds_comes_last_unless_its_year_is_named(standing: Standing) -> None:
    past = {"bailu2024": standing}

    assert search("班级图书角", standing=past)[0].document.id == "bailu2023"
    assert search("2024年班级图书角", standing=past)[0].document.id == "bailu2024"


def test_a_replaced_file_is_never_found() -> None:
    hits = search("一单两书", standing={"bailu2024": Standing.REPLACED})

    assert "bailu2024" not in {hit.document.id for hit in hits}


def test_a_comparison_leads_with_the_best_of_each() -> None:
    hits = search("白鹭县和青崖市2024年轮岗多少人")

    assert {hit.passage.id for hit in hits[:2]} == {"bailu2024#1", "qingya2024#1"}


def test_coverage_is_the_share_of_telling_words() -> None:
    full = search("述职评议")[0]
    half = search("述职评议的飞船航线")[0]

    assert full.passage == half.passage
    assert full.coverage == pytest.approx(1.0)
    assert 0.1 < half.coverage < 0.7


def test_nothing_in_common_finds_nothing() -> None:
    assert search("zzz") == []
