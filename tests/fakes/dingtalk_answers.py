"""How each family of the simulated DingTalk says yes and no."""

from __future__ import annotations

import json

from aiohttp import web

Body = dict[str, object]


def new_error(status: int, code: str, *, scopes: list[str] | None = None) -> web.Response:
    body: Body = {"code": code, "message": "for people", "requestid": "r1"}
    if scopes is not None:
        body["accessdenieddetail"] = {"requiredScopes": scopes}
    return web.json_response(body, status=status)


def old_error(errcode: str, sub_code: str) -> web.Response:
    body: Body = {"errcode": int(errcode), "errmsg": "for people", "request_id": "r1"}
    if sub_code:
        body |= {"sub_code": sub_code, "sub_msg": "for people"}
    return web.json_response(body)


def old_ok(**fields: object) -> web.Response:
    return web.json_response({"errcode": 0, "errmsg": "ok", **fields})


def json_of(raw: bytes) -> Body:
    body = json.loads(raw)
    assert isinstance(body, dict)
    return body
