"""Sheets of indicators are read as they were meant, or refused with the row that is wrong."""

from __future__ import annotations

import io
import time
import zipfile
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.errors import UsageError
from handlers.reports import indicator_wording as wording
from handlers.reports.indicator_sheet import has_indicators, read_indicators
from handlers.reports.indicator_views import IndicatorRow, Standing, Way
from handlers.reports.indicator_weights import Weighed, from_weights
from handlers.workbook_limits import check_workbook
from tests.fakes.indicator_sheets import SMALL, Row, large, workbook
from tests.fakes.messages import NOW

DAY = NOW.date()


@pytest.mark.parametrize("merged", [True, False])
def test_levels_are_counted(merged: bool) -> None:
    sheet = read_indicators(large(merged=merged))

    assert sheet.errors == ()
    assert sheet.levels == (6, 20, 70)
    assert sheet.title == "云岭县中小学党建工作考核指标（2026年）"
    assert sum(one.hundredths or 0 for one in sheet.nodes if one.level == 1) == 7000
    assert all(one.criterion for one in sheet.nodes if one.level == 3)


def test_scores_types_and_targets_stand_with_their_indicator() -> None:
    sheet = read_indicators(workbook(SMALL, ["A1:F1", "A3:A4", "A5:A6"]))
    rows = {one.title: one for one in sheet.nodes}

    assert sheet.errors == ()
    assert sheet.levels == (2, 4)
    assert [rows[name].hundredths for name in ("一、组织生活", "主题党日", "谈心谈话")] == [
        2000, 1200, 800,
    ]  # fmt: skip
    assert (rows["谈心谈话"].type_words, rows["谈心谈话"].target) == ("谈心谈话", 4)
    assert rows["品牌建设"].hundredths == 500
    assert rows["二、作用发挥"].hundredths == 1000


def test_repeated_names_are_one_indicator_above_and_two_below() -> None:
    rows = (("一级指标", "二级指标", "分值"), ("党建", "加分项", 1), ("党建", "加分项", 2),
            ("教学", "加分项", 3))  # fmt: skip
    sheet = read_indicators(workbook(rows))

    assert sheet.levels == (2, 3)
    assert [one.hundredths for one in sheet.nodes if one.level == 1] == [300, 300]


@pytest.mark.parametrize(
    "shares",
    [
        (("60%", "50%", "50%"), (None, None, None), ("40%", "100%", "100%")),
        ((0.6, None, 0.5), (None, None, 0.5), (0.4, None, 1)),
        ((None, None, 30), (None, None, 30), (None, None, 40)),
    ],
)
def test_shares_of_the_parent_or_of_the_whole_make_up_a_hundred(shares: tuple[Row, ...]) -> None:
    titles = (("甲", "甲一"), (None, "甲二"), ("乙", "乙一"))
    rows: list[Row] = [("一级指标", "一级权重", "二级指标", "权重")]
    rows += [
        (top, of_top, low, of_low)
        for (top, low), (of_top, _, of_low) in zip(titles, shares, strict=True)
    ]
    if shares[0][1] is not None:
        rows[1], rows[2] = ("甲", "60%", "甲一", "50%"), (None, None, "甲二", "50%")
    sheet = read_indicators(workbook(rows))

    assert sheet.errors == ()
    assert [one.hundredths for one in sheet.nodes] == [6000, 3000, 3000, 4000, 4000]


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ((("甲", "甲一", "十分"),), "第 2 行：分值“十分”看不懂"),
        ((("甲（9分）", "甲一", 5), (None, "甲二", 5)), "写的是 9 分，下面各项加起来是 10 分"),
        (((None, "甲一", 5),), "没有上一级指标"),
        ((("甲", "甲一", "=1+1"),), "分值“公式”看不懂"),
        ((("=A9", "甲一", 1),), "是公式"),
        ((("甲", "甲一", "50%"), (None, "甲二", 5)), "只能用一种"),
        ((("甲", "甲一", "50%"), (None, "甲二", "40%")), "加起来是 90%"),
        ((("甲" * 300, "甲一", 1),), "超过 200 字"),
        ((), "没有指标"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_guessed(rows: tuple[Row, ...], words: str) -> None:
    sheet = read_indicators(workbook([("一级指标", "二级指标", "分值"), *rows]))

    assert any(words in one for one in sheet.errors), sheet.errors


def test_another_sheet_is_no_tree() -> None:
    for rows in ([("姓名", "单位"), ("张三", "二中")], [("重点任务", "责任人", "完成时限")], []):
        assert not has_indicators(workbook(rows))
    assert not has_indicators(b"PK\x03\x04")
    assert not has_indicators(b"")
    assert has_indicators(large())


NAMES = st.text("甲乙丙丁戊己庚辛", min_size=1, max_size=6)
TREES = st.lists(
    st.tuples(NAMES, st.lists(st.tuples(NAMES, st.integers(1, 400)), min_size=1, max_size=5)),
    min_size=1, max_size=5, unique_by=lambda one: one[0],
)  # fmt: skip


@settings(max_examples=40)
@given(TREES, st.booleans())
def test_a_tree_comes_back_as_it_was_written(
    tree: list[tuple[str, list[tuple[str, int]]]], is_merged: bool
) -> None:
    rows: list[Row] = [("一级指标", "二级指标", "分值")]
    merges = []
    for top, leaves in tree:
        first = len(rows) + 1
        for n, (name, quarters) in enumerate(leaves):
            rows.append((top if n == 0 else None, name, quarters / 4))
        if is_merged and len(leaves) > 1:
            merges.append(f"A{first}:A{first + len(leaves) - 1}")
    sheet = read_indicators(workbook(rows, merges))

    assert sheet.errors == ()
    assert sheet.levels == (len(tree), sum(len(leaves) for _, leaves in tree))
    tops = [one for one in sheet.nodes if one.level == 1]
    assert [(one.title, one.hundredths) for one in tops] == [
        (top, sum(25 * quarters for _, quarters in leaves)) for top, leaves in tree
    ]


@given(st.lists(st.integers(1, 1000), min_size=1, max_size=60))
def test_shares_add_up_to_the_hundredth(numbers: list[int]) -> None:
    total = sum(numbers)
    nodes = [Weighed(None, 1, "x", n, Fraction(one, total)) for n, one in enumerate(numbers)]
    full, errors = from_weights(nodes)

    assert errors == []
    assert sum(one or 0 for one in full) == 10_000
    for one, number in zip(full, numbers, strict=True):
        assert abs((one or 0) - Fraction(number * 10_000, total)) < 1


CELLS = st.one_of(
    st.none(), st.integers(-5, 10**12), st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=12),
    st.sampled_from(["一级指标", "二级指标", "分值", "权重", "合计", "=1"]),
)  # fmt: skip


@settings(max_examples=80)
@given(st.lists(st.lists(CELLS, max_size=6), max_size=8))
def test_any_sheet_is_a_tree_or_refused(rows: list[Row]) -> None:
    try:
        sheet = read_indicators(workbook(rows))
    except UsageError as error:
        assert error.reply.endswith("。")
        return
    assert sheet.nodes or sheet.errors
    for one in sheet.nodes:
        assert one.parent is None or sheet.nodes[one.parent].level == one.level - 1


@given(st.binary(max_size=400))
def test_any_bytes_are_refused_in_a_sentence(content: bytes) -> None:
    for read in (read_indicators, check_workbook):
        with pytest.raises(UsageError) as caught:
            read(content)
        assert caught.value.reply.endswith("。")


def _sheet_of(inside: bytes, *, times: int = 1) -> bytes:
    head = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
    plain = workbook([("一级指标", "二级指标", "分值")])
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(plain)) as old,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            if name != "xl/worksheets/sheet1.xml":
                new.writestr(name, old.read(name))
        with new.open("xl/worksheets/sheet1.xml", "w") as entry:
            entry.write(head + b"<sheetData>")
            for n in range(times):
                entry.write(inside.replace(b"%N", str(n).encode()))
            entry.write(b"</sheetData></worksheet>")
    return out.getvalue()


@pytest.mark.parametrize(
    "make",
    [
        lambda: _sheet_of(b'<row r="%N"><c t="inlineStr"><is><t>%N x</t></is></c></row>' * 4,
                          times=250_000),
        lambda: _sheet_of(b'<row><c r="XFD1048576"/></row>' + b"<c/>" * 500, times=2_000),
        lambda: workbook([["x" * 30_000] * 40] * 30),
        lambda: workbook([[]]) + b"\0" * (6 * 2**20),
    ],
    ids=["a million rows", "cells without end", "a ratio", "its size"],
)  # fmt: skip
def test_a_bomb_is_refused_before_it_is_parsed(make: object) -> None:
    assert callable(make)
    content = make()
    before = time.process_time()
    with pytest.raises(UsageError):
        read_indicators(content)
    assert time.process_time() - before < 2


def _standing(unit: str, *scores: int | None) -> Standing:
    rows = tuple(
        IndicatorRow(id=n, level=1, title=f"第{n}项", criterion="", way=Way.RATED, full=1000,
                     score=score)
        for n, score in enumerate(scores)
    )  # fmt: skip
    return Standing(tree="指标", unit_id=1, unit=unit, first=DAY, last=DAY, made_at=NOW, rows=rows)


def test_who_has_no_result_has_no_place_and_equal_ones_share_theirs() -> None:
    all_of_them = [
        _standing("甲", 500, None), _standing("乙", None, None), _standing("丙", 900, 900),
        _standing("丁", 300, 200),
    ]  # fmt: skip
    ranked = wording.placed(all_of_them, is_ranked=True)

    assert [(place, one.unit) for place, one in ranked] == [
        (1, "丙"), (2, "甲"), (2, "丁"), (None, "乙"),
    ]  # fmt: skip
    told = wording.compared(all_of_them, is_ranked=True)
    assert "2. 甲：5 分（1 项还没有结果，没有算）" in told
    assert "乙：还没有结果" in told
    assert "1. " not in wording.compared(all_of_them, is_ranked=False)
    table = wording.comparison_table(all_of_them, is_ranked=True)
    assert [row[:3] for row in table.rows][-1] == (None, "乙", None)


def test_the_sheet_that_the_guide_shows_is_one() -> None:
    text = (Path(__file__).parents[3] / "docs" / "reports.md").read_text("utf-8")
    lines = [line for line in text.splitlines() if line.startswith("|") and "---" not in line]
    rows = [[cell.strip() or None for cell in line.strip("|").split("|")] for line in lines]
    sheet = read_indicators(workbook(rows))

    assert sheet.errors == ()
    assert sheet.levels == (2, 3)
    assert [one.target for one in sheet.nodes if one.level == 2] == [12, 4, None]
    assert sum(one.hundredths or 0 for one in sheet.nodes if one.level == 1) == 2500
