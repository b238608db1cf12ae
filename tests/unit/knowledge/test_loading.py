# ruff: noqa: E501 - documents are printed as they are
"""Each format to lines: what a reader of the file sees, in the order they see it."""

from __future__ import annotations

import io
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from bot.errors import UnreadableDocument
from knowledge.loading.base import Line, LineKind
from knowledge.loading.docx_numbering import spell
from knowledge.loading.layout import Page, Placed, paragraphs
from knowledge.loading.load import load
from knowledge.loading.tables import table_lines
from knowledge.loading.text import decode
from tests.unit.knowledge.file_makers import make_docx, make_ofd, make_pdf, paragraph

_NUMBERED = '<w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="1"/></w:numPr>'
_NUMBERING = """<w:abstractNum w:abstractNumId="0">
<w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="chineseCounting"/><w:lvlText w:val="%1、"/></w:lvl>
<w:lvl w:ilvl="1"><w:start w:val="1"/><w:numFmt w:val="decimal"/><w:lvlText w:val="（%2）"/></w:lvl>
</w:abstractNum><w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num>"""


_MERGED = '<w:vMerge w:val="restart"/>'


def _texts(content: bytes, name: str) -> list[str]:
    return [line.text for line in load(content, name).lines]


def _cell(text: str, properties: str = "") -> str:
    return f"<w:tc><w:tcPr>{properties}</w:tcPr>{paragraph(text)}</w:tc>"


def test_numbers_that_exist_only_as_list_formatting() -> None:
    body = "".join(
        paragraph(text, _NUMBERED.format(level=level))
        for level, text in [
            (0, "组织领导"),
            (1, "成立专班"),
            (1, "明确分工"),
            (0, "经费"),
            (1, "列支"),
        ]
    )

    assert _texts(make_docx(body, numbering=_NUMBERING), "a.docx") == [
        *("一、组织领导", "（1）成立专班", "（2）明确分工", "二、经费", "（1）列支")
    ]


def test_word_tables_text_boxes_footnotes_and_deletions() -> None:
    table = (
        f"<w:tbl><w:tr>{_cell('科室')}{_cell('任务')}{_cell('时限')}</w:tr>"
        f"<w:tr>{_cell('基教科', _MERGED)}{_cell('招生')}{_cell('6月')}</w:tr>"
        f"<w:tr>{_cell('', '<w:vMerge/>')}{_cell('学籍')}{_cell('9月')}</w:tr></w:tbl>"
    )
    box = f"<w:p><w:r><w:pict><w:txbxContent>{paragraph('框内说明')}</w:txbxContent></w:pict></w:r></w:p>"
    noted = '<w:p><w:r><w:t>正文</w:t><w:footnoteReference w:id="2"/></w:r></w:p>'
    deleted = (
        "<w:p><w:del><w:r><w:delText>旧</w:delText></w:r></w:del><w:r><w:t>新</w:t></w:r></w:p>"
    )
    notes = f'<w:footnote w:id="2">{paragraph("脚注内容")}</w:footnote>'

    content = make_docx(table + box + noted + deleted, footnotes=notes)

    assert _texts(content, "a.docx") == [
        "科室：基教科；任务：招生；时限：6月",
        "科室：基教科；任务：学籍；时限：9月",
        *("框内说明", "正文", "注1：脚注内容", "新"),
    ]


@pytest.mark.parametrize(
    ("count", "form", "printed"),
    [
        *(
            (1, "chineseCounting", "一"),
            (10, "chineseCounting", "十"),
            (12, "chineseCounting", "十二"),
        ),
        *((20, "chineseCounting", "二十"), (105, "chineseCounting", "一百零五")),
        *((3, "decimalEnclosedCircle", "③"), (4, "upperRoman", "IV"), (2, "lowerLetter", "b")),
        (7, "something new", "7"),
    ],
)
def test_word_number_formats(count: int, form: str, printed: str) -> None:
    assert spell(count, form) == printed


def _sheet(rows: Sequence[Sequence[object]], *merged: str) -> bytes:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(list(row))
    for cells in merged:
        sheet.merge_cells(cells)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def test_a_sheet_with_a_title_and_two_header_rows() -> None:
    content = _sheet(
        [
            ["云岭县责任清单", None, None, None],
            ["序号", "任务", "责任", None],
            [None, None, "牵头", "配合"],
            [1, "开学检查", "督导室", "各校"],
            [2.5, "安全排查", "安稳科", None],
        ],
        *("A1:D1", "A2:A3", "B2:B3", "C2:D2"),
    )
    lines = load(content, "a.xlsx").lines

    assert lines == (
        Line(text="云岭县责任清单"),
        Line(
            text="序号：1；任务：开学检查；责任牵头：督导室；责任配合：各校",
            kind=LineKind.ROW,
            locator="表1 第1行",
        ),
        Line(
            text="序号：2.5；任务：安全排查；责任牵头：安稳科",
            kind=LineKind.ROW,
            locator="表1 第2行",
        ),
    )


def test_csv_in_gb18030() -> None:
    content = "序号,任务,时限\n1,走访,3月\n2,家访,4月\n".encode("gb18030")

    assert _texts(content, "a.csv") == [
        "序号：1；任务：走访；时限：3月",
        "序号：2；任务：家访；时限：4月",
    ]


def test_markdown() -> None:
    lines = load("# 标题一\n\n**重点**：见[细则](x.md)\n---\n> 引用".encode(), "a.md").lines

    assert [(line.text, line.kind) for line in lines if line.text] == [
        ("标题一", LineKind.HEADING),
        ("重点：见细则", LineKind.TEXT),
        ("引用", LineKind.TEXT),
    ]


def test_pdf_heads_and_page_numbers_go_and_lines_join() -> None:
    first = "各乡镇中心校要按照县教育局的统一部署认真落实各项要求确保全年工作任务"
    pages = [
        [
            *((200.0, 40.0, "云岭县文件汇编"), (290.0, 810.0, f"— {number} —")),
            *((96.0, 130.0, f"（{number}）抓好落实。"), (96.0, 150.0, first)),
            (72.0, 170.0, "按时完成。"),
        ]
        for number in range(1, 5)
    ]

    texts = _texts(make_pdf(pages), "a.pdf")

    assert texts == [
        text for number in range(1, 5) for text in (f"（{number}）抓好落实。", f"{first}按时完成。")
    ]


def test_pdf_with_two_columns() -> None:
    words = [(150.0, 60.0, "东坪小学校报二〇二六年第三期教师节专刊东坪小学校报编辑部")]
    for row in range(12):
        words.append((50.0, 100.0 + 18 * row, f"左{row:02d}行文字内容写满这一行没有空"))
        words.append((310.0, 100.0 + 18 * row, f"右{row:02d}行文字内容写满这一行没有空"))

    title, body = _texts(make_pdf([words]), "a.pdf")

    assert title.startswith("东坪小学校报")
    sides = [f"{side}{row:02d}" for side in "左右" for row in range(12)]
    places = [body.index(side) for side in sides]
    assert places == sorted(places)


def test_ofd() -> None:
    lines = [
        (60.0, 40.0, "云岭县教育局关于春季开学的通知"),
        (38.0, 60.0, "一、三月一日开学，各校要做好准备工作，安排好值班人员，做好登记"),
        (30.0, 70.0, "并及时上报。"),
    ]

    assert _texts(make_ofd(lines), "a.ofd") == [
        "云岭县教育局关于春季开学的通知",
        "一、三月一日开学，各校要做好准备工作，安排好值班人员，做好登记并及时上报。",
    ]


def test_html_furniture_hidden_text_and_ruby() -> None:
    page = """<html><body><nav><a>首页</a></nav><div class="content"><h2>一、要求</h2>
    <p>各校要落<ruby>实<rt>shí</rt></ruby>责任，定期上报，不得延误，确保全覆盖。</p>
    <p style="display:none">隐藏的字，看不见，不要读，谢谢。</p>
    <table><tr><th rowspan="2">学校</th><th colspan="2">人数</th></tr><tr><th>男</th><th>女</th></tr>
    <tr><td>一小</td><td>3</td><td>4</td></tr></table></div><script>var a=1;</script></body></html>"""

    assert _texts(page.encode(), "a.html") == [
        "一、要求",
        "各校要落实责任，定期上报，不得延误，确保全覆盖。",
        "学校：一小；人数男：3；人数女：4",
    ]


@pytest.mark.parametrize(
    ("content", "name", "words"),
    [
        (b"", "a.txt", "空"),
        (b"\xef\xbb\xbf \n", "a.txt", "空"),
        (b"MZ\x90\x00\x03\x00\x00\x00", "a.exe", "认不出"),
        (b"Rar!\x1a\x07\x00", "a.rar", "解压"),
        (b"PK\x03\x04 broken", "a.docx", "损坏"),
        (b"%PDF-1.4 broken", "a.pdf", "损坏"),
        (b"\x89PNG\r\n\x1a\n broken", "a.png", "损坏"),
    ],
)
def test_what_cannot_be_read_is_said_in_chinese(content: bytes, name: str, words: str) -> None:
    with pytest.raises(UnreadableDocument) as caught:
        load(content, name)

    assert words in caught.value.reply


def test_old_office_files_ask_for_libreoffice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")

    with pytest.raises(UnreadableDocument) as caught:
        load(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512), "老文件.doc")

    assert "LibreOffice" in caught.value.reply


@given(st.binary(max_size=400), st.sampled_from(["a.txt", "a.html", "a.csv", "a.docx", "a.md"]))
def test_any_bytes_are_read_or_refused(content: bytes, name: str) -> None:
    try:
        loaded = load(content, name)
    except UnreadableDocument as refusal:
        assert "\u4e00" <= refusal.reply[0] <= "\u9fff"
    else:
        assert all(isinstance(line.text, str) for line in loaded.lines)


@given(st.text(alphabet="的是工作教育学校，。\n一二三", min_size=12, max_size=200))
def test_gb18030_is_recognised(text: str) -> None:
    assert decode(text.encode("gb18030")) == text or not text.strip()


@given(
    st.lists(st.lists(st.text(alphabet="甲乙丙12 \n", max_size=4), max_size=5), max_size=6),
)
def test_no_cell_of_a_table_is_lost(grid: list[list[str]]) -> None:
    text = "".join(line.text for line in table_lines(grid, 1))

    for row in grid:
        for cell in row:
            assert all(word in text for word in cell.split())


@given(
    st.lists(
        st.tuples(
            st.floats(0, 500), st.floats(100, 700), st.text("甲乙丙丁", min_size=1, max_size=9)
        ),
        max_size=30,
    )
)
def test_layout_keeps_every_character(words: list[tuple[float, float, str]]) -> None:
    placed = tuple(
        Placed(text=text, left=left, top=top, right=left + 12 * len(text), bottom=top + 12)
        for left, top, text in words
    )

    joined = "".join(paragraphs([Page(width=595, height=842, placed=placed)]))

    assert sorted(joined.replace(" ", "")) == sorted("".join(text for _, _, text in words))
