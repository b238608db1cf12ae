from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.records.answers import Said, Word, read_answer
from handlers.records.files import check_file, safe_name
from handlers.records.opening import read_opening
from handlers.records.type_files import load_record_types
from scheduler.school_calendar import WorkdayCalendar

NOW = datetime(2026, 9, 1, 14, 50, tzinfo=ZoneInfo("Asia/Shanghai"))
TYPES = load_record_types()
CALENDAR = WorkdayCalendar.official()
UNITS = {1: "云溪县教育局", 2: "云溪县第二中学", 3: "二中第一党支部", 4: "二中第二党支部"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("签到", Said(word=Word.PRESENT)),
        ("签到 123456", Said(word=Word.PRESENT, code="123456")),
        ("到！", Said(word=Word.PRESENT, is_plain=False)),
        ("我到了", Said(word=Word.PRESENT, is_plain=False)),
        ("报到，迟到１０分钟", Said(word=Word.LATE, minutes=10)),
        ("迟到半小时", Said(word=Word.LATE, minutes=30)),
        ("我要晚到十分钟", Said(word=Word.COMING, minutes=10, is_plain=False)),
        ("请假，孩子发烧", Said(word=Word.LEAVE, reason="孩子发烧")),
        ("家里有急事，请假", Said(word=Word.LEAVE, reason="家里有急事")),
        ("补签，手机没电", Said(word=Word.MAKE_UP, reason="手机没电")),
        ("代签 柏舟、檀溪", Said(word=Word.PRESENT, names=("柏舟", "檀溪"))),
        ("代签柏舟请假 生病", Said(word=Word.LEAVE, reason="生病", names=("柏舟",))),
    ],
)
def test_answers_are_read(text: str, said: Said) -> None:
    assert read_answer(text) == said


@pytest.mark.parametrize(
    "text",
    [
        "请假流程是什么",
        "党课多久上一次",
        "签到有记录吗？",
        "我们支部今天开了党员大会，应到20实到18，柏舟请假",
        "收到",
        "来",
        "/签到",
        "到哪里开会",
    ],
)
def test_other_things_are_no_answers(text: str) -> None:
    assert read_answer(text) is None


@given(st.text(max_size=150))
def test_any_text_is_an_answer_or_none(text: str) -> None:
    said = read_answer(text)
    assert said is None or said.minutes is None or 0 <= said.minutes < 100_000


def opening(text: str):  # type: ignore[no-untyped-def]
    return read_opening(text, now=NOW, types=TYPES, units=UNITS, calendar=CALENDAR)


def test_an_opening_is_read_whole() -> None:
    found = opening("主题党日 今天下午3点到4点 第一党支部 地点三楼会议室 现场码")

    assert found.type is not None
    assert found.type.id == "theme_day"
    assert (found.starts_at.hour, found.closes_at.hour) == (15, 16)
    assert found.unit_ids == (3,)
    assert found.place == "三楼会议室"
    assert found.wants_code


def test_a_unit_with_a_number_is_no_minute() -> None:
    def read(text: str) -> tuple[str, tuple[int, ...], int, str, str]:
        found = read_opening(text, now=NOW, types=TYPES, units={7: "二中"}, calendar=CALENDAR,
                             others=["二中", "三小"])  # fmt: skip
        return found.title, found.unit_ids, found.closes_at.minute, found.elsewhere, found.place

    assert read("主题党日 今天下午3点到4点 二中") == ("主题党日", (7,), 0, "", "")
    assert read("主题党日 今天下午3点到4点 三小") == ("主题党日", (), 0, "三小", "")
    assert read("教研会 今天下午3点到4点 二中 地点三小礼堂") == ("教研会", (7,), 0, "", "三小礼堂")


def test_without_a_time_it_begins_now_and_lasts_an_hour() -> None:
    found = opening("教职工大会")
    assert found.starts_at == NOW
    assert (found.closes_at - found.starts_at).total_seconds() == 3600
    assert found.unit_ids == ()


def test_a_time_that_is_over_is_refused() -> None:
    assert opening("主题党日 今天上午8点到9点").refused is not None


@given(st.text(max_size=80))
def test_any_opening_has_an_end_after_its_start(text: str) -> None:
    found = opening(text)
    assert found.refused is not None or found.closes_at > found.starts_at


@given(st.text(), st.sampled_from(["", ".png", ".docx"]))
def test_a_name_is_safe_on_every_disk(name: str, suffix: str) -> None:
    safe = safe_name(name, suffix)
    assert 0 < len(safe) <= 120
    assert not set(safe) & set('\\/:*?"<>|\x00\n')
    assert safe not in (".", "..")


@given(st.binary(max_size=300), st.sampled_from(["a.png", "b.docx", "c.zip", "d.txt", "e"]))
def test_any_bytes_are_checked_or_refused(content: bytes, name: str) -> None:
    from bot.errors import UsageError

    for lead in (b"", b"\x89PNG\r\n\x1a\n", b"PK\x03\x04", b"\xff\xd8\xff"):
        try:
            checked = check_file(name, lead + content)
        except UsageError as error:
            assert error.reply
        else:
            assert checked.content
