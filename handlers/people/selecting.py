"""Which member and which unit somebody means, among those they may know of."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from sqlalchemy.orm import Session

from bot.errors import NotFound, UsageError
from bot.messages import Role
from handlers.people.roster import ROLE_NAMES
from store import people
from store.models import Member, Unit

_NAMED = re.compile(r"@?(?P<name>[^()（）#]+?)\s*(?:[(（](?P<unit>[^()（）]+)[)）])?")
_PATH = re.compile(r"\s*[/／>＞]\s*")


def plain(text: str) -> str:
    """Without what input methods and spaces add."""
    return unicodedata.normalize("NFKC", text).strip()


def member_meant(session: Session, text: str) -> Member:
    """By name, 姓名（单位） or #number.

    Raises:
        NotFound: There is none.
        UsageError: There are several; the reply lists them.
    """
    words = plain(text)
    if re.fullmatch(r"#\d{1,9}", words):
        member = people.member(session, int(words[1:]))
        found: Sequence[Member] = [member] if member is not None and member.is_active else []
        unit = None
    else:
        named = _NAMED.fullmatch(words)
        unit = named["unit"] if named else None
        found = people.members_named(session, named["name"]) if named else ()
    if unit is not None:
        found = [one for one in found if unit in _unit_names(session, one.id)]
    if not found:
        raise NotFound("no such member", reply=f"花名册上没有“{words}”，请核对姓名。")
    if len(found) > 1:
        lines = "\n".join(
            f"- #{one.id} {one.name}（{'、'.join(_unit_names(session, one.id))}）" for one in found
        )
        raise UsageError(
            "several members fit", reply=f"有好几位，请写编号，如 #{found[0].id}：\n{lines}"
        )
    return found[0]


def unit_meant(session: Session, text: str) -> Unit:
    """By name, by the end of its path, by a clear part of its name, or by #number.

    Raises:
        NotFound: There is none.
        UsageError: There are several; the reply lists them.
    """
    path = [part for part in _PATH.split(plain(text)) if part]
    every = {unit.id: unit for unit in people.units(session)}
    numbered = re.fullmatch(r"#(\d{1,9})", plain(text))
    if numbered and (unit := every.get(int(numbered[1]))):
        return unit
    found = [unit for unit in every.values() if path and _path(unit, every)[-len(path) :] == path]
    if not found and len(path) == 1:
        found = [unit for unit in every.values() if path[0] in unit.name]
    if not found:
        raise NotFound("no such unit", reply=f"没有“{text}”这个单位，请核对名称。")
    if len(found) > 1:
        lines = "\n".join(f"- {'/'.join(_path(unit, every))}" for unit in found[:10])
        raise UsageError("several units fit", reply=f"有好几个单位都像，请写全：\n{lines}")
    return found[0]


def role_meant(text: str) -> Role:
    """支部书记 and the like.

    Raises:
        UsageError: There is no such role.
    """
    role = ROLE_NAMES.get(plain(text))
    if role is None:
        raise UsageError(
            "no such role", reply=f"没有“{text}”这个角色，可以写：{'、'.join(ROLE_NAMES)}。"
        )
    return role


def unit_name(session: Session, unit_id: int | None) -> str:
    """What a unit is called; everyone's is 所有人."""
    row = None if unit_id is None else people.unit(session, unit_id)
    return "所有人" if row is None else row.name


def _unit_names(session: Session, member_id: int) -> list[str]:
    ids = dict.fromkeys(one.unit_id for one in people.memberships(session, member_id))
    return [unit_name(session, one) for one in ids]


def _path(unit: Unit, every: dict[int, Unit]) -> list[str]:
    names = [unit.name]
    while unit.parent_id is not None:
        unit = every[unit.parent_id]
        names.append(unit.name)
    return names[::-1]
