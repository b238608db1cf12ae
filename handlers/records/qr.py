"""QR codes: as a poster for the chat, as a drawing for a page. Costs CPU time. Pure."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from handlers.fonts import chinese_font

if TYPE_CHECKING:
    from PIL.Image import Image

_WIDTH = 720
_SQUARE = 600
_INK, _PAPER, _SOFT = "#23211e", "#ffffff", "#6d675f"
_TITLE_CHARS = 14


def drawing(content: str) -> str:
    """An SVG as a ``data:`` address."""
    import segno

    return segno.make(content, error="m", micro=False).svg_data_uri(
        scale=10, border=2, dark=_INK, light=_PAPER
    )


def poster(content: str, *, title: str, code: str, note: str) -> bytes:
    """A PNG with the code to scan, and under it the digits to type, where there is a font."""
    from PIL import Image, ImageDraw, ImageFont

    square = _square(content)
    font = chinese_font()
    if font is None:
        return _png(square)
    sheet = Image.new("RGB", (_WIDTH, _SQUARE + 300), _PAPER)
    draw = ImageDraw.Draw(sheet)
    middle = _WIDTH // 2
    shown = title if len(title) <= _TITLE_CHARS else title[: _TITLE_CHARS - 1] + "…"
    draw.text((middle, 60), shown, _INK, ImageFont.truetype(font, 44), anchor="mm")
    sheet.paste(square, ((_WIDTH - square.width) // 2, 100 + (_SQUARE - square.height) // 2))
    digits = f"签到 {code[:3]} {code[3:]}"
    draw.text((middle, _SQUARE + 160), digits, _INK, ImageFont.truetype(font, 72), anchor="mm")
    draw.text((middle, _SQUARE + 240), note, _SOFT, ImageFont.truetype(font, 34), anchor="mm")
    return _png(sheet)


def _square(content: str) -> Image:
    import segno
    from PIL import Image

    made = segno.make(content, error="m", micro=False)
    scale = max(1, _SQUARE // made.symbol_size(border=2)[0])
    out = io.BytesIO()
    made.save(out, kind="png", scale=scale, border=2, dark=_INK, light=_PAPER)
    return Image.open(io.BytesIO(out.getvalue())).convert("RGB")


def _png(picture: Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, "PNG", optimize=True)
    return out.getvalue()
