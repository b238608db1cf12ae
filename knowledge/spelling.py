"""Slips of the pen: pinyin left in Latin letters, and a character typed for one that sounds alike.

A word is mended only where the documents print the mended form and not the typed one.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence

from knowledge.segmentation import content_words
from knowledge.vocabulary import Vocabulary, sound_of

_LATIN = re.compile(
    r"(?<![A-Za-z0-9])(?:(?<=[一-鿿])[A-Za-z]{2,18}|[A-Za-z]{2,18}(?=[一-鿿]))(?![A-Za-z0-9])"
)
_HAN = re.compile(r"[一-鿿]")
_BEAM = 12
_READINGS = 8
_NEVER_A_SLIP = frozenset("由于为以与及按在对向从被把将所其")
_RARE = 20
_COMMON = 100
"""Frequencies in the dictionary: a rare word may be a slip, only a common one was meant."""


def mend(question: str, vocabulary: Vocabulary) -> tuple[str, tuple[tuple[str, str], ...]]:
    """Answers the mended question, and every change as (typed, read as).

    Args:
        question: Simplified text.
        vocabulary: What the documents print.
    """
    changes: list[tuple[str, str]] = []

    def spell(match: re.Match[str]) -> str:
        letters = match.group().lower()
        if vocabulary.knows(letters):
            return match.group()
        before, after = question[: match.start()][-1:], question[match.end() :][:1]
        word = _characters(letters, before, after, vocabulary)
        if word is None:
            return match.group()
        changes.append((match.group(), word))
        return word

    text = _LATIN.sub(spell, question)
    for word in content_words(text):
        mended = _mend_word(word, vocabulary)
        if mended != word:
            changes.append((word, mended))
            text = text.replace(word, mended)
    return text, tuple(changes)


def _characters(letters: str, before: str, after: str, vocabulary: Vocabulary) -> str | None:
    """The likeliest characters for pinyin between two neighbours; None where none fit together."""
    sounds = vocabulary.sounds()
    best: tuple[float, str] | None = None
    for number, syllables in enumerate(_syllables(letters, frozenset(sounds))):
        if number >= _READINGS:
            break
        beam = [(0.0, before)]
        for syllable in syllables:
            grown = [
                (score + math.log1p(vocabulary.pairs[word[-1:] + character]), word + character)
                for score, word in beam
                for character in sounds[syllable]
                if len(word) <= len(before) or vocabulary.pairs[word[-1:] + character] > 0
            ]
            beam = sorted(grown, reverse=True)[:_BEAM]
        for score, word in beam:
            total = (score + math.log1p(vocabulary.pairs[word[-1:] + after])) / len(syllables)
            if total > 0 and (best is None or total > best[0]):
                best = (total, word[len(before) :])
    return None if best is None else best[1]


def _syllables(letters: str, known: frozenset[str]) -> Iterator[Sequence[str]]:
    """Every way to read ``letters`` as syllables, those with long ones first."""
    if not letters:
        yield ()
    for size in range(min(6, len(letters)), 0, -1):
        if letters[:size] in known:
            for rest in _syllables(letters[size:], known):
                yield (letters[:size], *rest)


def _mend_word(word: str, vocabulary: Vocabulary) -> str:
    """Put one like-sounding character where what is typed is never printed and a word then is."""
    import rjieba

    tokens = rjieba.cut(word)
    at = 0
    for number, token in enumerate(tokens):
        before = tokens[number - 1] if number else ""
        after = tokens[number + 1] if number + 1 < len(tokens) else ""
        for inner, character in enumerate(token):
            place = at + inner
            around = [word[i : i + 2] for i in (place - 1, place) if 0 <= i < len(word) - 1]
            if (
                token in _NEVER_A_SLIP
                or not around
                or any(vocabulary.pairs[pair] > 0 for pair in around)
            ):
                continue
            # A rare word of the dictionary is only mended when it is pronounced the very same.
            is_word = len(token) > 1 and rjieba.has_word(token)
            if is_word and rjieba.suggest_freq(token) > _RARE:
                continue
            for other in _sounding_like(character, vocabulary, is_word):
                mended = token[:inner] + other + token[inner + 1 :]
                readings = (mended,) if len(token) > 1 else (before + other, other + after)
                if any(
                    len(one) > 1 and _is_common(one) and vocabulary.knows(one) for one in readings
                ):
                    return word[:place] + other + word[place + 1 :]
        at += len(token)
    return word


def _is_common(word: str) -> bool:
    import rjieba

    return bool(rjieba.has_word(word)) and rjieba.suggest_freq(word) >= _COMMON


def _sounding_like(character: str, vocabulary: Vocabulary, same_tone: bool) -> list[str]:
    if not _HAN.match(character):
        return []
    alike = vocabulary.sounds().get(sound_of(character), "")
    return [
        other
        for other in alike
        if other != character and (not same_tone or _same_tone(character, other))
    ]


def _same_tone(one: str, other: str) -> bool:
    from pypinyin import Style, lazy_pinyin

    return lazy_pinyin(one, style=Style.TONE) == lazy_pinyin(other, style=Style.TONE)
