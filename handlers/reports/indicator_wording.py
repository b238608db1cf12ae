"""What is said of indicators, and their tables."""

from __future__ import annotations

from collections.abc import Sequence

from handlers.reports.cells import Cell, Table, numbered
from handlers.reports.indicator_views import (
    IndicatorRow,
    IndicatorView,
    Offer,
    Standing,
    TreeView,
    Way,
)

_SHOWN = 12
_NUMERALS = "一二三四五六七八九十"
HOW = (
    "可以这样写：/指标（看有哪些）、/指标 单位、/指标 12 单位（看一项）、"
    "/指标 评 12 单位 8.5 说明、/指标 导出 单位、/指标 对比。导入请直接把指标表（.xlsx）发给我。"
)
NONE = (
    "还没有考核指标。管理员把指标表（.xlsx，列名写“一级指标”“二级指标”“分值”）直接发给我就能导入。"
)


def points(hundredths: int | None) -> str:
    """8.5; a dash for none."""
    return "—" if hundredths is None else f"{hundredths / 100:g}"


def levels(counts: Sequence[int]) -> str:
    """一级 6 项、二级 20 项、三级 70 项."""
    return "、".join(f"{_NUMERALS[n]}级 {count} 项" for n, count in enumerate(counts))


def offered(offer: Offer) -> str:
    """What a sheet would become, for a yes."""
    lines = [
        levels(offer.levels),
        f"满分 {points(offer.full)} 分；按记录自动计分 {offer.counted} 项，其余由上级评分",
        f"考核时间：{offer.first}至{offer.last}",
    ]
    if offer.unscored:
        lines.append(f"有 {offer.unscored} 项没有写分值，不计入总分")
    if offer.replaces:
        lines.append("已有同名的指标：会改成这一份，名称没变的指标保留已评的分")
    return "\n".join(lines)


def taken(view: TreeView) -> str:
    """It is stored."""
    return (
        f"《{view.name}》已导入：{levels(view.levels)}，满分 {points(view.full)} 分。"
        f"发 /指标 单位名称 看得分，/指标 评 编号 单位 分数 评分。"
    )


def listed(trees: Sequence[TreeView]) -> str:
    """Which there are."""
    if not trees:
        return NONE
    lines = [
        f"- 《{one.name}》{one.unit}，{one.first}至{one.last}：{levels(one.levels)}，"
        f"满分 {points(one.full)} 分"
        for one in trees
    ]
    return "\n".join([f"共 {len(trees)} 套指标：", *lines, HOW])


def stood(standing: Standing) -> str:
    """How a unit stands, in a few lines; what is missing is named, not counted as nothing."""
    lines = [
        f"**{standing.unit}　{standing.tree}**",
        f"{standing.first}至{standing.last}，已有结果 "
        f"{len(standing.filled) - len(standing.missing)} 项，得 {points(standing.total)} 分"
        f"（这些项满分 {points(standing.full_of_filled)} 分，"
        f"全部满分 {points(standing.full)} 分）。",
    ]
    lines += [
        f"- {one.title}：{points(one.score)}/{points(one.full)}"
        for one in standing.rows
        if one.level == 1 and one.way is not Way.UNSCORED
    ]
    if standing.missing:
        worth = sum(one.full or 0 for one in standing.missing)
        lines.append(
            f"还没有结果的 {len(standing.missing)} 项（共 {points(worth)} 分），没有按零分算："
        )
        lines += [f"- {_missing(one)}" for one in standing.missing[:_SHOWN]]
        if len(standing.missing) > _SHOWN:
            lines.append(f"……其余 {len(standing.missing) - _SHOWN} 项见表格。")
    lines.append("看一项的依据：/指标 编号 单位；要佐证材料：/佐证 指标 编号 单位。")
    return "\n".join(lines)


def _missing(one: IndicatorRow) -> str:
    why = f"还没有“{one.type_name}”的记录" if one.way is Way.COUNTED else "等评分"
    return f"{one.id} {one.title}（{points(one.full)} 分，{why}）"


def looked(view: IndicatorView) -> str:
    """One indicator with what is behind it."""
    row = view.row
    path = " › ".join([*view.above, row.title])
    lines = [f"**{row.id}　{path}**（{view.tree}）"]
    if row.criterion:
        lines.append(row.criterion)
    lines.append(f"{view.unit}：{points(row.score)}/{points(row.full)} 分")
    if row.type_name:
        goal = f"，目标 {row.target} 次" if row.target else ""
        lines.append(f"按“{row.type_name}”的记录：{row.count or 0} 次{goal}")
    if row.record_ids:
        lines.append(f"记录：{numbered(row.record_ids)}（发 /记录 编号 看一条）")
    lines += [
        f"- {one.at:%Y-%m-%d %H:%M} {one.by} 评 {points(one.score)} 分"
        f"{'：' if one.note else ''}{one.note}"
        for one in view.ratings
    ]
    if row.is_missing:
        lines.append(f"还没有结果：{_missing(row)}")
    return "\n".join(lines)


def compared(standings: Sequence[Standing], *, is_ranked: bool) -> str:
    """Several units side by side; in an order of merit only where that is wished for."""
    if not standings:
        return "没有您能看的单位。"
    lines = [f"**{standings[0].tree}**　满分 {points(standings[0].full)} 分"]
    for place, one in placed(standings, is_ranked=is_ranked):
        mark = "- " if place is None else f"{place}. "
        if one.has_none:
            lines.append(f"- {one.unit}：还没有结果")
            continue
        missing = f"（{len(one.missing)} 项还没有结果，没有算）" if one.missing else ""
        lines.append(f"{mark}{one.unit}：{points(one.total)} 分{missing}")
    return "\n".join(lines)


def placed(standings: Sequence[Standing], *, is_ranked: bool) -> list[tuple[int | None, Standing]]:
    """With their places, equal ones the same; who has no result yet has none and comes last."""
    if not is_ranked:
        return [(None, one) for one in standings]
    found: list[tuple[int | None, Standing]] = []
    merit = sorted((one for one in standings if not one.has_none), key=lambda one: -one.total)
    for at, one in enumerate(merit):
        is_equal = at > 0 and merit[at - 1].total == one.total
        found.append((found[-1][0] if is_equal else at + 1, one))
    return [*found, *((None, one) for one in standings if one.has_none)]


def table(standing: Standing) -> Table:
    """Every indicator of a unit, with the records its score was counted from."""
    return Table(
        title=standing.unit[:28],
        header=("编号", "级别", "指标", "评分标准", "满分", "得分", "计分方式", "目标次数",
                "实际次数", "记录", "说明"),
        rows=tuple(_table_row(one) for one in standing.rows),
        widths=(8, 6, 36, 48, 8, 8, 18, 10, 10, 24, 24),
    )  # fmt: skip


def _table_row(one: IndicatorRow) -> tuple[Cell, ...]:
    ways = {
        Way.COUNTED: f"按记录：{one.type_name}",
        Way.RATED: "上级评分",
        Way.SUMMED: "下级合计",
        Way.UNSCORED: "没有写分值",
    }
    return (
        one.id,
        one.level,
        "　" * (one.level - 1) + one.title,
        one.criterion,
        None if one.full is None else one.full / 100,
        None if one.score is None else one.score / 100,
        ways[one.way],
        one.target,
        one.count,
        numbered(one.record_ids),
        _missing(one) if one.is_missing else "",
    )


def comparison_table(standings: Sequence[Standing], *, is_ranked: bool) -> Table:
    """A line for each unit, a column for each indicator of the first level."""
    tops = [one for one in standings[0].rows if one.level == 1] if standings else []
    rows: list[tuple[Cell, ...]] = []
    for place, standing in placed(standings, is_ranked=is_ranked):
        scores = {one.id: one.score for one in standing.rows}
        parts: list[Cell] = [_float(scores.get(one.id)) for one in tops]
        ahead: tuple[Cell, ...] = (place,) if is_ranked else ()
        total = None if standing.has_none else standing.total / 100
        missing = len(standing.missing)
        rows.append((*ahead, standing.unit, total, standing.full / 100, missing, *parts))
    ranked = ("名次",) if is_ranked else ()
    header = (*ranked, "单位", "得分", "满分", "还没有结果的项", *(one.title for one in tops))
    return Table(
        title="各单位得分",
        header=header,
        rows=tuple(rows),
        widths=(*((6,) if is_ranked else ()), 26, 8, 8, 12, *(16 for _ in tops)),
    )


def _float(hundredths: int | None) -> float | None:
    return None if hundredths is None else hundredths / 100
