"""Floors under the figures of drafted tasks, on documents the rules were not written for."""

from __future__ import annotations

from pathlib import Path

from bench.tasks_eval import Figures
from bench.tasks_quality import figures_of, line_of
from tests.shared_data import shared_path

HELDOUT = Path(__file__).parents[2] / "heldout"
COUNTY_PLAN = "004_75c5b49719a012bb.txt"


def _recall(figures: Figures) -> float:
    return figures.requirements_found / figures.requirements


def test_held_out_documents() -> None:
    figures = figures_of(HELDOUT / "gold" / "tasks.json", HELDOUT / "documents")["all"]
    said = line_of("held out", figures)
    assert _recall(figures) >= 0.95, said
    assert figures.drafts_matched / figures.drafts >= 0.85, said
    assert figures.due_right / figures.with_due >= 0.85, said
    assert figures.rules_right >= figures.with_rule - 2, said
    assert figures.invented_rules == 0, said


def test_source_documents() -> None:
    gold = shared_path("gold/tasks.json")
    figures = figures_of(gold, gold.parents[1] / "seeds")
    said = "\n".join(line_of(name, found) for name, found in figures.items())
    assert _recall(figures[COUNTY_PLAN]) >= 0.9, said
    assert _recall(figures["all"]) >= 0.85, said
    assert figures["all"].drafts_matched / figures["all"].drafts >= 0.78, said
    assert figures["all"].rules_right >= 12, said
    assert figures["all"].invented_rules == 0, said
