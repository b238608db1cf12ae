from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.channels.base import Target
from bot.channels.wecom.aibot_cards import (
    is_cut_on_screen,
    new_task_id,
    template_card,
    updated_card,
)
from bot.channels.wecom.aibot_handle import Handle, Way, write_handle
from bot.channels.wecom.aibot_outbound import (
    LIMIT_BYTES,
    Media,
    MediaType,
    Part,
    read_part,
    render_parts,
    stream_body,
    write_part,
)
from bot.errors import ChannelRefused
from bot.messages import Button, Card, ChannelName, Conversation, Link, Reply, Source

ALONE = Target(conversation=Conversation(channel=ChannelName.WECOM_AIBOT, id="zhangsan"))
GROUP = Target(conversation=Conversation(channel=ChannelName.WECOM_AIBOT, id="g", is_group=True))
TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]))


@settings(deadline=None, max_examples=30)
@given(TEXT, st.integers(1, 600))
def test_every_part_is_within_the_limit(text: str, times: int) -> None:
    parts = render_parts(Reply(text=text * times), ALONE)

    assert all(0 < len(part.text.encode()) <= LIMIT_BYTES for part in parts)
    assert [part.is_first for part in parts] == [True] * bool(parts) + [False] * (len(parts) - 1)


PARTS = st.builds(
    Part,
    text=TEXT,
    card=st.none() | st.just({"card_type": "button_interaction"}),
    media=st.none() | st.builds(Media, type=st.sampled_from(MediaType), media_id=TEXT),
    images=st.lists(TEXT).map(tuple),
    is_first=st.booleans(),
    feedback_id=TEXT,
    private_to=TEXT,
)


@given(PARTS)
def test_a_part_survives_its_way_through_the_outbox(part: Part) -> None:
    assert read_part(write_part(part)) == part


@given(st.binary())
def test_foreign_bytes_are_refused(stored: bytes) -> None:
    with pytest.raises(ChannelRefused):
        read_part(stored)


def test_rendering_the_same_gives_the_same_bytes() -> None:
    source = Source(document="d", title="工作要点", locator="二、4.")
    reply = Reply(text="九月底前。", sources=(source,), card=Card(title="t", key="k"))

    first, again = ([write_part(part) for part in render_parts(reply, ALONE)] for _ in range(2))

    assert first == again
    assert "《工作要点》二、4." in first[0].decode()


def test_nothing_to_say_is_no_part() -> None:
    assert render_parts(Reply(), ALONE) == []


def test_a_private_reply_to_nobody_in_a_group_is_refused() -> None:
    with pytest.raises(ChannelRefused):
        render_parts(Reply(text="秘密", is_private=True), GROUP)


def test_the_only_feedback_id_is_on_the_first_part() -> None:
    parts = render_parts(Reply(text="长" * 20_000, feedback_id="q1"), ALONE)

    assert [part.feedback_id for part in parts] == ["q1", *[""] * (len(parts) - 1)]


def buttons(count: int) -> tuple[Button, ...]:
    return tuple(Button(label=f"第{n}项", command=f"/选 {n}") for n in range(count))


@pytest.mark.parametrize(
    ("card", "kind"),
    [
        (Card(title="t", buttons=buttons(6)), "button_interaction"),
        (Card(title="t", links=(Link(label="打开", url="https://a.cn/"),)), "text_notice"),
        (Card(title="t", buttons=buttons(7)), None),
        (Card(title="t"), None),
        (Card(title="t", buttons=(Button(label="x", command="长" * 400),)), None),
    ],
)
def test_which_cards_the_platform_takes(card: Card, kind: str | None) -> None:
    shown = template_card(card)

    assert (shown and shown["card_type"]) == kind


def test_what_a_card_would_cut_is_said_in_words_too() -> None:
    long = Card(title="t", body="长" * 113, buttons=buttons(1))
    assert is_cut_on_screen(long)

    words, card = render_parts(Reply(card=long), ALONE)

    assert long.body in words.text
    assert card.card is not None


def test_only_the_card_that_was_tapped_is_replaced() -> None:
    def parts(key: str) -> list[Part]:
        handle = Handle(
            way=Way.CARD,
            message_id="m",
            account="a",
            received_at=datetime(2026, 9, 7, tzinfo=UTC),
            task_id=new_task_id("task-1", "d1"),
        )
        target = Target(conversation=ALONE.conversation, reply_to=write_handle(handle))
        return render_parts(Reply(card=Card(title="t", key=key, buttons=buttons(1))), target)

    assert parts("task-1")[0].updates == new_task_id("task-1", "d1")
    assert parts("task-2")[0].updates == ""


def test_a_done_card_has_grey_buttons() -> None:
    shown = updated_card(Card(title="交计划", key="k"), "t@1")

    assert shown["replace_text"] == "已处理"
    assert shown["task_id"] == "t@1"


def test_pictures_end_a_stream_with_their_digest() -> None:
    picture = b"\x89PNG picture"
    body = stream_body("s", "看图", is_last=True, images=[base64.b64encode(picture).decode()])

    stream = body["stream"]
    assert isinstance(stream, dict)
    [item] = stream["msg_item"]
    assert item["image"]["md5"] == hashlib.md5(picture, usedforsecurity=False).hexdigest()
