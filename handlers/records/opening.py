"""``/签到 开始 主题党日 今天下午3点到4点 第一党支部 地点三楼``: what an officer opens. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from handlers.records.types import RecordType, RecordTypes
from scheduler.phrases import find_when
from scheduler.school_calendar import Term, WorkdayCalendar
from scheduler.when import Instant, Interval, Reason, Reject, When

USUAL_LENGTH = timedelta(hours=1)
_PLACE = re.compile(
    r"(?:地点(?:设)?|地址)[是在为：:\s]*(?P<named>[^\s，,。；;]{1,40})"
    r"|(?:^|[\s，,])在(?P<at>[^\s，,。；;]{1,30}?(?:室|厅|楼|馆|场|中心|教室|礼堂|操场))"
)
_CODE = re.compile(r"(?:要|用|凭)?(?:现场码|现场签到|扫二维码|扫码|二维码|签到码|口令)(?:签到)?")
_TASK = re.compile(
    r"(?:为|给)?(?:任务\s*[#＃]?\s*(?P<after>\d{1,9})\s*号?|(?P<before>\d{1,9})\s*号任务)"
)
_UNIT_WORD = re.compile(
    r"[一-鿿A-Za-z0-9]{1,20}?(?:支部|总支|党委|小学|中学|学校|幼儿园|教育局|学区|科室)"
)
_LEFT_OVER = re.compile(r"[\s，,。；;：:、]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """``unit_ids`` are all that the words fit; none when no unit was named."""

    type: RecordType | None
    title: str
    starts_at: datetime
    closes_at: datetime
    unit_ids: tuple[int, ...]
    place: str
    wants_code: bool
    occurrence_id: int | None = None
    """Of the task it is held for."""
    is_named: bool = True
    """Whether the words say what it is about, or only when and where."""
    refused: Reason | None = None
    """Why the time that was said cannot be taken."""
    elsewhere: str = ""
    """The unit that was named, where it is not one of ``units``."""


def read_opening(
    text: str,
    *,
    now: datetime,
    types: RecordTypes,
    units: Mapping[int, str],
    calendar: WorkdayCalendar,
    terms: Sequence[Term] = (),
    others: Collection[str] = (),
) -> Opening:
    """Read the words behind ``/签到 开始``; without a time it begins now and lasts an hour.

    ``units`` are those where it may be opened, ``others`` the names of all else.
    """
    task = _TASK.search(text)
    if task is not None:
        text = f"{text[: task.start()]}，{text[task.end() :]}"
    wants_code = _CODE.search(text) is not None
    # Both before the time: neither 五点 二维码 nor 五点 二中 is two minutes past five.
    named_unit, rest = _whole_name(_CODE.sub("，", text), {*units.values(), *others})
    rest, when = _without_time(rest, now, calendar, terms)
    starts_at, closes_at, refused = _window(when, now)
    place = _PLACE.search(rest)
    if place:
        rest = rest[: place.start()] + " " + rest[place.end() :]
    named = next((one for one in types.mentions(rest) if not one.is_hint), None)
    if named_unit:
        unit_ids = tuple(id for id, name in units.items() if name == named_unit)
    else:
        unit_ids, rest = units_in(rest, units)
    title = " ".join(piece for piece in _LEFT_OVER.split(rest) if piece)
    return Opening(
        type=named.type if named else None,
        title=(title or (named.type.name if named else "签到"))[:60],
        starts_at=starts_at,
        closes_at=closes_at,
        unit_ids=unit_ids,
        place=(place["named"] or place["at"]) if place else "",
        wants_code=wants_code,
        occurrence_id=int(task["after"] or task["before"]) if task else None,
        is_named=bool(title or named),
        refused=refused,
        elsewhere="" if unit_ids else named_unit,
    )


def for_task(opening: Opening, title: str, unit_id: int | None, types: RecordTypes) -> Opening:
    """What the words leave open is said by the task it is held for."""
    named = next((one.type for one in types.mentions(title) if not one.is_hint), None)
    return replace(
        opening,
        type=opening.type or named,
        title=opening.title if opening.is_named else title[:60],
        unit_ids=opening.unit_ids or (() if unit_id is None else (unit_id,)),
    )


def _without_time(
    text: str, now: datetime, calendar: WorkdayCalendar, terms: Sequence[Term]
) -> tuple[str, When | None]:
    for is_past in (False, True):
        found = find_when(text, now=now, calendar=calendar, terms=terms, allow_past=is_past)
        for start, end, when in found:
            is_over = isinstance(when, Reject) and when.reason is Reason.PAST
            if isinstance(when, Instant | Interval) or (isinstance(when, Reject) and not is_over):
                return f"{text[:start]} {text[end:]}", when
    return text, None


def _window(when: When | None, now: datetime) -> tuple[datetime, datetime, Reason | None]:
    if isinstance(when, Interval):
        refused = Reason.PAST if when.end <= now else None
        return when.start, when.end, refused
    if isinstance(when, Instant):
        closes_at = when.at + USUAL_LENGTH
        return when.at, closes_at, Reason.PAST if closes_at <= now else None
    if isinstance(when, Reject):
        return now, now + USUAL_LENGTH, when.reason
    return now, now + USUAL_LENGTH, None


def _whole_name(text: str, names: Collection[str]) -> tuple[str, str]:
    """The longest name of a unit that stands in the text, and the rest; "" where there is none.

    Where it is held says nothing: 地点二中报告厅.
    """
    place = _PLACE.search(text)
    low, high = place.span() if place else (len(text), len(text))
    before, after = text[:low], text[high:]
    found = max((one for one in names if one and (one in before or one in after)), key=len,
                default="")  # fmt: skip
    if not found:
        return "", text
    if found in before:
        return found, before.replace(found, "，", 1) + text[low:]
    return found, text[:high] + after.replace(found, "，", 1)


def units_in(text: str, units: Mapping[int, str]) -> tuple[tuple[int, ...], str]:
    """Units whose whole name stands in the text, longest first; else those a word shortens."""
    whole = sorted({name for name in units.values() if name in text}, key=len, reverse=True)
    if whole:
        fitting = tuple(id for id, name in units.items() if name == whole[0])
        return fitting, text.replace(whole[0], " ", 1)
    for word in _UNIT_WORD.findall(text):
        fitting = tuple(id for id, name in units.items() if name.endswith(word))
        if fitting:
            return fitting, text.replace(word, " ", 1)
    return (), text
