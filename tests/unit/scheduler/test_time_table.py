"""The agreed table, and expressions made up at random: right, asked or refused, never wrong."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable
from datetime import date, datetime, timedelta

import pytest

from scheduler.recurrence import SHANGHAI, Recurrence
from scheduler.rule_words import read_rule_words
from scheduler.school_calendar import Term, WorkdayCalendar
from scheduler.settling import end_of
from scheduler.when import Ambiguous, Day, Deadline, Instant, Json, NoTime, Reject, When
from scheduler.when_json import when_json
from tests.shared_data import shared_path
from tests.unit.scheduler.fixtures import OFFICIAL, at, read


@pytest.mark.needs("shared")
def test_the_agreed_table() -> None:
    table = json.loads(shared_path("time-expressions.json").read_text())
    calendar = WorkdayCalendar(years=frozenset()).with_year_file(table)
    terms = [
        Term(
            name=term["name"],
            starts_on=date.fromisoformat(term["first_day"]),
            ends_on=date.fromisoformat(term["last_day"]),
        )
        for term in table["fixtures"]["semester"].values()
    ]
    wrong = []
    for case in table["cases"]:
        expected = {"kind": case["kind"]} | case["expect"]
        if expected.get("deadline") is True:
            expected["is_deadline"] = expected.pop("deadline")
        included = set(expected.pop("must_include", ()))
        excluded = set(expected.pop("must_exclude", ()))

        def told(count: int, case: dict[str, str] = case) -> Json:
            return when_json(
                case["text"],
                now=datetime.fromisoformat(case["now"]),
                calendar=calendar,
                terms=terms,
                count=count,
            )

        got = told(3)
        many = told(60).get("first", [])
        assert isinstance(many, list)
        if (
            {key: got.get(key) for key in expected} != expected
            or not included <= set(many)
            or excluded & set(many)
        ):
            wrong.append((case["id"], case["text"], got))
    assert len(table["cases"]) == 60
    assert not wrong


@pytest.mark.needs("shared")
def test_cadences_fire_as_often_as_the_gold_says() -> None:
    tasks = json.loads((shared_path("gold") / "tasks.json").read_text())
    right, invented = 0, 0
    for task in tasks:
        read_rule = read_rule_words(task["span"])
        rrule = read_rule.rrule if read_rule else None
        if not task["cadence"]:
            invented += rrule is not None
            continue
        right += rrule in task["cadence_accept"]
        rule = Recurrence.from_rrule(task["cadence"], starts_at=at(1, 1)).by_period_end()
        year = [due for due in rule.occurrences(at(1, 1), OFFICIAL) if due.at.year == 2027]
        assert len(year) == task["per_year"], task["id"]
    assert right >= 13
    assert invented == 0


Moment = tuple[str, Callable[[datetime], date | None]]
_CHINESE = "零一二三四五六七八九十"


def _spelled(n: int, rng: random.Random) -> str:
    if n >= 60 or rng.random() < 0.4:
        return str(n)
    if n <= 10:
        return _CHINESE[n]
    tens, unit = divmod(n, 10)
    return ("" if tens == 1 else _CHINESE[tens]) + "十" + (_CHINESE[unit] if unit else "")


def _a_day(rng: random.Random, now: datetime) -> tuple[str, date]:
    """An unmistakable day, and which one it is by plain arithmetic."""
    today = now.date()
    n, weekday = rng.randint(1, 28), rng.randrange(7)
    monday = today - timedelta(days=today.weekday())
    name = "一二三四五六日"[weekday]
    week = rng.choice(["周", "星期"])
    month = rng.randint(1, 12)
    later_month = today.replace(day=28) + timedelta(days=6)
    this_year = date(today.year, month, n)
    return rng.choice(
        [
            ("明天", today + timedelta(days=1)),
            ("后天", today + timedelta(days=2)),
            ("大后天", today + timedelta(days=3)),
            (f"{_spelled(n + 1, rng)}天后", today + timedelta(days=n + 1)),
            (f"下{week}{name}", monday + timedelta(days=7 + weekday)),
            (f"下下{week}{name}", monday + timedelta(days=14 + weekday)),
            (f"下个月{_spelled(n, rng)}号", later_month.replace(day=n)),
            (
                f"{_spelled(month, rng)}月{_spelled(n, rng)}{rng.choice('日号')}",
                this_year if this_year > today else this_year.replace(year=today.year + 1),
            ),
            (f"2027年{month}月{n}日", date(2027, month, n)),
            (f"2027-{month:02}-{n:02}", date(2027, month, n)),
        ]
    )


def _a_time(rng: random.Random) -> tuple[str, timedelta]:
    hour, minute = rng.randint(7, 21), rng.choice([0, 5, 15, 30, 45, 58])
    part, shown = (
        ("上午", hour)
        if hour < 12
        else ("下午", hour - 12)
        if 12 < hour < 18
        else ("晚上", hour - 12)
        if hour >= 18
        else ("中午", hour)
    )
    minutes = {0: rng.choice(["", "整"]), 15: "一刻", 30: "半", 45: "三刻", 5: "零五分"}.get(minute)
    spoken = f"{part}{_spelled(shown, rng)}点{minutes if minutes is not None else f'{minute}分'}"
    text = rng.choice([spoken, f"{hour:02}:{minute:02}", f"{hour:02}：{minute:02}"])
    return text, timedelta(hours=hour, minutes=minute)


def _disguised(text: str, rng: random.Random) -> str:
    """Full width, traditional characters, spaces: the same expression to a reader."""
    if rng.random() < 0.2:
        text = "".join(chr(ord(c) + 0xFEE0) if c in "0123456789" else c for c in text)
    if rng.random() < 0.2:
        text = text.translate(str.maketrans("点周个后号", "點週個後號"))
    if rng.random() < 0.2:
        text = f" {text} 。"
    return text


def _is_right(answer: When, expected: Instant | Day | Deadline) -> bool | None:
    """None when the person is asked."""
    match answer:
        case Ambiguous() | NoTime():
            return None
        case Reject():
            return None
        case _:
            return answer == expected


def test_a_thousand_made_up_expressions_are_never_silently_wrong() -> None:
    rng = random.Random(20260414)  # noqa: S311
    outcomes: Counter[bool | None] = Counter()
    for _ in range(1000):
        now = datetime(2026, rng.randint(1, 11), rng.randint(1, 28), 9, 20, tzinfo=SHANGHAI)
        day_words, day = _a_day(rng, now)
        time_words, clock = _a_time(rng)
        moment = datetime.combine(day, datetime.min.time(), SHANGHAI) + clock
        choices: list[tuple[str, Instant | Day | Deadline]] = [
            (day_words, Day(on=day)),
            (day_words + time_words, Instant(at=moment)),
            (f"{day_words} {time_words}", Instant(at=moment)),
            (f"{day_words}前", Deadline(at=end_of(day))),
            (f"{day_words}{time_words}之前", Deadline(at=moment)),
            (f"最迟{day_words}", Deadline(at=end_of(day))),
        ]
        text, expected = rng.choice(choices)
        outcome = _is_right(read(_disguised(text, rng), now), expected)
        assert outcome is not False, (text, now, read(text, now), expected)
        outcomes[outcome] += 1
    assert outcomes[True] >= 950, outcomes


@pytest.mark.parametrize("noise", ["不", "非", "除了", "啊", "三", "的话", "每", "未", "哪"])
def test_a_foreign_word_inside_is_never_passed_over(noise: str) -> None:
    rng = random.Random(noise)  # noqa: S311
    now = at(4, 14, 9, 20)
    for _ in range(120):
        day_words, day = _a_day(rng, now)
        time_words, clock = _a_time(rng)
        moment = datetime.combine(day, datetime.min.time(), SHANGHAI) + clock
        answer = read(day_words + noise + time_words, now)
        assert answer != Instant(at=moment), day_words + noise + time_words
