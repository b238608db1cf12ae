from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.messages import ChannelName, Conversation, IncomingMessage, MessageKind, Sender
from bot.web.documents import blocks
from handlers.ask.dialogue import asks_for_original, is_thumb
from handlers.documents.successors import TitlePage, is_named
from knowledge.reading import read_bytes
from tests.scenario.town import KITCHEN

LINES = [
    "一、总体要求",
    "（一）建好图书角。每周一次。",
    "第一条 按时陪餐。",
    "正文",
    "",
    "二、保障",
]


@pytest.mark.parametrize(
    ("title", "number", "replaced"),
    [
        ("教师轮岗办法（试行）", None, "教师轮岗办法（试行）"),
        ("云溪县教育局教师轮岗办法（试行）", None, "《教师轮岗办法(试行)》"),
        ("关于印发《教师轮岗办法（试行）》的通知", None, "《教师轮岗办法（试行）》"),
        ("随便什么", "云教〔2023〕12号", "《教师轮岗办法》（云教〔2023〕12号）"),
    ],
)
def test_what_a_later_document_replaces_is_recognised(
    title: str, number: str | None, replaced: str
) -> None:
    assert is_named(TitlePage(title=title, document_number=number), [replaced])


@pytest.mark.parametrize(
    ("title", "replaced"),
    [
        ("2025年党建工作要点", "2024年党建工作要点"),
        ("云溪县第二中学食堂管理暂行办法", "管理办法"),
        ("教师轮岗办法实施细则（补充通知）", "教师轮岗办法"),
        ("通知", "通知"),
    ],
)
def test_what_only_looks_alike_stays_in_force(title: str, replaced: str) -> None:
    assert not is_named(TitlePage(title=title), [replaced])


def said(text: str) -> IncomingMessage:
    return IncomingMessage(
        channel=ChannelName.WEB,
        message_id="1",
        conversation=Conversation(channel=ChannelName.WEB, id="m1"),
        sender=Sender(channel=ChannelName.WEB, account="m1"),
        kind=MessageKind.TEXT,
        text=text,
        sent_at=datetime(2026, 3, 2, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    "text",
    [
        "把原文发我",
        "发原文",
        "请把原文发给我",
        "把原件发我看看",
        "原文发我一下",
        "第2个原文件发我",
        "发我原文吧",
    ],
)
def test_ways_to_ask_for_the_original(text: str) -> None:
    assert asks_for_original(said(text))


@pytest.mark.parametrize(
    "text", ["原文里怎么说的", "把通知发我邮箱的要求是什么", "发展党员要哪些文件"]
)
def test_questions_are_not_taken_for_it(text: str) -> None:
    assert not asks_for_original(said(text))


@pytest.mark.parametrize(
    ("text", "expected"), [("👍", True), ("👎🏽", True), ("👍️ ", True), ("好👍", False)]
)
def test_thumbs_in_any_skin(text: str, expected: bool) -> None:
    assert is_thumb(said(text)) is expected


@given(
    st.lists(
        st.sampled_from(
            [
                "一、总体要求",
                "（一）建好图书角。每周一次。",
                "第一条 按时陪餐。",
                "正文",
                "",
                "二、保障",
            ]
        ),
        max_size=12,
    )
)
def test_a_page_shows_every_line_and_each_anchor_once(lines: list[str]) -> None:
    text = KITCHEN + "\n".join(lines)
    read = read_bytes(text.encode(), "a.txt")
    shown = list(blocks(read))
    anchors = [block.anchor for block in shown if block.anchor]

    assert len(anchors) == len(set(anchors))
    assert all(" " not in one for one in anchors)
    words = "".join("".join(block.text for block in shown).split())
    body = "".join(read.text.split())
    assert words == body or words == body.removeprefix("".join(read.title.split()))
