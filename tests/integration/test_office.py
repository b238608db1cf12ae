"""Old office files, made and read by a real LibreOffice, in the limited child."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from bot.errors import UnreadableDocument
from knowledge.reading import read_file

CLAUSE = "每个班级设一处图书角，藏书不少于80册，每学期更新一次。"

pytestmark = pytest.mark.needs("libreoffice")


@pytest.fixture(scope="module")
def old_office_file(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A .doc with headings, a clause and a table."""
    import docx

    folder = tmp_path_factory.mktemp("office")
    made = docx.Document()
    made.add_paragraph("云溪县教育局2026年校园阅读工作方案")
    made.add_paragraph("一、工作目标")
    made.add_paragraph("让每个孩子都有书读。")
    made.add_paragraph("二、主要任务")
    made.add_paragraph(f"（一）{CLAUSE}")
    table = made.add_table(rows=2, cols=2)
    for cell, text in zip(
        (*table.rows[0].cells, *table.rows[1].cells),
        ("任务", "责任科室", "图书角检查", "基础教育科"),
        strict=True,
    ):
        cell.text = text
    made.add_paragraph("附则：本方案自印发之日起施行。")  # Word ends no document with a table.
    source = folder / "plan.docx"
    made.save(str(source))
    subprocess.run(
        ["soffice", "--headless", f"-env:UserInstallation={(folder / 'profile').as_uri()}",
         "--convert-to", "doc", "--outdir", str(folder), str(source)],
        check=True, capture_output=True, timeout=120, env=os.environ | {"HOME": str(folder)},
    )  # fmt: skip
    return Path(folder, "plan.doc").read_bytes()


@pytest.mark.parametrize("name", ["方案.doc", "方案.wps"])
async def test_an_old_office_file_is_read_like_a_new_one(old_office_file: bytes, name: str) -> None:
    assert old_office_file.startswith(b"\xd0\xcf\x11\xe0")
    document = await read_file(old_office_file, name)

    assert document.file == name
    assert document.title == "云溪县教育局2026年校园阅读工作方案"
    (clause,) = (passage for passage in document.passages if CLAUSE in passage.text)
    assert clause.locator.startswith("二、（一）")
    rows = [passage for passage in document.passages if "基础教育科" in passage.text]
    assert len(rows) == 1
    assert "责任科室" in rows[0].text
    assert rows[0].locator.startswith("表1")


async def test_a_broken_old_office_file_is_one_sentence(old_office_file: bytes) -> None:
    broken = old_office_file[:600] + b"\x00" * 4000

    with pytest.raises(UnreadableDocument) as caught:
        await read_file(broken, "坏.doc")

    assert caught.value.reply.endswith("。")
