"""What stands above and below a text on real sites: menus, file names, portals, bulletins."""

from __future__ import annotations

from datetime import date

import pytest

from knowledge.loading.layout import Page, Placed, paragraphs
from knowledge.reading import read_bytes

BODY = (
    "近日，岚溪县教育局在县职教中心召开劳动教育现场会，各校负责人走进田间地头，"
    "观摩了十二所学校的校园农场建设情况，并就下一步工作作了安排。"
)


def test_a_menu_and_a_stamped_byline_are_no_title() -> None:
    page = (
        "首页 | 时政 | 民生 | 教育 | 评论\n您的位置：岚溪在线 ＞ 教育 ＞ 正文\n"
        "田间地头上好劳动课_岚溪在线\n2024-05-06 09:30　来源：岚溪日报　作者：林小满\n"
        f">>>广告：暑期班立减500元<<<\n{BODY}\n"
    )

    document = read_bytes(page.encode(), "page.txt")

    assert document.title == "田间地头上好劳动课"
    assert document.issued_on == date(2024, 5, 6)
    assert document.publisher == "岚溪日报"
    assert "立减" not in document.text
    assert "时政" not in document.text


def test_a_file_name_of_a_sharing_site_is_no_title() -> None:
    page = (
        "岚溪县劳动教育经验材料.docx\n1. 文档由用户上传，平台仅提供存储空间。\n"
        "2. 付费后请在24小时内下载，逾期请联系客服。\n深耕校园农场　点亮劳动课堂\n"
        f"——岚溪县教育局经验交流材料\n{BODY}\n试读已结束，继续阅读请购买全文\n"
        "您可能还喜欢：校园农场台账.xls | 劳动周方案.doc\n"
    )

    document = read_bytes(page.encode(), "shared.txt")

    assert document.title == "深耕校园农场 点亮劳动课堂"
    assert document.subtitle == "岚溪县教育局经验交流材料"
    for dirt in ("平台仅", "客服", "试读", "台账.xls"):
        assert dirt not in document.text


def test_portal_values_with_topics_of_the_portals_own() -> None:
    page = (
        "LX2031/2025-00119\n公文公报\n工作计划\n基础教育\n2025-04-02\n岚溪县教育局\n"
        "岚教基〔2025〕9号\n有效\n主动公开\n岚溪县教育局2025年劳动教育工作要点\n"
        f"{BODY} | 附件下载：无\n"
    )

    document = read_bytes(page.encode(), "portal.txt")

    assert document.title == "岚溪县教育局2025年劳动教育工作要点"
    assert document.issuer == "岚溪县教育局"
    assert document.issued_on == date(2025, 4, 2)
    assert document.index_number == "LX2031/2025-00119"
    assert document.document_number == "岚教基〔2025〕9号"
    assert "附件下载" not in document.text
    assert "公文公报" not in document.text


def test_the_banner_of_a_bulletin_is_no_title() -> None:
    page = (
        "会 议 纪 要\n〔2025〕第4期\n岚溪县劳动教育联席会议办公室　　　2025年6月3日\n"
        f"岚溪县劳动教育联席会议第二次会议纪要\n{BODY}\n"
    )

    document = read_bytes(page.encode("gb18030"), "minutes.txt")

    assert document.title == "岚溪县劳动教育联席会议第二次会议纪要"
    assert document.issuer == "岚溪县劳动教育联席会议办公室"
    assert document.issued_on == date(2025, 6, 3)


@pytest.mark.parametrize("pages", [2, 3])
def test_heads_that_every_page_repeats_are_dropped(pages: int) -> None:
    def line(text: str, top: float) -> Placed:
        return Placed(text=text, left=50, top=top, right=50 + 12 * len(text), bottom=top + 12)

    shown = paragraphs(
        [
            Page(
                width=600,
                height=800,
                placed=(line("岚溪县教育文件汇编", 30), line(f"第{n}页写着自己的内容。", 400)),
            )
            for n in range(1, pages + 1)
        ]
    )

    assert "".join(shown) == "".join(f"第{n}页写着自己的内容。" for n in range(1, pages + 1))


def test_a_wrapped_line_of_two_characters_is_still_its_paragraph() -> None:
    long = "各单位综合评价为优秀的比例不得高于百分之二十也不得低于5"
    placed = (
        Placed(text=long, left=50, top=100, right=50 + 12 * len(long), bottom=112),
        Placed(text="%。", left=50, top=118, right=74, bottom=130),
    )

    assert paragraphs([Page(width=600, height=800, placed=placed)]) == [f"{long}%。"]
