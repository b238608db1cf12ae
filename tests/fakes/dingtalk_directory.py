"""The address book of the simulated DingTalk; numbers and booleans as strings, as samples show."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field

from aiohttp import web

Body = dict[str, object]
Route = tuple[str, str, Callable[[web.Request], Awaitable[web.StreamResponse]]]


@dataclass(slots=True)
class DirectoryApi:
    """``departments``: dept_id, name, parent_id; ``staff``: userid, name, dept_id_list …"""

    departments: list[Body] = field(default_factory=list)
    staff: list[Body] = field(default_factory=list)
    codes: dict[str, str] = field(default_factory=dict)
    page: int = 100

    def routes(self) -> Iterator[Route]:
        yield "POST", "/topapi/v2/department/listsub", self._listsub
        yield "POST", "/topapi/v2/department/get", self._department
        yield "POST", "/topapi/v2/user/list", self._list
        yield "POST", "/topapi/v2/user/get", self._get
        yield "POST", "/topapi/v2/user/getuserinfo", self._userinfo

    async def _listsub(self, request: web.Request) -> web.Response:
        parent = str((await _body(request)).get("dept_id", 1))
        return _result([one for one in self.departments if str(one.get("parent_id")) == parent])

    async def _department(self, request: web.Request) -> web.Response:
        wanted = str((await _body(request)).get("dept_id"))
        found = [one for one in self.departments if str(one["dept_id"]) == wanted]
        return _result(found[0]) if found else _error(60003)

    async def _list(self, request: web.Request) -> web.Response:
        body = await _body(request)
        wanted, size = str(body["dept_id"]), min(int(str(body["size"])), self.page)
        start = int(str(body["cursor"]))
        found = [one for one in self.staff if wanted in map(str, _list_of(one))]
        page = found[start : start + size]
        has_more = start + size < len(found)
        result: Body = {"list": page, "has_more": str(has_more).lower()}
        if has_more:
            result["next_cursor"] = str(start + size)
        return _result(result)

    async def _get(self, request: web.Request) -> web.Response:
        wanted = (await _body(request)).get("userid")
        found = [one for one in self.staff if one["userid"] == wanted]
        return _result(found[0]) if found else _error(60121)

    async def _userinfo(self, request: web.Request) -> web.Response:
        account = self.codes.pop(str((await _body(request)).get("code")), None)
        return _error(40078) if account is None else _result({"userid": account, "name": account})


def _list_of(member: Body) -> list[object]:
    departments = member.get("dept_id_list")
    return departments if isinstance(departments, list) else []


async def _body(request: web.Request) -> Body:
    body = json.loads(await request.read())
    assert isinstance(body, dict)
    return body


def _result(result: object) -> web.Response:
    return web.json_response({"errcode": "0", "errmsg": "ok", "result": result})


def _error(errcode: int) -> web.Response:
    return web.json_response({"errcode": errcode, "errmsg": "for people", "request_id": "r1"})
