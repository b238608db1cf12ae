"""A font with Chinese characters, for pictures: the packaged one, else what the machine has."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path

_PACKAGE = "pylopdf_fonts_zh_cn"
_FILE = "NotoSansSC-Regular.otf"
_SYSTEM = (
    "NotoSansCJK", "NotoSansSC", "SourceHanSans", "NotoSerifCJK", "wqy-microhei", "wqy-zenhei",
    "msyh", "PingFang", "STHeiti", "DroidSansFallback",
)  # fmt: skip


@cache
def chinese_font() -> str | None:
    """The path of a font file; looks at the disk, so not for the event loop."""
    spec = find_spec(_PACKAGE)
    if spec is not None and spec.origin is not None:
        packaged = Path(spec.origin).with_name(_FILE)
        if packaged.is_file():
            return str(packaged)
    from matplotlib.font_manager import findSystemFonts

    files = sorted(findSystemFonts())
    for name in _SYSTEM:
        for file in files:
            if Path(file).name.lower().startswith(name.lower()):
                return file
    return None
