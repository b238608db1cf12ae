"""Web pages: the article's lines, the page's own metadata; the site around it is left behind."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

from lxml import etree, html

from bot.errors import UnreadableDocument
from knowledge.bylines import is_field_label, take_fields
from knowledge.dates import read_date
from knowledge.findings import Findings
from knowledge.loading.base import MAX_LINES, Line, LineKind, Loaded
from knowledge.loading.tables import table_lines
from knowledge.loading.text import decode

_CHARSET = re.compile(
    rb"<meta[^>]{0,200}charset\s*=\s*[\"']?\s*([A-Za-z0-9_-]{3,20})", re.IGNORECASE
)
_DROPPED = (
    *(
        "script",
        "style",
        "noscript",
        "template",
        "iframe",
        "object",
        "embed",
        "svg",
        "canvas",
        "rt",
        "rp",
    ),
    *("button", "select", "textarea", "input", "nav", "map", "audio", "video", "head"),
)
_SITE_PARTS = ("header", "footer", "aside", "form")
_FURNITURE_HINT = re.compile(
    r"(?:^|[_\s-])(?:nav|navbar|menu|breadcrumbs?|crumbs?|location|position|share|social|footer|foot|copyright|sidebar|side|related|relate"
    r"|recommend|recommended|hot|rank|ranking|comment|comments|pager|pagination|page-?nav|prevnext|advert|ads?|banner|qrcode|toolbar|tools|login|search"
    r"|xgyd|xgxw|tuijian|fenxiang|daohang|friendlink|links|topbar|print)(?:$|[_\s-]|\d)",
    re.IGNORECASE,
)
_ARTICLE_HINT = re.compile(
    r"(?:^|[_\s-])(?:article|content|zoom|trs_editor|main-?text|js_content|rich_media_content|vsb_content|v_news_content|wp_articlecontent"
    r"|article-?content|news_?content|con_?text|detail|text|view|ucapcontent|pages_content|entry|post|editor|xxgk_content|info-?content)(?:$|[_\s-]|\d)",
    re.IGNORECASE,
)
_BLOCKS = frozenset(
    {
        *(
            "p",
            "div",
            "li",
            "h1",
            "h2",
            "h3",
            "h4",
            "h5",
            "h6",
            "tr",
            "td",
            "th",
            "section",
            "article",
            "blockquote",
        ),
        *(
            "ul",
            "ol",
            "dl",
            "dt",
            "dd",
            "pre",
            "table",
            "tbody",
            "thead",
            "center",
            "main",
            "figure",
            "figcaption",
        ),
        *(
            "body",
            "html",
            "header",
            "footer",
            "aside",
            "form",
            "fieldset",
            "address",
            "hr",
            "caption",
        ),
    }
)
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_META = {
    "title": ("articletitle", "og:title", "twitter:title"),
    "issued": (
        "pubdate",
        "publishdate",
        "article:published_time",
        "og:release_date",
        "publish_time",
    ),
    "publisher": ("contentsource", "source", "article:source"),
    "author": ("author", "article:author"),
    "url": ("og:url", "url"),
}
_MOST_DEPTH = 200
_ARTICLE_SHARE = 0.6


def load_html(content: bytes) -> Loaded:
    """Raises ``UnreadableDocument`` when no text is left."""
    root = _parse(content)
    metas = _metas(root)
    title = _title(root, metas)
    fields = list(_field_lines(root))
    article = _article(root)
    _drop_furniture(article)
    lines = [line for line in _Walker().lines(article, 0) if line.text]
    if not lines:
        raise UnreadableDocument("no text in page", reply="这个网页里没有可以读的正文。")
    texts = {line.text for line in lines}
    fresh = [line for line in fields if line.text not in texts]
    issued = metas.get("issued")
    return Loaded(
        lines=(*fresh, *lines),
        title=title,
        url=metas.get("url") if metas.get("url", "").startswith("http") else None,
        authors=(metas["author"],) if 2 <= len(metas.get("author", "")) <= 4 else (),
        publisher=metas.get("publisher") or None,
        issued_on=_day(issued),
    )


def _day(text: str | None) -> date | None:
    return read_date(text) if text else None


def _parse(content: bytes) -> html.HtmlElement:
    declared = _CHARSET.search(content[:4096])
    text = decode(content)
    if declared and declared[1].lower() in {b"big5", b"big5-hkscs"}:
        text = content.decode("big5hkscs", errors="replace")
    text = re.sub(r"^\s*<\?xml[^>]{0,200}\?>", "", text).replace("\x00", "")
    parser = html.HTMLParser(remove_comments=True, remove_pis=True, no_network=True)
    try:
        root = html.document_fromstring(text, parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError, ValueError) as error:
        raise UnreadableDocument("no html", reply="这个网页里没有可以读的正文。") from error
    return root


def _metas(root: html.HtmlElement) -> dict[str, str]:
    values: dict[str, str] = {}
    for meta in root.iter("meta"):
        name = (meta.get("name") or meta.get("property") or "").lower()
        for kind, names in _META.items():
            if name in names and (content := (meta.get("content") or "").strip()):
                values.setdefault(kind, content)
    return values


def _title(root: html.HtmlElement, metas: dict[str, str]) -> str | None:
    headings = [" ".join(h.text_content().split()) for h in root.iter("h1")]
    headings = [heading for heading in headings if 5 <= len(heading) <= 100]
    if metas.get("title"):
        return metas["title"]
    if len(headings) == 1:
        return headings[0]
    element = root.find(".//title")
    text = " ".join(element.text_content().split()) if element is not None else ""
    return text or None


def _field_lines(root: html.HtmlElement) -> Iterator[Line]:
    """索引号, 发布时间 … wherever on the page they stand, often outside the article."""
    seen: set[str] = set()
    for element in root.iter("p", "div", "li", "span", "dd", "table"):
        if element.tag == "table":
            texts = [line.text for line in table_lines(_grid(element), 1) if not line.locator]
        elif len(element) <= 12:
            texts = [" ".join(" ".join(element.itertext()).split())]
        else:
            continue
        for text in texts:
            is_field = 4 <= len(text) <= 200 and is_field_label(re.split("[：:]", text)[0])
            if is_field and text not in seen and take_fields(text, Findings()):
                seen.add(text)
                yield Line(text=text)


def _article(root: html.HtmlElement) -> html.HtmlElement:
    """The smallest element that holds most of the page's prose; hinted ones are preferred."""
    body = root.find("body")
    top: html.HtmlElement = root if body is None else body
    for element in list(top.iter(*_DROPPED)):
        _remove(element)
    weights = _weights(top)
    total = weights.get(top, 0)
    if total == 0:
        return top
    best = top
    for element, weight in weights.items():
        share = _ARTICLE_SHARE if _hints(element, _ARTICLE_HINT) else 0.85
        if weight >= share * total and _depth_of(element) > _depth_of(best):
            best = element
    return best


def _weights(top: html.HtmlElement) -> dict[html.HtmlElement, int]:
    """Characters of prose under each element: texts with stops, not link texts."""
    weights: dict[html.HtmlElement, int] = {}
    for element in top.iter():
        if not isinstance(element.tag, str) or element.tag == "a":
            continue
        own = len(element.text or "") + sum(len(child.tail or "") for child in element)
        text = (element.text or "") + "".join(child.tail or "" for child in element)
        if own < 10 or not re.search("[。，；、,;]", text):
            continue
        holder: html.HtmlElement | None = element
        while holder is not None:
            if holder.tag in _BLOCKS:
                weights[holder] = weights.get(holder, 0) + own
            if holder is top:
                break
            holder = holder.getparent()
    return weights


def _depth_of(element: html.HtmlElement) -> int:
    return sum(1 for _ in element.iterancestors())


def _hints(element: html.HtmlElement, pattern: re.Pattern[str]) -> bool:
    words = f"{element.get('class') or ''} {element.get('id') or ''}"
    return bool(pattern.search(words.strip()))


def _drop_furniture(article: html.HtmlElement) -> None:
    total = max(len(article.text_content()), 1)
    for element in list(article.iter()):
        if element is article or not isinstance(element.tag, str):
            continue
        is_hinted = element.tag in _SITE_PARTS or _hints(element, _FURNITURE_HINT)
        is_hidden = "display:none" in (element.get("style") or "").replace(" ", "")
        if (is_hinted or is_hidden or _is_link_list(element)) and (
            len(element.text_content()) < 0.4 * total
        ):
            _remove(element)


def _is_link_list(element: html.HtmlElement) -> bool:
    if element.tag not in {"ul", "ol", "div", "dl", "table"}:
        return False
    links = [link for link in element.iter("a") if link.get("href")]
    if len(links) < 4:
        return False
    linked = sum(len(link.text_content().strip()) for link in links)
    return linked > 0.8 * max(len("".join(element.text_content().split())), 1)


def _remove(element: html.HtmlElement) -> None:
    if element.getparent() is not None:
        element.drop_tree()


@dataclass(slots=True)
class _Walker:
    _tables: int = 0
    _words: list[str] = field(default_factory=list)

    def lines(self, element: html.HtmlElement, depth: int) -> Iterator[Line]:
        yield from self._block(element, depth)
        yield from self._flush(LineKind.TEXT)

    def _block(self, element: html.HtmlElement, depth: int) -> Iterator[Line]:
        if depth > _MOST_DEPTH or not isinstance(element.tag, str):
            return
        if element.tag == "table" and not _holds_prose(element):
            yield from self._flush(LineKind.TEXT)
            yield from self._table(element)
            return
        is_block = element.tag in _BLOCKS
        kind = LineKind.HEADING if element.tag in _HEADINGS else LineKind.TEXT
        if is_block or element.tag == "br":
            yield from self._flush(LineKind.TEXT)
        self._words.append(element.text or "")
        for child in element:
            yield from self._block(child, depth + 1)
            self._words.append(child.tail or "")
        if is_block:
            yield from self._flush(kind)

    def _flush(self, kind: LineKind) -> Iterator[Line]:
        text = " ".join("".join(self._words).split())
        self._words.clear()
        if text:
            yield Line(text=text, kind=kind)

    def _table(self, table: html.HtmlElement) -> Iterator[Line]:
        lines = table_lines(_grid(table), self._tables + 1)
        if any(line.kind is LineKind.ROW for line in lines):
            self._tables += 1
        yield from lines


def _holds_prose(table: html.HtmlElement) -> bool:
    """A table that only places the article: a nested table, or one cell with most of the text."""
    if any(other is not table for other in table.iter("table")):
        return True
    cells = [len(cell.text_content()) for cell in table.iter("td", "th")]
    return len(cells) <= 2 or max(cells) > 600


def _grid(table: html.HtmlElement) -> list[list[str]]:
    grid: list[list[str]] = []
    hanging: dict[int, tuple[int, str]] = {}
    for row in table.iter("tr"):
        cells: list[str] = []
        for cell in row.iterchildren("td", "th"):
            _fill_hanging(cells, hanging)
            text = "\n".join(part for part in cell.itertext() if part.strip())
            width, height = _span(cell.get("colspan")), _span(cell.get("rowspan"))
            for _ in range(width):
                if height > 1:
                    hanging[len(cells)] = (height - 1, text)
                cells.append(text)
        _fill_hanging(cells, hanging)
        grid.append(cells)
        if len(grid) > MAX_LINES:
            break
    return grid


def _fill_hanging(cells: list[str], hanging: dict[int, tuple[int, str]]) -> None:
    while len(cells) in hanging:
        left, text = hanging.pop(len(cells))
        if left > 1:
            hanging[len(cells)] = (left - 1, text)
        cells.append(text)


def _span(value: str | None) -> int:
    return min(int(value), 100) if value and value.isdecimal() and int(value) > 0 else 1
