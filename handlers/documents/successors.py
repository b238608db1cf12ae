"""Whether a document is one of those that another says it replaces."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from knowledge.model import Document

_MARKS = re.compile(r"[\s《》〈〉“”\"'「」（）()\[\]【】〔〕]+")
_ISSUING = re.compile(r"^.{0,40}?关于(?:印发|转发|下发|发布)")
_NOTICE = re.compile(r"的(?:通知|通告|决定|公告)$")
_LEAST_CHARS = 6
_LEAST_SHARE = 0.6


def is_named(document: Document, replaced: Iterable[str]) -> bool:
    """``replaced`` are titles or 文号 as another document prints them (同时废止)."""
    number = _plain(document.document_number or "")
    title = _core(document.title)
    for words in replaced:
        named = _plain(words)
        if number and number in named:
            return True
        if _is_same_title(title, _core(words)):
            return True
    return False


def _is_same_title(title: str, named: str) -> bool:
    """Equal, or one is the end of the other: issuers put their name before a title."""
    short, long = sorted((title, named), key=len)
    if len(short) < _LEAST_CHARS or len(short) < _LEAST_SHARE * len(long):
        return False
    return long.endswith(short)


def _core(title: str) -> str:
    return _NOTICE.sub("", _ISSUING.sub("", _plain(title)))


def _plain(text: str) -> str:
    return _MARKS.sub("", unicodedata.normalize("NFKC", text))
