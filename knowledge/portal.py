"""The block of field values that a government portal prints above a text, with or without names."""

from __future__ import annotations

import re

from knowledge.bylines import find_document_number, is_index_number
from knowledge.dates import read_date
from knowledge.findings import Findings
from knowledge.loading.base import Line, LineKind

GENRES = frozenset(
    (
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
        "计划",
        "要点",
        "公报",
        "其他",
    )
)
_DISCLOSURE = re.compile(
    r"^(?:主动公开|依申请公开|不予公开|全文公开|部分公开|长期公开|有效|失效|废止|现行有效|网站|全社会|全体公民)$"
)
_CATEGORY = re.compile(
    r"^[\u4e00-\u9fff、/\s]{2,14}(?:文件|政策|类|公文|信息|目录|其他|教育|科技|文化|卫生|体育|公开)$|^(?:教育|科技|综合|其他|其它|教育科技|科教文卫)$"
)
ORGAN = re.compile(
    r"^[\u4e00-\u9fff（）()·、\s]{1,40}(?:局|委|委员会|政府|办公室|厅|部|院|学校|中学|小学|学院|大学|幼儿园|中心|协会|工委|党委|总支|支部|纪委|组织部|宣传部|团委|工会|处|科|署|教体局|党组)$"
)
_DAY = re.compile(r"^\d{4}[-年./]\d{1,2}[-月./]\d{1,2}日?(?:\s?\d{1,2}:\d{2}(?::\d{2})?)?$")
_BLANK = re.compile(r"^[-—/／无\s]*$")
_TOPIC = re.compile(r"^[\u4e00-\u9fff、/|｜\s]{2,14}$")
_LEAST_KNOWN = 3
_MOST_LINES = 20
_LEAST_VALUES = 4


def take_block(lines: list[Line], found: Findings) -> list[Line]:
    """Short values at the head are a block when one is an index number or a disclosure word.

    The block ends with its last value of a known kind; short words between (a topic, a category
    of the portal's own) belong to it.
    """
    short: list[str] = []
    for line in lines[:_MOST_LINES]:
        kind = _kind(line) or ("topic" if _is_topic(line) else "")
        if not kind:
            break
        short.append(kind)
    while short and short[-1] == "topic":
        short.pop()
    known = [kind for kind in short if kind not in {"topic", "blank"}]
    if len(short) < _LEAST_VALUES or len(known) < _LEAST_KNOWN:
        return lines
    if not {"index", "disclosure"} & set(known):
        return lines
    for line, kind in zip(lines, short, strict=False):
        _keep(line.text, kind, found)
    return lines[len(short) :]


def _is_topic(line: Line) -> bool:
    return line.kind is not LineKind.ROW and _TOPIC.match(line.text) is not None


def _kind(line: Line) -> str:
    text = line.text
    if line.kind is LineKind.ROW or len(text) > 45:
        return ""
    if is_index_number(text):
        return "index"
    if _DAY.match(text):
        return "day"
    if _DISCLOSURE.match(text):
        return "disclosure"
    if text in GENRES:
        return "genre"
    if find_document_number(text) == re.sub(r"\s", "", text):
        return "number"
    if ORGAN.match(text):
        return "organ"
    if _CATEGORY.match(text):
        return "category"
    return "blank" if _BLANK.match(text) else ""


def _keep(text: str, kind: str, found: Findings) -> None:
    if kind == "index":
        found.index_number = found.index_number or text
    elif kind == "day":
        found.issued_on = found.issued_on or read_date(text)
    elif kind == "organ":
        found.issuer = found.issuer or text
    elif kind == "genre":
        found.genre_word = found.genre_word or text
    elif kind == "number":
        found.document_number = found.document_number or find_document_number(text)
