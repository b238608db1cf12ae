"""``[points]`` and ``[retention]``: values by record type, named by its id or in Chinese. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import TypeVar

from bot.errors import ConfigError
from handlers.records.types import RecordType, RecordTypes

V = TypeVar("V")
_SHOWN = 3


def points_by_key(values: Mapping[str, float], types: RecordTypes) -> dict[str, float]:
    """By what types call their points.

    Raises:
        ConfigError: A name is that of no type.
    """
    shared = {one.points_key for one in types}
    return {
        name if name in shared else _type(name, types, "points").points_key: value
        for name, value in values.items()
    }


def days_by_type(values: Mapping[str, int], types: RecordTypes) -> dict[str, int]:
    """By the ids of types.

    Raises:
        ConfigError: A name is that of no type.
    """
    return {_type(name, types, "retention").id: days for name, days in values.items()}


def _type(name: str, types: RecordTypes, section: str) -> RecordType:
    found = types.named(name)
    if found is None:
        known = [word for one in types for word in (one.id, one.name)]
        near = "、".join(get_close_matches(name, known, _SHOWN, 0.4))
        hint = f"是不是要写：{near}？" if near else "类型的名称见 data/record_types 和自带的类型。"
        raise ConfigError(
            f"[{section}] names no record type",
            reply=f"yaodian.toml 的 [{section}] 里，“{name}”不是记录类型。{hint}",
        )
    return found
