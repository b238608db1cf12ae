"""What a report says in words."""

from __future__ import annotations

from handlers.reports.cells import numbered, ranking, share
from handlers.reports.task_progress import TaskProgress
from handlers.reports.views import RecordRow, Report, TaskRow

_NAMES = 30
_LINES = 8
_RECORDS = 30
HOW = (
    "可以这样写：/统计 第一支部 9月、/统计 第一支部 9月 明细、/统计 任务 12、"
    "/月报 上月、/年报 2026年。"
)
NOT_ON_ROSTER = "您还不在花名册里，这里没有您的记录。"
OWN_DATA = "这是我们保存的您的全部数据。要更正请发 /记录，要注销请联系管理员。"
NO_PICTURE = "（这台机器没有中文字体，没有配图。）"


def title(report: Report) -> str:
    """云溪县教育局2026年9月工作记录统计."""
    return f"{report.unit}{report.period.name}工作记录统计"


def file_name(report: Report, suffix: str) -> str:
    """Of an attachment."""
    return f"{title(report)}.{suffix}"


def paragraphs(report: Report) -> list[str]:
    """The whole in a few sentences."""
    found = [
        f"{report.period.name}（{report.period.first}至{report.period.last}），{report.unit}"
        f"共登记活动{report.activities}次、填报{report.forms}份；"
        f"名册{report.members}人，参与{report.trained}人，"
        f"覆盖率{share(report.trained / report.members if report.members else None)}。"
    ]
    if report.due:
        late = sum(one.late for one in report.tasks)
        found.append(
            f"任务应办{report.due}项次，办结{report.done}项次，"
            f"办结率{share(report.done / report.due)}，逾期{late}项次。"
        )
    if report.idle_types:
        found.append(f"任务要求但还没有记录的：{'、'.join(report.idle_types)}。")
    if report.missing:
        found.append(f"这段时间什么都没有参加的{len(report.missing)}人：{_names(report)}。")
    return found


def short(report: Report) -> str:
    """For the chat: what was done most, which unit is behind; records by their numbers."""
    lines = [f"**{title(report)}**", *paragraphs(report)]
    done = sorted(report.types, key=lambda one: -(one.activities + one.forms))[:_LINES]
    lines += [
        f"- {one.name}：{one.activities + one.forms} 次，{one.people} 人参与"
        f"（{numbered(one.record_ids, 6)}）"
        for one in done
        if one.activities or one.forms
    ]
    lines += [
        f"- 任务 {one.task_id} {one.title}：应办 {one.due}，办结 {one.done}，逾期 {one.late} [{n}]"
        for n, one in enumerate(cited(report), 1)
    ]
    idle = [one.name for one in report.units if one.members and not one.record_ids]
    if idle and len(report.units) > 1:
        lines.append(f"还没有记录的单位：{'、'.join(idle[:_NAMES])}。")
    if report.is_ranked and len(report.units) > 1:
        places = [f"{row[0]}. {row[1]}" for row in ranking(report).rows[:_LINES]]
        lines.append(f"按办结率和覆盖率排名：{'，'.join(places)}。")
    if report.records:
        period = report.period.name
        lines.append(
            f"每一条：/统计 {report.unit} {period} 明细；看一条：/记录 {report.records[-1].id}。"
        )
    return "\n".join(lines)


def task(found: TaskProgress) -> str:
    """How far a task is, those who are behind first."""
    lines = [f"**任务 {found.task_id}　{found.title}**"]
    if found.document:
        lines.append(f"依据：《{found.document}》{found.locator}")
    if not found.due:
        names = "、".join(one.name for one in found.rows[:_NAMES]) or "还没有"
        lines.append(f"还没有到期的。责任人：{names}。")
        return "\n".join(lines)
    lines.append(
        f"到期{found.due}项次，办结{found.done}项次，"
        f"办结率{share(found.done / found.due)}，逾期{found.late}项次。"
    )
    behind = sorted(found.rows, key=lambda one: (one.done - one.due, one.name))
    for one in behind[:_RECORDS]:
        proof = f"（{numbered(one.record_ids, 6)}）" if one.record_ids else ""
        left = f"，还差 {one.due - one.done}" if one.due > one.done else ""
        lines.append(f"- {one.name}：{one.done}/{one.due}{left}{proof}")
    if len(behind) > _RECORDS:
        lines.append(f"只列了前 {_RECORDS} 个。")
    lines.append(f"佐证材料：/佐证 任务 {found.task_id}")
    return "\n".join(lines)


def cited(report: Report) -> list[TaskRow]:
    """Tasks that are shown with their clause, the most behind first."""
    found = [one for one in report.tasks if one.document_id and one.document]
    return sorted(found, key=lambda one: (-(one.due - one.done), one.task_id))[:_LINES]


def single(report: Report) -> str:
    """The records one by one."""
    if not report.records:
        return f"{title(report)}：还没有记录。"
    shown = report.records[-_RECORDS:]
    lines = [f"**{title(report)}，共 {len(report.records)} 条**"]
    lines += [f"- #{one.id} {one.on:%m-%d} {one.type_name} {_what(one)}" for one in shown]
    if len(report.records) > len(shown):
        lines.append(f"只列了最近 {len(shown)} 条，全部在 /月报 的表格“明细”里。")
    lines.append("看一条：/记录 编号。")
    return "\n".join(lines)


def _what(one: RecordRow) -> str:
    parts = [one.unit, one.member]
    expected, present = one.fields.get("expected"), one.fields.get("present")
    if isinstance(expected, int) and isinstance(present, int):
        parts.append(f"应到{expected}实到{present}")
    topic = one.fields.get("topic")
    parts.append(str(topic)[:30] if topic else "")
    return "　".join(part for part in parts if part)


def _names(report: Report) -> str:
    names = [one.name for one in report.missing]
    shown = "、".join(names[:_NAMES])
    return f"{shown}等" if len(names) > _NAMES else shown
