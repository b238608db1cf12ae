"""What people get of their own data reads like a sheet of an office, not like a database."""

from __future__ import annotations

import io
import json

from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook

from handlers.records.personal_sheet import workbook

FOUND = {
    "人员": [{"id": 7, "name": "张望舒", "is_active": True, "joined_party_on": None}],
    "单位和角色": [{"role": "branch_secretary", "unit": "第一党支部"}],
    "记录": [
        {"type": "theme_day", "state": "withdrawn", "on_date": "2026-09-01",
         "fields": {"topic": "誓词", "expected": 3, "on_leave": ["李四"], "absent": []}},
        {"type": "theme_day", "state": "recorded", "on_date": "2026-09-02",
         "fields": {"standing": "late", "minutes": 5}},
    ],
    "积分": [{"hundredths": 250, "type": "theme_day"}],
    "收到的消息": [{"reply": json.dumps({"text": "请签到"}), "state": "sent"}],
    "评分": [],
}  # fmt: skip


def rows(content: bytes) -> dict[str, list[tuple[object, ...]]]:
    book = load_workbook(io.BytesIO(content))
    return {sheet.title: list(sheet.iter_rows(values_only=True)) for sheet in book.worksheets}


def test_codes_are_words_and_what_there_is_none_of_is_only_counted() -> None:
    shown = rows(workbook(FOUND, {"theme_day": "主题党日"}))

    assert shown["目录"][1:] == [(name, len(of)) for name, of in FOUND.items()]
    assert "评分" not in shown
    assert shown["人员"][1] == ("张望舒", "是", None)
    assert shown["单位和角色"][1] == ("支部书记", "第一党支部")
    assert shown["记录"][1] == (
        "主题党日", "已撤回", "2026-09-01", "主题：誓词；应到：3；请假：李四",
    )  # fmt: skip
    assert shown["记录"][2][3] == "情况：迟到；迟到分钟：5"
    assert shown["积分"] == [("分值", "类型"), (2.5, "主题党日")]
    assert shown["收到的消息"][1] == ("请签到", "已发")


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from(["fields", "state", "body", "name", "x"]), VALUES))
def test_any_row_can_be_shown(row: dict[str, object]) -> None:
    assert rows(workbook({"甲": [row, {}]}))["目录"] == [("种类", "条数"), ("甲", 2)]
