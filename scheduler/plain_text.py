"""What a person typed, in one spelling: half-width, simplified, without needless white space."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

_TRADITIONAL = str.maketrans(
    "點週號個後內鐘時兩禮開學節國慶勞動終從間淩課這當過單雙順遲結與農曆陽兒黨軍師於裡裏幾貳晝隨儘馬盡續無為應該體勵現總會",
    "点周号个后内钟时两礼开学节国庆劳动终从间凌课这当过单双顺迟结与农历阳儿党军师于里里几二昼随尽马尽续无为应该体励现总会",
)
_SAME = str.maketrans(
    {
        "—": "-",
        "–": "-",
        "−": "-",
        "‐": "-",
        "‑": "-",
        "―": "-",
        "─": "-",
        "~": "-",
        "〜": "-",
        "【": "(",
        "】": ")",
        "[": "(",
        "]": ")",
        "︰": ":",
        "∶": ":",
        "の": "的",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainText:
    """``offsets[i]`` is where ``text[i]`` stands in the original; one more entry for its end."""

    text: str
    offsets: tuple[int, ...]


def plain(original: str) -> PlainText:
    """Fold widths, scripts, dashes and brackets; white space stays only between two digits."""
    chars: list[str] = []
    offsets: list[int] = []
    gap = False
    for offset, raw in enumerate(original):
        if raw.isspace():
            gap = True
            continue
        folded = unicodedata.normalize("NFKC", raw).translate(_SAME).translate(_TRADITIONAL)
        for char in folded.lower():
            if char.isspace():
                continue
            if gap and chars and chars[-1].isdigit() and char.isdigit():
                chars.append(" ")
                offsets.append(offset)
            gap = False
            chars.append(char)
            offsets.append(offset)
    return PlainText(text="".join(chars), offsets=(*offsets, len(original)))
