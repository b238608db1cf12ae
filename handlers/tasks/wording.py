"""What the task dialogue says: fixed sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from bot.messages import Reply, Source
from handlers.reminders.actions import Receipt
from handlers.reminders.ways import say_way
from handlers.reminders.wording import say_when
from handlers.tasks.drafting import say_due
from handlers.tasks.showing import STATE_WORDS
from handlers.tasks.views import Happened, OccurrenceView, PostponementView, Step, TaskView
from handlers.times import Times
from scheduler.recurrence import SHANGHAI
from store.models import DeliveryState
from store.models_tasks import NoticeOutcome, OccurrenceState, TaskState

MOST = 25
NONE_OPEN = "您现在没有没办完的任务。"
HOW_TO_POSTPONE = "没看懂要延到什么时候。可以说：延期到下周五，因为材料还没收齐。"
MOVED: Mapping[Step, str] = {
    Step.ACCEPT: "好，“{title}”已签收。",
    Step.START: "好，“{title}”记为办理中。",
    Step.REPORT: "太好了，“{title}”已办结，谢谢！",
    Step.DECLINE: "“{title}”已退回，交办的人会看到原因。",
    Step.CONFIRM: "“{title}”已办结。",
    Step.RETURN: "“{title}”已退回重办。",
    Step.GIVE_AGAIN: "“{title}”已重新交办。",
    Step.CANCEL: "“{title}”已取消。",
}
STEP_WORDS: Mapping[Step, str] = {
    Step.ACCEPT: "签收",
    Step.START: "办理",
    Step.REPORT: "完成",
    Step.DECLINE: "退回",
    Step.CONFIRM: "办结",
    Step.RETURN: "重办",
    Step.GIVE_AGAIN: "交办",
    Step.CANCEL: "取消",
}
HISTORY_WORDS: Mapping[str, str] = {
    "create": "交办",
    "accept": "签收",
    "start": "开始办理",
    "report": "反馈完成",
    "roll_call": "开始签到",
    "decline": "退回",
    "confirm": "确认办结",
    "return": "退回重办",
    "give_again": "重新交办",
    "cancel": "取消",
    "cancelled": "取消",
    "paused": "暂停提醒",
    "active": "恢复提醒",
    "ask_postponement": "申请延期",
    "approve_postponement": "同意延期",
    "refuse_postponement": "不同意延期",
    "reschedule": "改时间",
    "snooze": "稍后再提醒",
    "attach": "交了佐证",
    "moved": "改期",
    "ask_on_doubt": "拿不准是否送到时先问人",
    "resend_on_doubt": "拿不准是否送到时再发一次",
    "set_policy": "改提醒方式",
    "label": "归到清单",
    "reassign": "改派",
    "hand_over": "转交",
    "check": "改为要交办的人确认办结",
    "uncheck": "改为反馈即办结",
    "supersede": "由新计划的任务接替",
}
_DELIVERED: Mapping[DeliveryState, str] = {
    DeliveryState.OPEN: "正在发",
    DeliveryState.SENT: "已送达",
    DeliveryState.FAILED: "没发出去",
    DeliveryState.UNCERTAIN: "不确定是否送达",
}
_OUTCOMES: Mapping[NoticeOutcome, str] = {
    NoticeOutcome.WAITING: "等着发",
    NoticeOutcome.PUT: "已发",
    NoticeOutcome.COALESCED: "并入后一次",
    NoticeOutcome.MISSED: "错过了",
    NoticeOutcome.NEEDLESS: "已办完，没发",
    NoticeOutcome.UNREACHABLE: "没有可以通知的人",
}


def title(one: OccurrenceView) -> str:
    """With its milestone."""
    return f"{one.title}（{one.label}）" if one.label else one.title


def state(one: OccurrenceView) -> str:
    """交办 … 办结."""
    return STATE_WORDS[one.state]


def day(at: datetime) -> str:
    """11月30日（周一）17:30, without a clock where only the day counts."""
    return say_when(at.astimezone(SHANGHAI))


def moment(at: datetime) -> str:
    """With the time of day."""
    local = at.astimezone(SHANGHAI)
    shown = say_when(local)
    return shown if ":" in shown else f"{shown}{local:%H:%M}"


def basis(one: OccurrenceView) -> str:
    """《…》二、4."""
    return f"依据《{one.document}》{one.locator}"


def listed(
    head: str, found: Sequence[OccurrenceView], now: datetime, *, is_mine: bool = False
) -> Reply:
    """Numbers, due days, states; late ones first."""
    if not found:
        return Reply(text=f"现在没有{head}。" if not is_mine else NONE_OPEN)
    groups: dict[tuple[object, ...], list[OccurrenceView]] = {}
    for one in sorted(found, key=lambda one: (not one.is_late, one.due_at)):
        key = (one.id,) if is_mine else (one.task_id, one.label, one.due_at, one.state)
        groups.setdefault(key, []).append(one)
    lines = [_line(group, is_mine=is_mine) for group in list(groups.values())[:MOST]]
    late = sum(one.is_late for one in found)
    counted = f"{head}：{len(found)} 项" + (f"，其中逾期 {late} 项" if late else "")
    more = f"\n只列了前 {MOST} 项，全部发 /任务 导出。" if len(groups) > MOST else ""
    how = "\n\n办好了回复“编号 已完成”，看一项发 /任务 编号。"
    return Reply(text=f"{counted}\n" + "\n".join(lines) + more + how)


def _line(group: Sequence[OccurrenceView], *, is_mine: bool) -> str:
    """What several have to do alike is one line."""
    one = group[0]
    parts = [f"- {one.id}号　{'【逾期】' if one.is_late else ''}{title(one)}"]
    parts.append(day(one.due_at) + ("（暂定）" if one.is_provisional else ""))
    if not is_mine:
        parts.append(one.assignee + (f"等 {len(group)} 个" if len(group) > 1 else ""))
    return "　".join([*parts, state(one)])


def which(found: Sequence[OccurrenceView]) -> Reply:
    """Ask which one."""
    lines = [f"- {one.id}号　{title(one)}　{day(one.due_at)}" for one in found]
    return Reply(text="您说的是哪一项？回复编号就行：\n" + "\n".join(lines))


def postponements(waiting: Sequence[PostponementView]) -> Reply:
    """Wishes that wait for a decision."""
    if not waiting:
        return Reply(text="没有等您批准的延期申请。")
    lines = [
        f"- {one.occurrence_id}号　{one.who or '群里'}　“{one.title}”　"
        f"原定 {day(one.due_at)}，想延到 {day(one.until)}，原因：{one.reason}"
        for one in waiting
    ]
    return Reply(
        text=f"等您批准的延期（{len(waiting)} 条）：\n"
        + "\n".join(lines)
        + "\n\n回复 /批准 编号，或 /不批准 编号 原因。"
    )


def details(
    occurrence: OccurrenceView,
    task: TaskView,
    history: Sequence[Happened],
    receipts: Sequence[Receipt],
    times: Times,
) -> Reply:
    """A task with its clause, history, and how far each reminder got."""
    lines = [
        f"**{occurrence.id}号　{title(occurrence)}**",
        f"责任人：{occurrence.assignee}"
        + (f"（同时交给 {len(task.assignees)} 个）" if len(task.assignees) > 1 else ""),
        f"期限：{say_due(task.due_at, task.rule, times) or '按节点'}",
        f"本次：{day(occurrence.due_at)}",
        f"状态：{state(occurrence)}" + ("（提醒已暂停）" if task.state is TaskState.PAUSED else ""),
    ]
    for step in task.milestones:
        done = [one for one in task.occurrences if one.label == step.label]
        mine = [one for one in done if one.assignee == occurrence.assignee]
        word = f"　{state(mine[0])}" if mine else ""
        lines.append(f"节点：{step.label}　{day(step.due_at)}{word}")
    lines.append(f"提醒方式：{say_way(task.policy)}")
    if task.is_checked:
        lines.append("督办：反馈后要交办的人确认办结")
    if task.labels:
        lines.append(f"标签：{'、'.join(task.labels)}")
    if task.duty and task.duty != task.quote:
        lines.append(f"要求：{task.duty}")
    own = [one for one in history if one.occurrence_id in (None, occurrence.id)]
    if own:
        lines.append("\n经过：")
        lines += [f"- {happened(one)}" for one in own[-10:]]
    if receipts:
        lines.append("\n提醒：")
        lines += [f"- {received(one)}" for one in receipts[-8:]]
    if occurrence.next_notice_at is not None:
        lines.append(f"下一次提醒：{moment(occurrence.next_notice_at)}")
    sources: tuple[Source, ...] = ()
    if task.document_id:
        sources = (
            Source(
                document=task.document_id,
                title=task.document,
                locator=task.locator,
                quote=task.quote,
            ),
        )
    return Reply(text="\n".join(lines), sources=sources)


def happened(one: Happened) -> str:
    """One line of history."""
    what = HISTORY_WORDS.get(one.what, one.what)
    note = f"：{one.note}" if one.note else ""
    return f"{moment(one.at)}　{one.who or '—'}　{what}{note}"


def received(one: Receipt) -> str:
    """One reminder and how far it got."""
    if one.received_at is not None:
        far = f"已阅（{moment(one.received_at)}）"
    elif one.delivery is not None:
        far = _DELIVERED.get(one.delivery, str(one.delivery))
    else:
        far = _OUTCOMES.get(one.outcome, str(one.outcome))
    return f"{moment(one.scheduled_at)}　{one.who or '群里'}　{far}"


def is_closed(one: OccurrenceView) -> bool:
    """Nothing is left to do."""
    return one.state in (OccurrenceState.DONE, OccurrenceState.CANCELLED)
