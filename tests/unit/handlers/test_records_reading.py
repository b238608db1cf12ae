from __future__ import annotations

import re
from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.records.numbers import exact, read_counts
from handlers.records.people_words import RosterMember, RosterView, part_names
from handlers.records.reading import read_records, records_json
from handlers.records.wording_draft import shown
from scheduler.recurrence import SHANGHAI
from tests.unit.handlers.record_readings import (
    MEMBERS,
    NOW,
    OFFICIAL,
    ROSTER,
    TYPES,
    UNITS,
    read,
    score,
    told,
)

TABLES = ("sentences.toml", "sentences_heldout.toml", "sentences_heldout2.toml")
_PIECES = st.sampled_from(
    "我们支部 二支部 三小 今天 昨天下午 上周三 3月5日（周五） 2月30日 3点到4点半 4点到3点 明天 "
    "开了 召开 支委会 党员大会 主题党日 谈心谈话 学习了 组织 应到 实到 20 十八人 ２０名 廿 十来个 "
    "一半 三人 全到 请假 没来 迟到10分钟 孟广田 赵晓 周大勇 王老师 "
    "老李 和 、 ， 。 ？ （ ） 《条例》 "
    "我 除了 其余 共 18/20 参加 请 务必 取消 了 围绕 主题是 因病 等 收到 举报".split()
)
_SENTENCES = st.lists(_PIECES, max_size=14).map("".join)


def test_the_table_is_large_and_varied() -> None:
    sentences = told()

    assert len(sentences) >= 120
    assert len({one.text for one in sentences}) == len(sentences)
    assert sum(not one.drafts for one in sentences) >= 20
    assert len({draft["type"] for one in sentences for draft in one.drafts}) >= 25


@pytest.mark.parametrize("table", TABLES)
def test_figures(table: str) -> None:
    figures, wrong = score(told(table))

    for figure, least in (
        ("type", 0.95),
        ("numbers", 0.95),
        ("people", 0.90),
        ("date", 0.95),
        ("missing", 0.90),
        ("conflicts", 0.90),
        ("hours", 0.95),
        ("unit", 0.95),
        ("topic", 0.90),
    ):
        assert figures[figure] >= least, "\n".join(wrong)


@settings(deadline=None)
@given(st.one_of(st.text(max_size=80), _SENTENCES))
def test_any_text_is_read_without_raising(text: str) -> None:
    for roster in (ROSTER, RosterView()):
        drafts = read_records(text, now=NOW, types=TYPES, roster=roster, calendar=OFFICIAL)
        told = records_json(drafts)
        assert told
        for draft in drafts:
            assert shown(draft).startswith(f"【{draft.type.name}】")
            assert set(draft.missing) <= {
                "on", "unit", "expected", "present", "who", "topic", "on_leave", "absent", "late"
            }  # fmt: skip
            assert set(draft.conflicts) <= {
                "sum", "present>expected", "weekday", "future", "time", "date", "name"
            }  # fmt: skip


@settings(deadline=None)
@given(_SENTENCES)
def test_no_number_and_no_name_is_invented(text: str) -> None:
    printed = {int(digits) for digits in re.findall("[0-9]+", text.replace("２０", "20"))}
    printed |= {value for word in re.findall("[一三十八廿]+", text) if (value := exact(word))}
    for draft in read_records(text, now=NOW, types=TYPES, roster=RosterView(), calendar=OFFICIAL):
        assert draft.expected is None or draft.expected in printed
        if draft.present is not None and draft.present not in printed:
            assert re.search("除|其余", text)
        for name in (*draft.on_leave, *draft.absent, *draft.late, *draft.who):
            assert name in text


@settings(deadline=None)
@given(_SENTENCES)
def test_a_question_records_nothing(text: str) -> None:
    question = text.replace("。", "，").replace("？", "") + "吗？"

    assert read(question) == []


@settings(deadline=None)
@given(_SENTENCES)
def test_what_does_not_add_up_is_said(text: str) -> None:
    for draft in read_records(text, now=NOW, types=TYPES, roster=ROSTER, calendar=OFFICIAL):
        if draft.expected is not None and draft.present is not None:
            is_more = draft.present > draft.expected
            assert is_more is ("present>expected" in draft.conflicts)
        if draft.start and draft.end and draft.end <= draft.start:
            assert "time" in draft.conflicts


@pytest.mark.parametrize(
    ("text", "expected", "present"),
    [
        ("应到十八人实到18人", 18, 18),
        ("应到廿三人，实到廿人", 23, 20),
        ("应到会党员一百零五人，实到一百人", 105, 100),
        ("应到一百二十人，实到一百一", 120, 110),
        ("应到20人，来了十几个", 20, None),
        ("应到20人，实到近20人", 20, None),
        ("应到20人，实到20左右", 20, None),
        ("来了七八个人", None, None),
        ("二十个党员到了十九个", 20, 19),
        ("到会19/20", 20, 19),
        ("学习了20分钟", None, None),
        ("参加了第3次会议", None, None),
    ],
)
def test_numbers_in_every_form(text: str, expected: int | None, present: int | None) -> None:
    counts = read_counts(text)

    assert (counts.expected, counts.present) == (expected, present)


@settings(deadline=None)
@given(st.integers(min_value=1, max_value=999), st.integers(min_value=1, max_value=999))
def test_digits_are_read_as_printed(expected: int, present: int) -> None:
    counts = read_counts(f"应到{expected}人，实到{present}人")

    assert (counts.expected, counts.present) == (expected, present)


@pytest.mark.parametrize(
    ("run", "names"),
    [
        ("张三李四王五", ["张三", "李四", "王五"]),
        ("欧阳修远赵小云", ["欧阳修远", "赵小云"]),
        ("孙大圣", ["孙大圣"]),
        ("桌子椅子", None),
        ("张", None),
    ],
)
def test_names_without_separators(run: str, names: list[str] | None) -> None:
    assert part_names(run) == names


@pytest.mark.parametrize("row", ["张三李四", "张三、李四", "赵小云和王五"])
def test_names_that_are_numerals_are_names_though_no_roster_has_them(row: str) -> None:
    nobody = RosterView(members=(), units=UNITS)
    (draft,) = read(f"今天下午开了支部党员大会，应到20实到18，{row}请假", nobody)
    assert draft["on_leave"] == part_names(re.sub("[、和]", "", row))


def test_a_namesake_is_doubted_only_when_two_may_be_meant() -> None:
    (draft,) = read("昨天开了支委会，应到5实到4，李老师请假")
    assert draft["on_leave"] == ["李红梅"]

    nobody = RosterView(members=MEMBERS, units=UNITS)
    (draft,) = read("昨天开了支委会，应到5实到4，李老师请假", nobody)
    assert draft["on_leave"] == ["李老师"]
    assert draft["conflicts"] == ["name"]
    assert draft["missing"] == ["unit"]


def test_without_a_roster_no_name_is_doubted() -> None:
    (draft,) = read("昨天二支部开了支委会，应到5实到4，周大勇请假", RosterView())

    assert draft["unit"] == "二支部"
    assert draft["on_leave"] == ["周大勇"]
    assert draft["conflicts"] == []


def test_full_width_digits_are_read() -> None:
    (draft,) = read("昨天开了支委会，应到１８人，实到１７人")

    assert (draft["expected"], draft["present"]) == (18, 17)


def test_a_name_that_is_spelled_like_a_time_is_a_name() -> None:
    names = ("陆时雨", "周三丰", "伍月")
    members = tuple(
        RosterMember(id=n, name=name, unit_ids=frozenset({4})) for n, name in enumerate(names)
    )
    roster = RosterView(members=members, units=UNITS, me=members[0])

    (draft,) = read("昨天开了支委会，应到8实到5，陆时雨周三丰伍月请假", roster)

    assert draft["on"] == "2026-03-10"
    assert draft["on_leave"] == list(names)
    assert draft["conflicts"] == []


def test_a_confidential_type_says_so() -> None:
    (draft,) = read("昨天接到一起信访，反映作业太多")

    assert draft["confidential"] is True


def test_everything_is_printed_for_what_is_no_record() -> None:
    assert records_json(
        read_records("明天开会", now=NOW, types=TYPES, roster=ROSTER, calendar=OFFICIAL)
    ) == [{"type": None}]


def test_after_midnight_yesterday_is_yesterday() -> None:
    now = datetime(2026, 1, 1, 0, 20, tzinfo=SHANGHAI)

    (draft,) = read_records(
        "昨天下午开了支委会", now=now, types=TYPES, roster=ROSTER, calendar=OFFICIAL
    )

    assert draft.on is not None
    assert draft.on.isoformat() == "2025-12-31"


def test_a_draft_is_shown_with_what_is_wrong_and_missing() -> None:
    (draft,) = read_records(
        "3月5日（周五）下午3点开了支委会，应到5实到4，1人请假",
        now=NOW,
        types=TYPES,
        roster=ROSTER,
        calendar=OFFICIAL,
    )

    assert shown(draft) == (
        "【三会一课】\n时间：2026年3月5日 15:00\n单位：第三小学第一党支部\n"
        "人数：应到5人，实到4人\n请核对：日期和星期对不上\n还缺：谁请假"
    )


def test_a_long_text_is_read_quickly() -> None:
    text = "昨天开了支委会，应到5实到5，孟广田、闻小雨请假。" * 500

    assert read(text)
