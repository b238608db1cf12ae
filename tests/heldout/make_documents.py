"""Makes the .docx, .xlsx and .pdf documents of the held-out set from ``sources/``.

The made files are committed. From the project's root: ``python -m tests.heldout.make_documents``;
the .pdf needs ``pip install reportlab``.
"""

from __future__ import annotations

import csv
from pathlib import Path

from bot.demo.office import Merge, OutlineNumbering, repeated_below, save_workbook

HERE = Path(__file__).parent
DOCUMENTS = HERE / "documents"


def make_numbered_plan(lines: list[str], path: Path) -> None:
    """``-`` and ``--`` start items of the automatic list, ``>`` the signature."""
    from docx import Document
    from docx.enum.text import WD_ALIGN_PARAGRAPH

    document = Document()
    numbering = OutlineNumbering(document, "%1、", "（%2）")
    document.sections[0].header.paragraphs[0].text = "梧川县教育局文件"
    for line in lines:
        mark, text = line.split(" ", 1)
        if mark == "#":
            document.add_heading(text, level=0)
        elif mark in ("-", "--"):
            numbering.add(text, level=len(mark) - 1)
        else:
            paragraph = document.add_paragraph(text)
            if mark == ">":
                paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT
    document.save(str(path))


def make_plain_docx(lines: list[str], path: Path) -> None:
    from docx import Document

    document = Document()
    for line in lines:
        document.add_paragraph(line)
    document.save(str(path))


def make_duties(rows: list[list[str]], path: Path) -> None:
    """A two-row header whose 责任分工 spans two columns, and 类别 merged downwards."""
    from openpyxl import load_workbook

    title = "霁川县教育局2025年校园安全重点工作责任清单"
    sheet = [[title], *rows, ["备注：各牵头科室于每季度末向安稳科报送进展情况。"]]
    last_row = len(sheet) - 2
    merges = repeated_below(sheet[: last_row + 1], column=1, first_row=3)
    merges += [Merge(column=column, first_row=1, last_row=2) for column in (0, 1, 2, 5, 6)]
    save_workbook(path, "安全清单", sheet, merges=merges)
    workbook = load_workbook(path)
    workbook["安全清单"].merge_cells("D2:E2")
    workbook.create_sheet("填表说明")["A1"] = "本表由安稳科负责解释。"
    workbook.save(path)


def make_pdf(lines: list[str], path: Path) -> None:
    """A text layer with a running head, page numbers and lines that break anywhere."""
    from reportlab.lib.pagesizes import A5
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.cidfonts import UnicodeCIDFont
    from reportlab.pdfgen.canvas import Canvas

    pdfmetrics.registerFont(UnicodeCIDFont("STSong-Light"))
    canvas = Canvas(str(path), pagesize=A5, invariant=1)
    width, height = A5
    size, page, top = 12, 1, height - 80

    def furnish() -> None:
        canvas.setFont("STSong-Light", 9)
        canvas.drawString(50, height - 40, "蓝浦区教育系统文件汇编")
        canvas.drawCentredString(width / 2, 30, f"— {page} —")
        canvas.setFont("STSong-Light", size)

    furnish()
    for number, line in enumerate(lines):
        is_title, is_signature = number == 0, number >= len(lines) - 2
        text = line if is_title or is_signature else "　　" + line
        per_line = int((width - 100) // size)
        for at in range(0, len(text), per_line):
            if top < 60:
                canvas.showPage()
                page, top = page + 1, height - 80
                furnish()
            piece = text[at : at + per_line]
            if is_title:
                canvas.drawCentredString(width / 2, top, piece)
            elif is_signature:
                canvas.drawRightString(width - 50, top, piece)
            else:
                canvas.drawString(50, top, piece)
            top -= size * 1.7
    canvas.save()


def make_all() -> None:
    make_numbered_plan(_lines("h07_arts_sports_plan.txt"), DOCUMENTS / "h07_arts_sports_plan.docx")
    with (HERE / "sources/h08_safety_duties.csv").open(encoding="utf-8", newline="") as file:
        make_duties(list(csv.reader(file)), DOCUMENTS / "h08_safety_duties.xlsx")
    make_plain_docx(_lines("h09_party_2024.txt"), DOCUMENTS / "h09_party_2024.docx")
    make_pdf(_lines("h10_party_2025.txt"), DOCUMENTS / "h10_party_2025.pdf")


def _lines(name: str) -> list[str]:
    return (HERE / "sources" / name).read_text(encoding="utf-8").splitlines()


if __name__ == "__main__":
    make_all()
