"""What a document asks for, duty by duty."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.model import Basis, Document, DraftTask, Genre, Passage, PassageKind, TaskKind
from knowledge.planning import draft_tasks
from knowledge.reading import read_bytes
from tests.unit.knowledge.plan_samples import (
    NEWS,
    READING_NOTICE,
    UNION_PLAN,
    sheet_xlsx,
    table_docx,
)

OFFICIALESE = st.lists(
    st.sampled_from(
        "各校 每季度 开展 一次 建立 制度 ， 。 ； ： 、 6月底前 2026年 “ ” （ ） 一是 确保 率达到 "
        "100% 不少于 3次 由 对 的 \n 等 "
        "（一） 1. 定期 不得 组织 报送 总结 学校 按照 每生每年 200元 至 5月 前 。".split(" ")
    ),
    max_size=60,
).map("".join)


def _drafts(text: str, name: str = "计划.txt") -> list[DraftTask]:
    return list(draft_tasks(read_bytes(text.encode(), name)))


def _one(drafts: list[DraftTask], words: str) -> DraftTask:
    found = [draft for draft in drafts if words in draft.quote]
    assert len(found) == 1, [draft.quote for draft in drafts]
    return found[0]


@pytest.fixture(scope="module")
def plan() -> list[DraftTask]:
    return _drafts(UNION_PLAN)


@pytest.fixture(scope="module")
def notice() -> list[DraftTask]:
    return _drafts(READING_NOTICE)


@pytest.mark.parametrize(
    ("words", "rule"),
    [
        ("读书分享会", "FREQ=MONTHLY"),
        ("教职工风采", "FREQ=WEEKLY"),
        ("教代会", "FREQ=YEARLY"),
        ("财务情况", "FREQ=YEARLY;BYMONTH=3,6,9,12;BYMONTHDAY=-1"),
        ("工会主席培训班", "FREQ=MONTHLY;INTERVAL=6"),
        ("上缴工会经费", "FREQ=MONTHLY;INTERVAL=3"),
        ("审计", "FREQ=YEARLY"),
    ],
)
def test_a_printed_interval_becomes_a_rule(plan: list[DraftTask], words: str, rule: str) -> None:
    draft = _one(plan, words)
    assert (draft.rrule, draft.due_on, draft.kind) == (rule, None, TaskKind.RECURRING)


@pytest.mark.parametrize(
    ("words", "due"),
    [
        ("参赛作品", date(2026, 5, 20)),
        ("调解组织", date(2026, 6, 30)),
        ("健步走", date(2026, 11, 30)),
        ("职工之家", date(2026, 10, 31)),
        ("最美园丁", date(2026, 12, 31)),
    ],
)
def test_a_printed_date_becomes_a_due_date(plan: list[DraftTask], words: str, due: date) -> None:
    draft = _one(plan, words)
    assert (draft.due_on, draft.rrule, draft.kind) == (due, None, TaskKind.ONE_OFF)


def test_regularly_is_no_interval_and_asks(plan: list[DraftTask]) -> None:
    draft = _one(plan, "业务指导")
    assert (draft.rrule, draft.due_on, draft.asks_for_time) == (None, None, True)


def test_neighbours_keep_their_own_time(plan: list[DraftTask]) -> None:
    assert _one(plan, "演讲比赛").due_on is None
    assert _one(plan, "疗休养").rrule is None


def test_who_stands_before_the_verb_is_responsible(plan: list[DraftTask]) -> None:
    assert _one(plan, "读书分享会").responsible == "各基层工会"
    assert _one(plan, "审计").responsible == "经费审查委员会"
    assert _one(plan, "疗休养").responsible == "芦川市总工会"


def test_headings_prohibitions_and_signatures_are_no_duties(plan: list[DraftTask]) -> None:
    quotes = [draft.quote for draft in plan]
    for words in ("强化思想引领", "加强理论武装", "2026年1月15日", "建功立业"):
        assert not any(words in quote for quote in quotes)
    assert not any(quote.startswith("严禁") for quote in quotes)


def test_a_heading_with_a_period_dates_what_is_below_it(notice: list[DraftTask]) -> None:
    assert _one(notice, "活动方案").due_on == date(2026, 4, 10)
    assert _one(notice, "启动仪式").due_on == date(2026, 4, 10)
    assert _one(notice, "活动总结").due_on == date(2026, 6, 20)


def test_a_weekday_is_read_and_what_is_forbidden_is_left_out(notice: list[DraftTask]) -> None:
    assert _one(notice, "阅读课").rrule == "FREQ=WEEKLY;BYDAY=WE"
    assert not any("登记表" in draft.quote or "通知如下" in draft.quote for draft in notice)


def test_a_report_tells_practices_and_no_duties() -> None:
    document = replace(read_bytes(NEWS.encode(), "报道.txt"), genre=Genre.NEWS)
    drafts = list(draft_tasks(document))
    assert _one(drafts, "非遗进校园").basis is Basis.REPORTED_PRACTICE
    assert _one(drafts, "剪纸").rrule == "FREQ=WEEKLY;BYDAY=WE"
    assert not any("一等奖" in draft.quote or "笑脸" in draft.quote for draft in drafts)


def test_what_is_told_as_done_asks_for_nothing_in_a_plan_either() -> None:
    drafts = list(draft_tasks(_document("去年，全镇成立了读书会。今年各校建立读书角。")))
    assert [draft.basis for draft in drafts] == [Basis.REPORTED_PRACTICE, Basis.REQUIREMENT]


def test_a_table_is_read_row_by_row_and_item_by_item() -> None:
    drafts = draft_tasks(read_bytes(table_docx(), "清单.docx"))
    assert [draft.quote for draft in drafts] == [
        "公布办事指南",
        "推行一次性告知制度",
        "建立反馈台账",
        "严格落实首问负责制",
        "统计发文开会数量并通报",
        "开展上下班纪律抽查",
        "形成作风建设总结报告",
    ]
    assert [draft.responsible for draft in drafts[2:5]] == ["政务股", "办公室", "督查室"]
    assert [draft.due_on for draft in drafts[:4]] == [date(2026, 4, 30)] * 3 + [None]
    assert drafts[3].title == "规范办事流程"
    assert drafts[3].asks_for_time
    assert drafts[5].rrule == "FREQ=MONTHLY;BYMONTHDAY=1,15"
    assert drafts[6].due_on == date(2026, 12, 10)


def test_one_duty_of_two_bodies_is_two_tasks_and_a_repetition_is_one() -> None:
    text = "德育处每月报送信息。总务处每月报送信息。总务处每月报送信息。"
    assert [draft.responsible for draft in draft_tasks(_document(text))] == ["德育处", "总务处"]


def test_a_spreadsheet_gives_a_task_a_row() -> None:
    drafts = draft_tasks(read_bytes(sheet_xlsx(), "分解表.xlsx"))
    assert [(draft.title, draft.responsible, draft.rrule) for draft in drafts] == [
        ("完成全园教职工健康体检", "后勤组", None),
        ("开展传染病晨午检并登记", "保健室", "FREQ=DAILY"),
        ("组织园本教研活动", "教研组", "FREQ=WEEKLY;INTERVAL=2"),
        ("召开家长会", "各班", "FREQ=MONTHLY;INTERVAL=3"),
    ]
    assert drafts[0].due_on == date(2026, 8, 25)


def test_a_line_end_inside_a_sentence_cuts_nothing() -> None:
    text = "各校要充分认识读书活动的重要意义，每\n季度举办一次读书节，并于12月1日前报送总结。"
    drafts = list(draft_tasks(_document(text)))
    assert _one(drafts, "读书节").rrule == "FREQ=MONTHLY;INTERVAL=3"
    assert all(text[draft.start : draft.end] == draft.quote for draft in drafts)


@given(st.one_of(OFFICIALESE, st.text(max_size=200)), st.sampled_from(list(Genre)))
def test_whatever_the_text_quotes_are_verbatim_and_titles_short(text: str, genre: Genre) -> None:
    document = _document(text, genre=genre)
    for draft in draft_tasks(document):
        assert draft.quote == text[draft.start : draft.end]
        assert 0 <= draft.start < draft.end <= len(text)
        assert 0 < len(draft.title) <= 30
        assert draft.rrule is None or draft.due_on is None
        assert draft.evidence_types


@given(
    st.sampled_from("定期 不定期 及时 经常 常态化 适时 随时 多次 长期 分批".split()), OFFICIALESE
)
def test_vague_words_never_become_an_interval(vague: str, rest: str) -> None:
    text = f"各校{vague}组织安全检查。" + rest
    first = next(iter(draft_tasks(_document(text))))
    assert first.rrule is None
    assert first.asks_for_time


@pytest.mark.parametrize(
    "unit", ["一", "20", "由", "每", "建立制度，", "“甲”", "1月至", "各校", "要"]
)
def test_long_texts_take_time_in_proportion(unit: str) -> None:
    text = unit * (20_000 // len(unit))
    started = time.perf_counter()
    draft_tasks(_document(text))
    assert time.perf_counter() - started < 5


def _document(text: str, genre: Genre = Genre.POLICY) -> Document:
    passage = Passage(
        id="0#1",
        document_id="0",
        locator="一、",
        path=(),
        kind=PassageKind.ITEM,
        start=0,
        end=len(text),
        text=text,
    )
    return Document(
        id="0", file="a.txt", title="计划", genre=genre, year=2026, text=text, passages=(passage,)
    )
