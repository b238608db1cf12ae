import json
import re

from hypothesis import given
from hypothesis import strategies as st

from bot.channels.dingtalk.rendering import (
    NOTICE_BYTES,
    ROBOT_BYTES,
    Part,
    dumped,
    pieces,
    rendered,
    title_of,
)
from bot.channels.dingtalk.settings import AppSettings
from bot.messages import Button, Card, Reply, Source

SETTINGS = AppSettings(client_id="ding1", client_secret="s")
TEXTS = st.text(st.characters(codec="utf-8"), max_size=400)
HOSTILE = st.lists(
    st.sampled_from(
        ["](https://evil.example)", "[点这里", "# 一、", "**重点**", "*", "_", "`", "\n", "- 学习",
         "1. ", "3. 经费", "<font color=red>", "> ", "@所有人", "《方案》", "[1]", "  ", "字"]
    ),
    max_size=40,
).map("".join)  # fmt: skip


def joined(reply: Reply) -> str:
    parts = rendered(reply, SETTINGS)
    return "".join(re.sub(r"^（\d+/\d+）", "", part.words.text) for part in parts)


@given(TEXTS)
def test_every_part_fits_both_ways(text: str) -> None:
    for is_notice in (False, True):
        for words in pieces(text * 20, "题", is_notice=is_notice):
            assert len(words.as_robot()[1].encode()) <= ROBOT_BYTES
            assert not is_notice or len(dumped(words.as_notice()).encode()) <= NOTICE_BYTES


@given(st.sampled_from('\x01"\\\n字a'), st.integers(min_value=1, max_value=6000))
def test_what_json_makes_longer_fits_too(char: str, count: int) -> None:
    for words in pieces(char * count, "题", is_notice=True):
        assert len(dumped(words.as_notice()).encode()) <= NOTICE_BYTES


@given(HOSTILE)
def test_what_is_markdown_holds_nothing_but_our_marks(text: str) -> None:
    for words in pieces(text, "题"):
        if words.is_markdown:
            bare = re.sub(r"(?m)^- ", "", re.sub(r"\*\*(.+?)\*\*", r"\1", words.text))
            assert not re.search(r"[*_`<\\]|\]\(|(?m:^\s*(#|>|\d+\. ))", bare)


@given(HOSTILE)
def test_no_character_of_a_document_is_lost(text: str) -> None:
    shown = joined(Reply(text=text))

    keep = str.maketrans("", "", "*·- \n")
    assert shown.translate(keep) == text.translate(keep)


@given(TEXTS, TEXTS)
def test_a_part_is_read_back_as_it_was(title: str, text: str) -> None:
    for part in rendered(Reply(text=text, card=Card(title=title, key=title)), SETTINGS, at=["a"]):
        assert Part.decode(part.encode()) == part


def test_a_numbered_clause_keeps_its_number() -> None:
    (words,) = pieces("**依据**\n4. 每年春、秋季各一次\n6. 另行通知", "题")

    assert not words.is_markdown
    assert words.text == "依据\n4. 每年春、秋季各一次\n6. 另行通知"


def test_lines_stay_lines_in_markdown() -> None:
    (words,) = pieces("**今天**\n- 党课\n- 学习", "题")

    assert words.as_webhook() == {
        "msgtype": "markdown",
        "markdown": {"title": "题", "text": "**今天**  \n- 党课  \n- 学习"},
    }


def test_a_citation_is_never_cut() -> None:
    source = Source(document="1", title="云溪县教育局2026年校园阅读工作方案", locator="二、（一）")
    text = "每班设一处图书角。" * 400

    parts = rendered(Reply(text=text, sources=(source,) * 30), SETTINGS)

    assert len(parts) > 1
    assert (
        sum(part.words.text.count("《云溪县教育局2026年校园阅读工作方案》") for part in parts) == 30
    )


def test_the_title_is_of_the_card_or_the_first_line() -> None:
    card = Card(title="主题党日", buttons=(Button(label="签收", command="/签收 1"),))

    assert title_of(Reply(text="\n**各位老师**：\n请看", card=None)) == "各位老师："
    assert title_of(Reply(text="请看", card=card)) == "主题党日"
    assert title_of(Reply()) == "要点"
    assert len(title_of(Reply(text="长" * 100))) == 40


def test_parts_are_json_without_secrets() -> None:
    (part,) = rendered(Reply(text="请看"), SETTINGS)

    assert json.loads(part.encode()) == {"words": ["请看", "请看", False, []], "to": []}
