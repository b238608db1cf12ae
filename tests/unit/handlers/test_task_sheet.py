"""The 责任清单 as a sheet: out and in again, merged cells, formulas, faulty rows."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook

from bot.errors import BotError, UsageError
from handlers.tasks.spreadsheet import SheetRow, read_sheet, write_sheet

HEADER = ["序号", "重点任务", "具体措施", "责任科室", "配合单位", "完成时限"]
WORDS = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cs", "Cc", "Zs", "Zl", "Zp"]),
    min_size=1,
    max_size=20,
)


def sheet(rows: Sequence[Sequence[object]], merged: Sequence[str] = ()) -> bytes:
    workbook = Workbook()
    page = workbook.active
    assert page is not None
    for row in rows:
        page.append(list(row))
    for cells in merged:
        page.merge_cells(cells)
    out = io.BytesIO()
    workbook.save(out)
    return out.getvalue()


def test_a_bureaus_list_with_merged_cells_is_read_row_by_row() -> None:
    content = sheet(
        [
            ["云溪县教育局2026年重点工作责任清单"],
            HEADER,
            [1, "办好读书节", "制定方案", "教导处", "团委", "3月底前"],
            [2, None, "组织展演", "教导处", None, date(2026, 4, 23)],
            [3, "检查食堂", "", "后勤处", "", "每月最后一个工作日"],
        ],
        ["A1:F1", "B3:B4"],
    )
    rows, errors = read_sheet(content)

    assert errors == []
    assert [(row.title, row.duty, row.who, row.when) for row in rows] == [
        ("办好读书节", "制定方案", "教导处", "3月底前"),
        ("办好读书节", "组织展演", "教导处", "2026年4月23日前"),
        ("检查食堂", "", "后勤处", "每月最后一个工作日"),
    ]
    assert [row.number for row in rows] == [3, 4, 5]


def test_every_bad_row_is_named() -> None:
    content = sheet(
        [
            HEADER,
            [1, "甲", "", "", "", "3月底前"],
            [2, "乙", "", "教导处", "", ""],
            [3, "=1+1", "", "教导处", "", "3月底前"],
            [],
            [4, "丁", "", "教导处", "", "3月底前"],
        ]
    )
    rows, errors = read_sheet(content)

    assert [row.title for row in rows] == ["丁"]
    assert errors[0] == "第 2 行：缺责任人"
    assert errors[1] == "第 3 行：缺完成时限"
    assert errors[2].startswith("第 4 行：单元格里是公式")


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"not a sheet", sheet([["甲", "乙"]])])
def test_what_is_no_list_is_refused_in_chinese(content: bytes) -> None:
    with pytest.raises(BotError) as refused:
        read_sheet(content)
    assert refused.value.reply.endswith("。")


def test_a_header_says_what_is_missing() -> None:
    with pytest.raises(UsageError) as refused:
        read_sheet(sheet([["姓名", "电话"], ["甲", "1"]]))
    assert "重点任务" in refused.value.reply


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.builds(SheetRow, title=WORDS, duty=WORDS, who=WORDS, when=WORDS), min_size=1, max_size=4
    )
)
def test_what_is_written_reads_back_and_nothing_is_a_formula(rows: list[SheetRow]) -> None:
    content = write_sheet(rows, "责任清单")
    page = load_workbook(io.BytesIO(content)).active
    assert page is not None
    assert all(cell.data_type != "f" for line in page.iter_rows() for cell in line)

    found, errors = read_sheet(content)
    assert errors == []
    assert [(row.title, row.duty, row.who, row.when) for row in found] == [
        (row.title, row.duty, row.who, row.when) for row in rows
    ]


def test_a_text_that_looks_like_a_formula_stays_a_text() -> None:
    row = SheetRow(title='=HYPERLINK("x")', duty="+1", who="@甲", when="-3")
    (found,), errors = read_sheet(write_sheet([row], "清单"))

    assert errors == []
    assert (found.title, found.duty, found.who, found.when) == (
        '=HYPERLINK("x")',
        "+1",
        "@甲",
        "-3",
    )
