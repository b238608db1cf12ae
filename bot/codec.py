"""Messages and replies as JSON, for inbox and outbox.

Fields at their default are left out, unknown ones are ignored and missing ones take their default,
so that rows written by another version can be read.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Hashable, Mapping
from datetime import datetime
from enum import Enum
from functools import cache
from json.encoder import encode_basestring
from operator import attrgetter
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from bot.messages import IncomingMessage, Reply

_V = TypeVar("_V")

_Read = Callable[[object], object]
_Write = Callable[[Any], str]
_NOT_STORED = frozenset({"stream"})
_WRITERS: dict[type, _Write] = {}
"""How values of each very type are written; found once, as every message needs it."""
_ENCODE = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def message_to_json(message: IncomingMessage) -> str:
    """As the inbox keeps it."""
    return _dump(message)


def message_from_json(text: str) -> IncomingMessage:
    """Raises ``ValueError`` for what ``message_to_json`` never wrote."""
    return _load(IncomingMessage, text)


def reply_to_json(reply: Reply) -> str:
    """Everything but the stream, which ends in the text."""
    return _dump(reply)


def reply_from_json(text: str) -> Reply:
    """Raises ``ValueError`` for what ``reply_to_json`` never wrote."""
    return _load(Reply, text)


def _dump(value: object) -> str:
    kind = type(value)
    write = _WRITERS.get(kind)
    if write is None:
        write = _WRITERS[kind] = _writer(kind)
    return write(value)


def _load(kind: type[_V], text: str) -> _V:
    try:
        return _checked(_reader(cast("Hashable", kind))(json.loads(text)), kind)
    except (TypeError, RecursionError) as error:
        raise ValueError(f"not a stored {kind.__name__}") from error


def _writer(kind: type) -> _Write:
    if kind is str:
        return encode_basestring
    if issubclass(kind, Enum):
        return {member: _dump(member.value) for member in kind}.__getitem__
    if issubclass(kind, datetime):
        return lambda value: f'"{value.isoformat()}"'
    if issubclass(kind, tuple):
        return lambda values: f"[{','.join(map(_dump, values))}]"
    if dataclasses.is_dataclass(kind):
        return _dataclass_writer(kind)
    return _ENCODE


def _dataclass_writer(kind: type) -> _Write:
    fields = [(f'"{name}":', attrgetter(name), default) for name, default in _fields(kind)]

    def write(value: object) -> str:
        texts = [
            head + _dump(content)
            for head, read, default in fields
            if (content := read(value)) != default
        ]
        return f"{{{','.join(texts)}}}"

    return write


@cache
def _fields(kind: type) -> tuple[tuple[str, object], ...]:
    return tuple(
        (field.name, field.default)
        for field in dataclasses.fields(kind)
        if field.name not in _NOT_STORED
    )


@cache
def _reader(annotation: Hashable) -> _Read:
    origin = get_origin(annotation)
    if origin in (Union, UnionType):
        return _optional(get_args(annotation))
    if origin is tuple:
        return _tuple(get_args(annotation))
    if not isinstance(annotation, type):
        raise TypeError(f"cannot read {annotation}")
    if annotation is datetime:
        return lambda value: datetime.fromisoformat(_checked(value, str))
    if issubclass(annotation, Enum):
        return annotation
    if dataclasses.is_dataclass(annotation):
        return _dataclass(annotation)
    return lambda value: _checked(value, annotation)


def _checked(value: object, kind: type[_V]) -> _V:
    if not isinstance(value, kind):
        raise TypeError(f"expected {kind.__name__}")
    return value


def _optional(choices: tuple[object, ...]) -> _Read:
    (kind,) = (choice for choice in choices if choice is not NoneType)
    read = _reader(kind)
    return lambda value: None if value is None else read(value)


def _tuple(kinds: tuple[object, ...]) -> _Read:
    if kinds[-1] is Ellipsis:
        read = _reader(kinds[0])
        return lambda values: tuple(read(value) for value in _checked(values, list))
    reads = [_reader(kind) for kind in kinds]
    return lambda values: tuple(
        read(value) for read, value in zip(reads, _checked(values, list), strict=True)
    )


def _dataclass(kind: type) -> _Read:
    hints = get_type_hints(kind)
    readers = {name: _reader(hints[name]) for name, _ in _fields(kind)}

    def read(value: object) -> object:
        fields: Mapping[str, object] = _checked(value, dict)
        known = {
            name: readers[name](content) for name, content in fields.items() if name in readers
        }
        return kind(**known)

    return read
