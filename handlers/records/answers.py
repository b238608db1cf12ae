"""签到 · 到 · 报到，迟到10分钟 · 请假 事由 · 补签 · 代签 张三: answers to a roll call. Pure."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum

from scheduler.numerals import number

LONGEST = 120


class Word(StrEnum):
    """What somebody says about being there."""

    PRESENT = "present"
    LATE = "late"
    COMING = "coming"
    """Will be late, and is not there yet."""
    LEAVE = "leave"
    MAKE_UP = "make_up"


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """``names`` are those it is said for, by proxy; none: for oneself."""

    word: Word
    minutes: int | None = None
    reason: str = ""
    names: tuple[str, ...] = ()
    code: str = ""
    """Of the place, where it was said with it."""
    is_guess: bool = False
    """``names`` may as well be the reason: 张三请假, 生病请假."""
    is_code_only: bool = False
    """Six digits and nothing else: they may mean many other things."""
    is_plain: bool = True
    """Cannot mean anything but a roll call; 到 and 来了 may."""


_PRESENT = re.compile(
    r"(?:我|本人)?(?:已经?|现在|刚刚?)?"
    r"(?P<word>签到|签个到|签一?下到|打卡|打个卡|报到|报道|签|到场|到会|到|来|在场)"
    r"(?:成功|完成|一下|完毕)?(?:了|啦|咯)?(?:\s*(?P<code>\d{6}))?"
)
_PLAIN = re.compile("签|打卡|报到|报道|打个卡|到会|到场|在场")
_LATE = re.compile(
    r"(?:迟到|晚到|来晚|到晚|晚|迟)(?:了)?(?:大概|大约|约|差不多)?"
    r"(?:(?P<n>\d{1,3}|[一二两三四五六七八九十]{1,3})(?:来|多)?(?P<unit>分钟|分|刻钟|个?小时)"
    r"|(?P<half>半个?小时))(?:左右|到)?"
)
_COMING = re.compile(
    r"(?:要|会|可能|得|估计|恐怕|预计)[^，。,.]{0,6}?(?:迟到|晚到|晚|迟)|(?:还)?在路上|马上(?:就)?到"
)
_CAME = re.compile(r"签到|报到|到了|我到|已到|来了")
_LEAVE = re.compile(
    r"(?:(?P<before>[^。！？!?]{0,60}?)[，,、\s]*)?(?:我|本人)?(?:想|要|需要?|申请|特)?(?:向[^，,]{1,8})?"
    r"请(?:个|一?天|半天|一下)?(?:事|病|公|产|婚|丧)?假(?:一?[天次下])?[，,：:。\s]*(?P<after>.*)",
    re.DOTALL,
)
_MAKE_UP = re.compile(
    r"(?:我)?(?:要|想|申请|需要?)?补(?:个|一?下)?(?:签到|签|卡|打卡)[，,：:。\s]*(?P<reason>.*)",
    re.DOTALL,
)
_PROXY = re.compile(
    r"(?:请?(?:代签到?|代为签到|代打卡)[：:，,\s]*(?P<names>.+)"
    r"|(?:帮|替|代)(?P<names2>[^\s，,。]{2,40}?)(?:签到?|签一?下到?|签个到|打卡|打个卡)(?:一下)?了?)"
)
_ASKING = re.compile(
    r"[?？]|吗|么$|呢$|怎么|怎样|如何|多少|几天|什么|哪|能不能|可不可以|是否|规定|流程|制度|办法|条件|记录|名单|统计|情况"
)
_TELLING = re.compile(r"[应实]到|召开|开展|[开学讲]了|学习|支部|主题|参加|党员|\d人|缺席|报名")
"""Words of a sentence that tells what took place; it is a record, not an answer."""
_NAMES = re.compile(r"[、，,\s和及跟与]+")
_EDGES = "。.！!～~，,；;…、 \t\n👌🙋✋"


def read_answer(text: str) -> Said | None:
    """What it says about being there; None when it is about something else."""
    said = unicodedata.normalize("NFKC", text).strip().strip(_EDGES)
    if not said or len(said) > LONGEST or said.startswith("/"):
        return None
    if re.fullmatch(r"\d{6}", said):
        return Said(word=Word.PRESENT, code=said, is_code_only=True, is_plain=False)
    if found := _PRESENT.fullmatch(said):
        if found["word"] == "来" and not said.endswith(("了", "啦")):
            return None
        is_plain = _PLAIN.search(said) is not None
        return Said(word=Word.PRESENT, code=found["code"] or "", is_plain=is_plain)
    if _ASKING.search(said) or _TELLING.search(said):
        return None
    if found := _PROXY.fullmatch(said):
        return _for_others(found["names"] or found["names2"])
    if found := _MAKE_UP.fullmatch(said):
        return Said(word=Word.MAKE_UP, reason=_reason(found["reason"]))
    return _excused(said)


def _excused(said: str) -> Said | None:
    late = _LATE.search(said)
    if late and len(said) <= len(late[0]) + 30:
        if _COMING.search(said) and not _CAME.search(said):
            return Said(word=Word.COMING, minutes=_minutes(late), is_plain=False)
        is_plain = "迟到" in said or _CAME.search(said) is not None
        reason = _reason(_CAME.sub("", said.replace(late[0], "")))
        return Said(word=Word.LATE, minutes=_minutes(late), reason=reason, is_plain=is_plain)
    if found := _LEAVE.fullmatch(said):
        before = found["before"] or ""
        reason = _reason("，".join(part for part in (before, found["after"]) if part))
        if re.fullmatch(r"[一-鿿·]{2,4}", before) and said.startswith(f"{before}请"):
            return Said(word=Word.LEAVE, reason=reason, names=(before,), is_guess=True)
        return Said(word=Word.LEAVE, reason=reason)
    return None


def _for_others(names: str) -> Said | None:
    excused = re.search(r"(请假|迟到|晚到).*$", names)
    inner = None if excused is None else _excused(excused[0])
    found = [name for name in _NAMES.split(names[: excused.start()] if excused else names) if name]
    if not found or any(not 2 <= len(name) <= 12 for name in found):
        return None
    if inner is None:
        return Said(word=Word.PRESENT, names=tuple(found))
    return Said(word=inner.word, minutes=inner.minutes, reason=inner.reason, names=tuple(found))


def _minutes(late: re.Match[str]) -> int | None:
    if late["half"]:
        return 30
    n = number(late["n"])
    if n is None:
        return None
    each = {"刻钟": 15, "小时": 60, "个小时": 60}.get(late["unit"], 1)
    return n * each


def _reason(text: str) -> str:
    return re.sub(r"^(?:因为?|由于|原因是?|事由)?[：:，,\s]*", "", text.strip(_EDGES)).strip(_EDGES)
