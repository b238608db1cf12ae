"""Which headings of a document make a question to begin with."""

from __future__ import annotations

import pytest

from bot.identity import _TELLING


@pytest.mark.parametrize("heading", ["健全“第一议题”制度", "擦亮党建品牌", "开展应急演练"])
def test_a_heading_makes_a_question(heading: str) -> None:
    assert _TELLING.fullmatch(heading)


@pytest.mark.parametrize(
    "heading", ["保障措施", "学校负责人每周至少陪餐两次", "陪餐人员应当做好记录", "一"]
)
def test_a_rule_and_what_every_document_has_make_none(heading: str) -> None:
    assert not _TELLING.fullmatch(heading)
