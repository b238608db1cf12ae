"""Turns ``sources/`` into ``samples/`` and ``roster.xlsx``; argument: the path of a font file.

The made files are committed, so the demo needs neither this module nor its font. The scan wants an
OpenType font with Chinese characters: ``pip install pylopdf-fonts-zh-cn`` (SIL Open Font License).
"""

from __future__ import annotations

import csv
import html
import random
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from bot.demo.office import OutlineNumbering, repeated_below, save_table_docx, save_workbook

HERE = Path(__file__).parent
SOURCES = HERE / "sources"
SAMPLES = HERE / "samples"


def make_all(font: Path) -> None:
    """Write every sample; ``font`` is an OpenType font with simplified Chinese."""
    SAMPLES.mkdir(exist_ok=True)
    _text(SAMPLES / "青禾县教育局2025年党建工作要点.txt", "plan_2025.txt", encoding="gb18030")
    _text(SAMPLES / "志愿服务积分管理办法（试行）2023.txt", "volunteer_2023.txt", encoding="utf-8")
    _plan_docx(SAMPLES / "青禾县教育局2026年党建工作要点.docx")
    _web_page(SAMPLES / "志愿服务积分管理办法2026.html")
    _duties(SAMPLES / "2026年党建工作责任清单.xlsx")
    _safety_docx(SAMPLES / "2026年春季校园安全工作责任清单.docx")
    make_scan(_lines("visits_2026.txt"), SAMPLES / "党员教师家访活动通知（扫描件）.pdf", font=font)
    save_workbook(HERE / "roster.xlsx", "花名册", _rows("roster.csv"))


def make_scan(lines: Sequence[str], path: Path, *, font: Path) -> None:
    """Draw ``lines`` on A4 pages as a slightly crooked, grainy scan without any text layer."""
    from PIL import Image, ImageDraw, ImageFont

    width, height, margin, size = 1240, 1754, 130, 31
    body, heading = ImageFont.truetype(str(font), size), ImageFont.truetype(str(font), size + 11)
    noise = random.Random(7)  # noqa: S311 - grain, not a secret
    pages: list[Image.Image] = []
    page = Image.new("L", (width, height), 250)
    top = margin
    for number, line in enumerate(lines):
        face = heading if number == 0 else body
        for piece in _wrap(line, face.getlength, width - 2 * margin):
            if top > height - margin:
                pages.append(page)
                page, top = Image.new("L", (width, height), 250), margin
            draw = ImageDraw.Draw(page)
            left = (width - face.getlength(piece)) / 2 if number == 0 else margin
            draw.text((left, top), piece, font=face, fill=35)
            top += int(face.size * 1.75)
    pages.append(page)
    scanned = []
    for sheet in pages:
        for _ in range(900):
            sheet.putpixel((noise.randrange(width), noise.randrange(height)), noise.randrange(180))
        scanned.append(sheet.rotate(0.35, fillcolor=250, resample=Image.Resampling.BILINEAR))
    scanned[0].save(
        path, "PDF", resolution=150, save_all=True, append_images=scanned[1:], quality=55
    )


def _wrap(line: str, measure: Callable[[str], float], width: int) -> list[str]:
    pieces = [""]
    for character in line:
        if measure(pieces[-1] + character) > width:
            pieces.append("")
        pieces[-1] += character
    return pieces


def _read(name: str) -> str:
    return (SOURCES / name).read_text(encoding="utf-8")


def _lines(name: str) -> list[str]:
    return [line for line in _read(name).splitlines() if line.strip()]


def _rows(name: str) -> list[list[str]]:
    with (SOURCES / name).open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def _text(path: Path, source: str, *, encoding: str) -> None:
    path.write_bytes(_read(source).replace("\n", "\r\n").encode(encoding))


def _plan_docx(path: Path) -> None:
    from docx import Document

    document = Document()
    title, *paragraphs = _lines("plan_2026.txt")
    document.add_heading(title, level=0)
    for line in paragraphs:
        document.add_paragraph(line)
    document.save(str(path))


def _web_page(path: Path) -> None:
    paragraphs = _lines("volunteer_2026.txt")
    body = [f"<h1>{html.escape(paragraphs[0])}</h1>"]
    body += [f"<p>{html.escape(line)}</p>" for line in paragraphs[1:]]
    path.write_text(_read("page.html").replace("{{body}}", "\n".join(body)), encoding="utf-8")


def _duties(path: Path) -> None:
    rows = _rows("duties_2026.csv")
    title = "青禾县教育局2026年党建工作责任清单"
    sheet = [[title], ["填报单位：局机关党委　2026年2月"], *rows]
    merges = [
        merge for column in (0, 1) for merge in repeated_below(sheet, column=column, first_row=3)
    ]
    save_workbook(path, "责任清单", sheet, merges=merges)


def _safety_docx(path: Path) -> None:
    from docx import Document

    document = Document()
    numbering = OutlineNumbering(document, "%1、", "%2.")
    document.add_heading("青禾县教育系统2026年春季学期校园安全工作责任清单", level=0)
    document.add_paragraph("青禾县教育局安全管理科　2026年2月10日")
    numbering.add("总体要求", level=0)
    numbering.add("坚持“谁主管、谁负责”，学校主要负责人是校园安全第一责任人。", level=1)
    numbering.add(
        "各学校每周开展一次安全自查，每月5日前向安全管理科报送上月隐患整改情况。", level=1
    )
    numbering.add("对重大隐患实行挂牌督办，整改完成前不得销号。", level=1)
    numbering.add("任务分工", level=0)
    rows = _rows("safety_2026.csv")
    save_table_docx(document, rows, merges=repeated_below(rows, column=1, first_row=1))
    numbering.add("工作保障", level=0)
    numbering.add("安全管理科建立任务台账，定期通报进展。", level=1)
    numbering.add("因工作不力发生责任事故的，依规追究责任。", level=1)
    document.save(str(path))


if __name__ == "__main__":
    make_all(Path(sys.argv[1]))
