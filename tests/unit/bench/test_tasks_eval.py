"""One draft, one duty: how drafts are matched to gold tasks."""

from __future__ import annotations

import pytest

from bench.tasks_eval import Draft, GoldTask, fires_in_a_year, measure

SPAN = "各学校每季度组织一次安全演练"
QUARTERLY = "FREQ=MONTHLY;INTERVAL=3"


def _gold(span: str = SPAN, rule: str | None = QUARTERLY, task_id: str = "1") -> GoldTask:
    return GoldTask(
        id=task_id,
        file="a.txt",
        span=span,
        is_requirement=True,
        accepted_rules=(rule,),
        per_year=4 if rule else None,
        due_on=None,
    )


def _draft(quote: str = SPAN, rrule: str | None = QUARTERLY) -> Draft:
    return Draft(quote=quote, rrule=rrule, due_on=None)


def test_half_of_the_span_is_enough_and_less_is_not() -> None:
    assert measure({"a.txt": [_draft(SPAN[:7])]}, [_gold()]).requirements_found == 1
    assert measure({"a.txt": [_draft(SPAN[:6])]}, [_gold()]).requirements_found == 0


def test_a_draft_that_is_more_than_one_duty_is_not_matched() -> None:
    longest_allowed = SPAN + "，" * (40 - len(SPAN))

    assert measure({"a.txt": [_draft(longest_allowed)]}, [_gold()]).requirements_found == 1
    assert measure({"a.txt": [_draft(longest_allowed + "，")]}, [_gold()]).requirements_found == 0


def test_one_draft_serves_one_gold_task_and_the_rest_counts_against_precision() -> None:
    figures = measure({"a.txt": [_draft()]}, [_gold(), _gold(task_id="2")])
    assert (figures.requirements_found, figures.missed) == (1, ("2",))

    figures = measure({"a.txt": [_draft(), _draft()]}, [_gold()])
    assert (figures.drafts, figures.drafts_matched) == (2, 1)
    assert figures.unmatched_drafts_with_rule == 1


def test_an_equal_rhythm_is_right_and_an_invented_one_is_counted() -> None:
    same = measure({"a.txt": [_draft(rrule="FREQ=YEARLY;BYMONTH=3,6,9,12")]}, [_gold()])
    other = measure({"a.txt": [_draft(rrule="FREQ=MONTHLY")]}, [_gold()])
    invented = measure({"a.txt": [_draft()]}, [_gold(rule=None)])

    assert (same.rules_right, other.rules_right, other.wrong_rules) == (1, 0, ("1",))
    assert invented.invented_rules == 1


def test_drafts_of_files_without_gold_are_left_out() -> None:
    assert measure({"b.txt": [_draft()]}, [_gold()]).drafts == 0


@pytest.mark.parametrize(
    ("rule", "times"),
    [
        ("FREQ=YEARLY;BYMONTH=1", 1),
        ("FREQ=MONTHLY;INTERVAL=6", 2),
        (QUARTERLY, 4),
        ("FREQ=WEEKLY", 53),
    ],
)
def test_a_rule_is_counted_over_one_calendar_year(rule: str, times: int) -> None:
    assert fires_in_a_year(rule) == times
