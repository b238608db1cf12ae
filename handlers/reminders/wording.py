"""What reminders say: fixed sentences, with the clause and the date each rests on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time

from bot.messages import Button, Card, Reply
from scheduler.letters import Letter, Told
from scheduler.policy import StageKind
from scheduler.recurrence import END_OF_DAY

MOST_IN_ONE = 20
MOST_NAMES = 30
_QUOTE_CHARS = 80
_WEEKDAYS = "一二三四五六日"
_CALL_IT = {
    StageKind.ASSIGNED: "新任务",
    StageKind.BEFORE: "提醒",
    StageKind.DAY: "今天到期",
    StageKind.DUE: "提醒",
    StageKind.LATE: "已逾期",
    StageKind.ESCALATED: "督办",
    StageKind.SNOOZED: "再次提醒",
}
NOT_KNOWN_YET = "（日期暂定，节假日安排公布后可能调整）"
HOW_TO_ANSWER_ELSEWHERE = "这个群只发不收，办好了请到和要点的私聊里回复“已完成”。"
HOW_TO_ANSWER = "办好了请回复“已完成”；需要延期请回复“延期到…，因为…”。"


def word(letter: Letter) -> Reply:
    """One reminder as a card, several as one list; to a group with those who are asked."""
    if len(letter.items) == 1 and not letter.is_group:
        return _card(letter.items[0], letter.now)
    shown = letter.items[:MOST_IN_ONE]
    lines = [_heading(letter), *(_line(n, item, letter) for n, item in enumerate(shown, 1))]
    if len(letter.items) > len(shown):
        lines.append(f"……另有 {len(letter.items) - len(shown)} 项，发 /我的任务 查看全部。")
    people = dict.fromkeys(
        str(person.member_id)
        for item in letter.items
        for person in item.people
        if person.member_id is not None
    )
    if not letter.is_one_way:
        lines.append(HOW_TO_ANSWER)
    elif people:
        lines.append(HOW_TO_ANSWER_ELSEWHERE)
    return Reply(text="\n\n".join(lines), mentions=tuple(people) if letter.is_group else ())


def say_when(at: datetime) -> str:
    """11月30日（周一）17:30; without a clock where only the day was said."""
    day = f"{at.month}月{at.day}日（周{_WEEKDAYS[at.weekday()]}）"
    return day if _is_whole_day(at.time()) else f"{day}{at:%H:%M}"


def _is_whole_day(clock: time) -> bool:
    return clock.replace(microsecond=0) == END_OF_DAY


def _heading(letter: Letter) -> str:
    now = letter.now
    if len(letter.items) == 1:
        return f"**{_CALL_IT[letter.items[0].kind]}**（{say_when(now)}）"
    return f"**{say_when(now)} 提醒，共 {len(letter.items)} 项**"


def _card(item: Told, now: datetime) -> Reply:
    facts = [("截止", _due(item)), *_more_facts(item)]
    if item.document:
        facts.append(("依据", _basis(item)))
    body = "\n".join(filter(None, (item.duty, _late_mark(item), _earlier(item))))
    card = Card(
        title=f"{_CALL_IT[item.kind]}：{_title(item)}",
        body=body,
        facts=tuple(facts),
        buttons=() if item.kind is StageKind.ESCALATED else _buttons(item),
        key=f"occurrence:{item.occurrence_id}:{now:%Y%m%d%H%M%S}",
    )
    return Reply(card=card)


def _buttons(item: Told) -> tuple[Button, ...]:
    number = item.occurrence_id
    return (
        Button(label="已完成", command=f"/完成 {number}", style="primary"),
        Button(label="签收", command=f"/签收 {number}"),
        Button(label="稍后再提醒", command=f"/稍后 {number}"),
    )


def _line(n: int, item: Told, letter: Letter) -> str:
    head = f"{n}. {_title(item)}" if len(letter.items) > 1 else _title(item)
    kind = f"【{_CALL_IT[item.kind]}】" if len(letter.items) > 1 else ""
    lines = [f"{kind}{head}", f"截止：{_due(item)}"]
    lines += [f"{name}：{value}" for name, value in _more_facts(item)]
    if item.document:
        lines.append(f"依据：{_basis(item)}")
    lines += filter(None, (_late_mark(item), _earlier(item)))
    return "\n".join(lines)


def _title(item: Told) -> str:
    return f"{item.title}（{item.label}）" if item.label else item.title


def _due(item: Told) -> str:
    return say_when(item.due_at) + (NOT_KNOWN_YET if item.is_provisional else "")


def _more_facts(item: Told) -> Sequence[tuple[str, str]]:
    if not item.people:
        return ()
    names = list(dict.fromkeys(person.name for person in item.people if person.name))
    if not names:
        return ()
    shown = "、".join(names[:MOST_NAMES])
    return (("未完成", shown if len(names) <= MOST_NAMES else f"{shown}等 {len(names)} 人"),)


def _basis(item: Told) -> str:
    quote = item.quote
    if len(quote) > _QUOTE_CHARS:
        quote = quote[: _QUOTE_CHARS - 1] + "…"
    source = f"《{item.document}》{item.locator}"
    return f"{source}：“{quote}”" if quote else source


def _late_mark(item: Told) -> str:
    return f"（迟到补发，原定 {say_when(item.scheduled_at)}）" if item.is_tardy else ""


def _earlier(item: Told) -> str:
    if not item.earlier:
        return ""
    shown = "、".join(say_when(at) for at in item.earlier[-5:])
    return f"（此前错过 {len(item.earlier)} 次：{shown}{'等' if len(item.earlier) > 5 else ''}）"
