"""Mend the characters of one line: encodings, entities, glosses, spaces, punctuation."""

from __future__ import annotations

import html
import re
import unicodedata

from knowledge.byteshift import repair

_CJK = r"\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff〇"
_TONED = "āáǎàōóǒòēéěèīíǐìūúǔùǖǘǚǜ"
_GLOSS = re.compile(rf"(?<=[{_CJK}])[(（][a-z{_TONED}ü]{{1,7}}[)）]")
_TONED_GLOSS = re.compile(rf"(?<=[{_CJK}])[(（][a-zü]{{0,6}}[{_TONED}][a-zü]{{0,6}}[)）]")
_TAG = re.compile(
    r"</?(?:a|abbr|acronym|address|applet|area|article|aside|b|base|basefont|bdo|big|blockquote|body|br"
    r"|button|canvas|caption|center|cite|code|col|colgroup|dd|del|dfn|dir|div|dl|embed|figcaption"
    r"|figure|footer|frame|frameset|head|header|html|kbd|link|main|map|mark|marquee|menu|meta"
    r"|noframes|noscript|object|param|rp|rt|ruby|samp|script|source|svg|textarea|title|wbr"
    r"|dt|em|fieldset|font|form|h[1-6]|hr|i|iframe|img|input|ins|label|legend|li|nav|ol|optgroup"
    r"|option|p|pre|q|s|section|select|small|span|strike|strong|style|sub|sup|table|tbody|td|tfoot"
    r"|th|thead|tr|tt|u|ul|var|video)(?:\s[^<>]{0,400})?/?>",
    re.IGNORECASE,
)
_COMMENT = re.compile(r"<!--.{0,2000}?-->", re.DOTALL)
_BROKEN_SPACE = re.compile(r"&\s?(?:amp;)?(?:nbsp|ensp|emsp|thinsp)\b;?", re.IGNORECASE)
_BROKEN_ENTITY = re.compile(
    r"& ?(?:amp;)?(?:[lr][sd]quo|quot|[lr]aquo|hellip|[mn]dash|middot|apos|bull|lt|gt)"
    r"(?![a-z]);?",
    re.IGNORECASE,
)
_TRANSLATED_ENTITY = re.compile(rf"&(?:amp;)?[{_CJK}]{{1,4}};")
_INVISIBLE = dict.fromkeys(
    [
        *(*range(0x00, 0x09), 0x0B, *range(0x0E, 0x20), 0x7F, 0xAD, *range(0x200B, 0x2010)),
        *(*range(0x202A, 0x202F), *range(0x2060, 0x2065), 0xFEFF, *range(0xE000, 0xF900)),
    ]
)
_BLANKS = dict.fromkeys(
    [0x09, 0x0B, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x202F, 0x205F, 0x3000], " "
)
_RADICALS = re.compile(r"[\u2e80-\u2fdf\uf900-\ufaff]")
_RADICAL_PAIRS = str.maketrans(
    "⺟⻓⻔⻜⻥⻦⻩⻋⻅⻉⻄⺠⻆⻛⻚⻝⻢⻰", "母长门飞鱼鸟黄车见贝西民角风页食马龙"
)

_PUNCTUATION = "，。、；：？！“”‘’《》〈〉（）【】「」『』…—"
_NUMBER_AHEAD = (
    r"(?!\d{1,3}\s?[.、．)）](?!\d)|[一二三四五六七八九十]{1,3}\s?[、.．是]|[（(][一二三四五六七八九十\d]{1,3}[)）]"
    r"|第[一二三四五六七八九十百\d]{1,4}[条章节款项]|[①-⑳])"
)
_AT_PUNCTUATION = re.compile(
    rf"(?<=[{_PUNCTUATION}]) +(?!\d{{1,3}}\s?[.、．]|\|)"
    rf"|(?<=[{_CJK}\d]) +(?=[，。、；：？！”’》）】])"
)
_AFTER_HALF_WIDTH = re.compile(rf"(?<=[{_CJK}”》）\d][,;:]) +(?=[{_CJK}“《（])")
_WITH_DIGITS = re.compile(
    rf"(?<=\d) +(?=[{_CJK}%％])|(?<=[{_CJK}]) +(?=\d){_NUMBER_AHEAD}|(?<=[{_CJK}]) +(?=[“《（])"
    rf"{_NUMBER_AHEAD}"
)
_BETWEEN = re.compile(rf"(?<=[{_CJK}]) +(?=[{_CJK}]){_NUMBER_AHEAD}")
_ENCLOSED = re.compile(r"《[^《》]{1,80}》|“[^“”]{1,80}”|[（(][^（）()]{1,80}[)）]")
_BUTTON_EDGE = re.compile(
    r"(?<=\S)\s*\|\s*(?:附件(?:下载)?|下载|打印|关闭|分享|收藏|返回)(?:\s?[：:]?[^。|]{0,20})$"
)
_LETTER_SPACED = re.compile(rf"^(?:[{_CJK}《》〔〕（）\d]\s+)+[{_CJK}》）]$")
_SPACED_END = re.compile(rf"(?<= )([{_CJK}]) +([{_CJK}])$")
_ARTICLE_LABEL = re.compile(r"第[一二三四五六七八九十百零〇\d]{1,6}[条章节编]$")
_RUN_IN_HEADING = re.compile(
    r"(?:[一二三四五六七八九十]{1,3}、|[（(][一二三四五六七八九十]{1,3}[)）])[^，,。；：:、\s]{2,24}$"
)
_REPEATED = re.compile(r"([，。、；：！？])\1+")
_STOP_THEN_COMMA = re.compile(r"[,，、;；]{0,9}。\s?[,，、;；]+|[,，、;；]{1,9}\s?。")
_TABLE_EDGE = re.compile(r"^\s*\|+\s*|\s*\|+\s*$")
_SPACES = re.compile(r" {2,}")
_SENTENCE = re.compile(r"[。；！？]|[,，].*[,，]")


def mend_text(text: str) -> str:
    """Repairs that look at the whole text: lost bytes, tags over lines, glosses."""
    text = text.translate(_INVISIBLE).translate(_BLANKS)
    if "<" in text:
        text = _TAG.sub("", _COMMENT.sub("", text))
    text = _mend_entities(text)
    if "?" in text or "\ufffd" in text:
        text = repair(text)
    if _RADICALS.search(text):
        text = unicodedata.normalize("NFC", _RADICALS.sub(_unified, text))
    return _drop_glosses(text)


def mend_line(line: str) -> str:
    """Repairs within one line. Spaces that separate names or the halves of a heading stay."""
    line = _TABLE_EDGE.sub("", _BUTTON_EDGE.sub("", line)) if "|" in line else line.strip()
    if not line:
        return ""
    if " " in line:
        line = _mend_spaces(line)
    line = _STOP_THEN_COMMA.sub("。", line)
    return _REPEATED.sub(r"\1", line).strip()


def _unified(found: re.Match[str]) -> str:
    character = found[0].translate(_RADICAL_PAIRS)
    return unicodedata.normalize("NFKC", character)


def _mend_entities(text: str) -> str:
    if "&" not in text:
        return text
    text = html.unescape(_BROKEN_SPACE.sub(" ", text)) if ";" in text else text
    if "&" not in text:
        return text.translate(_BLANKS)
    text = _BROKEN_SPACE.sub(" ", text)
    text = _BROKEN_ENTITY.sub("", text)
    return _TRANSLATED_ENTITY.sub("", text).translate(_BLANKS)


def _drop_glosses(text: str) -> str:
    """Pinyin in brackets; without tone marks only where the text glosses throughout."""
    toned = len(_TONED_GLOSS.findall(text))
    if not toned:
        return text
    return (_GLOSS if toned >= 3 else _TONED_GLOSS).sub("", text)


def _mend_spaces(line: str) -> str:
    if _LETTER_SPACED.match(line):
        return line.replace(" ", "")
    line = _SPACED_END.sub(r"\1\2", line)
    line = _AT_PUNCTUATION.sub("", line)
    line = _AFTER_HALF_WIDTH.sub("", line)
    line = _WITH_DIGITS.sub("", line)
    if _SENTENCE.search(line):
        line = _outside_brackets(line)
    return _SPACES.sub(" ", line)


def _outside_brackets(line: str) -> str:
    parts: list[str] = []
    done = 0
    for enclosed in _ENCLOSED.finditer(line):
        parts += [_closed_up(line[done : enclosed.start()]), enclosed[0]]
        done = enclosed.end()
    return "".join(parts) + _closed_up(line[done:])


def _closed_up(text: str) -> str:
    """Stray spaces between characters go; the one behind ``第三条`` stays."""

    def _space(found: re.Match[str]) -> str:
        before = text[max(0, found.start() - 9) : found.start()]
        is_heading = _ARTICLE_LABEL.search(before) or _RUN_IN_HEADING.search(
            text, max(0, found.start() - 30), found.start()
        )
        return " " if is_heading else ""

    return _BETWEEN.sub(_space, text)
