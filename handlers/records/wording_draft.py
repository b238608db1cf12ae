"""How a draft is shown back, to be confirmed with one word."""

from __future__ import annotations

from collections.abc import Mapping

from handlers.records.reading import RecordDraft

_ASKED: Mapping[str, str] = {
    "on": "哪一天",
    "unit": "哪个单位",
    "expected": "应到多少人",
    "present": "实到多少人",
    "who": "有谁",
    "topic": "什么内容",
    "on_leave": "谁请假",
    "absent": "谁没到",
    "late": "谁迟到",
}
_DOUBTED: Mapping[str, str] = {
    "sum": "应到、实到和没到的人数对不上",
    "present>expected": "实到比应到多",
    "weekday": "日期和星期对不上",
    "future": "时间还没到",
    "time": "起止时间不对",
    "date": "没有这一天",
    "name": "有的姓名在花名册上找不到，或不止一位",
}


def shown(draft: RecordDraft) -> str:
    """A few lines: what was read, what does not add up, what is still missing."""
    hours = "—".join(clock.strftime("%H:%M") for clock in (draft.start, draft.end) if clock)
    day = f"{draft.on.year}年{draft.on.month}月{draft.on.day}日" if draft.on else ""
    counts = [
        f"{name}{n}人" for name, n in (("应到", draft.expected), ("实到", draft.present))
        if n is not None
    ]  # fmt: skip
    lines = [
        ("时间", " ".join(filter(None, (day, hours)))),
        ("单位", draft.unit or ""),
        ("人数", "，".join(counts)),
        ("请假", "、".join(draft.on_leave)),
        ("缺席", "、".join(draft.absent)),
        ("迟到", "、".join(draft.late)),
        ("人员", "、".join(draft.who)),
        ("内容", draft.topic or ""),
        ("请核对", "；".join(_DOUBTED[one] for one in draft.conflicts)),
        ("还缺", "、".join(_ASKED[one] for one in draft.missing)),
    ]
    told = "\n".join(f"{name}：{value}" for name, value in lines if value)
    return f"【{draft.type.name}】\n{told}" if told else f"【{draft.type.name}】"
