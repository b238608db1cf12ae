"""A picture of a report that can be read on a phone."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from bot.errors import UsageError
from handlers.fonts import chinese_font
from handlers.reports.cells import share
from handlers.reports.views import Report

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.font_manager import FontProperties

_MOST_BARS = 14
_BLUE, _GREY, _GREEN = "#2f6fb2", "#d5dbe3", "#3a8f5c"


def report_chart(report: Report) -> bytes:
    """PNG, 1080 pixels wide: what was done by type, and how many were there by unit.

    Raises:
        UsageError: This machine has no Chinese font.
    """
    file = chinese_font()
    if file is None:
        raise UsageError("no font", reply="这台机器没有中文字体，画不了图；表格和文档不受影响。")
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.font_manager import FontProperties

    font = FontProperties(fname=file)
    kinds = [(one.name, one.activities + one.forms or one.attendances) for one in report.types]
    kinds = sorted(kinds, key=lambda one: -one[1])[:_MOST_BARS]
    units = [one for one in report.units if one.members or one.activities][:_MOST_BARS]
    heights = [max(2, len(kinds) + 1), max(2, len(units) + 1)]
    figure = Figure(figsize=(7.2, 1.4 + 0.42 * sum(heights)), dpi=150)
    FigureCanvasAgg(figure)
    upper, lower = figure.subplots(2, 1, gridspec_kw={"height_ratios": heights})
    figure.suptitle(f"{report.unit}　{report.period.name}", fontproperties=font, fontsize=15)
    _bars(upper, "各类活动和填报（次）", kinds, font)
    _coverage(lower, report, font)
    figure.tight_layout(rect=(0, 0, 1, 0.97))
    out = io.BytesIO()
    figure.savefig(out, format="png")
    return out.getvalue()


def _bars(axes: Axes, title: str, bars: list[tuple[str, int]], font: FontProperties) -> None:
    _plain(axes, title, font)
    if not bars:
        axes.text(0.5, 0.5, "这段时间还没有记录", ha="center", va="center", fontproperties=font)
        axes.set_yticks([])
        return
    names = [name for name, _ in bars][::-1]
    values = [value for _, value in bars][::-1]
    axes.barh(range(len(values)), values, color=_BLUE, height=0.62)
    axes.set_yticks(range(len(names)), names, fontproperties=font, fontsize=11)
    for at, value in enumerate(values):
        axes.text(value, at, f" {value}", va="center", fontproperties=font, fontsize=11)
    axes.set_xlim(0, max(values) * 1.15 or 1)


def _coverage(axes: Axes, report: Report, font: FontProperties) -> None:
    _plain(axes, "各单位参与人数（占本单位人数）", font)
    units = [one for one in report.units if one.members][:_MOST_BARS][::-1]
    if not units:
        axes.text(0.5, 0.5, "花名册里还没有人", ha="center", va="center", fontproperties=font)
        axes.set_yticks([])
        return
    rows = range(len(units))
    axes.barh(rows, [one.members for one in units], color=_GREY, height=0.62)
    axes.barh(rows, [one.trained for one in units], color=_GREEN, height=0.62)
    axes.set_yticks(rows, [one.name for one in units], fontproperties=font, fontsize=11)
    most = max(one.members for one in units)
    for at, one in enumerate(units):
        words = f" {one.trained}/{one.members}　{share(one.coverage)}"
        axes.text(one.members, at, words, va="center", fontproperties=font, fontsize=11)
    axes.set_xlim(0, most * 1.35)


def _plain(axes: Axes, title: str, font: FontProperties) -> None:
    axes.set_title(title, loc="left", fontproperties=font, fontsize=12)
    for side in ("top", "right", "bottom"):
        axes.spines[side].set_visible(False)
    axes.tick_params(axis="x", bottom=False, labelbottom=False)
    axes.tick_params(axis="y", length=0)
