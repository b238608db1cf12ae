from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.codec import message_from_json, message_to_json, reply_from_json, reply_to_json
from bot.messages import IncomingMessage, Reply
from tests.fakes.messages import message

MESSAGES = st.builds(IncomingMessage, sent_at=st.datetimes(timezones=st.just(UTC)))
REPLIES = st.builds(Reply, stream=st.none())
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["text", "card", "x"]), inner),
)


@given(MESSAGES)
def test_a_message_survives(incoming: IncomingMessage) -> None:
    assert message_from_json(message_to_json(incoming)) == incoming


@given(REPLIES)
def test_a_reply_survives(reply: Reply) -> None:
    assert reply_from_json(reply_to_json(reply)) == reply


@given(JSON.map(json.dumps) | st.text())
def test_anything_else_is_a_value_error_or_a_reply(text: str) -> None:
    try:
        assert isinstance(reply_from_json(text), Reply)
    except ValueError:
        return


@pytest.mark.parametrize("text", ["{}", "[]", "null", '{"channel": "fax"}', '{"text": 1}', "{"])
def test_what_is_no_message_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        message_from_json(text)


def test_fields_of_another_version_are_ignored() -> None:
    body = json.loads(message_to_json(message("1"))) | {"mood": "good"}

    assert message_from_json(json.dumps(body)) == message("1")


def test_defaults_take_no_room_and_chinese_is_readable() -> None:
    assert reply_to_json(Reply(text="好")) == '{"text":"好"}'
    assert reply_to_json(replace(Reply(text="好"), is_private=True)).endswith('"is_private":true}')
