"""Which documents a question can be about: the places, bodies and years it names."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from knowledge.named_places import is_safe_stem, names_in, stem_of, well_known_places
from knowledge.simplify import simplify
from knowledge.vocabulary import Vocabulary
from knowledge.years import asked_years

_ENDS_LIKE_A_PLACE = re.compile(
    r"(?=([一-鿿]{2,4}?(?:自治州|自治县|省|市|县|区|州|旗))"
    r"(?![级域分别场民长城直属内里外间块位政镇]))"
)
_BEFORE_A_PLACE = re.compile(
    r"(?:^|年|[，,。；;、：:\s的和与跟及同比在]|了解|知道|请问|查下|一下|问问|帮我查|那么|那)$"
)
_ASKS_MEMBERSHIP = re.compile(
    r"在不在|是不是|是否|算不算|属于|包括|包含|入选|在.{0,8}(?:里面|里头|之列|名单|范围|其中|之内)"
)
"""Whether a place is one of several can be answered by a list that does not print it."""
_SCHOOL = re.compile(r"[一-鿿]{2}(?:中心小学|中心学校|小学|中学|幼儿园|学校)")
_AFTER_A_NAME = r"(?=的|两|都|分别|各|在|哪|谁|有|是|教|发|做|搞|[0-9])"
_MANY = 30


class RefusalReason(StrEnum):
    """What the question names that no document has."""

    UNKNOWN_YEAR = "unknown_year"
    UNKNOWN_NAME = "unknown_name"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """No document has what is ``asked``; ``known`` is what there is."""

    reason: RefusalReason
    asked: str
    known: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NameFilter:
    """A place or body that the question names, and the documents that speak for it."""

    name: str
    documents: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """``documents`` None means any; ``names`` are alternatives (a comparison), not conditions."""

    years: tuple[int, ...] = ()
    names: tuple[NameFilter, ...] = ()
    documents: frozenset[str] | None = None
    preferred: frozenset[str] = frozenset()
    """Documents that only print the name in passing."""
    refused: Refused | None = None
    asks_back: tuple[NameFilter, ...] = ()


def read_filters(question: str, vocabulary: Vocabulary, this_year: int) -> Filters:
    """Match what ``question`` names against what the documents speak for."""
    text = simplify(unicodedata.normalize("NFKC", question))
    years = asked_years(text, this_year)
    names, spans = _known_names(text, vocabulary)
    if not names and (unknown := _unknown_place(text, spans, vocabulary)):
        places = {name for one in vocabulary.profiles.values() for name in one.places}
        known = sorted(name for name in places if stem_of(name) != name) or sorted(places)
        refused = Refused(
            reason=RefusalReason.UNKNOWN_NAME, asked=unknown, known=tuple(known[:_MANY])
        )
        return Filters(years=years, refused=refused)
    asks_back = _rivals(text, names, vocabulary)
    passing = _printed_in_passing(text, spans, vocabulary)
    beside = [one for one in passing if _is_beside(text, one.name, spans)]
    beside += _compared_with(text, [*names, *beside], spans, vocabulary)
    if names:
        names += tuple(beside)
    documents = frozenset[str]().union(*(one.documents for one in names)) if names else None
    preferred = frozenset[str]().union(*(one.documents for one in passing))
    refused_year: Refused | None = None
    if years:
        documents, refused_year = _of_years(years, documents, preferred, vocabulary)
    return Filters(
        years=years,
        names=names,
        documents=documents,
        preferred=preferred,
        refused=refused_year,
        asks_back=asks_back if refused_year is None else (),
    )


def known_names(text: str, vocabulary: Vocabulary) -> list[str]:
    """Names in ``text`` that documents speak for, in order, as written."""
    _, spans = _known_names(text, vocabulary)
    return [text[start:end] for start, end in spans]


def _known_names(
    text: str, vocabulary: Vocabulary
) -> tuple[tuple[NameFilter, ...], list[tuple[int, int]]]:
    found: list[tuple[int, int, NameFilter]] = []
    for name, documents in vocabulary.owners().items():
        at = text.find(name)
        while at >= 0:
            end = at + len(name)
            if not any(start < end and at < stop for start, stop, _ in found):
                found.append((at, end, NameFilter(name=name, documents=documents)))
            at = text.find(name, end)
    found.sort(key=lambda one: one[0])
    merged: list[NameFilter] = []
    last_end = -1
    for start, end, one in found:
        if start == last_end and (both := merged[-1].documents & one.documents):
            # 甲市乙县: the second is a part of the first.
            merged[-1] = NameFilter(name=merged[-1].name + one.name, documents=both)
        elif all(one.name != other.name for other in merged):
            merged.append(one)
        last_end = end
    return tuple(merged), [(start, end) for start, end, _ in found]


def _unknown_place(
    text: str, spans: Sequence[tuple[int, int]], vocabulary: Vocabulary
) -> str | None:
    """A word that is clearly a place and that no document prints."""
    if not vocabulary.has_places() or _ASKS_MEMBERSHIP.search(text):
        return None
    for name in _places_of(text):
        at = text.find(name)
        is_known = any(start < at + len(name) and at < end for start, end in spans)
        if not is_known and not vocabulary.printing(stem_of(name)):
            return name
    return None


def _places_of(text: str) -> Iterator[str]:
    for match in _ENDS_LIKE_A_PLACE.finditer(text):
        stem = stem_of(match[1])
        if (
            _BEFORE_A_PLACE.search(text[: match.start()])
            and stem != match[1]
            and is_safe_stem(stem)
        ):
            yield match[1]
    for name in names_in(text):
        is_certain = stem_of(name.text) != name.text or name.text in well_known_places()
        begins = _BEFORE_A_PLACE.search(text[: text.find(name.text)])
        if begins and not name.is_body and is_certain:
            yield name.text


def _printed_in_passing(
    text: str, spans: Sequence[tuple[int, int]], vocabulary: Vocabulary
) -> list[NameFilter]:
    """Places and bodies that no document speaks for, with the documents that print them."""
    found: dict[str, NameFilter] = {}
    for name in names_in(text):
        at = text.find(name.text)
        if any(start < at + len(name.text) and at < end for start, end in spans):
            continue
        printing = vocabulary.printing(name.text) or vocabulary.printing(stem_of(name.text))
        if printing and len(printing) * 2 <= len(vocabulary.profiles):
            found[name.text] = NameFilter(name=name.text, documents=printing)
    return list(found.values())


def _is_beside(text: str, name: str, spans: Sequence[tuple[int, int]]) -> bool:
    """Whether nothing but 和 or 、 parts it from a known name."""
    start = text.find(name)
    end = start + len(name)
    return any(0 <= start - stop <= 1 or 0 <= begin - end <= 1 for begin, stop in spans)


def _compared_with(
    text: str,
    names: Sequence[NameFilter],
    spans: Sequence[tuple[int, int]],
    vocabulary: Vocabulary,
) -> list[NameFilter]:
    """A word that is put beside a known name (甲县和乙) and that few documents print."""
    if not spans:
        return []
    known = "|".join(re.escape(text[start:end]) for start, end in spans)
    after = rf"(?:{known})(?:和|跟|与|同|、)(?P<after>[一-鿿]{{2,4}}?){_AFTER_A_NAME}"
    before = rf"^(?P<before>[一-鿿]{{2,4}})(?:和|跟|与|同|、)(?:{known})"
    for match in re.finditer(f"{after}|{before}", text):
        word = match["after"] or match["before"]
        printing = vocabulary.printing(word)
        is_new = all(word not in one.name and one.name not in word for one in names)
        if is_new and printing and len(printing) * 2 <= len(vocabulary.profiles):
            return [NameFilter(name=word, documents=printing)]
    return []


def _rivals(
    text: str, names: Sequence[NameFilter], vocabulary: Vocabulary
) -> tuple[NameFilter, ...]:
    """Different places or bodies that a short name fits equally well."""
    owners = vocabulary.owners()
    for one in names:
        full = [name for name in owners if stem_of(name) == one.name != name]
        if len(full) > 1:
            return _candidates(full, owners)
    if names:
        return ()
    for match in _SCHOOL.finditer(text):
        full = [name for name in owners if name.endswith(match.group()) and name != match.group()]
        if len(full) > 1:
            return _candidates(full, owners)
    return ()


def _candidates(
    names: Sequence[str], owners: Mapping[str, frozenset[str]]
) -> tuple[NameFilter, ...]:
    return tuple(NameFilter(name=name, documents=owners[name]) for name in sorted(names))


def _of_years(
    years: Sequence[int],
    within: frozenset[str] | None,
    preferred: frozenset[str],
    vocabulary: Vocabulary,
) -> tuple[frozenset[str] | None, Refused | None]:
    """Documents of one of the years, else those that print one; refused where neither exists."""
    table = vocabulary.years()
    everything = frozenset(vocabulary.profiles)
    pool = everything if within is None else within
    chosen = pool & frozenset[str]().union(*(table.get(year, frozenset()) for year in years))
    if chosen:
        return chosen, None
    printing = pool & frozenset[str]().union(*map(vocabulary.printing_year, years))
    if printing:
        return printing, None
    near = preferred & pool or pool
    known = [year for year, documents in table.items() if documents & near]
    if not known:
        return within, None
    asked = "、".join(f"{year}年" for year in years)
    return within, Refused(
        reason=RefusalReason.UNKNOWN_YEAR,
        asked=asked,
        known=tuple(f"{year}年" for year in sorted(known)),
    )
