"""How a task reminds, in words: 提前7、3、1天，当天，逾期每天提醒5天，3天报专干. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import time

from scheduler.numerals import number
from scheduler.policy import SUPERIOR, Escalation, Policy

HOW = (
    "可以这样说：/提醒 方式 12 提前5、2天，当天，逾期每天提醒3天，逾期2天报专干，早上8点；"
    "也可以：只提醒一次、不提前、逾期不提醒、不上报、照常。"
)
MOST_LEADS = 6
MOST_DAYS = 60
_N = r"[0-9〇零一二两三四五六七八九十]{1,3}"
_TO_WORDS: Mapping[str, str] = {
    "officer": "专干",
    SUPERIOR: "上级",
    "secretary": "书记",
    "branch_secretary": "支部书记",
    "admin": "管理员",
    "guidance": "指导组",
}
_TO: Mapping[str, str] = {word: to for to, word in _TO_WORDS.items()} | {"上级专干": SUPERIOR}
_MEMBER = "member:"

_LEADS = re.compile(rf"(?:到期前|提前)\s*({_N}(?:\s*[、,和]\s*{_N})*)\s*个?(?:工作日|天)(?:提醒)?")
_LATE = re.compile(
    rf"逾期后?(?:每天|每个工作日|连续)?(?:提醒|催)?\s*({_N})\s*个?(?:工作日|天)(?:内每天提醒)?"
    rf"(?:\s*[再又]每周(?:提醒)?\s*({_N})\s*次)?"
)
_REPORT = re.compile(
    rf"逾期\s*({_N})\s*个?(?:工作日|天)后?(?:上?报|告诉|督办给?|通知)(?:给|到)?\s*(\S{{1,20}})"
)
_MORNING = re.compile(rf"(?:早上|上午|每天)?\s*({_N})\s*(?:点|时|:)\s*(半|[0-5]\d)?分?(?:提醒|发)?")


def read_way(words: str, base: Policy) -> Policy | None:
    """``base`` with what the words change; None when a piece of them cannot be read."""
    policy, reports = base, list[Escalation]()
    plain = unicodedata.normalize("NFKC", words).strip(" 。.,，;；")
    pieces = [one.strip() for one in re.split(r"[;；]|[,，](?!\s*\d)", plain) if one.strip()]
    if not pieces:
        return None
    for piece in pieces:
        if change := _WHOLE.get(piece):
            policy = change(policy)
            continue
        if found := _REPORT.fullmatch(piece):
            days, to = number(found[1]), found[2]
            if days is None or not 1 <= days <= MOST_DAYS:
                return None
            reports.append(Escalation(days_late=days, to=_TO.get(to, f"{_MEMBER}{to}")))
            continue
        changed = _changed(piece, policy)
        if changed is None:
            return None
        policy = changed
    if reports:
        ordered = sorted(reports, key=lambda one: one.days_late)
        policy = replace(policy, escalations=tuple(ordered))
    return policy


def _changed(piece: str, policy: Policy) -> Policy | None:
    if found := _LEADS.fullmatch(piece):
        days = [number(one) for one in re.findall(_N, found[1])]
        leads = sorted({one for one in days if one is not None and 1 <= one <= MOST_DAYS})
        if len(leads) != len(days) or len(leads) > MOST_LEADS:
            return None
        return replace(policy, leads=tuple(reversed(leads)), at_due=policy.at_due)
    if found := _LATE.fullmatch(piece):
        late_days = number(found[1])
        weeks = number(found[2]) if found[2] else policy.late_weeks
        if late_days is None or weeks is None or max(late_days, weeks) > MOST_DAYS:
            return None
        return replace(policy, late_days=late_days, late_weeks=weeks)
    if found := _MORNING.fullmatch(piece):
        hour = number(found[1])
        minute = 30 if found[2] == "半" else int(found[2] or 0)
        if hour is None or not 5 <= hour <= 21:
            return None
        return replace(policy, morning=time(hour, minute))
    return None


def say_way(policy: Policy) -> str:
    """In words that read back as the same."""
    if policy == replace(Policy.plain(), morning=policy.morning, catch_up=policy.catch_up):
        return "只到点提醒一次"
    parts = []
    leads = "、".join(map(str, policy.leads))
    parts.append(f"提前{leads}个工作日" if leads else "不提前")
    parts.append("当天提醒" if policy.on_day else "当天不提醒")
    if policy.at_due:
        parts.append("到点提醒")
    if policy.late_days or policy.late_weeks:
        parts.append(f"逾期每天提醒{policy.late_days}天再每周{policy.late_weeks}次")
    else:
        parts.append("逾期不提醒")
    parts += [f"逾期{one.days_late}天报{_whom(one.to)}" for one in policy.escalations]
    if not policy.escalations:
        parts.append("不上报")
    minute = f"{policy.morning.minute:02d}" if policy.morning.minute else ""
    parts.append(f"早上{policy.morning.hour}点{minute}")
    return "；".join(parts)


def _whom(to: str) -> str:
    return _TO_WORDS.get(to, to.removeprefix(_MEMBER))


def _plain(policy: Policy) -> Policy:
    return replace(Policy.plain(), morning=policy.morning, catch_up=policy.catch_up)


_Change = Callable[[Policy], Policy]
_WHOLE: Mapping[str, _Change] = {
    **dict.fromkeys(("只提醒一次", "只到点提醒一次", "只到点提醒"), _plain),
    **dict.fromkeys(("不提前", "不提前提醒"), lambda p: replace(p, leads=())),
    **dict.fromkeys(("当天", "当天提醒"), lambda p: replace(p, on_day=True)),
    **dict.fromkeys(("当天不提醒",), lambda p: replace(p, on_day=False)),
    **dict.fromkeys(("到点", "到点提醒"), lambda p: replace(p, at_due=True)),
    **dict.fromkeys(("逾期不提醒", "逾期不催"), lambda p: replace(p, late_days=0, late_weeks=0)),
    **dict.fromkeys(("不上报", "不督办", "不报"), lambda p: replace(p, escalations=())),
}
