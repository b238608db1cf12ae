"""What people write about tasks and reminders, read without a store."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from functools import cache, partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.reminders.dialogue import is_no, is_yes
from handlers.reminders.sentences import EVERYONE, ME, Wish, is_wish, read_plain, read_wish
from handlers.tasks.replies import Answer, Find, may_be_reply, read_reply
from handlers.tasks.selection import Choice, Edit, edit_of, read_selection
from scheduler.echo import say
from scheduler.phrases import find_when
from scheduler.recurrence import SHANGHAI
from scheduler.school_calendar import WorkdayCalendar
from scheduler.when import Ambiguous, Deadline, Instant, NoTime, Reject

NOW = datetime(2026, 3, 3, 9, tzinfo=SHANGHAI)
NAMES = ["祁远山", "白映雪", "云溪县第二中学", "第二中学"]


@cache
def finder() -> Find:
    return partial(find_when, now=NOW, calendar=WorkdayCalendar.official())


def wish(text: str) -> Wish:
    assert is_wish(text)
    found = read_wish(text, finder(), NAMES)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("text", "who", "when", "what"),
    [
        ("提醒我后天上午9点带教案", (ME,), "2026年3月5日（周四）09:00", "带教案"),
        ("后天上午9点提醒我带教案", (ME,), "2026年3月5日（周四）09:00", "带教案"),
        ("麻烦每周一8:30提醒大家升旗", (EVERYONE,), "每周一08:30", "升旗"),
        ("提醒白老师周四前填统计表", ("白老师",), "2026年3月5日（周四）前（含当天）", "填统计表"),
        ("提醒祁远山、白映雪3月10日14:00开碰头会", ("祁远山", "白映雪"),
         "2026年3月10日（周二）14:00", "开碰头会"),
        ("提醒第二中学3月20日前报名册", ("第二中学",), "2026年3月20日（周五）前（含当天）",
         "报名册"),
        ("设个提醒：明天下午4点，交钥匙", (), "2026年3月4日（周三）16:00", "交钥匙"),
        ("我后天下午3点要去开会，提醒我", (ME,), "2026年3月5日（周四）15:00", "我要去开会"),
        ("能不能明天早上8点提醒我带U盘？", (ME,), "2026年3月4日（周三）08:00", "带U盘"),
    ],
)  # fmt: skip
def test_a_wish_says_whom_when_and_what(
    text: str, who: Sequence[str], when: str, what: str
) -> None:
    found = wish(text)

    assert found.who == tuple(who)
    assert say(found.when) == when  # type: ignore[arg-type]
    assert found.what.rstrip("？") == what


def test_an_open_time_stays_open_and_a_past_one_past() -> None:
    assert isinstance(wish("提醒我交材料").when, NoTime)
    assert isinstance(wish("提醒我下午一两点开会").when, Ambiguous)
    assert isinstance(wish("提醒我昨天下午开会").when, Reject)


def test_a_time_inside_the_thing_is_not_the_reminders() -> None:
    found = wish("明天8点提醒我准备3月9日的公开课")

    assert isinstance(found.when, Instant)
    assert found.when.at == datetime(2026, 3, 4, 8, tzinfo=SHANGHAI)
    assert found.what == "准备3月9日的公开课"


@pytest.mark.parametrize(
    "text",
    [
        "怎么设置提醒？",
        "提醒是怎么发的",
        "别再提醒我了",
        "会议什么时候开",
        "谁提醒的",
        "取消提醒",
        "收到提醒了吗",
    ],
)
def test_a_question_about_reminders_is_no_wish(text: str) -> None:
    assert not is_wish(text)


@pytest.mark.parametrize(
    ("text", "answer", "about", "when", "note"),
    [
        ("已完成", Answer.DONE, "", "", ""),
        ("已完成，照片在上面", Answer.DONE, "", "", "照片在上面"),
        ("统计表已报", Answer.DONE, "统计表", "", ""),
        ("搞定了！", Answer.DONE, "", "", ""),
        ("12 已完成", Answer.DONE, "12", "", ""),
        ("收到", Answer.ACCEPTED, "", "", ""),
        ("好的，收到", Answer.ACCEPTED, "", "", ""),
        ("正在办", Answer.WORKING, "", "", ""),
        ("后天交", Answer.PROMISED, "", "后天", ""),
        ("我周五下午3点前交", Answer.PROMISED, "", "周五下午3点前", ""),
        ("延期到下周三 因为设备坏了", Answer.POSTPONE, "", "下周三", "设备坏了"),
        ("能不能推迟到3月20日，家长还没签字", Answer.POSTPONE, "", "3月20日", "家长还没签字"),
        ("申请延期三天，因为出差", Answer.POSTPONE, "", "三天", "出差"),
        ("退回，这不是我们学校的", Answer.DECLINE, "", "", "这不是我们学校的"),
        ("两小时后再提醒我", Answer.SNOOZE, "", "两小时后", ""),
        ("晚点再说", Answer.SNOOZE, "", "", ""),
        ("完成率是多少", None, "", "", ""),
        ("任务完成得怎么样了？", None, "", "", ""),
        ("读书节几月举办", None, "", "", ""),
        ("各校3月底前报送什么材料", None, "", "", ""),
        ("延期申请怎么写", None, "", "", ""),
        ("主题党日每月开几次", None, "", "", ""),
    ],
)
def test_answers_to_a_reminder(
    text: str, answer: Answer | None, about: str, when: str, note: str
) -> None:
    said = read_reply(text, finder())

    if answer is None:
        assert said is None
        return
    assert said is not None
    assert (said.answer, said.about, said.when, said.note) == (answer, about, when, note)


@given(st.text(max_size=60))
def test_no_words_break_the_readers(text: str) -> None:
    is_wish(text)
    read_selection(text)
    is_yes(text), is_no(text)
    if may_be_reply(text):
        read_reply(text, finder())


@settings(max_examples=60)
@given(
    st.lists(
        st.sampled_from(
            [
                "提醒",
                "我",
                "大家",
                "明天",
                "下午3点",
                "每周五",
                "交",
                "材料",
                "，",
                "延期到",
                "因为",
                "已完成",
            ]
        ),
        max_size=9,
    )
)
def test_sentences_of_such_words_are_read_or_left(words: list[str]) -> None:
    text = "".join(words)
    if is_wish(text):
        found = read_wish(text, finder(), NAMES)
        assert found is None or len(found.what) <= len(text)
    said = read_reply(text, finder())
    assert said is None or said.note in text


def test_a_time_and_a_thing_after_the_command() -> None:
    found = read_plain("3月9日前 交读书笔记", finder())

    assert isinstance(found.when, Deadline)
    assert found.what == "交读书笔记"


@pytest.mark.parametrize(
    ("text", "choice", "numbers", "is_all"),
    [
        ("全部确认", Choice.CONFIRM, (), True),
        ("确认", Choice.CONFIRM, (), False),
        ("1-4 确认", Choice.CONFIRM, (1, 2, 3, 4), False),
        ("确认 2、5、7", Choice.CONFIRM, (2, 5, 7), False),
        ("第三条到第五条确认", Choice.CONFIRM, (3, 4, 5), False),
        ("除了2和4以外全部确认", Choice.CONFIRM, (2, 4), True),
        ("6跳过", Choice.SKIP, (6,), False),
        ("看 3", Choice.SHOW, (3,), False),
        ("下一页", Choice.NEXT, (), False),
        ("退出", Choice.LEAVE, (), False),
    ],
)
def test_selections(text: str, choice: Choice, numbers: Sequence[int], is_all: bool) -> None:
    found = read_selection(text)

    assert found is not None
    assert (found.choice, found.numbers, found.is_all) == (choice, tuple(numbers), is_all)


@pytest.mark.parametrize(
    "text", ["5-2 确认", "今年有几个重点任务", "第三条讲什么", "0 确认", "1-9999 确认"]
)
def test_what_selects_nothing(text: str) -> None:
    assert read_selection(text) is None


def test_an_edit_names_its_fields() -> None:
    found = read_selection(
        "2、3 改为 每月最后一个工作日，责任人 白映雪、祁远山，标签 一号清单，节点 初稿 4月1日"
    )

    assert found is not None
    assert found.numbers == (2, 3)
    assert found.edit == Edit(
        when="每月最后一个工作日",
        who=("白映雪", "祁远山"),
        labels=("一号清单",),
        milestones=(("初稿", "4月1日"),),
    )


@given(
    st.builds(
        Edit,
        when=st.none() | st.text(max_size=9),
        who=st.none() | st.tuples(st.text(max_size=4)),
        title=st.none() | st.text(max_size=9),
        labels=st.none() | st.tuples(st.text(max_size=4)),
        milestones=st.none() | st.tuples(st.tuples(st.text(max_size=4), st.text(max_size=4))),
    )
)
def test_an_edit_outlives_a_restart(edit: Edit) -> None:
    assert edit_of(json.loads(json.dumps(asdict(edit)))) == edit
