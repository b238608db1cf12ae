"""Record types: what can be recorded, declared in TOML files and nowhere else."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cached_property
from typing import Annotated, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from bot.messages import Role

_ID = r"^[a-z][a-z0-9_]{0,47}$"
_MONTH_DAY = r"^\d\d-\d\d$"
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_FILE_WORDS = ("unit", "type", "person", "on", "file")
"""What the name of a file may be made of, besides the fields."""


class Party(StrEnum):
    """Who may do something, where it is not a role of the roster."""

    ANYONE = "anyone"
    SUBMITTER = "submitter"
    """Whoever handed the record in."""
    OWNER = "owner"
    """Whoever the record was given to."""


_SAID_PARTIES: Mapping[str, Role | Party] = {
    "所有人": Party.ANYONE,
    "本人": Party.SUBMITTER,
    "负责人": Party.OWNER,
    "教师": Role.TEACHER,
    "党员": Role.PARTY_MEMBER,
    "支部书记": Role.BRANCH_SECRETARY,
    "专干": Role.OFFICER,
    "书记": Role.SECRETARY,
    "指导组": Role.GUIDANCE,
    "纪委": Role.DISCIPLINE,
    "管理员": Role.ADMIN,
}


def _party(word: object) -> Role | Party:
    if isinstance(word, Role | Party):
        return word
    if isinstance(word, str) and word in _SAID_PARTIES:
        return _SAID_PARTIES[word]
    raise ValueError(f"只能写 {'、'.join(_SAID_PARTIES)}")


Who = tuple[Annotated[Role | Party, BeforeValidator(_party)], ...]


class FieldKind(StrEnum):
    """What an answer is."""

    TEXT = "text"
    NUMBER = "number"
    CHOICE = "choice"
    DATE = "date"
    PEOPLE = "people"
    PHOTO = "photo"
    FILE = "file"
    PLACE = "place"


class Once(StrEnum):
    """How often one person (or school) may hand in a record of a type."""

    NEVER = "any"
    WINDOW = "window"
    QUARTER = "quarter"
    YEAR = "year"
    EVER = "ever"


class Per(StrEnum):
    """Who is one: what is asked for once is asked for of each."""

    PERSON = "person"
    UNIT = "unit"
    """The unit that somebody hands it in for, a branch for instance."""
    SCHOOL = "school"
    """The unit right below the one that asks, with all that is part of it."""


class Ask(StrEnum):
    """What a record drafted from a sentence may not be without."""

    ON = "on"
    UNIT = "unit"
    EXPECTED = "expected"
    PRESENT = "present"
    WHO = "who"
    TOPIC = "topic"


class _Declared(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class RecordField(_Declared):
    """One answer of a form."""

    id: str = Field(pattern=_ID)
    name: str = Field(min_length=1, max_length=30)
    kind: FieldKind
    required: bool = False
    choices: tuple[str, ...] = ()
    least: float | None = None
    most: float | None = None
    """Of a number its bounds, of photos, files, people and choices how many."""
    longest: Annotated[int, Field(ge=1, le=10_000)] | None = None
    """Characters of a text."""
    help: str = ""
    from_menu: bool = False
    """Answered with an item of the menu that was given when the window was opened, if any was."""
    only_if: dict[str, str] = Field(default_factory=dict)
    """Asked only where these fields were answered so."""

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Self:
        if (self.kind is FieldKind.CHOICE) is not bool(self.choices):
            raise ValueError("选择项（choice）要有 choices，别的不能有")
        if self.least is not None and self.most is not None and self.least > self.most:
            raise ValueError("least 不能大于 most")
        if self.from_menu and self.kind not in (FieldKind.TEXT, FieldKind.PEOPLE):
            raise ValueError("from_menu 只能用在文字（text）和人员（people）上")
        return self

    def is_asked(self, values: Mapping[str, object]) -> bool:
        """Whether it is a question at all, after these answers."""
        return all(values.get(name) == wanted for name, wanted in self.only_if.items())


class State(_Declared):
    """Where a record stands."""

    id: str = Field(pattern=_ID)
    name: str = Field(min_length=1)
    is_final: bool = False


class Move(_Declared):
    """A step from one state to another; what it needs is asked before it is made."""

    id: str = Field(pattern=_ID)
    name: str = Field(min_length=1)
    leaves: tuple[str, ...] = Field(min_length=1)
    to: str
    who: Who = Field(min_length=1)
    needs_reason: bool = False
    needs_reply: bool = False
    needs_owner: bool = False
    """The words begin with whoever is to deal with it."""
    fills: str = ""
    """The field that the words are the answer of."""
    at_close: bool = False
    """Made by itself of everything in a window, when that closes."""


class Season(_Declared):
    """A window of every year: both days are in it."""

    opens: str = Field(pattern=_MONTH_DAY)
    closes: str = Field(pattern=_MONTH_DAY)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        for day in (self.opens, self.closes):
            try:
                date.fromisoformat(f"2027-{day}")
            except ValueError:
                raise ValueError(f"没有 {day} 这一天") from None
        if self.closes < self.opens:
            raise ValueError("closes 不能早于 opens，跨年的请写成两段")
        return self


_KEEPER: Who = (Role.BRANCH_SECRETARY, Role.OFFICER, Role.SECRETARY, Role.ADMIN)


class RecordType(_Declared):
    """One kind of record. The first state is the one a record begins in."""

    id: str = Field(pattern=_ID)
    name: str = Field(min_length=1, max_length=30)
    group: str = Field(min_length=1)
    aliases: tuple[str, ...] = ()
    splits: tuple[str, ...] = ()
    """Verbs with their object that people split: 谈话 is said 谈了一次话."""
    hints: tuple[str, ...] = ()
    """Words that mean this type only where a sentence names no other."""
    open: Who = _KEEPER
    submit: Who = (Party.ANYONE,)
    see: Who = (Party.SUBMITTER, Party.OWNER, *_KEEPER, Role.GUIDANCE)
    approve: Who = ()
    fields: tuple[RecordField, ...] = ()
    states: tuple[State, ...] = (State(id="recorded", name="已登记", is_final=True),)
    moves: tuple[Move, ...] = ()
    asks: tuple[Ask, ...] = ()
    checks_names: bool = True
    """Whether the people of a record are all on the roster; those visited or helped are not."""
    names_partner: bool = False
    """``who`` is whom it was done with (谈心谈话), not who did it."""
    once: Once = Once.NEVER
    per: Per = Per.PERSON
    seasons: tuple[Season, ...] = ()
    """Windows that open by themselves; others are opened by whoever may."""
    needs_window: bool = False
    """Handed in only between the opening and the closing of a window."""
    limit_set_by_admin: bool = False
    """The time to deal with it is no rule of ours: the admin sets it."""
    points: str = ""
    """Key of ``[points]`` in the configuration; the id when empty."""
    proves: tuple[str, ...] = ()
    """Evidence codes of tasks; the id itself is always one."""
    confidential: bool = False
    reply_required: bool = False
    hidden_until_closed: bool = False
    one_vote_per_rater: bool = False
    votes_on: str = ""
    """The field that says whom a vote is about."""
    owner_field: str = ""
    """Of people: the first of them is who deals with it."""
    due_field: str = ""
    """A date: until when."""
    rename: str = ""
    """How the files are called in an archive: ``{unit}-{title}``, of fields and of unit, type,
    person, on and file; the ending stays."""
    anonymous: bool = False
    """Nobody but who handed it in sees who did."""
    anonymous_if: dict[str, str] = Field(default_factory=dict)
    """The same, where a field was answered so."""
    wording: dict[str, str] = Field(default_factory=dict)
    """Sentences of its own: ``opened``, ``ask``, ``done``, ``returned``, ``closed``."""

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        for what, ids in (
            ("fields", [one.id for one in self.fields]),
            ("states", [one.id for one in self.states]),
            ("moves", [one.id for one in self.moves]),
        ):
            if repeated := _repeated(ids):
                raise ValueError(f"{what} 里 {repeated} 写了两次")
        known = {state.id for state in self.states}
        if not known:
            raise ValueError("states 至少写一个")
        final = {state.id for state in self.states if state.is_final}
        for move in self.moves:
            if strange := sorted({*move.leaves, move.to} - known):
                raise ValueError(f"moves 里 {move.id} 用了没有的状态 {strange[0]}")
            if self.reply_required and move.to in final and not move.needs_reply:
                raise ValueError(f"没有答复不能办结：moves 里 {move.id} 要写 needs_reply = true")
        if self.once is Once.WINDOW and not self.needs_window:
            raise ValueError('once = "window" 要同时写 needs_window = true')
        if any(len(word) != 2 for word in self.splits):
            raise ValueError("splits 里每个词正好两个字，例如 谈话")
        self._names_fields()
        return self

    def _names_fields(self) -> None:
        kinds = {one.id: one.kind for one in self.fields}
        for what, name, kind in (
            ("owner_field", self.owner_field, FieldKind.PEOPLE),
            ("due_field", self.due_field, FieldKind.DATE),
        ):
            if name and kinds.get(name) is not kind:
                raise ValueError(f"{what} 要写一个 {kind} 字段的 id")
        if self.one_vote_per_rater and self.votes_on not in kinds:
            raise ValueError("one_vote_per_rater 要同时写 votes_on：评的是哪一个字段")
        named = [
            *((f"moves 里 {one.id} 的 fills", one.fills) for one in self.moves if one.fills),
            *((f"fields 里 {one.id} 的 only_if", name) for one in self.fields
              for name in one.only_if),
            *(("anonymous_if", name) for name in self.anonymous_if),
        ]  # fmt: skip
        for what, name in named:
            if name not in kinds:
                raise ValueError(f"{what} 写了没有的字段 {name}")
        for name in _PLACEHOLDER.findall(self.rename):
            if name not in kinds and name not in _FILE_WORDS:
                raise ValueError(f"rename 里不能写 {{{name}}}，可以写 {'、'.join(_FILE_WORDS)}")

    @property
    def is_vote(self) -> bool:
        """Whether nobody looks at single ones but those who handed them in."""
        return self.anonymous or self.hidden_until_closed

    def is_anonymous(self, values: Mapping[str, object]) -> bool:
        """Whether nobody may know who handed this one in."""
        told = self.anonymous_if.items()
        return self.anonymous or any(values.get(name) == said for name, said in told)

    @property
    def points_key(self) -> str:
        return self.points or self.id

    @property
    def proven(self) -> frozenset[str]:
        """Evidence codes that a record of this type counts for."""
        return frozenset({self.id, *self.proves})

    def moves_from(self, state: str) -> tuple[Move, ...]:
        return tuple(move for move in self.moves if state in move.leaves)

    def field(self, field_id: str) -> RecordField | None:
        return next((one for one in self.fields if one.id == field_id), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """Where a text names a type; a hint counts only where nothing else is named."""

    start: int
    end: int
    type: RecordType
    is_hint: bool = False


class RecordTypes:
    """All declared types, looked up by id, by name, or by what a text mentions."""

    def __init__(self, types: Iterable[RecordType]) -> None:
        self._types = {one.id: one for one in types}

    def __iter__(self) -> Iterator[RecordType]:
        return iter(self._types.values())

    def __len__(self) -> int:
        return len(self._types)

    def get(self, type_id: str) -> RecordType | None:
        return self._types.get(type_id)

    def named(self, name: str) -> RecordType | None:
        """By id, name or alias, exactly; a name goes before an alias."""
        if found := self._types.get(name):
            return found
        by_name = next((one for one in self if one.name == name), None)
        return by_name or next((one for one in self if name in one.aliases), None)

    def mentions(self, text: str) -> list[Mention]:
        """Left to right, none inside another: the longest word at a place counts."""
        found: list[Mention] = []
        end = 0
        for match in self._words.finditer(text):
            word = match[0]
            owner = self._owner.get(word)
            if owner is None:
                owner = self._owner[word[0] + word[-1]]
            if match.start() >= end:
                type_, is_hint = owner
                found.append(
                    Mention(start=match.start(), end=match.end(), type=type_, is_hint=is_hint)
                )
                end = match.end()
        return found

    @cached_property
    def _owner(self) -> dict[str, tuple[RecordType, bool]]:
        owner: dict[str, tuple[RecordType, bool]] = {}
        for words, is_hint in (
            (lambda one: (one.name,), False),
            (lambda one: (*one.aliases, *one.splits), False),
            (lambda one: one.hints, True),
        ):
            for type_ in self:
                for word in words(type_):
                    owner.setdefault(word, (type_, is_hint))
        return owner

    @cached_property
    def _words(self) -> re.Pattern[str]:
        patterns = [(len(word), re.escape(word)) for word in self._owner]
        counted = "(?:[了过完]{0,2}(?:[一两二三四五六七八九十几0-9]{0,3}[次场个堂回])?)"
        patterns += [(2, f"{word[0]}{counted}{word[1]}") for type_ in self for word in type_.splits]
        patterns.sort(key=lambda pattern: -pattern[0])
        return re.compile("|".join(pattern for _length, pattern in patterns) or "(?!)")


def _repeated(ids: Sequence[str]) -> str | None:
    return next((one for n, one in enumerate(ids) if one in ids[:n]), None)
