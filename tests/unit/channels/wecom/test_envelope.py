import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.wecom.envelope import UnreadableXml, read_ciphertext, read_message
from bot.errors import BadSignature


@given(st.binary(max_size=400))
def test_bytes_from_anybody_are_read_or_refused(body: bytes) -> None:
    with pytest.raises(BadSignature):
        read_ciphertext(body)


@given(st.binary(max_size=400))
def test_authentic_bytes_are_read_or_unreadable(plain: bytes) -> None:
    try:
        message = read_message(plain)
    except UnreadableXml:
        return
    assert isinstance(message.value("MsgType"), str)


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cn"]), max_size=200))
def test_content_arrives_as_it_was_written(content: str) -> None:
    quoted = content.replace("]]>", "]]]]><![CDATA[>")
    plain = f"<xml><Content><![CDATA[{quoted}]]></Content></xml>".encode()

    assert read_message(plain).value("Content") == content


def test_nested_elements_are_found() -> None:
    plain = b"<xml><A><B>1</B><B>2</B></A><A><B>3</B></A></xml>"
    message = read_message(plain)

    assert [found.text for found in message.each("A", "B")] == ["1", "2", "3"]
    assert message.value("A", "B") == "1"
    assert message.value("A", "C") == ""
