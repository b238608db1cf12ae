"""Passages hold everything a section says, are never cut within an item, and are verbatim."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.model import Document
from knowledge.reading import read_bytes
from tests.unit.knowledge import reading_samples as samples

_SAMPLES = {
    "notice.txt": samples.ANNEXED_NOTICE,
    "plan.txt": samples.PLAN,
    "run.txt": samples.RUN_TOGETHER,
    "account.txt": samples.PUBLIC_ACCOUNT,
    "page.html": samples.PORTAL_PAGE,
}
_LINES = st.sampled_from(
    [
        *(
            "一、总体要求",
            "二、主要任务",
            "三、保障措施",
            "（一）加强学习。",
            "（二）加强管理。",
            "1.每月学习一次。",
        ),
        *(
            "2.每季度检查一次。",
            "（1）查安全；",
            "（2）查卫生。",
            "第一条 学校应当负责。",
            "第二条 教师应当参加。",
        ),
        *(
            "一是明确责任。各校要落实。二是加强检查。每月一次。",
            "各学校要按照要求抓好落实，按时上报材料。",
            "附件1",
        ),
        *("云岭县教育局", "2026年3月5日", "工作安排", "做到：1.有计划；2.有总结。"),
    ]
)


def _uncovered(document: Document) -> list[str]:
    """Lines of the text that stand in no passage, no heading and not in the title."""
    held = [(p.start, p.end) for p in document.passages]
    lines: list[str] = []
    offset = 0
    for line in document.text.split("\n"):
        end = offset + len(line)
        is_held = any(start < end and offset < stop for start, stop in held)
        is_heading = any(
            offset <= s.start < end or s.start <= offset < s.start + len(s.heading)
            for s in document.outline
        )
        if line and not is_held and not is_heading:
            lines.append(line)
        offset = end + 1
    return lines


@pytest.mark.parametrize("name", _SAMPLES)
def test_every_line_of_the_body_is_in_a_passage(name: str) -> None:
    document = read_bytes(_SAMPLES[name].encode(), name)
    title_end = document.passages[0].start

    assert [line for line in _uncovered(document) if document.text.index(line) >= title_end] == []


@given(st.lists(_LINES, min_size=1, max_size=25))
def test_any_order_of_numbers_keeps_every_line(lines: list[str]) -> None:
    document = read_bytes("\n".join(["云岭县工作方案", *lines]).encode(), "a.txt")

    lost = [line for line in _uncovered(document) if line not in document.title]

    assert [
        line for line in lost if line != "云岭县工作方案" and line not in _titles(document)
    ] == []
    for passage in document.passages:
        assert passage.text == document.text[passage.start : passage.end]
        assert passage.text.strip() == passage.text != ""
    numbers = [passage.id for passage in document.passages]
    assert numbers == [f"{document.id}#{n}" for n in range(1, len(numbers) + 1)]


def _titles(document: Document) -> set[str]:
    first = document.passages[0].start if document.passages else len(document.text)
    return set(document.text[:first].split("\n"))
