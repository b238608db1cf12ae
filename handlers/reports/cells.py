"""The tables of a report, as rows of plain values; .xlsx, .docx and the chat print the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from handlers.reports.views import RecordRow, Report
from store.models_records import RecordKind

Cell = str | int | float | date | None

_KINDS = {RecordKind.ACTIVITY: "活动", RecordKind.CHECK_IN: "签到", RecordKind.FORM: "填报"}
STANDINGS = {"present": "已到", "late": "迟到", "leave": "请假", "asked": "补签待同意"}
FIELD_WORDS: Mapping[str, str] = {
    "topic": "主题",
    "place": "地点",
    "expected": "应到",
    "present": "实到",
    "on_leave": "请假",
    "absent": "缺席",
    "late": "迟到",
    "who": "人员",
    "reason": "事由",
    "minutes": "迟到分钟",
    "standing": "情况",
    "by_proxy": "代签",
}
_LEDGER_FIELDS = ("topic", "place", "expected", "present", "on_leave", "absent", "late", "who")


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """``widths`` are characters; a share is between 0 and 1 and shown in per cent.

    ``behind`` are the records that a row was counted from; where there are any they stand in a
    column of their own.
    """

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    widths: tuple[int, ...]
    shares: frozenset[int] = frozenset()
    behind: tuple[tuple[int, ...], ...] = ()

    def with_records(self) -> Table:
        """The same with the records as a last column of numbers."""
        if not any(self.behind):
            return self
        rows = zip(self.rows, self.behind, strict=True)
        return replace(
            self,
            header=(*self.header, "记录"),
            rows=tuple((*row, numbered(ids)) for row, ids in rows),
            widths=(*self.widths, 20),
        )


def tables(report: Report) -> list[Table]:
    """Everything but the single records, in the order people read."""
    found = [by_type(report), by_month(report), by_unit(report)]
    if report.is_ranked:
        found.append(ranking(report))
    return [*found, by_task(report), missing(report)]


def by_type(report: Report) -> Table:
    """What was done."""
    return Table(
        title="按类型",
        header=("类别", "类型", "活动次数", "填报份数", "签到人次", "参与人数"),
        rows=tuple(
            (one.group, one.name, one.activities, one.forms, one.attendances, one.people)
            for one in report.types
        ),
        widths=(14, 20, 10, 10, 10, 10),
        behind=tuple(one.record_ids for one in report.types),
    )


def by_month(report: Report) -> Table:
    """The year sheet: how often, month by month; empty for a single month."""
    names = report.period.months
    rows: list[tuple[Cell, ...]] = [
        (one.name, *one.months, sum(one.months)) for one in report.types if any(one.months)
    ]
    if rows:
        sums = [sum(one.months[n] for one in report.types) for n in range(len(names))]
        rows.append(("合计", *sums, sum(sums)))
    return Table(
        title="逐月",
        header=("类型", *names, "合计"),
        rows=tuple(rows),
        widths=(20, *(7 for _ in names), 8),
    )


def by_unit(report: Report) -> Table:
    """Who did it; places without people that did nothing are left out."""
    shown = [one for one in report.units if one.members or one.record_ids or one.due]
    return Table(
        title="按单位",
        header=(
            "单位", "人数", "活动次数", "填报份数", "应到人次", "实到人次", "到会率",
            "参与人数", "覆盖率", "任务应办", "任务办结", "办结率",
        ),
        rows=tuple(
            (
                one.name, one.members, one.activities, one.forms, one.expected, one.present,
                one.attendance, one.trained, one.coverage, one.due, one.done, one.completion,
            )
            for one in shown
        ),
        widths=(26, 8, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10),
        shares=frozenset({6, 8, 11}),
        behind=tuple(one.record_ids for one in shown),
    )  # fmt: skip


def ranking(report: Report) -> Table:
    """By what was finished, then by who took part; equal ones share a place."""
    rated = [(one.completion, one.coverage, one) for one in report.units if one.members or one.due]
    rated.sort(key=lambda one: (-(one[0] or 0), -(one[1] or 0)))
    rows: list[tuple[Cell, ...]] = []
    place, before = 0, None
    for at, (completion, coverage, one) in enumerate(rated, 1):
        merit = (completion or 0, coverage or 0)
        place, before = (place if merit == before else at), merit
        rows.append((place, one.name, completion, coverage, one.activities))
    return Table(
        title="排名",
        header=("名次", "单位", "办结率", "覆盖率", "活动次数"),
        rows=tuple(rows),
        widths=(6, 26, 10, 10, 10),
        shares=frozenset({2, 3}),
    )


def by_task(report: Report) -> Table:
    """What was to be done, with the clause that asks for it."""
    return Table(
        title="任务完成",
        header=("编号", "任务", "依据", "原文", "应办", "办结", "逾期"),
        rows=tuple(
            (
                one.task_id,
                one.title,
                f"《{one.document}》{one.locator}" if one.document else "",
                one.quote,
                one.due,
                one.done,
                one.late,
            )
            for one in report.tasks
        ),
        widths=(6, 26, 26, 44, 6, 6, 6),
        behind=tuple(one.record_ids for one in report.tasks),
    )


def missing(report: Report) -> Table:
    """Who took part in nothing."""
    return Table(
        title="未参加人员",
        header=("单位", "姓名"),
        rows=tuple((one.unit, one.name) for one in report.missing),
        widths=(26, 14),
    )


def missing_together(report: Report) -> Table:
    """The same by unit, for paper."""
    by_unit: dict[str, list[str]] = {}
    for one in report.missing:
        by_unit.setdefault(one.unit, []).append(one.name)
    return Table(
        title="未参加人员",
        header=("单位", "人数", "姓名"),
        rows=tuple((unit, len(names), "、".join(names)) for unit, names in by_unit.items()),
        widths=(26, 6, 60),
    )


def numbered(ids: Sequence[int], most: int = 40) -> str:
    """#3、#7-#12: runs are drawn together."""
    runs: list[list[int]] = []
    for number in sorted(set(ids)):
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    shown = [f"#{a}" if a == b else f"#{a}-#{b}" for a, b in runs[:most]]
    return "、".join(shown) + ("等" if len(runs) > most else "")


def ledger(report: Report) -> Table:
    """The records that every number is counted from."""
    return ledger_of(report.records, title="明细")


def ledger_of(rows: Sequence[RecordRow], *, title: str) -> Table:
    """Records, one a line."""
    return Table(
        title=title,
        header=("编号", "日期", "种类", "类型", "单位", "姓名", "情况",
                *(FIELD_WORDS[name] for name in _LEDGER_FIELDS), "其他"),
        rows=tuple(_ledger_row(one) for one in rows),
        widths=(8, 12, 8, 18, 24, 12, 10, 30, 16, 8, 8, 16, 16, 16, 24, 30),
    )  # fmt: skip


def _ledger_row(one: RecordRow) -> tuple[Cell, ...]:
    standing = one.fields.get("standing")
    others = {
        name: value
        for name, value in one.fields.items()
        if name not in _LEDGER_FIELDS and name not in ("standing", "by_proxy")
    }
    return (
        one.id,
        one.on,
        _KINDS[one.kind],
        one.type_name,
        one.unit,
        one.member,
        STANDINGS.get(str(standing), "") if standing else "",
        *(plain(one.fields.get(name)) for name in _LEDGER_FIELDS),
        "；".join(
            f"{one.labels.get(name) or FIELD_WORDS.get(name, name)}：{plain(value)}"
            for name, value in others.items()
        ),
    )


def plain(value: object) -> Cell:
    """A field as a cell shows it; a list with its parts set apart."""
    if value is None or isinstance(value, int | float):
        return value
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "、".join(map(str, value))
    return str(value)


def share(value: float | None) -> str:
    """87.5%; a dash where nothing is to be divided by."""
    return "—" if value is None else f"{value:.1%}".replace(".0%", "%")
