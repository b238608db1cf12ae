"""Departments and members that the app may see.

Source:
    WeCom, 获取部门列表 (path/90208), 获取部门成员 (path/90200).
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from bot.channels.base import Directory, DirectoryMember, DirectoryUnit
from bot.channels.wecom.api import Json, QyApi
from bot.channels.wecom.errors import Action, PlatformRefused
from bot.errors import ChannelUnavailable

_AT_ONCE = 4


async def read_directory(api: QyApi) -> Directory:
    """Read units and members; a unit at the top of what is visible has no parent."""
    units = await _units(api)
    gate = asyncio.Semaphore(_AT_ONCE)

    async def members_of(unit: DirectoryUnit) -> list[Json]:
        async with gate:
            return _rows(await api.get("user/simplelist", department_id=unit.id), "userlist")

    async with asyncio.TaskGroup() as group:
        listings = [group.create_task(members_of(unit)) for unit in units]
    rows = [row for listing in listings for row in listing.result()]
    return Directory(units=units, members=_members(rows, {unit.id for unit in units}))


async def visible_units(api: QyApi) -> int:
    """How many departments the app may see; the cheapest question to ask."""
    return len(_rows(await api.get("department/simplelist"), "department_id"))


async def _units(api: QyApi) -> tuple[DirectoryUnit, ...]:
    try:
        rows = _rows(await api.get("department/list"), "department")
    except PlatformRefused as error:
        if error.action is not Action.SPLIT:
            raise
        rows = await _units_one_by_one(api)
    visible = {str(row.get("id")) for row in rows}
    units = (_unit(row, visible) for row in rows)
    return tuple(sorted(units, key=lambda unit: (-unit.order, unit.id)))


async def _units_one_by_one(api: QyApi) -> list[Json]:
    found: list[Json] = []
    for row in _rows(await api.get("department/simplelist"), "department_id"):
        one = (await api.get("department/get", id=str(row.get("id")))).get("department")
        found.append({**row, **one} if isinstance(one, dict) else row)
    return found


def _unit(row: Json, visible: set[str]) -> DirectoryUnit:
    unit_id, parent = str(row.get("id")), str(row.get("parentid"))
    order = row.get("order")
    return DirectoryUnit(
        id=unit_id,
        name=str(row.get("name") or f"部门{unit_id}"),
        parent_id=parent if parent in visible and parent != unit_id else None,
        order=order if isinstance(order, int) else 0,
    )


def _members(rows: Iterable[Json], visible: set[str]) -> tuple[DirectoryMember, ...]:
    found: dict[str, DirectoryMember] = {}
    for row in rows:
        account, departments = row.get("userid"), row.get("department")
        if not isinstance(account, str) or not isinstance(departments, list):
            continue
        found[account] = DirectoryMember(
            account=account,
            name=str(row.get("name") or account),
            unit_ids=tuple(str(unit) for unit in departments if str(unit) in visible),
        )
    return tuple(found.values())


def _rows(answer: Json, name: str) -> list[Json]:
    rows = answer.get(name)
    if not isinstance(rows, list):
        raise ChannelUnavailable(f"an answer without {name}")
    return [row for row in rows if isinstance(row, dict)]
