# ruff: noqa: E501 - documents are printed as they are
"""Dirt goes, facts stay, one kind of dirt at a time; and nothing takes more than linear time."""

from __future__ import annotations

import time
from datetime import date

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from knowledge.byteshift import repair
from knowledge.cleaning import clean
from knowledge.composing import compose
from knowledge.frontmatter import Front
from knowledge.mending import mend_line, mend_text
from knowledge.outline import outline_of
from knowledge.passages import passages_of
from knowledge.simplify import simplify

_BODY = "各学校要认真落实工作要求，按时上报材料，确保各项任务落到实处，不得拖延，不得漏报，不得瞒报，有关情况及时报告县教育局。"


@pytest.mark.parametrize(
    ("dirty", "mended"),
    [
        ("打造& lsquo园丁先锋", "打造园丁先锋"),
        ("抓手&现状;先锋岗", "抓手先锋岗"),
        ("&ldquo;双减&rdquo;&nbsp;工作", "“双减”工作"),
        ("措施。,从而", "措施。从而"),
        ("做好工作。。", "做好工作。"),
        ("好机制, 构建新模式", "好机制,构建新模式"),
        ("合 力解决问题，形成机制。", "合力解决问题，形成机制。"),
        ("打造 “1+N” 区域", "打造“1+N”区域"),
        ("2025 年 3 月 5 日", "2025年3月5日"),
        ("做法。 |", "做法。"),
        ("通  知", "通知"),
        ("第三条 学校应当负责，定期报告。", "第三条 学校应当负责，定期报告。"),
        ("用好“担当使命 推动创新”品牌，做好宣传。", "用好“担当使命 推动创新”品牌，做好宣传。"),
        ("做好活动 3.加强引领。做好宣传，做好总结。", "做好活动 3.加强引领。做好宣传，做好总结。"),
        ("引领快速发展 机关融合校园", "引领快速发展 机关融合校园"),
        ("<b>重点</b>任务<br/>见<a href='x'>附件</a>", "重点任务见附件"),
        ("标(biāo)准(zhǔn)化建(jiàn)设(de)", "标准化建设"),
        ("x<3且y>2时，a&b", "x<3且y>2时，a&b"),
    ],
)
def test_characters(dirty: str, mended: str) -> None:
    assert mend_line(mend_text(dirty)) == mended


def _lose_first_byte(text: str, at: int) -> str:
    """As a careless web page does it: the first GBK byte of character ``at`` becomes ``?``."""
    encoded = text[at:].encode("gbk")
    return text[:at] + "?" + encoded[1:].decode("gbk", errors="replace").replace("\ufffd", "?")


@pytest.mark.parametrize(
    "text",
    ["創建文明校園。《黨章》學習", "提出目標。“進校園”活動", "做出樣板。”這是總的要進取"],
)
def test_a_lost_byte_is_put_back(text: str) -> None:
    shifted = _lose_first_byte(text, text.index("。"))
    assert shifted != text

    mended = repair(shifted)

    assert mended[: text.index("。") + 4] == text[: text.index("。") + 4]


@given(st.text(alphabet="学校工作？！?!真的吗好（）ab。，", max_size=80))
def test_ordinary_questions_are_no_lost_bytes(text: str) -> None:
    assert repair(text) == text


def test_simplified_names_stay() -> None:
    assert simplify("乾县中学出版名著") == "乾县中学出版名著"
    assert simplify("標準化建設與幹部隊伍") == "标准化建设与干部队伍"


@pytest.mark.parametrize(
    "dirt",
    [
        *(
            "分享到：",
            "打印本页 关闭窗口",
            "浏览次数：1234",
            "【字体：大 中 小】",
            "上一篇：关于放假的通知",
        ),
        *(
            "责任编辑：李小红",
            "滇ICP备12345678号-1",
            "版权所有：云岭县教育局",
            "扫一扫在手机打开当前页",
        ),
        *(
            "相关阅读",
            "点击查看更多",
            "文档评论(0)",
            "0 0 0 0",
            "（0）",
            "第 3 页 共 10 页",
            "— 12 —",
        ),
        "免责声明：本站内容由网友上传，本站不承担责任，如有侵权请联系删除，谢谢合作与支持。",
        "专业代写工作总结、演讲稿、商业计划书，质量保证，QQ：123456789。",
        "久久精品视频在线观看,亚洲国产精品无码,在线免费视频",
    ],
)
def test_furniture_goes_wherever_it_stands(dirt: str) -> None:
    for raw in (f"{dirt}\n标题一二三四\n{_BODY}", f"标题一二三四\n{_BODY}\n{dirt}"):
        assert clean(raw).text == f"标题一二三四\n{_BODY}"


@pytest.mark.parametrize(
    "fact",
    [
        "时间：2026年3月5日上午9时",
        "地点：县教育局三楼会议室",
        "严禁教师代写论文、代做课题，违者按照师德失范处理。",
        "各校要关注县教育局公众号，及时转发权威信息，做好宣传引导，不得转发未经核实的消息。",
        "联系人：李老师，联系电话：0870-1234567",
        "（二）下载并填写登记表，于3月5日前上报；",
        "2025年",
    ],
)
def test_facts_in_the_middle_stay(fact: str) -> None:
    assert fact in clean(f"标题一二三四\n{_BODY}\n{fact}\n{_BODY}").text


def test_a_related_list_with_teasers_and_counters_goes() -> None:
    teaser = "项目管理作为现代组织中不可或缺的一部分，已经成为许多组织的重要工具，随着技术的不断发展越来越多的工具被开发…"
    raw = f"标题一二三四\n{_BODY}\n(0)\n上一篇 2024年5月31日 上午8:38\n相关推荐\n• 工具与方法\n{teaser}\n百科 2024年7月23日\n32\n"

    assert clean(raw).text == f"标题一二三四\n{_BODY}"


def test_by_lines_become_findings() -> None:
    cleaned = clean(
        f"标题一二三四\n发布时间:2019-07-09 作者:王小明 李红 来源:云岭日报\n{_BODY}\n《云岭日报》2019年07月09日第5版"
    )

    assert cleaned.text == f"标题一二三四\n{_BODY}"
    assert cleaned.found.authors == ["王小明", "李红"]
    assert cleaned.found.publisher == "云岭日报"
    assert cleaned.found.issued_on == date(2019, 7, 9)


def test_a_dateline_is_split_off() -> None:
    cleaned = clean(f"标题一二三四\n云岭日报讯（记者 王小明 通讯员 李红）5月7日，{_BODY}")

    assert cleaned.text.endswith(f"\n5月7日，{_BODY}")
    assert cleaned.found.publisher == "云岭日报"


def test_a_portal_block_without_names() -> None:
    cleaned = clean(
        "001234567/2026-00012\n部门文件\n教育\n2026-03-05\n县教育局\n通知\n主动公开\n-\n" + _BODY
    )

    assert cleaned.text == _BODY
    assert cleaned.found.index_number == "001234567/2026-00012"
    assert cleaned.found.issuer == "县教育局"


@given(st.text(alphabet="学校要按时上报材料，。、一二三（）1.\n x<>&;（a）", max_size=300))
def test_cleaning_what_is_clean_changes_nothing(text: str) -> None:
    once = clean(text).text

    assert clean(once).text == once


_HOSTILE = st.sampled_from(
    [
        "第一条" * 9,
        "一、",
        "1.",
        "（一）",
        "<a ",
        "&lsquo",
        "《",
        "“",
        "（",
        "x市",
        "  ",
        "一是",
        "2025年",
        "自2025年",
        "：",
        "来源：",
        "a>b>",
    ]
)


@settings(max_examples=25, deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(st.lists(_HOSTILE, min_size=1, max_size=6))
def test_time_grows_with_size_and_no_faster(pieces: list[str]) -> None:
    text = "".join(pieces)
    small, large = (text * (size // len(text) + 1) for size in (4_000, 16_000))

    assert _seconds(large) < 0.1 + 16 * max(_seconds(small), 0.002)


def _seconds(text: str) -> float:
    started = time.process_time()
    cleaned = clean(text)
    composed = compose(cleaned.lines, Front())
    outline = outline_of(composed.text, composed.shape)
    passages_of(composed.text, outline, composed.shape, composed.rows)
    return time.process_time() - started
