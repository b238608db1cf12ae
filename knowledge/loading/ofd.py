"""OFD (GB/T 33190): a zip of XML; words are placed on pages as in PDF."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from lxml import etree

from bot.errors import UnreadableDocument
from knowledge.loading.archive import Archive
from knowledge.loading.base import Line, Loaded
from knowledge.loading.layout import Page, Placed, paragraphs

_MOST_PAGES = 600
_A4 = (210.0, 297.0)


def load_ofd(content: bytes) -> Loaded:
    """Raises ``UnreadableDocument`` when the package has no readable page."""
    archive = Archive(content)
    root = archive.xml("OFD.xml")
    location = None if root is None else root.findtext(".//{*}DocRoot")
    document = archive.xml(_path("", location)) if location else None
    if document is None or location is None:
        raise UnreadableDocument("no ofd document", reply="这个 OFD 文件已损坏，打不开。")
    folder = posixpath.dirname(_path("", location))
    pages = list(_pages(archive, document, folder))
    lines = tuple(Line(text=text) for text in paragraphs(pages))
    if not lines:
        raise UnreadableDocument(
            "ofd without words", reply="这个 OFD 里没有文字（可能是扫描件），请转成 PDF 再发。"
        )
    return Loaded(lines=lines)


def _pages(archive: Archive, document: etree._Element, folder: str) -> Iterator[Page]:
    size = _box(document.findtext(".//{*}CommonData/{*}PageArea/{*}PhysicalBox"))
    for count, entry in enumerate(document.iterfind(".//{*}Pages/{*}Page")):
        if count >= _MOST_PAGES:
            raise UnreadableDocument("too many pages", reply="这个 OFD 超过 600 页，请拆开再发。")
        page = archive.xml(_path(folder, entry.get("BaseLoc", "")))
        if page is None:
            continue
        own = _box(page.findtext("./{*}Area/{*}PhysicalBox")) or size
        width, height = (own[2], own[3]) if own else _A4
        yield Page(width=width, height=height, placed=tuple(_placed(page)))


def _path(folder: str, location: str) -> str:
    path = location.lstrip("/") if location.startswith("/") else posixpath.join(folder, location)
    return posixpath.normpath(path)


def _box(text: str | None) -> tuple[float, ...] | None:
    numbers = _numbers(text)
    return numbers if len(numbers) == 4 and numbers[2] > 0 and numbers[3] > 0 else None


def _numbers(text: str | None) -> tuple[float, ...]:
    try:
        return tuple(float(part) for part in (text or "").split())
    except ValueError:
        return ()


def _placed(page: etree._Element) -> Iterator[Placed]:
    for item in page.iter("{*}TextObject"):
        box = _box(item.get("Boundary"))
        size = _numbers(item.get("Size")) or (4.0,)
        if box is None:
            continue
        for code in item.iterfind("{*}TextCode"):
            text = (code.text or "").strip()
            if not text:
                continue
            across = _numbers(code.get("X")) or (0.0,)
            down = _numbers(code.get("Y")) or (box[3],)
            left, base = box[0] + across[0], box[1] + down[0]
            yield Placed(
                text=text,
                left=left,
                top=base - size[0],
                right=max(box[0] + box[2], left + size[0]),
                bottom=base,
            )
