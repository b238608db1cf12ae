from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.budget import Budget, Limit
from bot.channels.text import (
    card_text,
    plain,
    reply_text,
    sources_text,
    split_numbered,
    split_text,
)
from bot.messages import Button, Card, Reply, Source

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


@given(st.text(st.characters(codec="utf-8")), st.integers(min_value=4, max_value=64))
def test_parts_fit_and_nothing_is_lost(text: str, limit_bytes: int) -> None:
    parts = split_text(text, limit_bytes)

    assert "".join(parts) == text
    assert all(0 < len(part.encode()) <= limit_bytes for part in parts)


@given(st.text("学校党建。\n，《》[1]👩‍🏫🇨🇳é", max_size=200), st.integers(40, 90))
def test_numbered_parts_fit_too(text: str, limit_bytes: int) -> None:
    parts = split_numbered(text, limit_bytes)

    assert all(len(part.encode()) <= limit_bytes for part in parts)
    assert len(parts) < 2 or parts[0].startswith(f"（1/{len(parts)}）")


@pytest.mark.parametrize(
    "whole", ["👩‍🏫", "🇨🇳", "👍🏽", "《青石县教育局工作要点》", "[12]", "e\u0301"]
)
def test_what_belongs_together_stays_together(whole: str) -> None:
    for padding in range(40):
        text = "字" * padding + whole + "字" * 40
        assert any(whole in part for part in split_text(text, 60))


def test_cuts_fall_at_paragraphs_then_sentences() -> None:
    assert split_text("第一段话说完了\n第二段话", 30) == ["第一段话说完了\n", "第二段话"]
    assert split_text("这一句先说完。后面一句接着说", 30) == ["这一句先说完。", "后面一句接着说"]


def test_marks_become_words_where_a_channel_has_none() -> None:
    assert plain("**共 3 项**\n- 甲\n- 乙") == "共 3 项\n· 甲\n· 乙"


def test_a_card_says_what_to_type() -> None:
    card = Card(
        title="主题党日",
        body="周三下午三点",
        facts=(("地点", "二楼会议室"),),
        buttons=(Button(label="签到", command="/签到 17"),),
    )

    assert card_text(card).splitlines() == [
        "**主题党日**",
        "周三下午三点",
        "地点：二楼会议室",
        "签到：请回复 /签到 17",
    ]


def test_sources_are_numbered_below_the_answer() -> None:
    source = Source(document="d1", title="工作要点", locator="二、4.")

    assert reply_text(Reply(text="每季度一次。", sources=(source,))) == (
        "每季度一次。\n\n出处：\n[1] 《工作要点》二、4."
    )
    assert sources_text(()) == ""


def test_a_budget_makes_the_next_one_wait_until_its_window_slides() -> None:
    budget = Budget([Limit(count=2, window_s=60), Limit(count=3, window_s=3600)])
    for _ in range(2):
        assert budget.wait_s("张", NOW) == 0
        budget.spend("张", NOW)

    assert budget.wait_s("张", NOW + timedelta(seconds=10)) == 50
    assert budget.wait_s("李", NOW) == 0
    later = NOW + timedelta(seconds=61)
    budget.spend("张", later)
    assert budget.wait_s("张", later) == 3600 - 61


def test_a_restart_does_not_forget_what_was_sent() -> None:
    budget = Budget([Limit(count=1, window_s=60)])
    budget.seed("张", [NOW])

    assert budget.wait_s("张", NOW + timedelta(seconds=20)) == 40
