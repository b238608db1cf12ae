"""Departments and members that the app may see, and what one of them is called elsewhere.

Source:
    DingTalk, 获取部门列表 (next level only), 获取部门用户详情, 查询用户详情. Samples show numbers
    and booleans as strings. ``active`` is about having signed in once, not about having left.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from bot.channels.base import Directory, DirectoryMember, DirectoryUnit
from bot.channels.dingtalk.api import OpenApi
from bot.channels.dingtalk.errors import Action, PlatformRefused
from bot.errors import ChannelUnavailable

ROOT = 1
_PAGE = 100
_MOST_UNITS, _MOST_PAGES = 5_000, 1_000
_MOST_DIGITS = 18

Json = Mapping[str, object]


async def read_directory(api: OpenApi) -> Directory:
    """Read units and members, the root first; two calls or more for each department."""
    units = {str(ROOT): await _root(api)}
    members: dict[str, DirectoryMember] = {}
    waiting = [str(ROOT)]
    while waiting:
        unit_id = waiting.pop(0)
        for unit in await children(api, unit_id):
            if unit.id not in units and len(units) < _MOST_UNITS:
                units[unit.id] = unit
                waiting.append(unit.id)
        for member in await _members(api, unit_id):
            members.setdefault(member.account, member)
    visible = set(units)
    return Directory(
        units=tuple(units.values()),
        members=tuple(_within(member, visible) for member in members.values()),
    )


async def children(api: OpenApi, unit_id: str) -> list[DirectoryUnit]:
    """The departments right below one."""
    answer = await api.old(
        "/topapi/v2/department/listsub", {"dept_id": _number(unit_id)}, is_repeatable=True
    )
    return list(units_of(answer))


async def has_members(api: OpenApi, unit_id: str) -> bool:
    """Whether anybody of one department may be seen."""
    found, _ = await _page_of_members(api, unit_id, 0)
    return bool(found)


async def member(api: OpenApi, account: str) -> DirectoryMember | None:
    """One member; None when there is nobody of this account to be seen."""
    answer = await _looked_up(api, account)
    rows = [] if answer is None else [answer.get("result")]
    return next(members_of(rows), None)


async def union_id(api: OpenApi, account: str) -> str | None:
    """What 待办 calls somebody; None when there is nobody of this account to be seen."""
    answer = await _looked_up(api, account)
    result = None if answer is None else answer.get("result")
    found = result.get("unionid") if isinstance(result, Mapping) else None
    return found if isinstance(found, str) and found else None


def units_of(answer: Json) -> Iterator[DirectoryUnit]:
    """Read a list of departments; what makes no sense is left out."""
    rows = answer.get("result")
    for row in rows if isinstance(rows, list) else ():
        if isinstance(row, Mapping) and (unit_id := _text(row.get("dept_id"))):
            parent = _text(row.get("parent_id"))
            yield DirectoryUnit(
                id=unit_id,
                name=_text(row.get("name")) or f"部门{unit_id}",
                parent_id=parent if parent and parent != unit_id else None,
            )


def members_of(rows: object) -> Iterator[DirectoryMember]:
    """Read members; what makes no sense is left out."""
    for row in rows if isinstance(rows, list) else ():
        if not isinstance(row, Mapping) or not (account := _text(row.get("userid"))):
            continue
        units = row.get("dept_id_list")
        yield DirectoryMember(
            account=account,
            name=_text(row.get("name")) or account,
            unit_ids=tuple(map(_text, units)) if isinstance(units, list) else (),
            mobile=_text(row.get("mobile")) or None,
        )


async def _root(api: OpenApi) -> DirectoryUnit:
    answer = await api.old("/topapi/v2/department/get", {"dept_id": ROOT}, is_repeatable=True)
    result = answer.get("result")
    name = _text(result.get("name")) if isinstance(result, Mapping) else ""
    return DirectoryUnit(id=str(ROOT), name=name or "本单位", parent_id=None)


async def _members(api: OpenApi, unit_id: str) -> list[DirectoryMember]:
    found: list[DirectoryMember] = []
    cursor = 0
    for _ in range(_MOST_PAGES):
        some, after = await _page_of_members(api, unit_id, cursor)
        found += some
        if after is None or after <= cursor:
            break
        cursor = after
    return found


async def _page_of_members(
    api: OpenApi, unit_id: str, cursor: int
) -> tuple[list[DirectoryMember], int | None]:
    """Some of a department's members, and where the next ones begin; None after the last."""
    body = {"dept_id": _number(unit_id), "cursor": cursor, "size": _PAGE}
    answer = await api.old("/topapi/v2/user/list", body, is_repeatable=True)
    result = answer.get("result")
    if not isinstance(result, Mapping) or not isinstance(result.get("list"), list):
        raise ChannelUnavailable("user/list: an answer without a list")
    found = list(members_of(result["list"]))
    after = _text(result.get("next_cursor"))
    is_last = _text(result.get("has_more")).lower() != "true" or not _is_number(after)
    return found, None if is_last else int(after)


async def _looked_up(api: OpenApi, account: str) -> Json | None:
    try:
        return await api.old("/topapi/v2/user/get", {"userid": account}, is_repeatable=True)
    except PlatformRefused as error:
        if error.action is Action.DROP:
            return None
        raise


def _within(member: DirectoryMember, visible: set[str]) -> DirectoryMember:
    """Without departments that the app may not see."""
    return DirectoryMember(
        account=member.account,
        name=member.name,
        unit_ids=tuple(unit for unit in member.unit_ids if unit in visible),
        mobile=member.mobile,
    )


def _number(unit_id: str) -> int | str:
    return int(unit_id) if _is_number(unit_id) else unit_id


def _is_number(text: str) -> bool:
    """Short enough to be one; ``int`` refuses what is thousands of digits long."""
    return text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS


def _text(value: object) -> str:
    """Numbers, booleans and strings alike, as DingTalk writes them."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value).strip() if isinstance(value, str | int) else ""
