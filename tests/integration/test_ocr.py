"""Words in pictures, by the real engine, in the limited child: a scan whose words are known."""

from __future__ import annotations

import io
import subprocess
import sys
from difflib import SequenceMatcher
from pathlib import Path

import pypdfium2
import pytest

from knowledge.model import Document
from knowledge.reading import read_file

DEMO = Path(__file__).parents[2] / "bot" / "demo"
SCAN = DEMO / "samples" / "党员教师家访活动通知（扫描件）.pdf"
DRAWN = (DEMO / "sources" / "visits_2026.txt").read_text("utf-8")


def likeness(document: Document) -> float:
    """Share of the characters that are right and in their place; spaces do not count."""
    drawn, read = ("".join(text.split()) for text in (DRAWN, document.text))
    return SequenceMatcher(None, drawn, read, autojunk=False).ratio()


@pytest.mark.needs("ocr")
async def test_a_scanned_pdf_is_read_with_its_outline() -> None:
    document = await read_file(SCAN.read_bytes(), SCAN.name)

    assert likeness(document) > 0.99
    headings = [line.strip() for line in DRAWN.splitlines() if line.startswith(("一、", "二、"))]
    assert headings
    for heading in headings:
        assert heading[:6] in document.text
    assert {"一、", "二、"} <= {section.locator for section in document.outline}


@pytest.mark.needs("ocr")
@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
async def test_a_photographed_page_is_read(kind: str) -> None:
    with pypdfium2.PdfDocument(SCAN) as pdf:
        page = pdf[0].render(scale=2).to_pil().convert("RGB")
    photographed = io.BytesIO()
    page.save(photographed, kind)

    document = await read_file(photographed.getvalue(), f"家访.{kind.lower()}")

    assert document.passages
    assert likeness(document) > 0.9


def test_without_the_extra_it_is_said_what_to_install() -> None:
    code = (
        "import sys; sys.modules['rapidocr'] = None\n"
        "from pathlib import Path\n"
        "from bot.errors import UnreadableDocument\n"
        "from knowledge.reading import read_bytes\n"
        "try:\n"
        "    read_bytes(Path(sys.argv[1]).read_bytes(), 'scan.pdf')\n"
        "except UnreadableDocument as error:\n"
        "    print(error.reply)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(SCAN)], capture_output=True, text=True, check=True,
        cwd=DEMO.parents[1],
    )  # fmt: skip

    assert "pip install 'yaodian[ocr]'" in done.stdout
