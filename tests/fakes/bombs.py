"""Files made to hurt whoever opens them, small on the wire."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Mapping

from tests.unit.knowledge.file_makers import make_docx, make_pdf, make_zip, paragraph


def png(width: int, height: int, *, is_whole: bool = False) -> bytes:
    """``is_whole``: with as many pixels as it says."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        sum_of = struct.pack(">I", zlib.crc32(kind + content))
        return struct.pack(">I", len(content)) + kind + content + sum_of

    packer = zlib.compressobj(9)
    line = b"\0" * (width + 1)
    rows = height if is_whole else 1
    pixels = b"".join(packer.compress(line) for _ in range(rows)) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    )


def docx_of_paragraphs(count: int = 400_000) -> bytes:
    return make_docx("".join(f"<w:p><w:r><w:t>第{n}段</w:t></w:r></w:p>" for n in range(count)))


def xlsx_of_rows(count: int = 1_000_000) -> bytes:
    out = io.BytesIO()
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml",
            f'<Types xmlns="{package}/content-types"><Default Extension="rels" ContentType='
            '"application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" '
            'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main'
            '+xml"/></Types>')  # fmt: skip
        archive.writestr("_rels/.rels",
            f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" Type='
            f'"{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>')  # fmt: skip
        archive.writestr("xl/workbook.xml",
            f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets><sheet name="s" sheetId="1" '
            'r:id="r1"/></sheets></workbook>')  # fmt: skip
        archive.writestr("xl/_rels/workbook.xml.rels",
            f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" Type='
            f'"{office}/worksheet" Target="worksheets/s.xml"/></Relationships>')  # fmt: skip
        with archive.open("xl/worksheets/s.xml", "w") as entry:
            entry.write(f'<worksheet xmlns="{main}"><sheetData>'.encode())
            for start in range(0, count, 10_000):
                rows = range(start, start + 10_000)
                entry.write("".join(f"<row><c><v>{n}</v></c></row>" for n in rows).encode())
            entry.write(b"</sheetData></worksheet>")
    return out.getvalue()


def pdf_of_commands() -> bytes:
    """A small stream that unpacks to 300 MB of drawing commands."""
    packer = zlib.compressobj(9)
    block = b"BT /F1 12 Tf 1 0 0 1 50 50 Tm <5B66> Tj ET\n" * 25_000
    stream = b"".join(packer.compress(block) for _ in range(300)) + packer.flush()
    plain = make_pdf([[(50.0, 50.0, "学")]])
    start = plain.index(b"<< /Length", plain.index(b"/Contents"))
    end = plain.index(b"endobj", start)
    return (
        plain[:start]
        + b"<< /Length %d /Filter /FlateDecode >>\nstream\n%s\nendstream\n" % (len(stream), stream)
        + plain[end:]
    )


def link_zip() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("word/document.xml", "<x/>")
        link = zipfile.ZipInfo("word/link")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/hostname")
    return buffer.getvalue()


BOMBS: Mapping[str, Callable[[], bytes]] = {
    "paragraphs.docx": docx_of_paragraphs,
    "rows.xlsx": xlsx_of_rows,
    "pixels.png": lambda: png(40_000, 40_000),
    "commands.pdf": pdf_of_commands,
    "ratio.docx": lambda: make_docx(paragraph("学" * 20_000_000)),
    "entries.zip": lambda: make_zip({f"{n}.txt": "" for n in range(2100)}),
    "nested.zip": lambda: make_zip({"word/document.xml": "<x/>", "a.zip": make_zip({"b": "c"})}),
}
