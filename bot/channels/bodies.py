"""What both kinds of callbacks read of a request, within bounds."""

from __future__ import annotations

from aiohttp import web

from bot.errors import BadSignature

_PARAMETER_CHARS = 128


async def read_capped(request: web.Request, limit_bytes: int) -> bytes:
    """The body.

    Raises:
        HTTPRequestEntityTooLarge: As soon as it is over the limit, whatever was announced.
    """
    announced = request.content_length
    if (
        announced is not None
        and announced <= limit_bytes
        and not request.headers.get("Content-Encoding")
    ):
        return await request.read()
    body = bytearray()
    if announced is None or announced <= limit_bytes:
        async for chunk in request.content.iter_any():
            body += chunk
            if len(body) > limit_bytes:
                break
        else:
            return bytes(body)
    raise web.HTTPRequestEntityTooLarge(max_size=limit_bytes, actual_size=len(body))


def parameter(request: web.Request, name: str) -> str:
    """A parameter of the query that stands there once.

    Raises:
        BadSignature: It does not.
    """
    values = request.query.getall(name, [])
    if len(values) != 1 or len(values[0]) > _PARAMETER_CHARS:
        raise BadSignature(f"callback parameter {name} is missing, doubled or too long")
    return values[0]
