"""By-lines, datelines and portal fields: out of the text, into the findings."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date

from knowledge.dates import read_date
from knowledge.field_labels import FIELD_OF, WEAK
from knowledge.findings import Findings

_NAME = r"[\u4e00-\u9fff·]{2,4}"
_LABEL = re.compile(
    r"(?:^|(?<=[\s|｜;；\]】）)》\d]))[【\[（(]?\s?("
    + "|".join(r"\s?".join(label) for label in sorted(FIELD_OF, key=len, reverse=True))
    + r")\s?[】\]]?\s?[：:|｜丨]\s?"
)
_DATELINE = re.compile(
    r"^(?P<publisher>[^，。,：:]{0,30}?)(?:\s?\d{1,2}月\d{1,2}日)?(?:讯|电)?\s?[（(](?:(?:全媒体|见习|特约|实习|本报)?(?:记者|通讯员)|文/)"
    r"\s?(?P<authors>[^（）()]{1,60})[)）]\s?(?P<mark>讯|电|报道)?"
)
_BARE_BYLINE = re.compile(
    r"^[□■○●◎◆▲△☆★\s]*(?:本报|本网|本刊|.{0,10}报)?(?:特约|全媒体|见习|实习|融媒体?)?(?:记者|通讯员)[\s：:].{1,40}$"
    r"|^[□■●◎◆▲]\s?.{0,8}(?:记者|通讯员).{1,30}$"
)
_PAPER = re.compile(
    r"^[（(]?(?:原载|来源[：:]|本文来源[：:])?\s?《(?P<publisher>[^《》]{2,20}(?:报|刊|日报|杂志|教育|周刊))》[，,\s]?"
    r"(?P<day>\d{4}年\d{1,2}月\d{1,2}日)?[，,\s]?(?:第?\s?\d{1,3}\s?[版期]|[A-Z]?\d{1,2}版)?[^。]{0,12}[)）]?$"
)
_SOURCE_IN_BRACKETS = re.compile(
    r"^[（(](?:来源|原载|转自|摘自)[：:]?\s?《?([^（）()《》]{2,24})》?[)）]$"
)
_PRESS = re.compile(r"(?:报|网|社|台|客户端|周刊|杂志|新闻|在线|日报|晚报|时报|融媒|发布)$")
_STAMPED = re.compile(
    r"^(?:原创\s)?(?P<who>[^。，：:]{0,40}?)\s?(?P<day>\d{4}[-年./]\d{1,2}[-月./]\d{1,2}日?)\s?\d{1,2}:\d{2}(?::\d{2})?"
    r"(?:\s?(?:发表于|来自)?\s?[\u4e00-\u9fff]{2,4})?$"
)
_LEADING_DAY = re.compile(
    r"^(?P<day>\d{4}[-年./]\d{1,2}[-月./]\d{1,2}日?)(?:\s*\d{1,2}:\d{2}(?::\d{2})?)?[\s|｜]*(?=\S)"
)
_URL = re.compile(r"https?://[^\s，。；）)】》\"'<>]{4,300}")
_URL_LINE = re.compile(r"^[^。]{0,24}(https?://[^\s，。；）)】》\"'<>]{4,300})\s?$")
_TITLE_TAG = re.compile(r"^[\[【](?:[^\[\]【】]{1,6})[\]】]\s?")
_DOCUMENT_NUMBER = re.compile(
    r"[\u4e00-\u9fff（）()A-Za-z]{1,14}\s?[〔\[［【（(]\s?(?:19|20)\d{2}\s?[〕\]］】）)]\s?第?\s?\d{1,5}\s?号"
)
_INDEX_NUMBER = re.compile(
    r"^[A-Z\d]{5,20}[/／-](?:19|20)?\d{2,4}[-/／_]?[\dA-Z-]{2,12}$|^\d{9}-?/?\d{4}-\d{3,8}$"
)
_FIELD_MOST_CHARS = 400


def take_fields(line: str, found: Findings) -> bool:
    """``发布时间：… 作者：… 来源：…``: at least one known label and nothing but fields."""
    if len(line) > _FIELD_MOST_CHARS:
        return False
    if stamp := _LEADING_DAY.match(line):
        if not take_fields(line[stamp.end() :], found):
            return False
        _keep_date("issued_on", stamp["day"], found)
        return True
    marks = list(_LABEL.finditer(line))
    if not marks or marks[0].start() > 0:
        return False
    labels = [re.sub(r"\s", "", mark[1]) for mark in marks]
    kinds = [FIELD_OF[label] for label in labels]
    ends = [mark.start() for mark in marks[1:]] + [len(line)]
    values = [
        line[mark.end() : end].strip(" |｜;；").rstrip("【[（( ")
        for mark, end in zip(marks, ends, strict=True)
    ]
    if any(len(value) > 80 or "。" in value for value in values):
        return False
    if WEAK.issuperset(labels) and not _URL.match(values[0]):
        return False
    if len(marks) == 1 and not _stands_alone(kinds[0], values[0]):
        return False
    for kind, value in zip(kinds, values, strict=True):
        if value and value not in {"-", "—", "无", "/"}:
            _keep(kind, value, found)
    return True


def _stands_alone(kind: str, value: str) -> bool:
    if kind == "issued":
        return read_date(value) is not None and len(value) <= 24
    if kind == "url":
        return bool(_URL.search(value))
    return len(value) <= (80 if kind == "title" else 40) and "，" not in value


def _keep(kind: str, value: str, found: Findings) -> None:
    keepers: dict[str, Callable[[], None]] = {
        "title": lambda: _first(found, "title", _TITLE_TAG.sub("", value)),
        "publisher": lambda: _keep_publisher(value, found),
        "author": lambda: add_authors(value, found),
        "issued": lambda: _keep_date("issued_on", value, found),
        "effective": lambda: _keep_date("effective_on", value, found),
        "expires": lambda: _keep_date("expires_on", value, found),
        "issuer": lambda: _first(found, "issuer", value),
        "number": lambda: _first(found, "document_number", tidy_number(value)),
        "index": lambda: _first(found, "index_number", value),
        "genre": lambda: _first(found, "genre_word", value),
        "url": lambda: take_url(value, found),
        "other": lambda: None,
    }
    keepers[kind]()


def _first(found: Findings, name: str, value: str | date) -> None:
    if getattr(found, name) is None:
        setattr(found, name, value)


def _keep_date(name: str, value: str, found: Findings) -> None:
    day = read_date(value)
    if day:
        _first(found, name, day)


def _keep_publisher(value: str, found: Findings) -> None:
    value = value.strip("《》 ")
    if value.startswith("http"):
        take_url(value, found)
    elif len(value) <= 30:
        _first(found, "publisher", value)


def take_url(text: str, found: Findings) -> None:
    """Keep the first address in ``text``."""
    match = _URL.search(text)
    if match:
        _first(found, "url", match[0])


def add_authors(text: str, found: Findings) -> None:
    """Names of two to four characters, without 记者 and the like."""
    text = re.sub(
        r"(?:本报|全媒体|见习|特约|实习)?(?:记者|通讯员|文/图|文/|图/|文)\s?[：:/]?", " ", text
    )
    for name in re.split(r"[\s、，,;；/|]+", text):
        if re.fullmatch(_NAME, name) and name not in found.authors:
            found.authors.append(name)


def take_byline(line: str, found: Findings) -> bool:
    """A line that is nothing but a by-line, a paper's imprint, a source or an address."""
    if len(line) > 120:
        return False
    if match := _PAPER.match(line):
        _first(found, "publisher", match["publisher"])
        if match["day"]:
            _keep_date("issued_on", match["day"], found)
        return True
    if match := _STAMPED.match(line):
        if match["who"].strip():
            _first(found, "publisher", match["who"].split()[-1])
        _keep_date("issued_on", match["day"], found)
        return True
    if match := _SOURCE_IN_BRACKETS.match(line):
        _first(found, "publisher", match[1])
        return True
    if match := _URL_LINE.match(line):
        _first(found, "url", match[1])
        return True
    if len(line) <= 45 and "。" not in line and _BARE_BYLINE.match(line):
        _take_bare(line, found)
        return True
    return False


def _take_bare(line: str, found: Findings) -> None:
    paper = re.match(r"[□■○●◎◆▲△☆★\s]*(?!本报)([\u4e00-\u9fff]{1,8}?[报网])(?=记者|通讯员)", line)
    if paper:
        _first(found, "publisher", paper[1])
    if re.search(r"[\s：:]", line.strip("□■○●◎◆▲△☆★ ")):
        add_authors(line.strip("□■○●◎◆▲△☆★ "), found)


def take_dateline(line: str, found: Findings) -> str:
    """``某报讯（记者 某某）5月7日，…``: the sentence without its dateline."""
    match = _DATELINE.match(line)
    if not match or not (match["mark"] or re.search(r"讯|电|报|网", line[: match.end()])):
        return line
    publisher = re.sub(r"(?:讯|电)$", "", match["publisher"]).strip()
    if publisher and publisher not in {"本报", "本网", "本刊", "本站"}:
        _first(found, "publisher", _split_publishers(publisher))
    add_authors(match["authors"], found)
    return line[match.end() :].lstrip(" ，,")


def _split_publishers(text: str) -> str:
    text = re.split(r"\s?\d{1,2}月|\s", text)[0]
    return (
        "·".join(re.findall(r".+?(?:报|网|社|台)(?=[\u4e00-\u9fff·]{3,}(?:报|网|社|台)$|$)", text))
        or text
    )


def find_document_number(line: str) -> str | None:
    """The first 文号 in ``line``, its year in 〔〕."""
    match = _DOCUMENT_NUMBER.search(line)
    return tidy_number(match[0]) if match else None


def tidy_number(text: str) -> str:
    """A 文号 without spaces, its year in 〔〕."""
    text = re.sub(r"\s", "", text)
    return re.sub(r"[\[［【(（]((?:19|20)\d{2})[\]］】)）]", r"〔\1〕", text)


def is_index_number(line: str) -> bool:
    """The whole line is a portal's 索引号."""
    return bool(_INDEX_NUMBER.match(line))


def is_field_label(text: str) -> bool:
    """A name that portals and by-lines give to a field."""
    return re.sub(r"[\s：:]", "", text) in FIELD_OF
