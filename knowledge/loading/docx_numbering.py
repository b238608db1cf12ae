"""Word's automatic numbers: the text does not hold them, the list format does."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from lxml import etree

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_CHINESE = "零一二三四五六七八九"
_CHINESE_FORMATS = frozenset(
    {
        *("chineseCounting", "chineseCountingThousand", "japaneseCounting", "ideographTraditional"),
        *("taiwaneseCounting", "taiwaneseCountingThousand", "chineseLegalSimplified"),
        *("ideographDigital", "japaneseDigitalTenThousand", "taiwaneseDigital", "koreanDigital2"),
    }
)
_CIRCLED = frozenset({"decimalEnclosedCircle", "decimalEnclosedCircleChinese"})


@dataclass(slots=True)
class _Level:
    form: str = "decimal"
    text: str = ""
    start: int = 1
    is_legal: bool = False
    suffix: str = "tab"


@dataclass(slots=True)
class Numbering:
    """Counts paragraphs as Word would while the document is walked in order."""

    _levels: dict[str, dict[int, _Level]] = field(default_factory=dict)
    _abstract_of: dict[str, str] = field(default_factory=dict)
    _overrides: dict[tuple[str, int], int] = field(default_factory=dict)
    _counts: dict[str, dict[int, int]] = field(default_factory=lambda: defaultdict(dict))
    _begun: set[tuple[str, int]] = field(default_factory=set)
    style_levels: dict[str, tuple[str, int]] = field(default_factory=dict)

    def read(self, root: etree._Element | None) -> None:
        """Take in ``word/numbering.xml``."""
        if root is None:
            return
        for abstract in root.iterfind(f"{W}abstractNum"):
            key = abstract.get(f"{W}abstractNumId", "")
            self._levels[key] = {
                int(level.get(f"{W}ilvl", "0")): _level(level)
                for level in abstract.iterfind(f"{W}lvl")
            }
        for number in root.iterfind(f"{W}num"):
            key = number.get(f"{W}numId", "")
            link = number.find(f"{W}abstractNumId")
            self._abstract_of[key] = "" if link is None else link.get(f"{W}val", "")
            for override in number.iterfind(f"{W}lvlOverride"):
                start = override.find(f"{W}startOverride")
                if start is not None:
                    level = int(override.get(f"{W}ilvl", "0"))
                    self._overrides[key, level] = int(start.get(f"{W}val", "1"))

    def label(self, number_id: str, level: int) -> str:
        """The number to print before the next paragraph of this list; empty for bullets."""
        abstract = self._abstract_of.get(number_id)
        levels = self._levels.get(abstract or "", {})
        if abstract is None or level not in levels or number_id == "0":
            return ""
        counts = self._counts[abstract]
        first_use = (number_id, level) not in self._begun
        self._begun.add((number_id, level))
        if first_use and (number_id, level) in self._overrides:
            counts[level] = self._overrides[number_id, level]
        else:
            counts[level] = counts.get(level, levels[level].start - 1) + 1
        for deeper in [other for other in counts if other > level]:
            del counts[deeper]
        return _printed(levels, counts, level)


def _level(element: etree._Element) -> _Level:
    def value(name: str, default: str) -> str:
        found = element.find(f"{W}{name}")
        return default if found is None else found.get(f"{W}val", default)

    start = value("start", "1")
    return _Level(
        form=value("numFmt", "decimal"),
        text=value("lvlText", ""),
        start=int(start) if start.isdecimal() else 1,
        is_legal=element.find(f"{W}isLgl") is not None,
        suffix=value("suff", "tab"),
    )


def _printed(levels: dict[int, _Level], counts: dict[int, int], level: int) -> str:
    own = levels[level]
    if own.form in {"bullet", "none"}:
        return ""
    text = own.text
    for other in range(level + 1):
        shown = levels.get(other, _Level())
        count = counts.get(other, shown.start)
        form = "decimal" if own.is_legal else shown.form
        text = text.replace(f"%{other + 1}", spell(count, form))
    text = text.strip()
    joint = " " if text and text[-1] not in "、.．)）,，" else ""
    return f"{text}{joint}"


def spell(count: int, form: str) -> str:
    """A count in Word's number format; unknown formats are Arabic figures."""
    if form in _CHINESE_FORMATS:
        return _chinese(count)
    if form in _CIRCLED and 1 <= count <= 20:
        return chr(0x2460 + count - 1)
    if form == "lowerLetter":
        return chr(ord("a") + (count - 1) % 26)
    if form == "upperLetter":
        return chr(ord("A") + (count - 1) % 26)
    if form in {"lowerRoman", "upperRoman"}:
        roman = _roman(count)
        return roman.lower() if form == "lowerRoman" else roman
    return str(count)


def _chinese(count: int) -> str:
    if count >= 1000 or count <= 0:
        return str(count)
    hundreds, rest = divmod(count, 100)
    tens, ones = divmod(rest, 10)
    words = f"{_CHINESE[hundreds]}百" if hundreds else ""
    if tens:
        words += "十" if tens == 1 and not hundreds else f"{_CHINESE[tens]}十"
    elif hundreds and ones:
        words += "零"
    return words + (_CHINESE[ones] if ones else "")


def _roman(count: int) -> str:
    words = ""
    for value, sign in ((10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I")):
        repeat, count = divmod(count, value)
        words += sign * repeat
    return words
