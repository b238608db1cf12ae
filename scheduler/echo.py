"""How the bot repeats a time to a person. What is echoed reads back as the same thing."""

from __future__ import annotations

from datetime import date, datetime

from scheduler.recurrence import (
    END_OF_DAY,
    SHANGHAI,
    Due,
    Filter,
    Frequency,
    Period,
    Pick,
    Recurrence,
    Shift,
)
from scheduler.when import (
    Ambiguous,
    CalendarUnknown,
    Choice,
    Day,
    Deadline,
    Instant,
    Interval,
    NoTime,
    Reason,
    Recurring,
    Reject,
    When,
)

_WEEKDAYS = "一二三四五六日"
_REFUSALS = {
    Reason.PAST: "这个时间已经过去了",
    Reason.NO_SUCH_DATE: "没有这一天，请核对日期。",
    Reason.WEEKDAY_MISMATCH: "日期和星期对不上",
    Reason.CONTRADICTION: "钟点和上午、下午对不上，请再说一遍，例如“下午3点”。",
    Reason.END_BEFORE_START: "结束时间早于开始时间，请核对。",
    Reason.LUNAR: "农历日期暂时不会算，请写公历日期，例如“9月25日”。",
    Reason.NO_TERMS: "还没有配置相应的学期，请写具体日期，或请管理员补上学期起止日期。",
    Reason.UNREADABLE: "没看懂时间。可以这样写：明天下午三点、每周三 15:00、9月10日 8:30。",
}


def echo(when: When, count: int = 3) -> str:
    """One or a few Chinese sentences; ``count`` due times of a rule are named."""
    match when:
        case Recurring():
            return _recurring(when, count)
        case Instant() | Day() | Deadline() | Interval():
            return say(when)
        case Ambiguous(candidates=candidates):
            listed = "".join(f"{n}. {say(one)}；" for n, one in enumerate(candidates, 1))
            return f"请确认是哪一个：{listed.removesuffix('；')}。"
        case CalendarUnknown(missing_year=year, provisional=provisional):
            return (
                f"{say(provisional)}；注意：{year}年的节假日安排还没有公布，"
                "这是按周一至周五上班暂定的，公布后会重新计算。"
            )
        case NoTime(words=words):
            return f"“{words}”没有说清具体时间，请问是哪天几点？" if words else "请问是什么时间？"
        case Reject(reason=reason, meant=meant):
            if reason is Reason.PAST and meant:
                return f"{_REFUSALS[reason]}：{say(meant)}。请换一个以后的时间。"
            if reason is Reason.WEEKDAY_MISMATCH and meant:
                return f"{_REFUSALS[reason]}：那天是{say(meant)}，请核对。"
            return _REFUSALS[reason]


def say(choice: Choice) -> str:
    """The expression alone, in the words that the grammar reads back."""
    match choice:
        case Instant(at=at):
            return f"{_date(at.date())}{_clock(at)}"
        case Day(on=on):
            return _date(on)
        case Deadline(at=at) if at.time() == END_OF_DAY:
            return f"{_date(at.date())}前（含当天）"
        case Deadline(at=at):
            return f"{_date(at.date())}{_clock(at)}前"
        case Interval(start=start, end=end):
            return _interval(start, end)
        case Recurring(rule=rule, now=now):
            return _rule(rule, now)


def _interval(start: datetime, end: datetime) -> str:
    is_whole = start.time().isoformat() == "00:00:00" and end.time() == END_OF_DAY
    if is_whole:
        return f"{_date(start.date())}至{_date(end.date())}"
    until = _clock(end) if start.date() == end.date() else f"{_date(end.date())}{_clock(end)}"
    return f"{_date(start.date())}{_clock(start)}至{until}"


def _date(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日（周{_WEEKDAYS[day.weekday()]}）"


def _clock(at: datetime) -> str:
    return at.strftime("%H:%M:%S" if at.second else "%H:%M")


def _recurring(when: Recurring, count: int) -> str:
    due = when.first(count)
    has_clock = when.rule.clock not in (None, END_OF_DAY)
    named = "、".join(_short(one, when.now, has_clock=has_clock) for one in due)
    label = f"接下来{len(due)}次" if len(due) > 1 else "接下来一次"
    text = f"{say(when)}；{label}：{named}"
    if when.rule.month_days and max(when.rule.month_days) > 28:
        text += f"；没有{max(when.rule.month_days)}日的月份跳过"
    if when.rule.filter in (Filter.ODD_WEEK, Filter.EVEN_WEEK) or (
        when.rule.pick and when.rule.pick.of is Period.TERM
    ):
        text += "；只算到已配置的学期为止"
    if any(one.is_provisional for one in due):
        text += "；带“暂定”的日子要等节假日安排公布后才能确定"
    return text


def _short(due: Due, now: datetime, *, has_clock: bool) -> str:
    at = due.at.astimezone(SHANGHAI)
    year = f"{at.year}年" if at.year != now.astimezone(SHANGHAI).year else ""
    clock = _clock(at) if has_clock else ""
    mark = "（暂定）" if due.is_provisional else ""
    return f"{year}{at.month}月{at.day}日（周{_WEEKDAYS[at.weekday()]}）{clock}{mark}"


def _rule(rule: Recurrence, now: datetime) -> str:
    parts = []
    if rule.starts_at > now:
        start = rule.starts_at.astimezone(SHANGHAI).date()
        parts.append(f"从{start.year}年{start.month}月{start.day}日起，")
    parts.append(_days(rule))
    if rule.clock and rule.clock != END_OF_DAY:
        clock = rule.clock
        parts.append(clock.strftime("%H:%M:%S" if clock.second else "%H:%M"))
    if rule.is_deadline:
        parts.append("前")
    if rule.shift:
        direction = "顺延" if rule.shift is Shift.NEXT else "提前"
        parts.append(
            f"，遇节假日{direction}到{'下' if rule.shift is Shift.NEXT else '上'}一个工作日"
        )
    if rule.filter is Filter.WORKDAY and rule.freq is not Frequency.DAILY:
        parts.append("，节假日除外")
    if rule.count:
        parts.append(f"，共{rule.count}次")
    if rule.until:
        end = rule.until.astimezone(SHANGHAI).date()
        parts.append(f"，到{end.year}年{end.month}月{end.day}日为止")
    return "".join(parts)


def _days(rule: Recurrence) -> str:
    if rule.pick:
        return _pick(rule.pick)
    match rule.freq:
        case Frequency.DAILY if rule.filter is Filter.WORKDAY:
            return "每个工作日"
        case Frequency.DAILY:
            return "每天" if rule.interval == 1 else f"每{rule.interval}天"
        case Frequency.WEEKLY:
            return _weekly(rule)
        case Frequency.MONTHLY:
            return ("每月" if rule.interval == 1 else f"每{rule.interval}个月的") + _in_month(rule)
        case Frequency.YEARLY if rule.months:
            months = "、".join(f"{month}月" for month in rule.months)
            return f"每年{months}" + ("的" if len(rule.months) > 1 else "") + _in_month(rule)
        case _:
            return "每年"


def _weekly(rule: Recurrence) -> str:
    days = [_WEEKDAYS[day] for _n, day in rule.week_days]
    listed = "、".join(f"周{day}" for day in days)
    match rule.filter:
        case Filter.ODD_WEEK:
            return f"每逢单周的{listed}"
        case Filter.EVEN_WEEK:
            return f"每逢双周的{listed}"
        case _ if rule.interval > 1:
            return f"每{rule.interval}周的{listed}"
        case _ if not days:
            return "每周"
        case _:
            return f"每{listed}"


def _in_month(rule: Recurrence) -> str:
    if rule.week_days:
        n, day = rule.week_days[0]
        return f"{_nth(n)}个周{_WEEKDAYS[day]}"
    if rule.month_days == (-1,):
        return "最后一天"
    if len(rule.month_days) == 1 and rule.month_days[0] < 0:
        return f"倒数第{-rule.month_days[0]}天"
    return "、".join(f"{day}日" for day in rule.month_days)


def _nth(n: int) -> str:
    if n == -1:
        return "最后一"
    return f"第{n}" if n > 0 else f"倒数第{-n}"


def _pick(pick: Pick) -> str:
    period = {
        Period.WEEK: "每周的",
        Period.MONTH: "每月",
        Period.QUARTER: "每季度",
        Period.YEAR: "每年",
        Period.TERM: "每学期",
    }[pick.of]
    if pick.weekday is not None:
        return f"{period}{_nth(pick.n)}周周{_WEEKDAYS[pick.weekday]}"
    if pick.is_workday:
        return f"{period}{_nth(pick.n)}个工作日"
    return period + ("第一天" if pick.n == 1 else "最后一天")
