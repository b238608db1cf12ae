"""How a task reminds, read from words and said in words that read back."""

from __future__ import annotations

from dataclasses import replace
from datetime import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.reminders.ways import read_way, say_way
from scheduler.policy import SUPERIOR, Escalation, Policy

STANDARD = Policy()


@pytest.mark.parametrize(
    ("words", "changes"),
    [
        ("提前5、2天", {"leads": (5, 2)}),
        ("提前三天提醒，当天不提醒", {"leads": (3,), "on_day": False}),
        ("不提前；逾期不提醒", {"leads": (), "late_days": 0, "late_weeks": 0}),
        ("不上报", {"escalations": ()}),
        ("逾期每天提醒3天", {"late_days": 3}),
        ("逾期提醒2天再每周4次", {"late_days": 2, "late_weeks": 4}),
        ("逾期2天报专干，逾期5天报上级", {
            "escalations": (
                Escalation(days_late=2, to="officer"), Escalation(days_late=5, to=SUPERIOR)
            ),
        }),
        ("逾期1天报张三", {"escalations": (Escalation(days_late=1, to="member:张三"),)}),
        ("早上7点半", {"morning": time(7, 30)}),
        ("到点提醒", {"at_due": True}),
    ],
)  # fmt: skip
def test_words_change_what_they_name(words: str, changes: dict[str, object]) -> None:
    assert read_way(words, STANDARD) == replace(STANDARD, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "words", ["", "随便", "提前0天", "提前99天", "早上3点", "逾期天", "提前3天，随便"]
)
def test_what_cannot_be_read_changes_nothing(words: str) -> None:
    assert read_way(words, STANDARD) is None


def test_once_is_once() -> None:
    once = read_way("只提醒一次", STANDARD)
    assert once == replace(Policy.plain(), morning=STANDARD.morning)
    assert say_way(once) == "只到点提醒一次"


POLICIES = st.builds(
    Policy,
    leads=st.sets(st.integers(1, 60), max_size=6).map(
        lambda days: tuple(sorted(days, reverse=True))
    ),
    on_day=st.booleans(),
    at_due=st.booleans(),
    late_days=st.integers(0, 60),
    late_weeks=st.integers(0, 60),
    escalations=st.lists(
        st.builds(
            Escalation,
            days_late=st.integers(1, 60),
            to=st.sampled_from(["officer", SUPERIOR, "secretary", "member:张三"]),
        ),
        max_size=3,
    ).map(lambda found: tuple(sorted(found, key=lambda one: one.days_late))),
    morning=st.builds(time, st.integers(5, 21), st.integers(0, 59)),
)


@given(POLICIES)
def test_what_is_said_reads_back_as_the_same(policy: Policy) -> None:
    assert read_way(say_way(policy), STANDARD) == policy or say_way(policy) == "只到点提醒一次"


@given(st.text(max_size=60))
def test_anything_is_read_or_refused(words: str) -> None:
    found = read_way(words, STANDARD)
    assert found is None or isinstance(found, Policy)
