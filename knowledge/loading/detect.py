"""Which format a file really has: its bytes decide, its name only breaks ties."""

from __future__ import annotations

import io
import zipfile
from enum import StrEnum
from pathlib import PurePath

from bot.errors import UnreadableDocument


class Format(StrEnum):
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
    """UTF-16 without a BOM: line feeds or spaces of ASCII show as a zero byte beside them."""
    sample = head[: len(head) // 2 * 2]
    zeros_even, zeros_odd = sample[0::2].count(0), sample[1::2].count(0)
    most, least = max(zeros_even, zeros_odd), min(zeros_even, zeros_odd)
    return most > 0 and most >= 4 * least
