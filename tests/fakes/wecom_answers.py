"""How qyapi answers, and what it reads in a request."""

from __future__ import annotations

import base64
import hashlib
import json

from aiohttp import web

Body = dict[str, object]


def is_image(content: Body) -> bool:
    raw = base64.b64decode(str(content.get("base64")))
    return hashlib.md5(raw, usedforsecurity=False).hexdigest() == content.get("md5")


def cut_off(body: Body) -> Body:
    """WeCom cuts a text beyond 2,048 bytes without a word."""
    content = body[str(body["msgtype"])]
    if body["msgtype"] not in ("text", "markdown") or not isinstance(content, dict):
        return body
    kept = str(content["content"]).encode()[:2048].decode(errors="replace")
    return {**body, str(body["msgtype"]): {**content, "content": kept}}


def calls_back(body: Body) -> bool:
    card = body.get("template_card")
    return isinstance(card, dict) and card.get("card_type") == "button_interaction"


def rows_of(body: Body, name: str) -> list[Body]:
    rows = body.get(name, [])
    return rows if isinstance(rows, list) else []


def json_of(raw: bytes) -> Body:
    body = json.loads(raw)
    assert isinstance(body, dict)
    return body


def ok(**fields: object) -> web.Response:
    return web.json_response({"errcode": 0, "errmsg": "ok", **fields})


def error(errcode: int) -> web.Response:
    return web.json_response({"errcode": errcode, "errmsg": "for people, not for programs"})


def close(request: web.Request) -> web.Response:
    assert request.transport is not None
    request.transport.close()
    return web.Response()
