"""已完成，照片在上面 · 明天交 · 延期到下周五 因为…: what people answer to a reminder. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from scheduler.when import When

Find = Callable[[str], Sequence[tuple[int, int, When]]]


class Answer(StrEnum):
    """What somebody says about their task."""

    DONE = "done"
    ACCEPTED = "accepted"
    WORKING = "working"
    PROMISED = "promised"
    """明天交."""
    POSTPONE = "postpone"
    DECLINE = "decline"
    SNOOZE = "snooze"


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """``about`` names the task where it was named; ``when`` is the time as said."""

    answer: Answer
    about: str = ""
    when: str = ""
    note: str = ""


LONGEST = 300
_HANDED = (
    "交齐|交上|上交|提交|上报|报送|报上|发送|填报|填好|填完|写好|写完|办好|办完|办妥|办结|做好|做完|弄好|弄完|"
    "搞定|搞完|处理好|处理完|处理|落实|整改|开完|开过|学完|学习|参加|报名|补交|补上|补报|完成|交|报|发|寄|填|写|办|做|弄|开|学"
)
_ABOUT = r"(?P<about>[^，,。；;！!：:\s]{0,30}?)\s*"
_TAIL = r"(?:[\s，,。；;！!：:、～~]+(?P<note>.*))?"
_ALREADY = r"(?:都|全部|均)?(?:已经?|均已|都已|早就?)(?:全部|按时|按要求|顺利|如期)*"
_PATTERNS = {
    "decline": r"(?:退回|办不了|做不了|完不成|不(?:归|由|是)(?:我|我们|本单位|我校)"
    r"(?:管|负责|办)(?:的|这块)?"
    r"|不属于(?:我|我们|本单位)(?:负责|职责)?|(?:派错|弄错|发错)(?:人|单位)?了)",
    "accepted": r"(?:已?签收|收到|(?:已)?知道|知悉|已阅|阅|了解|明白)了?",
    "working": rf"(?:(?:正在|在)(?:{_HANDED}|办理|准备|推进)(?:理|了|中|着)?"
    r"|(?:办理|进行|推进|准备|落实)中)",
    "done": rf"(?:{_ALREADY}(?:{_HANDED})(?:了|啦|完毕|到位|完成)*"
    rf"|(?:都|全部)?(?:{_HANDED})(?:完)?(?:了|啦)"
    r"|(?:办|完|做)完毕|(?:全部)?完成|办结|搞定|ok|done)",
}
_ANSWERS = {
    name: re.compile(_ABOUT + words + _TAIL, re.DOTALL | re.I) for name, words in _PATTERNS.items()
}
_POSTPONE = re.compile(
    r"(?P<about>[^，,。；;！!：:\s]{0,30}?)\s*(?:我们?|本?校)?(?:想|要|申请|请求|希望|需要|能不能|能否|可以|可否|请|请予|可不可以)*"
    r"(?:延期|延后|延迟|推迟|宽限|延长|改期|延)(?:到|至|为)?\s*(?P<rest>.*)",
    re.DOTALL,
)
_MORE = re.compile(
    r"(?:[0-9]{1,2}|[一二两三四五六七八九十]{1,3})(?:个工作日|天|日(?!前)|周|个?星期|个月)(?![0-9前内]|以内|之内)"
)
"""So much later than it is due."""
_BECAUSE = re.compile(
    r"^[\s，,。；;！!？?吗行可以好]*(?:(?:因为?|由于|原因是?|理由是?|是?因)[:：]?\s*)?"
)
_PROMISE = re.compile(
    rf"(?:之?前)?\s*(?:我|我们)?(?:再|才|就|一定|肯定|能|会|可以|争取|保证|应该|给您?|给你)*(?:{_HANDED}|给)(?:给您?|给你|上|齐|完|好)*{_TAIL}",
    re.DOTALL,
)
_AGAIN = re.compile(
    r"(?:之?后)?\s*(?:请)?(?:再)?(?:提醒|叫|催)(?:我|我们)?(?:一次|一下|一遍)?[吧。！!]?"
)
_LATER = re.compile(
    r"(?:请)?(?:晚点|晚些|等会儿?|待会儿?|稍后|回头|过会儿?)(?:时候)?(?:再(?:提醒我?|说|看|弄|办|做)(?:一次|一下)?)[吧。！!]?"
)
_ASKING = re.compile(
    r"[?？]|吗$|呢$|什么|怎么|如何|哪[些个里天]|多少|几[条项个次月号天]|是否|有没有|没有?(?:完成|交|办)|未(?:完成|交|办)|谁|要求|标准|规定"
)
_NOT_A_NAME = re.compile(r"[的是有能要应须在为和将让把]$|^(?:请|各|应|要|须|不)")
_WORDY = re.compile(
    rf"{_HANDED}|完|签收|收到|知|阅|了解|明白|延|推迟|宽限|改期|退回|不了|不归|不由|不是|不属|派错|弄错|发错|提醒|稍后|晚点|ok|done",
    re.I,
)
_FILLERS = re.compile(
    r"^(?:我们?|我校|本校|我这边|这个|这项|该项?|任务|您好|老师|好的|报告|回复)+|(?:这个|这项|任务|的|都|已|全部|我们?)+$"
)


def may_be_reply(text: str) -> bool:
    """Whether it is worth a closer look; costs nothing."""
    plain = _plain(text)
    return 0 < len(plain) <= LONGEST and plain[0] not in "/" and _WORDY.search(plain) is not None


def read_reply(text: str, find: Find) -> Said | None:
    """What it says about a task; None when it may be anything else.

    Args:
        text: What was written.
        find: ``find_when`` with today, calendar and terms.
    """
    plain = _plain(text)
    said = _read(plain, find) if may_be_reply(plain) else None
    if said is None or not said.note:
        return said
    at = plain.rfind(said.note)
    as_typed = text.strip()
    if len(as_typed) != len(plain):
        return said
    return replace(said, note=as_typed[at : at + len(said.note)])


def _read(plain: str, find: Find) -> Said | None:
    if (found := _POSTPONE.fullmatch(plain)) and (said := _postponed(found, find)):
        return said
    first = re.split(r"[，,。；;！!\s]", plain, maxsplit=1)[0]
    if _ASKING.search(first) or plain.endswith(("?", "吗", "呢")):
        return None
    for name, pattern in _ANSWERS.items():
        if (found := pattern.fullmatch(plain)) and (said := _said(Answer(name), found)):
            return said
    if _LATER.fullmatch(plain):
        return Said(answer=Answer.SNOOZE)
    return _timed(plain, find)


def _plain(text: str) -> str:
    plain = unicodedata.normalize("NFKC", text).strip()
    return re.sub(r"^(?:好的?|嗯+|老师好|您好|领导好|报告)[,，。!！\s]+(?=\S)", "", plain)


def _said(answer: Answer, found: re.Match[str]) -> Said | None:
    about = _named(found["about"])
    if _NOT_A_NAME.search(about):
        return None
    return Said(answer=answer, about=about, note=_note(found["note"]))


def _postponed(found: re.Match[str], find: Find) -> Said | None:
    rest = found["rest"]
    times = [one for one in find(rest) if one[0] <= 4]
    about = _named(found["about"])
    if more := _MORE.match(rest):
        note = _note(_BECAUSE.sub("", rest[more.end() :]))
        return Said(answer=Answer.POSTPONE, about=about, when=more[0], note=note)
    if not times:
        if rest and not re.match(r"[\s，,。；;！!？?]|因|由于|理由|原因", rest):
            return None
        return Said(answer=Answer.POSTPONE, about=about, note=_note(_BECAUSE.sub("", rest)))
    start, end, _ = times[0]
    return Said(
        answer=Answer.POSTPONE,
        about=about,
        when=rest[start:end],
        note=_note(_BECAUSE.sub("", rest[end:])),
    )


def _timed(plain: str, find: Find) -> Said | None:
    """明天交, 一小时后再提醒我."""
    times = list(find(plain))
    if not times:
        return None
    start, end, _ = times[0]
    before, rest = plain[:start], plain[end:]
    if len(before) > 12 or re.search(r"[，,。；;：:]", before):
        return None
    if _AGAIN.fullmatch(rest):
        return Said(answer=Answer.SNOOZE, about=_named(before), when=plain[start:end])
    promise = _PROMISE.fullmatch(rest)
    if promise is None or _NOT_A_NAME.search(_named(before)):
        return None
    return Said(
        answer=Answer.PROMISED,
        about=_named(before),
        when=plain[start:end],
        note=_note(promise["note"]),
    )


def _named(about: str) -> str:
    """The task's name, without the words around it."""
    return _FILLERS.sub("", about.strip())


def _note(note: str | None) -> str:
    return (note or "").strip(" ，,。")
