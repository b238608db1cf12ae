"""Whether a document is one of those that another says it replaces."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

_MARKS = re.compile(r"[\s《》〈〉“”\"'「」（）()\[\]【】〔〕]+")
_ISSUING = re.compile(r"^.{0,40}?关于(?:印发|转发|下发|发布)")
_NOTICE = re.compile(r"的(?:通知|通告|决定|公告)$")
_LEAST_CHARS = 6
_ISSUER = re.compile(r"(?:局|委|部|厅|办|校|学|园|中心|委员会|系统|省|市|县|区|乡|镇)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class TitlePage:
    """What tells documents apart; ``replaces`` are titles or 文号 as printed (同时废止)."""

    title: str
    document_number: str | None = None
    replaces: tuple[str, ...] = ()


def title_page(title: str, details: Mapping[str, object]) -> TitlePage:
    """Of what is kept of a document beside its text."""
    number, replaces = details.get("document_number"), details.get("replaces")
    return TitlePage(
        title=title,
        document_number=number if isinstance(number, str) else None,
        replaces=tuple(map(str, replaces)) if isinstance(replaces, list) else (),
    )


def is_named(document: TitlePage, replaced: Iterable[str]) -> bool:
    """Whether ``document`` is one of those that another's ``replaces`` names."""
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
    """Equal, or one has only its issuer's name before the other."""
    short, long = sorted((title, named), key=len)
    if len(short) < _LEAST_CHARS or not long.endswith(short):
        return False
    before = long.removesuffix(short)
    return not before or _ISSUER.search(before) is not None


def _core(title: str) -> str:
    return _NOTICE.sub("", _ISSUING.sub("", _plain(title)))


def _plain(text: str) -> str:
    return _MARKS.sub("", unicodedata.normalize("NFKC", text))
