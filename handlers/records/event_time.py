"""When it was: the day and the hours of an activity out of the times that a text names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time

from scheduler.phrases import find_when
from scheduler.recurrence import SHANGHAI
from scheduler.school_calendar import Term, WorkdayCalendar
from scheduler.when import Ambiguous, CalendarUnknown, Day, Instant, Interval, Reason, Reject, When

_SAYS_DAY = re.compile("[年月日号天周期拜]|今|昨|前|明|后(?!半)|[0-9][./-][0-9]|节|旦")
_COUNTED_DAY = re.compile("[日号]|[0-9][./-][0-9]")
_SAYS_CLOCK = re.compile("[0-9零一二两三四五六七八九十](?:[点时:]|个?半)|中午|正午")
_SAYS_WEEKDAY = re.compile("[(（]?(?:周|星期|礼拜)[一二三四五六日天1-7][)）]?")
_JUST_NOW = re.compile("刚刚|刚才|刚(?=陪|去|从|开|结束|参加|完|学|组织|上|散)")
_LATER_HALF = re.compile("下午|晚|傍晚|午后")
_BESIDE = re.compile("[（(,，、|]{0,2}(?:也)?(?:就)?(?:是)?")
_ENDS = re.compile("(?:左右)?(?:才)?(?:结束|散会|开完|完|为止)")
_SHARE_WORDS = re.compile("(?:[到席加勤]|到会|参会|人数|到会率)[:：]?$")
_LATE = re.compile("晚[到来]|来晚")
_FIRST_PM_HOUR, _LAST_PM_HOUR = 1, 6
_END_OF_DAY = time(23, 59, 59)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """One expression, read; ``part_starts`` is the earliest a part of the day may mean."""

    start: int
    end: int
    on: date | None = None
    says_day: bool = False
    says_weekday: bool = False
    is_counted: bool = False
    """A date in numbers."""
    begins: time | None = None
    ends: time | None = None
    part_starts: time | None = None
    problem: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EventTime:
    """What a record keeps of it."""

    on: date | None = None
    begins: time | None = None
    ends: time | None = None
    earliest: time | None = None
    conflicts: tuple[str, ...] = ()
    is_dated: bool = False

    def is_future(self, now: datetime) -> bool:
        local = now.astimezone(SHANGHAI)
        if self.on is None:
            return False
        begins = self.begins or self.earliest or time()
        return self.on > local.date() or (self.on == local.date() and begins > local.time())


@dataclass(frozen=True, slots=True, kw_only=True)
class Clockwork:
    """From where times are read."""

    now: datetime
    calendar: WorkdayCalendar
    terms: Sequence[Term] = ()

    def find(self, text: str) -> list[tuple[int, int, When]]:
        return find_when(
            text, now=self.now, calendar=self.calendar, terms=self.terms, allow_past=True
        )

    def moments(self, text: str) -> list[Moment]:
        """Every time in ``text`` that may be one of an activity, left to right."""
        found = [
            moment
            for start, end, when in self.find(text)
            if not _is_share(text, start, end)
            and not _LATE.match(text, start)
            and (moment := self._moment(text, start, end, when))
        ]
        found += [
            Moment(start=match.start(), end=match.end(), on=self.today, says_day=True)
            for match in _JUST_NOW.finditer(text)
        ]
        return sorted(found, key=lambda moment: moment.start)

    @property
    def today(self) -> date:
        return self.now.astimezone(SHANGHAI).date()

    def _moment(self, text: str, start: int, end: int, when: When) -> Moment | None:
        said = text[start:end]
        moment = Moment(
            start=start,
            end=end,
            says_day=bool(_SAYS_DAY.search(said)),
            says_weekday=bool(_SAYS_WEEKDAY.search(said)),
            is_counted=bool(_COUNTED_DAY.search(said)),
        )
        if isinstance(when, CalendarUnknown):
            when = when.provisional
        match when:
            case Day(on=on):
                return replace(moment, on=on)
            case Instant() | Interval():
                return self._clocked(moment, said, (when,))
            case Ambiguous(candidates=candidates):
                times = [one for one in candidates if isinstance(one, Instant | Interval)]
                return self._clocked(moment, said, times) if times else None
            case Reject(reason=reason, meant=meant):
                return self._refused(moment, said, reason, meant)
            case _:
                return None

    def _clocked(
        self, moment: Moment, said: str, options: Sequence[Instant | Interval]
    ) -> Moment | None:
        first = options[0]
        if isinstance(first, Interval) and _is_whole_days(first):
            is_counted = bool(re.search("[日号]", said))  # 3月5日至6日, not 上周
            return replace(moment, on=first.start.date()) if is_counted else moment
        begins = [one.at if isinstance(one, Instant) else one.start for one in options]
        if not _SAYS_CLOCK.search(said):
            on = begins[0].date()
            return replace(moment, on=on, part_starts=begins[0].time())
        nth = self._likely(begins)
        chosen = options[nth]
        ends = chosen.end.time() if isinstance(chosen, Interval) else None
        return replace(moment, on=begins[nth].date(), begins=begins[nth].time(), ends=ends)

    def _likely(self, begins: Sequence[datetime]) -> int:
        """A bare 3点 is in the afternoon, a bare 9点 in the morning, rather past than to come."""
        past = [n for n, at in enumerate(begins) if at <= self.now]
        for among in (past, range(len(begins))):
            for n in among:
                hour = begins[n].hour
                is_at_work = _LAST_PM_HOUR < hour <= _LAST_PM_HOUR + 12
                if is_at_work:
                    return n
        return past[0] if past else 0

    def _refused(self, moment: Moment, said: str, reason: Reason, meant: object) -> Moment | None:
        match reason:
            case Reason.WEEKDAY_MISMATCH:
                bare = _SAYS_WEEKDAY.sub("", said)
                again = next(iter(self.moments(bare)), None) if bare != said else None
                on = meant.on if isinstance(meant, Day) else None
                told = replace(moment, on=on, problem="weekday")
                return (
                    replace(told, on=again.on or on, begins=again.begins, ends=again.ends)
                    if again and not again.problem
                    else told
                )
            case Reason.NO_SUCH_DATE:
                return replace(moment, problem="date")
            case Reason.END_BEFORE_START | Reason.CONTRADICTION:
                return self._without_end(replace(moment, problem="time"), said)
            case _:
                return None

    def _without_end(self, moment: Moment, said: str) -> Moment:
        """The longest part of it that can be read gives the day, and its start if it has one."""
        for length in range(len(said) - 1, 0, -1):
            for start, end, when in self.find(said[:length])[:1]:
                if start == 0 and not isinstance(when, Reject):
                    read = self._moment(said, start, end, when)
                    if read is not None and read.on is not None:
                        return replace(moment, on=read.on, begins=read.begins)
        return moment


def _may_contradict(one: Moment, other: Moment) -> bool:
    """Another day beside it; a festival's name beside 昨天 is none."""
    return one.on != other.on and (other.says_weekday or other.is_counted)


def _is_whole_days(interval: Interval) -> bool:
    return interval.start.time() == time() and interval.end.time() == _END_OF_DAY


def _is_share(text: str, start: int, end: int) -> bool:
    """到会5/5 is no 5th of May."""
    return bool(_SHARE_WORDS.search(text, 0, start)) and "/" in text[start:end]


def event_time(
    moments: Sequence[Moment], text: str, clockwork: Clockwork, before: EventTime | None
) -> EventTime:
    """Put the times of one activity together; what it does not say the one before it does."""
    conflicts: list[str] = []
    told: EventTime = EventTime()
    dated: Moment | None = None
    is_later_half = False
    for moment in moments:
        if moment.problem and moment.problem not in conflicts:
            conflicts.append(moment.problem)
        if moment.says_day and moment.on is not None:
            if dated is None:
                dated = moment
                told = replace(told, on=moment.on, is_dated=True)
            elif _may_contradict(dated, moment) and _BESIDE.fullmatch(
                text, dated.end, moment.start
            ):
                by_weekday = moment.says_weekday is not dated.says_weekday
                conflicts.append("weekday" if by_weekday else "date")
                if dated.says_weekday or not moment.says_weekday:
                    told = replace(told, on=moment.on)
        is_later_half |= bool(_LATER_HALF.search(text, moment.start, moment.end))
        told = _with_clock(told, moment, text, is_later_half)
        if moment.part_starts and told.earliest is None:
            told = replace(told, earliest=moment.part_starts)
    if told.on is None and "date" not in conflicts:
        if before is not None and before.on is not None:
            told = replace(told, on=before.on)
        elif told.begins or told.earliest:
            told = replace(told, on=clockwork.today)
    if told.begins and told.ends and told.ends <= told.begins and "time" not in conflicts:
        conflicts.append("time")
    return replace(told, conflicts=tuple(dict.fromkeys(conflicts)))


def _with_clock(told: EventTime, moment: Moment, text: str, is_later_half: bool) -> EventTime:
    if moment.begins is None:
        return told
    begins, ends = (
        _moved(clock) if is_later_half else clock for clock in (moment.begins, moment.ends)
    )
    if told.begins is None and not _ENDS.match(text, moment.end):
        return replace(told, begins=begins, ends=ends)
    if told.ends is None and ends is None and _ENDS.match(text, moment.end):
        return replace(told, ends=begins)
    return told


def _moved(clock: time | None) -> time | None:
    if clock is None or not _FIRST_PM_HOUR <= clock.hour < 12:
        return clock
    return clock.replace(hour=clock.hour + 12)


def pairs(moments: Sequence[Moment]) -> Iterator[tuple[int, int]]:
    """Where the times stand."""
    for moment in moments:
        yield moment.start, moment.end
