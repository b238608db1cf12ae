"""Departments and members that the app may see, and signing in with a WeCom account.

Source:
    WeCom, 获取部门列表 (path/90208), 获取部门成员 (path/90200), 网页授权 (path/91022, 98152).
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable
from urllib.parse import urlencode

from bot.channels.base import Directory, DirectoryMember, DirectoryUnit
from bot.channels.wecom.api import Json, QyApi
from bot.channels.wecom.errors import Action, PlatformRefused
from bot.errors import ChannelUnavailable, NotAllowed

_AT_ONCE = 4
_STATE = re.compile(r"[A-Za-z0-9]{1,128}")
_CODE = re.compile(r"[\x21-\x7e]{1,512}")


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


async def account_of(api: QyApi, code: str) -> str:
    """The account that signed in.

    Raises:
        NotAllowed: The code is used up, or belongs to somebody outside the corp.
    """
    if not _CODE.fullmatch(code):
        raise NotAllowed("malformed sign-in code", reply=_START_AGAIN)
    try:
        answer = await api.get("auth/getuserinfo", code=code)
    except PlatformRefused as error:
        if error.action is Action.LOGIN:
            raise NotAllowed(str(error), reply=_START_AGAIN) from error
        raise
    account = answer.get("userid") or answer.get("UserId")
    if not isinstance(account, str) or not account:
        raise NotAllowed("sign-in by somebody outside the corp", reply=_OUTSIDER)
    return account


def web_sign_in_url(corp_id: str, agent_id: int, redirect_to: str, state: str) -> str:
    """The page with a QR code, for a browser outside WeCom."""
    query = {
        "login_type": "CorpApp",
        "appid": corp_id,
        "agentid": agent_id,
        "redirect_uri": redirect_to,
        "state": _checked(state),
        "lang": "zh",
    }
    return f"https://login.work.weixin.qq.com/wwlogin/sso/login?{urlencode(query)}"


def inside_sign_in_url(corp_id: str, agent_id: int, redirect_to: str, state: str) -> str:
    """The silent redirect, for a page opened inside WeCom."""
    query = {
        "appid": corp_id,
        "redirect_uri": redirect_to,
        "response_type": "code",
        "scope": "snsapi_base",
        "state": _checked(state),
        "agentid": agent_id,
    }
    address = f"https://open.weixin.qq.com/connect/oauth2/authorize?{urlencode(query)}"
    return f"{address}#wechat_redirect"


_START_AGAIN = "登录链接已失效，请重新打开登录页。"
_OUTSIDER = "您不在本单位的企业微信通讯录里，请联系管理员。"


def _checked(state: str) -> str:
    if not _STATE.fullmatch(state):
        raise ValueError("state must be 1-128 letters and digits")
    return state


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
