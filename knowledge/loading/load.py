"""Bytes to lines, by the format the bytes really have."""

from __future__ import annotations

from bot.errors import UnreadableDocument
from knowledge.loading.base import MAX_BYTES, Loaded
from knowledge.loading.detect import Format, detect
from knowledge.loading.text import load_markdown, load_text


def load(content: bytes, file_name: str) -> Loaded:
    """Raises ``UnreadableDocument`` with one Chinese sentence for whatever cannot be read."""
    if len(content) > MAX_BYTES:
        raise UnreadableDocument(
            "file too large", reply="这个文件超过 50 MB，太大了，请拆小或只留正文再发。"
        )
    match detect(content, file_name):
        case Format.TEXT:
            return load_text(content)
        case Format.MARKDOWN:
            return load_markdown(content)
        case _:
            raise UnreadableDocument("format not yet read")
