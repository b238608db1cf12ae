"""A sentence -> the records it tells, not yet confirmed. Without a model; pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time

from handlers.records import telling
from handlers.records.activities import Activity, find_activities
from handlers.records.event_time import Clockwork, EventTime, Moment, event_time, pairs
from handlers.records.numbers import Counts, read_counts
from handlers.records.people_words import BLANK, RosterUnit, RosterView
from handlers.records.roles import People, read_people
from handlers.records.topics import Topic, find_topics
from handlers.records.types import Ask, RecordType, RecordTypes
from handlers.records.unit_words import SaidUnit, own_unit, said_units
from knowledge.simplify import simplify
from scheduler.school_calendar import Term, WorkdayCalendar

Json = dict[str, "str | int | bool | list[str] | None"]

_SENTENCE = re.compile("[^。！!？?\n]+[。！!？?\n]*")
_TITLES = re.compile("《[^《》]*》")
_HAN_GAP = re.compile(
    r"(?<=[\u4e00-\u9fff）)])[ \t]+(?=[\u4e00-\u9fff（(])"
    r"|(?<![到席加会有共缺假])(?<=[\u4e00-\u9fff])[ \t]+(?=[0-9])"
    r"|(?<=[0-9])[ \t]+(?=[0-9\u4e00-\u9fff])"
)
_SPOKEN_DAY = re.compile(
    "(?<=[今昨前明])儿个?|(?:(?<=^[今昨])|(?<=[ \t\n,，。；;√✓][今昨]))(?=[ \t,，])"
)
_WRITTEN_DAY = re.compile("(?<![0-9])(20[0-9]{2})[-/.]([0-9]{1,2})[-/.]([0-9]{1,2})(?![0-9])")
_ON = re.compile("于(?=(?:20[0-9]{2}年|[0-9一二三四五六七八九十]{1,3}月|[今昨前]天|[上本]?周))")
_RUN_ON = re.compile("(?<![一每两])周[一二三四五六日](?=主题)")
"""周一主题党日 is a Monday; 一周一主题 is none."""
_NOON = re.compile("晌午")
_TOLD_TWICE = re.compile("(?:下午|晚上|傍晚|晚)(?=(?:1[3-9]|2[0-3])[:点时])")
"""下午14:30 is 14:30."""
_FINANCIAL = re.compile("[壹贰叁肆伍陆柒捌玖拾佰]{1,5}(?=[人名位个])")
_PLAIN_DIGITS = str.maketrans("壹贰叁肆伍陆柒捌玖拾佰", "一二三四五六七八九十百")
_PART = re.compile("支委|委员会|小组|班子|中心组|第一议题|民主生活会|领导")
_MYSELF = re.compile("我(?![们校园局单支党组所县区市国院]|的|为群众)")
_MOST_CHARS = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordDraft:
    """What a sentence says was done; ``missing`` is what the bot has to ask for.

    ``conflicts``: sum, present>expected, weekday, future, time, date, name.
    """

    type: RecordType
    on: date | None = None
    start: time | None = None
    end: time | None = None
    unit: str | None = None
    unit_id: int | None = None
    expected: int | None = None
    present: int | None = None
    on_leave: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    late: tuple[str, ...] = ()
    who: tuple[str, ...] = ()
    topic: str | None = None
    missing: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()

    def to_json(self) -> Json:
        return {
            "type": self.type.id,
            "on": self.on.isoformat() if self.on else None,
            "start": self.start.strftime("%H:%M") if self.start else None,
            "end": self.end.strftime("%H:%M") if self.end else None,
            "unit": self.unit,
            "expected": self.expected,
            "present": self.present,
            "on_leave": list(self.on_leave),
            "absent": list(self.absent),
            "late": list(self.late),
            "who": list(self.who),
            "topic": self.topic,
            "missing": list(self.missing),
            "conflicts": list(self.conflicts),
            "confidential": self.type.confidential,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class _Page:
    """A text with everything that is found once for all of it; all have the same length."""

    text: str
    quiet: str
    """Titles and topics blanked."""
    topics: Sequence[Topic]
    moments: Sequence[Moment]
    units: Sequence[SaidUnit]


def read_records(
    text: str,
    *,
    now: datetime,
    types: RecordTypes,
    roster: RosterView,
    calendar: WorkdayCalendar,
    terms: Sequence[Term] = (),
) -> list[RecordDraft]:
    """Every activity that ``text`` says was held; none for a question, a plan, an order or chatter.

    Args:
        text: As typed; only its first 2000 characters are read.
        now: Aware.
        types: What can be recorded.
        roster: Seen as the writer; empty if there is none, then no name is doubted.
        calendar: Working days, for the times.
        terms: For 第三周.
    """
    clockwork = Clockwork(now=now, calendar=calendar, terms=terms)
    spelled = _without_questions(_spelled(text[:_MOST_CHARS]))
    page = _page(spelled, roster, clockwork)
    drafts: list[RecordDraft] = []
    before: EventTime | None = None
    unit: SaidUnit | None = None
    for activity in find_activities(page.quiet, page.text, types, page.moments, page.units):
        when, unit, told = _read_one(page, activity, roster, clockwork, before, unit)
        before = when
        drafts += told
    return drafts


def records_json(drafts: Iterable[RecordDraft]) -> list[Json]:
    """What ``records draft --json`` prints."""
    return [draft.to_json() for draft in drafts] or [{"type": None}]


def _spelled(text: str) -> str:
    """Half-width, simplified, spaces that part words as commas."""
    plain = unicodedata.normalize("NFKC", text)
    plain = _WRITTEN_DAY.sub(r"\1年\2月\3日", plain)
    plain = _ON.sub("，", plain)
    plain = _RUN_ON.sub(r"\g<0>，", plain)
    plain = _FINANCIAL.sub(lambda match: match[0].translate(_PLAIN_DIGITS), plain)
    plain = (
        simplify(_TOLD_TWICE.sub("", _NOON.sub("中午", _SPOKEN_DAY.sub("天", plain))))
        .replace(BLANK, " ")
        .replace(",", "，")
        .replace(";", "；")
    )
    plain = re.sub(r"\s*\n\s*", "\n", plain.strip())
    return re.sub(r"[ \t\u3000]+", "", _HAN_GAP.sub("，", plain))


def _without_questions(text: str) -> str:
    told = [
        sentence[0]
        for sentence in _SENTENCE.finditer(text)
        if not telling.is_question(_TITLES.sub("", sentence[0]))
    ]
    return "".join(told)


def _page(text: str, roster: RosterView, clockwork: Clockwork) -> _Page:
    topics = find_topics(text)
    titles = [match.span() for match in _TITLES.finditer(text)]
    quiet = _blanked(text, [*titles, *((one.start, one.end) for one in topics)])
    names = [match.span() for match in roster.names.finditer(quiet)]
    moments = clockwork.moments(_blanked(quiet, names))
    units = said_units(_blanked(quiet, pairs(moments)), roster)
    return _Page(text=text, quiet=quiet, topics=topics, moments=moments, units=units)


def _read_one(
    page: _Page,
    activity: Activity,
    roster: RosterView,
    clockwork: Clockwork,
    before: EventTime | None,
    last_unit: SaidUnit | None,
) -> tuple[EventTime, SaidUnit | None, list[RecordDraft]]:
    low, high = activity.start, activity.end
    moments = [one for one in page.moments if low <= one.start < high]
    units = [one for one in page.units if low <= one.start < high]
    when = event_time(moments, page.quiet, clockwork, before)
    said_unit = units[0] if units else last_unit
    unit = said_unit.unit if said_unit else own_unit(roster)
    unit_id = unit.id if unit else None
    spans = [*pairs(moments), *((one.start, one.end) for one in units)]
    people_text = _blanked(page.quiet, [*spans, *activity.words])[:high]
    type_ = activity.types[0]
    people = read_people(people_text, low, roster, unit_id, type_)
    counted = _blanked(page.quiet, [*pairs(moments), *people.spans])[low:high]
    counts = read_counts(counted)
    words = page.quiet[low:high]
    is_acted = bool(units or people.who)
    if not _is_told(page, activity, when, counts, is_acted, clockwork.now):
        return when, said_unit, []
    topic = next((one.text for one in page.topics if low <= one.start < high), None)
    named = "".join(page.text[start:end] for start, end in activity.words)
    draft = RecordDraft(
        type=type_,
        on=when.on,
        start=when.begins,
        end=when.ends,
        unit=said_unit.shown if said_unit and said_unit.shown else (unit.name if unit else None),
        unit_id=unit_id,
        topic=topic,
    )
    draft = _counted(draft, counts, people, roster, unit, is_part=bool(_PART.search(named)))
    draft = _with_people(draft, people, roster, words)
    draft = replace(draft, conflicts=_conflicts(draft, counts, people, when, clockwork.now))
    return when, said_unit, [
        replace(draft, type=one, missing=_missing(replace(draft, type=one), counts, people, words))
        for one in activity.types
    ]  # fmt: skip


def _is_told(
    page: _Page,
    activity: Activity,
    when: EventTime,
    counts: Counts,
    is_acted: bool,
    now: datetime,
) -> bool:
    words = _blanked(page.quiet, activity.words)[activity.start : activity.end]
    held = page.quiet[activity.start : activity.end]
    has_present = counts.present is not None or (counts.is_all and telling.is_done(held))
    has_present |= counts.is_about
    is_done = has_present or counts.is_all or telling.is_done(held)
    is_done |= any(telling.is_ended(page.quiet, end) for _start, end in activity.words)
    if telling.is_called_off(held):
        return False
    if (telling.is_intent(words) or telling.is_habit(words)) and not has_present:
        return False
    if when.is_future(now):
        return is_done
    if is_done:
        return not telling.is_exclaimed(words) or has_present or not activity.is_hint
    if activity.is_hint or when.on is None or telling.is_exclaimed(words):
        return False
    mention = activity.words[0][0]
    return is_acted or when.begins is not None or telling.is_held(page.quiet, mention)


def _counted(
    draft: RecordDraft,
    counts: Counts,
    people: People,
    roster: RosterView,
    unit: RosterUnit | None,
    *,
    is_part: bool,
) -> RecordDraft:
    """Everybody is the whole unit, but not where only a part of it meets."""
    expected, present = counts.expected, counts.present
    gone = max(counts.on_leave or 0, len(people.on_leave))
    gone += max(counts.absent or 0, len(people.absent))
    if counts.is_all and present is None:
        if expected is None and unit is not None and not is_part:
            expected = len(roster.within(unit.id)) or None
        if expected is not None:
            present = expected - gone if counts.is_rest and gone <= expected else expected
    elif counts.is_rest and expected is None and present is not None:
        expected = present + gone or None
    return replace(draft, expected=expected, present=present)


def _with_people(draft: RecordDraft, people: People, roster: RosterView, words: str) -> RecordDraft:
    who = [one.shown for one in people.who]
    is_mine = bool(_MYSELF.search(words)) and roster.me is not None
    if is_mine and roster.me and not draft.type.names_partner and roster.me.name not in who:
        who.insert(0, roster.me.name)
    return replace(
        draft,
        on_leave=_names(one.shown for one in people.on_leave),
        absent=_names(one.shown for one in people.absent),
        late=_names(one.shown for one in people.late),
        who=_names(who),
    )


def _names(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


def _conflicts(
    draft: RecordDraft, counts: Counts, people: People, when: EventTime, now: datetime
) -> tuple[str, ...]:
    found = list(when.conflicts)
    expected, present = draft.expected, draft.present
    gone = max(counts.on_leave or 0, len(draft.on_leave))
    gone += max(counts.absent or 0, len(draft.absent))
    if expected is not None and present is not None:
        if present > expected:
            found.append("present>expected")
        elif gone and present + gone != expected:
            found.append("sum")
    fewer = [
        (counts.on_leave, draft.on_leave), (counts.absent, draft.absent), (counts.late, draft.late)
    ]  # fmt: skip
    if "sum" not in found and any(n is not None and n < len(names) for n, names in fewer):
        found.append("sum")
    if when.is_future(now):
        found.append("future")
    if people.has_stranger:
        found.append("name")
    return tuple(dict.fromkeys(found))


def _missing(draft: RecordDraft, counts: Counts, people: People, words: str) -> tuple[str, ...]:
    is_alone = bool(draft.who) and "我们" not in words and bool(_MYSELF.search(words))
    found: list[str] = []
    for ask in draft.type.asks:
        lacks = False
        match ask:
            case Ask.ON:
                lacks = draft.on is None and "date" not in draft.conflicts
            case Ask.UNIT:
                lacks = draft.unit is None
            case Ask.EXPECTED:
                lacks = draft.expected is None and not is_alone
            case Ask.PRESENT:
                has_circle = Ask.EXPECTED in draft.type.asks
                lacks = draft.present is None and not is_alone and (has_circle or not draft.who)
            case Ask.WHO:
                lacks = not draft.who
            case Ask.TOPIC:
                lacks = draft.topic is None
        if lacks:
            found.append(ask.value)
    for name, number, names in (
        ("on_leave", counts.on_leave, people.on_leave),
        ("absent", counts.absent, people.absent),
        ("late", counts.late, people.late),
    ):
        is_unnamed = number is not None and number > len(names)
        if is_unnamed:
            found.append(name)
    return tuple(found)


def _blanked(text: str, spans: Iterable[tuple[int, int]]) -> str:
    chars = list(text)
    for start, end in spans:
        chars[start:end] = BLANK * (end - start)
    return "".join(chars)
