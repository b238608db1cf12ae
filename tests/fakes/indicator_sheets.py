"""Invented sheets of indicators, as offices make them: merged cells, blanks, scores, shares."""

from __future__ import annotations

import io
from collections.abc import Sequence

from openpyxl import Workbook

Row = Sequence[str | int | float | None]


def workbook(rows: Sequence[Row], merges: Sequence[str] = (), title: str = "Sheet") -> bytes:
    made = Workbook()
    sheet = made.worksheets[0]
    sheet.title = title
    for row in rows:
        sheet.append(list(row))
    for merged in merges:
        sheet.merge_cells(merged)
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def large(tops: int = 6, middles: int = 20, leaves: int = 70, *, merged: bool = True) -> bytes:
    """As many of each level as said, every leaf worth one point."""
    rows: list[Row] = [
        ["云岭县中小学党建工作考核指标（2026年）", None, None, None, None],
        ["一级指标", "二级指标", "三级指标", "分值", "评分标准"],
    ]
    merges = ["A1:E1"]
    top_of = [n * tops // middles for n in range(middles)]
    middle_of = [n * middles // leaves for n in range(leaves)]
    begins: dict[str, int] = {}
    for n in range(leaves):
        middle = middle_of[n]
        top = top_of[middle]
        row = len(rows) + 1
        first_top = f"A{top}" not in begins
        first_middle = f"B{middle}" not in begins
        begins.setdefault(f"A{top}", row)
        begins.setdefault(f"B{middle}", row)
        rows.append(
            [
                f"甲{top + 1}、大项" if first_top else None,
                f"乙{middle + 1}、中项" if first_middle else None,
                f"丙{n + 1}、小项",
                1,
                f"第{n + 1}项做到得满分",
            ]
        )
    if merged:
        for column, of in (("A", [top_of[one] for one in middle_of]), ("B", middle_of)):
            for value in set(of):
                first, last = of.index(value) + 3, len(of) - of[::-1].index(value) + 2
                if last > first:
                    merges.append(f"{column}{first}:{column}{last}")
    rows.append(["合计", None, None, leaves, None])
    return workbook(rows, merges if merged else merges[:1])


SMALL: tuple[Row, ...] = (
    ("2026年支部考核指标", None, None, None, None, None),
    ("一级指标", "二级指标", "分值", "评分标准", "记录类型", "目标次数"),
    ("一、组织生活", "主题党日", 12, "每月一次", "主题党日", 12),
    (None, "谈心谈话", 8, "每季度一次", "谈心谈话", "4次"),
    ("二、作用发挥", "品牌建设（5分）", None, "有品牌得5分", None, None),
    (None, "群众评价", 5, "按测评", None, None),
)
