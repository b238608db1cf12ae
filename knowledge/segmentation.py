"""Text -> index terms: characters and pairs of characters, the same for documents and questions."""

from __future__ import annotations

import re
import unicodedata

from knowledge.simplify import simplify

_NUMERAL = re.compile(r"[〇零一二两三四五六七八九十百千]+")
_PERCENT = re.compile(r"百分之([0-9]+(?:\.[0-9]+)?)")
_RUN = re.compile(r"[㐀-鿿]|[a-z]+|[0-9]+(?:\.[0-9]+)?%?")
_DIGITS = {
    character: value
    for value, characters in enumerate(
        ("〇零", "一", "二两", "三", "四", "五", "六", "七", "八", "九")
    )
    for character in characters
}
_SCALES = {"十": 10, "百": 100, "千": 1000}

_FUNCTION_WORDS = frozenset(
    "请问 想问 想 想知道 知道 了解 想了解 麻烦 告诉 帮 查 有没有 是不是 能不能 可不可以 "
    "要不要 会不会 在不在 对不对 什么 时候 什么时候 啥时候 何时 怎么样 怎么办 怎么 怎样 "
    "如何 为什么 为啥 为何 多少 几 几个 多久 哪些 哪个 哪里 哪儿 哪几 哪家 哪种 哪 谁 啥 咋 "
    "咋办 是否 可以 能否 可否 需要 应该 应当 一下 一共 总共 到底 究竟 关于 有关 情况 的话 "
    "以及 或者 如果 吗 呢 吧 呀 啊 嘛 么 的 了 是 在 和 与 及 或 对 为 被 把 给 让 从 到 就 "
    "都 也 还 而 但 其 之 于 以 等 这 那 个 一个 我 你 您 他 她 它 我们 你们 咱们 他们 她们 "
    "有 没有 很 着 过 跟 叫 得 地 不 会 能 要 搞 弄 这个 那个 那边 这边 这种 那种 里头 里面 "
    "我国 规定 属于 哪些人 什么样 怎么着 回事 具体 请".split()
)


def normalise(text: str) -> str:
    """Fold what is written differently and means the same: width, case, script, numerals."""
    return fold(simplify(unicodedata.normalize("NFKC", text)))


def fold(text: str) -> str:
    """The same for text that is simplified already, as that of every document is."""
    text = unicodedata.normalize("NFKC", text).lower()
    text = _NUMERAL.sub(lambda match: _digits(match.group()), text)
    return _PERCENT.sub(r"\1%", text)


def terms(text: str) -> list[str]:
    """Index terms of a document's text: every character or word, and every neighbouring pair."""
    return _grams(normalise(text))


def folded_terms(text: str) -> list[str]:
    """The same for text that is known to be simplified."""
    return _grams(fold(text))


def query_terms(question: str) -> list[str]:
    """Index terms of a question without its function and question words, in order, repeats kept.

    A question made of nothing else keeps all its words.
    """
    kept = [gram for fragment in fragments(question) for gram in _grams(fragment)]
    return kept or terms(question)


def fragments(question: str) -> list[str]:
    """What is left of a question, normalised, between its function and question words."""
    return [normalise(words) for words in content_words(question)]


def content_words(question: str) -> list[str]:
    """As :func:`fragments`, but with numerals and capitals as typed."""
    import rjieba

    kept: list[str] = [""]
    for word in rjieba.cut(simplify(unicodedata.normalize("NFKC", question))):
        if word in _FUNCTION_WORDS or not word.strip():
            kept.append("")
        else:
            kept[-1] += word
    return [words for words in kept if words]


def _grams(normal: str) -> list[str]:
    grams: list[str] = []
    last = ""
    last_end = -1
    for match in _RUN.finditer(normal):
        token = match.group()
        grams.append(token)
        if last and not normal[last_end : match.start()].strip():
            grams.append(last + token)
        last, last_end = token, match.end()
    return grams


def _digits(numeral: str) -> str:
    """``二〇二四`` -> 2024, ``十五`` -> 15, ``四百六十五`` -> 465; what is no number stays."""
    if not any(character in _SCALES for character in numeral):
        return "".join(str(_DIGITS[character]) for character in numeral)
    if numeral[0] in "百千":
        return numeral
    total = 0
    digit: int | None = None
    for character in numeral:
        if character in _DIGITS:
            digit = _DIGITS[character]
        else:
            total += (1 if digit is None else digit) * _SCALES[character]
            digit = None
    return str(total + (digit or 0))
