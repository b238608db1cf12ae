"""What the indexed documents talk about: their names, years, titles and the words they print."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from knowledge.model import Document
from knowledge.named_places import (
    Name,
    is_safe_stem,
    names_at_start,
    names_in,
    stem_of,
    well_known_places,
)
from knowledge.segmentation import normalise

_YEAR = re.compile(r"(?<![0-9])((?:19|20)[0-9]{2})(?=年|学年|[-—–~至](?:19|20)[0-9]{2})")
_FIRST_PARAGRAPH_CHARS = 200
_HEADINGS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What one document speaks for: names and years it carries itself, and those it only prints."""

    names: frozenset[str]
    """Places and bodies of its title and metadata, as written."""
    places: frozenset[str]
    """Those of ``names`` that are places."""
    mentioned: frozenset[str]
    """Names in its headings and first paragraph."""
    years: frozenset[int]
    printed_years: frozenset[int]
    text: str
    """Title and text, normalised."""


class _Tables:
    """Looked up from one state of the documents, each made when it is first needed."""

    def __init__(self, profiles: Mapping[str, Profile], pairs: Counter[str]) -> None:
        self._profiles = profiles
        self._pairs = pairs

    @cached_property
    def owners(self) -> Mapping[str, frozenset[str]]:
        own = _by_name((key, one.names) for key, one in self._profiles.items())
        mentioned = _by_name((key, one.mentioned) for key, one in self._profiles.items())
        table = {**mentioned, **own}
        return {name: table[name] for name in sorted(table, key=len, reverse=True)}

    @cached_property
    def years(self) -> Mapping[int, frozenset[str]]:
        table: defaultdict[int, set[str]] = defaultdict(set)
        for key, profile in self._profiles.items():
            for year in profile.years:
                table[year].add(key)
        return {year: frozenset(table[year]) for year in sorted(table)}

    @cached_property
    def sounds(self) -> Mapping[str, str]:
        table: defaultdict[str, str] = defaultdict(str)
        # A copy, as the writer may be counting.
        printed = {one for pair, count in list(self._pairs.items()) if count > 0 for one in pair}
        for character in sorted(printed):
            if "一" <= character <= "鿿":
                table[sound_of(character)] += character
        return dict(table)


class Vocabulary:
    """Grows and shrinks with the index. Readers may look while the one writer works."""

    def __init__(self) -> None:
        self.pairs: Counter[str] = Counter()
        """How often two neighbouring characters stand in the documents."""
        self.profiles: Mapping[str, Profile] = {}
        self.titles: Mapping[str, str] = {}
        self._tables = _Tables({}, self.pairs)

    def add_all(self, documents: Iterable[Document]) -> None:
        profiles = dict(self.profiles)
        titles = dict(self.titles)
        for document in documents:
            profile = _profile(document)
            self.pairs.update(_pairs(profile.text))
            profiles[document.id] = profile
            titles[document.id] = document.title
        self._publish(profiles, titles)

    def remove(self, document_id: str) -> None:
        profiles = dict(self.profiles)
        profile = profiles.pop(document_id, None)
        if profile is None:
            return
        self.pairs.subtract(_pairs(profile.text))
        titles = {key: title for key, title in self.titles.items() if key != document_id}
        self._publish(profiles, titles)

    def owners(self) -> Mapping[str, frozenset[str]]:
        """Name or its safe short form -> the documents that speak for it; longest names first.

        A name in a title or in the metadata outweighs one in headings and first paragraphs.
        """
        return self._tables.owners

    def years(self) -> Mapping[int, frozenset[str]]:
        """Year -> the documents that are of that year, ascending."""
        return self._tables.years

    def sounds(self) -> Mapping[str, str]:
        """Pinyin without tones -> the characters that the documents print and that sound so."""
        return self._tables.sounds

    def printing_year(self, year: int) -> frozenset[str]:
        """Documents that print a year anywhere."""
        return frozenset(key for key, one in self.profiles.items() if year in one.printed_years)

    def printing(self, words: str) -> frozenset[str]:
        """Documents that print ``words`` anywhere."""
        normal = normalise(words)
        return frozenset(key for key, one in self.profiles.items() if normal in one.text)

    def knows(self, words: str) -> bool:
        """Whether any document prints ``words`` (normalised)."""
        if any(self.pairs[pair] <= 0 for pair in _pairs(words)):
            return False
        return any(words in profile.text for profile in self.profiles.values())

    def has_places(self) -> bool:
        """Whether the documents, by and large, are about places."""
        placed = sum(1 for one in self.profiles.values() if one.places or one.mentioned)
        return placed * 2 >= len(self.profiles) > 0

    def _publish(self, profiles: Mapping[str, Profile], titles: Mapping[str, str]) -> None:
        self.profiles = profiles
        self.titles = titles
        self._tables = _Tables(profiles, self.pairs)


def sound_of(character: str) -> str:
    """Its commonest pinyin, without tone."""
    from pypinyin import lazy_pinyin

    return lazy_pinyin(character)[0]


def _by_name(names_of: Iterable[tuple[str, frozenset[str]]]) -> dict[str, frozenset[str]]:
    table: defaultdict[str, set[str]] = defaultdict(set)
    for key, names in names_of:
        for name in names:
            table[name].add(key)
            stem = stem_of(name)
            if stem != name and is_safe_stem(stem):
                table[stem].add(key)
    return {name: frozenset(keys) for name, keys in table.items()}


def _profile(document: Document) -> Profile:
    own: list[Name] = []
    for text in (document.title, document.subtitle or "", document.issuer or "", *document.names):
        own += names_at_start(text) + names_in(text)
    heads = [section.heading for section in document.outline[:_HEADINGS]]
    heads.append(document.text.lstrip()[:_FIRST_PARAGRAPH_CHARS].partition("\n")[0])
    mentioned = [name for head in heads for name in names_at_start(head) + names_in(head)]
    text = normalise("\n".join((document.title, document.text)))
    years = set(_years_in(normalise(document.title)))
    if document.year:
        years.add(document.year)
    elif not years and document.issued_on:
        years.add(document.issued_on.year)
    return Profile(
        names=frozenset(name.text for name in own if _is_sure(name)),
        places=frozenset(name.text for name in own if _is_sure(name) and not name.is_body),
        mentioned=frozenset(name.text for name in mentioned if _is_sure(name)),
        years=frozenset(years),
        printed_years=frozenset(_years_in(text)) | frozenset(years),
        text=text,
    )


def _is_sure(name: Name) -> bool:
    """A bare word has to be a well-known place: dictionaries list many a common word as one."""
    return name.is_body or name.stem != name.text or name.text in well_known_places()


def _years_in(normal: str) -> list[int]:
    return [int(year) for year in _YEAR.findall(normal)]


def _pairs(text: str) -> Iterable[str]:
    return map(str.__add__, text, text[1:])
