"""Which format a file really has: its bytes decide, its name only breaks ties."""

from __future__ import annotations

import io
import zipfile
from enum import StrEnum
from pathlib import PurePath

from bot.errors import UnreadableDocument


class Format(StrEnum):
    """What a loader is there for."""

    TEXT = "text"
    MARKDOWN = "markdown"
    HTML = "html"
    DOCX = "docx"
    XLSX = "xlsx"
    CSV = "csv"
    PDF = "pdf"
    OFD = "ofd"
    OFFICE = "office"
    """.doc, .wps, .xls, .rtf, .odt: LibreOffice turns them into docx or xlsx first."""
    IMAGE = "image"


_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_IMAGES = (b"\x89PNG\r\n", b"\xff\xd8\xff", b"GIF8", b"BM", b"II*\x00", b"MM\x00*")
_ARCHIVES = (b"Rar!", b"7z\xbc\xaf", b"\x1f\x8b", b"BZh", b"\xfd7zXZ")
_HTML_MARKS = (b"<!doctype html", b"<html", b"<head", b"<body", b"<meta ", b"<table", b"<div")
_BOMS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
_HEAD_BYTES = 4096
_PLAIN = frozenset(map(chr, [9, 10, 13, *range(0x20, 0x7F), *range(0x3000, 0x3020)])) | set(
    "“”‘’…—·"
)
_EVERYDAY = frozenset("的是在和有为与工作教育学校党员了不一人中大要对及各年月日将以")


def detect(content: bytes, file_name: str) -> Format:
    """Raises ``UnreadableDocument`` for what is empty, packed, or a program."""
    suffix = PurePath(file_name).suffix.lower()
    head = content[:_HEAD_BYTES]
    if not content.strip(b"\x00 \t\r\n\xef\xbb\xbf"):
        raise UnreadableDocument("empty file", reply="这个文件是空的，里面没有内容。")
    if b"%PDF-" in head[:1024]:
        return Format.PDF
    if head.startswith(_OLE) or head.startswith(b"{\\rtf"):
        return Format.OFFICE
    if head.startswith(b"PK"):
        return _zip_format(content, suffix)
    if head.startswith(_IMAGES) or (head.startswith(b"RIFF") and head[8:12] == b"WEBP"):
        return Format.IMAGE
    if head.startswith(_ARCHIVES):
        raise UnreadableDocument(
            "archive", reply="这是一个压缩包，请先解压，再把里面的文件一个个发来。"
        )
    return _text_format(head, suffix)


def _zip_format(content: bytes, suffix: str) -> Format:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = set(archive.namelist())
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError) as error:
        raise UnreadableDocument(
            "broken zip container", reply="这个文件已损坏，打不开，请重新导出后再发。"
        ) from error
    if any(name.startswith("word/") for name in names):
        return Format.DOCX
    if any(name.startswith("xl/") for name in names):
        return Format.XLSX
    if "OFD.xml" in names:
        return Format.OFD
    if "content.xml" in names or suffix in {".odt", ".ods"}:
        return Format.OFFICE
    raise UnreadableDocument(
        "zip without a known document", reply="这是一个压缩包，请先解压，再把里面的文件一个个发来。"
    )


def _text_format(head: bytes, suffix: str) -> Format:
    is_wide = head.startswith(_BOMS[1:]) or _looks_utf16(head)
    if not is_wide and b"\x00" in head:
        raise UnreadableDocument(
            "binary file", reply="认不出这是什么文件，请用 Word、PDF、Excel、网页或文本文件。"
        )
    lowered = head.replace(b"\x00", b"").lower() if is_wide else head.lower()
    if any(mark in lowered for mark in _HTML_MARKS[:4]):
        return Format.HTML
    if suffix in {".html", ".htm", ".shtml", ".mht"} or (
        suffix in {".doc", ".xls", ".docx", ".wps"} and any(mark in lowered for mark in _HTML_MARKS)
    ):
        return Format.HTML
    if suffix in {".csv", ".tsv"}:
        return Format.CSV
    if suffix in {".md", ".markdown"}:
        return Format.MARKDOWN
    return Format.TEXT


def _looks_utf16(head: bytes) -> bool:
    """UTF-16 without a BOM: one of the two orders reads as Chinese with everyday words."""
    sample = head[: len(head) // 2 * 2]
    return any(_is_chinese(sample.decode(f"utf-16-{end}", errors="ignore")) for end in ("le", "be"))


def _is_chinese(text: str) -> bool:
    if not text:
        return False
    usual = sum(
        "\u4e00" <= character <= "\u9fff"
        or character in _PLAIN
        or "\uff00" <= character <= "\uff65"
        for character in text
    )
    everyday = sum(character in _EVERYDAY for character in text)
    return usual >= 0.9 * len(text) and everyday >= 0.03 * len(text)
