"""The lines above and below the body: title block at the head, signature at the tail."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from knowledge.bylines import find_document_number
from knowledge.dates import read_date
from knowledge.findings import Findings
from knowledge.loading.base import Line, LineKind
from knowledge.numbering import marks
from knowledge.signature import read_signature

GENRE_WORDS = (
    *(
        "工作要点",
        "实施方案",
        "工作方案",
        "行动计划",
        "工作计划",
        "责任清单",
        "任务清单",
        "管理办法",
        "实施办法",
        "实施细则",
        "实施意见",
    ),
    *(
        "指导意见",
        "通知",
        "意见",
        "通报",
        "公告",
        "通告",
        "决定",
        "方案",
        "办法",
        "规定",
        "细则",
        "函",
        "批复",
        "报告",
        "纪要",
        "规划",
    ),
    *(
        "计划",
        "要点",
        "清单",
        "制度",
        "规则",
        "条例",
        "总结",
        "公报",
        "讲话",
        "倡议书",
        "安排",
        "预案",
        "指南",
        "规程",
        "章程",
        "一览表",
        "表",
    ),
)
_GENRE_END = re.compile(rf"(?:{'|'.join(GENRE_WORDS)})(?:[（(][^（）()]{{1,24}}[)）])*$")
_RED_HEAD = re.compile(r"^([\u4e00-\u9fff（）()、\s]{4,40}?)\s?文\s?件$")
_TITLE_MOST_CHARS = 80
_HEAD_MOST_LINES = 12
_SHORT_TITLE = 10
_SUFFIX = re.compile(
    r"\s?[_＿]\d{1,2}$|\s?[（(]\d{1,2}[)）]$(?<=[（(]\d[)）])|\s?[（(](?:图|组图|附图|全文|转载)[)）]$"
)
_SITE_SUFFIX = re.compile(
    r"(?:\s?[-_—|–]+\s?[\u4e00-\u9fffA-Za-z·]{2,20}(?:网|网站|在线|频道|资讯|新闻|报|政府|教育局|门户|平台|文库|百科|人民政府|教体局|学校|号|中心))+$"
)
_FILE_NAME = re.compile(r"\.(?:docx?|pdf|pptx?|xlsx?|wps|txt|html?)$", re.IGNORECASE)
_BULLETIN = re.compile(
    r"^(?:会议纪要|专题会议纪要|工作简报|简报|情况通报|工作动态|督查通报|信息专报|党政办公会议纪要)$"
)
_ISSUE_NUMBER = re.compile(
    r"^[（(〔\[]?(?:(?:19|20)\d{2}[〕\]）)年]?)?\s?第\s?\d{1,4}\s?[期号次][)）]?$"
)
_ISSUED_LINE = re.compile(
    r"^(?P<issuer>[\u4e00-\u9fff“”（）()·]{4,40}?)\s*(?P<day>(?:19|20)\d{2}年\d{1,2}月\d{1,2}日)(?:印发|印)?$"
)
_TITLE_TAG = re.compile(r"^[\[【](?:[^\[\]【】]{1,6})[\]】]\s?")
_DRAFT_NOTE = re.compile(
    r"^[（(].{4,80}(?:通过|印发|修订|修正|施行|讨论稿|征求意见稿|草案)[^（）()]{0,20}[)）]$"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Front:
    """``title_lines`` counts lines at the head."""

    title: str | None = None
    subtitle: str | None = None
    title_lines: int = 0
    red_head: str | None = None
    document_number: str | None = None
    signer: str | None = None
    signed_on_line: str | None = None
    ends_signed: bool = False
    note: str | None = None


def tidy_title(title: str) -> str:
    """Without a channel tag, a page counter, or the name of the site."""
    title = _TITLE_TAG.sub("", title.strip())
    title = _SITE_SUFFIX.sub("", _SUFFIX.sub("", title)).strip()
    if title.startswith("《") and title.endswith("》") and title.count("《") == 1:
        title = title[1:-1]
    return title


def read_front(lines: Sequence[Line], found: Findings, hint: str | None) -> Front:
    """Title, kicker, red head and 文号 from the head; signer and day from the tail."""
    head, red_head, number, note = _head(lines, found)
    titles = [lines[index].text for index in head]
    title, subtitle = _choose(titles, found)
    if found.title:
        title = tidy_title(found.title)
    elif hint and (title is None or _same(hint, title)):
        title = tidy_title(hint)
    used = (head[-1] + 1) if head else 0
    if red_head or number or note:
        used = max(used, _consumed(lines, used, red_head, number, note))
    signer, day = read_signature(lines[used:])
    return Front(
        title=title,
        subtitle=subtitle if subtitle != title else None,
        title_lines=used,
        red_head=red_head,
        document_number=number,
        signer=signer,
        signed_on_line=day,
        ends_signed=day is not None,
        note=note,
    )


def _head(
    lines: Sequence[Line], found: Findings
) -> tuple[list[int], str | None, str | None, str | None]:
    titles: list[int] = []
    red_head = number = note = None
    for index, line in enumerate(lines[:_HEAD_MOST_LINES]):
        text = line.text
        if line.kind is LineKind.ROW:
            break
        if match := _RED_HEAD.match(text):
            red_head = re.sub(r"\s", "", match[1])
            continue
        if _FILE_NAME.search(text) or _ISSUE_NUMBER.match(text):
            continue
        if not titles and _BULLETIN.match(re.sub(r"\s", "", text)):
            continue
        if not titles and (issued := _ISSUED_LINE.match(text)):
            found.issuer = found.issuer or issued["issuer"]
            found.issued_on = found.issued_on or read_date(issued["day"])
            continue
        if len(text) <= 30 and (own := find_document_number(text)):
            number = number or own
            continue
        if _DRAFT_NOTE.match(text):
            note = note or text
            continue
        if found.byline_at is not None and index >= found.byline_at and titles:
            break
        if not _may_be_title(text) or (titles and _starts_item(text)):
            break
        titles.append(index)
        if len(titles) == 4:
            break
    return _above_headings(lines, titles), red_head, number, note


def _above_headings(lines: Sequence[Line], titles: list[int]) -> list[int]:
    """Of several short lines the later ones may already be headings of the body."""
    if titles and lines[titles[0]].kind is LineKind.HEADING:
        return titles[:1]
    return titles


def _consumed(
    lines: Sequence[Line], used: int, red_head: str | None, number: str | None, note: str | None
) -> int:
    for index, line in enumerate(lines[used:_HEAD_MOST_LINES], used):
        text = line.text
        is_front = (
            _RED_HEAD.match(text)
            or _BULLETIN.match(re.sub(r"\s", "", text))
            or _ISSUE_NUMBER.match(text)
            or (number and len(text) <= 30 and find_document_number(text))
            or text == note
        )
        if not is_front:
            return index
    return used


def _may_be_title(text: str) -> bool:
    return (
        2 <= len(text) <= _TITLE_MOST_CHARS
        and not re.search(r"[。；;]$|[：:，,、]$", text)
        and "。" not in text
        and not _starts_item(text)
    )


def _starts_item(text: str) -> bool:
    first = next(marks(text + "\u3000x"), None)
    return first is not None and first.start == 0


def _choose(titles: Sequence[str], found: Findings) -> tuple[str | None, str | None]:
    """One title of several head lines: a broken official title is joined, a kicker set apart."""
    if not titles:
        return None, None
    if len(titles) == 1:
        return tidy_title(titles[0]), None
    genre_at = next((i for i, text in enumerate(titles) if _GENRE_END.search(text)), None)
    if genre_at is not None:
        joined = _join_official(titles[: genre_at + 1])
        below = [text for text in titles[genre_at + 1 :] if text.startswith(("—", "（", "("))]
        return tidy_title(joined), below[0].lstrip("—") if below else None
    if titles[1].startswith(("—", "－", "-")):
        return tidy_title(titles[0]), titles[1].lstrip("—－- ")
    is_subtitle = titles[-1].startswith(("—", "－", "-"))
    if is_subtitle and len(titles) > 1:
        return tidy_title(titles[-2]), titles[-1].lstrip("—－- ")
    if found.byline_at is not None and found.byline_at == len(titles):
        return tidy_title(titles[-1]), titles[-2]
    return tidy_title(titles[0]), None


def _join_official(titles: Sequence[str]) -> str:
    """The line with the genre word, and those above it that it completes."""
    joined = titles[-1]
    for above in reversed(titles[:-1]):
        completes = (
            "关于" in above
            or above.endswith(("的", "》", "和", "及", "与"))
            or joined.startswith(("关于", "的", "转发", "印发"))
            or len(joined) <= _SHORT_TITLE
        )
        if not completes:
            break
        joined = above + joined
    return joined


def _same(hint: str, title: str) -> bool:
    plain = re.sub(r"\W", "", title)
    return bool(plain) and plain in re.sub(r"\W", "", hint)
