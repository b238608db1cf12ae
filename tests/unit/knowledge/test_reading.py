"""Whole documents of many kinds: what is kept, what goes, what is known about them."""

from __future__ import annotations

from datetime import date

import pytest

from bot.errors import UnreadableDocument
from knowledge.document_json import document_from_json, document_to_json
from knowledge.model import Document, Genre
from knowledge.reading import read_bytes, read_file
from tests.unit.knowledge import reading_samples as samples


def _read(text: str, name: str = "文件.txt") -> Document:
    return read_bytes(text.encode(), name)


def _locators(document: Document) -> list[str]:
    return [passage.locator for passage in document.passages]


def _passage(document: Document, locator: str) -> str:
    return next(p.text for p in document.passages if p.locator == locator)


def test_a_notice_with_its_measures_annexed() -> None:
    document = _read(samples.ANNEXED_NOTICE)

    assert document.title == "云岭县教育局关于印发《云岭县中小学课后服务管理办法》的通知"
    assert document.issuer == "云岭县教育局"
    assert document.document_number == "云教〔2026〕12号"
    assert document.issued_on == date(2026, 3, 5)
    assert document.effective_on == date(2026, 4, 1)
    assert document.expires_on == date(2028, 4, 1)
    assert document.replaces == ("云岭县课后服务暂行办法", "云教〔2023〕8号")
    assert document.year == 2026
    assert document.genre is Genre.POLICY
    assert "第二条第二款" in _locators(document)
    assert _passage(document, "第三条").endswith("相衔接。")
    assert "首页" not in document.text
    assert "— 3 —" not in document.text
    assert "县政府办公室" in document.text


def test_a_plan_in_two_levels_with_inner_lists() -> None:
    document = _read(samples.PLAN)

    assert document.year == 2026
    assert document.issuer is None
    assert [s.locator for s in document.outline if s.level == 1] == ["一、", "二、"]
    assert [s.heading for s in document.outline if s.locator.endswith("是")] == [
        *("优化设置", "选优书记", "落实经费")
    ]
    assert "三是年底开展民主评议" in _passage(document, "一、（二）")
    assert "20名，其中教学骨干" in _passage(document, "二、（二）1.")
    assert _passage(document, "二、（二）2.").endswith("（2）分类考核。")


def test_a_plan_run_together_in_one_paragraph() -> None:
    document = _read(samples.RUN_TOGETHER)

    assert [s.locator for s in document.outline] == [
        *("一、", "二、", "二、1.", "二、2.", "二、3.", "三、", "三、（一）", "三、（二）")
    ]
    assert [s.heading for s in document.outline if s.level == 1] == [
        *("目标任务", "主要措施", "保障机制")
    ]
    assert _passage(document, "二、1.").endswith("1.5万元")
    assert document.text.endswith("拨付。")


def test_a_public_account_copy() -> None:
    document = _read(samples.PUBLIC_ACCOUNT)

    assert document.title == "石桥中学：书香润校园"
    assert document.issued_on == date(2026, 4, 23)
    assert document.issuer is None
    assert document.genre is Genre.NEWS
    assert [s.heading for s in document.outline] == ["启动仪式", "师生共读"]
    for dirt in ("蓝字", "END", "李小红", "往期", "消防演练", "在看", "1234"):
        assert dirt not in document.text


def test_a_sharing_site_preview() -> None:
    document = _read(samples.SHARING_PREVIEW)

    assert document.title == "东坪小学2024年度党支部工作总结"
    assert document.url == "https://www.doc.example/p-123456.html"
    assert document.issued_on is None
    assert any("不完整" in caution for caution in document.cautions)
    for dirt in ("上传", "预览", "侵权", "范文", "全部分类", "关键词"):
        assert dirt not in document.text


def test_traditional_characters_are_simplified() -> None:
    document = _read(samples.TRADITIONAL)

    assert document.title == "关于做好2025年教师节庆祝活动的通知"
    assert document.issuer == "东坪镇中心学校"
    assert document.issued_on == date(2025, 8, 20)
    assert "报送参加人员名单" in document.text


def test_a_portal_page() -> None:
    document = _read(samples.PORTAL_PAGE, "页面.html")

    assert document.title == "关于做好2026年春季开学工作的通知"
    assert document.index_number == "001234567/2026-00012"
    assert document.document_number == "云教〔2026〕5号"
    assert document.issuer == "云岭县教育局"
    assert document.issued_on == date(2026, 2, 10)
    assert _passage(document, "表1 第2行") == "学校：云岭二小；报到日期：3月2日"
    for dirt in ("ICP", "去年开学", "当前位置", "浏览次数", "索引号"):
        assert dirt not in document.text


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030", "utf-16", "utf-16-le", "utf-16-be"])
def test_every_encoding_reads_the_same(encoding: str) -> None:
    document = read_bytes(samples.PLAN.encode(encoding), "计划.txt")

    assert document.text == _read(samples.PLAN).text


def test_a_page_called_doc_is_a_page() -> None:
    assert _read(samples.PORTAL_PAGE, "通知.doc").index_number == "001234567/2026-00012"


def test_json_round_trip() -> None:
    document = _read(samples.ANNEXED_NOTICE)

    assert document_from_json(document_to_json(document)) == document


@pytest.mark.parametrize("text", ["", "[]", '{"id": 1}'])
def test_json_that_is_no_document_is_refused(text: str) -> None:
    with pytest.raises(UnreadableDocument):
        document_from_json(text)


async def test_the_child_reads_as_this_process_does() -> None:
    content = samples.ANNEXED_NOTICE.encode()

    assert await read_file(content, "通知.txt") == read_bytes(content, "通知.txt")
