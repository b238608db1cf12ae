"""PDF with text by pypdfium2; a page that is only a picture goes to the OCR module."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from bot.errors import UnreadableDocument
from knowledge.loading.base import MAX_CHARS, Line, Loaded
from knowledge.loading.layout import Page, Placed, paragraphs

if TYPE_CHECKING:
    import pypdfium2

_MOST_PAGES = 600
_MOST_SCANNED_PAGES = 60
_MOST_RUNS = 400_000
_LEAST_CHARS = 8
_SCALE = 200 / 72
_MOST_PIXELS = 30_000_000


class ScannedPages(UnreadableDocument):
    """The file needs OCR and the caller did not allow it here."""


def load_pdf(content: bytes, *, pictures: bool) -> Loaded:
    """Text in reading order.

    Raises:
        ScannedPages: A page is only a picture and ``pictures`` is false.
        UnreadableDocument: It is locked, broken or too long.
    """
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(content)
    except pypdfium2.PdfiumError as error:
        raise _refusal(str(error)) from error
    with contextlib.closing(document):
        count = len(document)
        if count == 0:
            raise UnreadableDocument("no pages", reply="这个 PDF 一页也没有。")
        if count > _MOST_PAGES:
            raise UnreadableDocument("too many pages", reply="这个 PDF 超过 600 页，请拆开再发。")
        pages = list(_pages(document, pictures))
    return Loaded(lines=tuple(Line(text=text) for text in paragraphs(pages)))


def _refusal(words: str) -> UnreadableDocument:
    if "password" in words.lower() or "security" in words.lower():
        return UnreadableDocument("locked pdf", reply="这个 PDF 加了密码，请去掉密码后再发。")
    return UnreadableDocument("broken pdf", reply="这个 PDF 已损坏，打不开，请重新导出后再发。")


def _pages(document: pypdfium2.PdfDocument, pictures: bool) -> Iterator[Page]:
    chars = runs = scanned = 0
    for index in range(len(document)):
        page = document[index]
        placed = tuple(_placed(page))
        chars += sum(len(run.text) for run in placed)
        runs += len(placed)
        if chars > MAX_CHARS or runs > _MOST_RUNS:
            raise UnreadableDocument("too much text", reply="这个文件的文字太多，请拆开再发。")
        width, height = page.get_size()
        if sum(len(run.text.strip()) for run in placed) < _LEAST_CHARS and _has_image(page):
            if not pictures:
                raise ScannedPages("scanned page")
            scanned += 1
            if scanned > _MOST_SCANNED_PAGES:
                raise UnreadableDocument(
                    "too many scanned pages", reply="扫描件超过 60 页，请拆成几份再发。"
                )
            yield _recognised(page, width, height)
        else:
            yield Page(width=width, height=height, placed=placed)
        page.close()


def _placed(page: pypdfium2.PdfPage) -> Iterator[Placed]:
    height = page.get_height()
    text = page.get_textpage()
    with contextlib.closing(text):
        for index in range(min(text.count_rects(), _MOST_RUNS)):
            left, bottom, right, top = text.get_rect(index)
            words = text.get_text_bounded(left, bottom, right, top)
            words = " ".join(words.split())
            if words:
                yield Placed(
                    text=words, left=left, top=height - top, right=right, bottom=height - bottom
                )


def _has_image(page: pypdfium2.PdfPage) -> bool:
    import pypdfium2.raw as raw

    return any(True for _ in page.get_objects(filter=[raw.FPDF_PAGEOBJ_IMAGE], max_depth=4))


def _recognised(page: pypdfium2.PdfPage, width: float, height: float) -> Page:
    from knowledge.loading.ocr import recognise

    scale = min(_SCALE, (_MOST_PIXELS / max(width * height, 1)) ** 0.5)
    bitmap = page.render(scale=scale)
    picture = bitmap.to_numpy().copy()
    bitmap.close()
    placed = tuple(recognise(picture))
    return Page(width=width * scale, height=height * scale, placed=placed)
