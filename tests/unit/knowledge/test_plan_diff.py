"""What changed between two plans."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.model import Basis, DraftTask, TaskKind
from knowledge.plan_diff import Change, diff_plans
from knowledge.planning import draft_tasks
from knowledge.plans_json import diff_json, drafts_json
from knowledge.reading import read_bytes
from tests.unit.knowledge.plan_samples import UNION_PLAN


def _draft(quote: str, **changes: object) -> DraftTask:
    draft = DraftTask(
        title=quote[:30],
        quote=quote,
        locator="一、1.",
        responsible="甲镇中心学校",
        kind=TaskKind.ONGOING,
        rrule=None,
        due_on=None,
        basis=Basis.REQUIREMENT,
        evidence_types=("ledger",),
        start=0,
        end=len(quote),
    )
    return replace(draft, **changes)  # type: ignore[arg-type]


def _what(old: DraftTask, new: DraftTask) -> tuple[Change, ...]:
    diff = diff_plans([old], [new])
    assert not diff.added
    assert not diff.removed
    return diff.changed[0].what if diff.changed else ()


PLAN: Sequence[DraftTask] = draft_tasks(read_bytes(UNION_PLAN.encode(), "2026.txt"))


def test_a_year_that_moves_on_is_no_change() -> None:
    later = UNION_PLAN.replace("2026", "2027")
    diff = diff_plans(PLAN, draft_tasks(read_bytes(later.encode(), "2027.txt")))
    assert (diff.added, diff.removed, diff.changed, diff.same) == ((), (), (), len(PLAN))


def test_renumbering_and_reordering_are_no_change() -> None:
    moved = [replace(draft, locator=f"九、{n}.") for n, draft in enumerate(reversed(PLAN))]
    assert diff_plans(PLAN, moved).same == len(PLAN)


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        (
            _draft("6月底前完成校舍排查", due_on=date(2026, 6, 30)),
            _draft("7月底前完成校舍排查", due_on=date(2027, 7, 31)),
            (Change.DUE_ON,),
        ),
        (
            _draft("每月开展一次应急演练", rrule="FREQ=MONTHLY"),
            _draft("每季度开展一次应急演练", rrule="FREQ=MONTHLY;INTERVAL=3"),
            (Change.RRULE,),
        ),
        (
            _draft("开展应急演练", responsible="安全办"),
            _draft("开展应急演练", responsible="德育处"),
            (Change.RESPONSIBLE,),
        ),
        (_draft("培训骨干教师120名"), _draft("培训骨干教师一百五十名"), (Change.QUANTITY,)),
        (
            _draft("建立校园食堂食品留样制度"),
            _draft("建立校园食堂食品采购和留样公示制度"),
            (Change.WORDS,),
        ),
        (_draft("举办第三届校园读书节"), _draft("举办第四届校园读书节"), ()),
        (
            _draft("2月底前报送计划", due_on=date(2024, 2, 29)),
            _draft("2月底前报送计划", due_on=date(2025, 2, 28)),
            (),
        ),
    ],
)
def test_what_changed(old: DraftTask, new: DraftTask, what: tuple[Change, ...]) -> None:
    assert _what(old, new) == what


def test_other_things_are_removed_and_added() -> None:
    old, new = _draft("开展防溺水宣传教育"), _draft("组织教师信息技术考核")
    diff = diff_plans([old], [new])
    assert (diff.added, diff.removed, diff.changed, diff.same) == ((new,), (old,), (), 0)


def test_a_duty_split_in_two_keeps_its_better_half() -> None:
    old = _draft("组织教师开展家访和心理辅导活动")
    half, other = _draft("组织教师开展家访活动"), _draft("聘请专家举办心理辅导讲座")
    diff = diff_plans([old], [half, other])
    assert [changed.after for changed in diff.changed] == [half]
    assert diff.added == (other,)


def test_items_of_a_series_are_told_apart_by_their_titles() -> None:
    quote = "落实早巡查、晚点名等制度"
    series = [_draft(quote, title="早巡查"), _draft(quote, title="晚点名")]
    assert diff_plans(series, list(reversed(series))).same == 2


QUOTES = st.text(st.sampled_from("开展校园安全演练评选教师每月12年，"), min_size=1, max_size=12)


@given(st.lists(QUOTES, max_size=8), st.lists(QUOTES, max_size=8))
def test_every_task_is_told_once(old_quotes: list[str], new_quotes: list[str]) -> None:
    old = [_draft(quote, start=at, end=at + 1) for at, quote in enumerate(old_quotes)]
    new = [_draft(quote, start=at, end=at + 1) for at, quote in enumerate(new_quotes)]
    diff = diff_plans(old, new)
    assert len(diff.removed) + len(diff.changed) + diff.same == len(old)
    assert len(diff.added) + len(diff.changed) + diff.same == len(new)
    assert all(changed.what for changed in diff.changed)
    assert diff_plans(old, old).same == len(old)


def test_thousands_of_tasks_are_compared_in_seconds() -> None:
    tasks = [_draft(f"开展第{n}项安全检查{chr(0x4E00 + n)}{chr(0x5E00 + n)}") for n in range(3000)]
    started = time.perf_counter()
    assert diff_plans(tasks, tasks[::-1]).same == 3000
    diff = diff_plans(tasks[:1500], tasks[1500:])
    assert len(diff.added) + len(diff.changed) + diff.same == 1500
    assert time.perf_counter() - started < 20


def test_json_has_the_contract_and_nothing_else() -> None:
    old, new = _draft("培训教师12名"), _draft("培训教师15名", due_on=date(2026, 6, 30))
    draft = drafts_json([new])[0]
    assert list(draft) == [
        "title", "quote", "locator", "responsible", "kind", "rrule", "due_on", "basis",
        "evidence_types",
    ]  # fmt: skip
    assert (draft["due_on"], draft["kind"]) == ("2026-06-30", "ongoing")
    assert diff_json(diff_plans([old], [new])) == {
        "added": [],
        "removed": [],
        "changed": [{"from": drafts_json([old])[0], "to": draft, "what": ["due_on", "quantity"]}],
        "same": 0,
    }
