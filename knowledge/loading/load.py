"""Bytes to lines, by the format the bytes really have."""

from __future__ import annotations

from bot.errors import UnreadableDocument
from knowledge.loading.base import MAX_BYTES, Loaded
from knowledge.loading.detect import Format, detect
from knowledge.loading.text import load_markdown, load_text


def load(content: bytes, file_name: str, *, pictures: bool = True) -> Loaded:
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
        case Format.HTML:
            from knowledge.loading.html import load_html

            return load_html(content)
        case Format.DOCX:
            from knowledge.loading.docx import load_docx

            return load_docx(content)
        case Format.XLSX:
            from knowledge.loading.sheet import load_xlsx

            return load_xlsx(content)
        case Format.CSV:
            from knowledge.loading.sheet import load_csv

            return load_csv(content)
        case Format.PDF:
            from knowledge.loading.pdf import load_pdf

            return load_pdf(content, pictures=pictures)
        case Format.IMAGE:
            from knowledge.loading.ocr import load_image

            return load_image(content)
        case Format.OFD:
            from knowledge.loading.ofd import load_ofd

            return load_ofd(content)
        case Format.OFFICE:
            from knowledge.loading.office import convert

            converted, new_name = convert(content, file_name)
            if detect(converted, new_name) is Format.OFFICE:
                raise UnreadableDocument("conversion changed nothing")
            return load(converted, new_name)
