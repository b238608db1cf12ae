"""What a page's form sends: words and files, within limits, read as it comes in."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aiohttp import BodyPartReader, web

_MOST_BYTES = 100 * 2**20
"""Of a request; what is more is not read at all."""
_KEPT_BYTES = 60 * 2**20
_FILE_BYTES = 20 * 2**20
_TEXT_BYTES = 64 * 1024
_MOST_PARTS = 300
_PIECE_BYTES = 64 * 1024
_PATIENCE_S = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """By the names of the page's fields; ``too_large`` are fields that a file was left out of."""

    texts: Mapping[str, Sequence[str]]
    files: Mapping[str, Sequence[tuple[str, bytes]]]
    too_large: frozenset[str]

    def text(self, name: str) -> str:
        """The first of this name, or nothing."""
        return next(iter(self.texts.get(name, ())), "")


async def read_sent(request: web.Request) -> Sent:
    """Read a ``multipart/form-data`` body.

    Raises:
        web.HTTPException: It is none, or more than a page of ours may send.
    """
    if request.content_type != "multipart/form-data":
        raise web.HTTPUnsupportedMediaType(text="请用网页上的按钮提交。")
    if request.content_length is None:
        raise web.HTTPLengthRequired(text="请用网页上的按钮提交。")
    if request.content_length > _MOST_BYTES:
        raise web.HTTPRequestEntityTooLarge(
            _MOST_BYTES, request.content_length, text="一次传的文件太多，请返回，分几次传。"
        )
    try:
        async with asyncio.timeout(_PATIENCE_S):
            return await _read(request)
    except TimeoutError as error:
        raise web.HTTPRequestTimeout(text="传得太慢，请换个网络再试。") from error
    except (ValueError, AssertionError) as error:
        raise web.HTTPBadRequest(text="没有传完整，请再试一次。") from error


async def _read(request: web.Request) -> Sent:
    texts: defaultdict[str, list[str]] = defaultdict(list)
    files: defaultdict[str, list[tuple[str, bytes]]] = defaultdict(list)
    too_large: set[str] = set()
    left = _KEPT_BYTES
    reader = await request.multipart()
    for _ in range(_MOST_PARTS):
        part = await reader.next()
        if part is None:
            break
        if not isinstance(part, BodyPartReader) or part.name is None:
            raise ValueError("not a field")
        if part.filename is None:
            words = await _bytes(part, _TEXT_BYTES)
            if words is None:
                raise ValueError("too many words")
            texts[part.name].append(words.decode("utf-8", "replace").replace("\r\n", "\n"))
            continue
        content = await _bytes(part, min(left, _FILE_BYTES))
        if content is None:
            too_large.add(part.name)
        elif content or part.filename:
            left -= len(content)
            files[part.name].append((part.filename, content))
    else:
        raise ValueError("too many fields")
    return Sent(texts=texts, files=files, too_large=frozenset(too_large))


async def _bytes(part: BodyPartReader, most: int) -> bytes | None:
    """A part's content; None, once it is read to its end, where it is longer than ``most``."""
    found = bytearray()
    is_over = False
    while piece := await part.read_chunk(_PIECE_BYTES):
        is_over = is_over or len(found) + len(piece) > most
        if is_over:
            found.clear()
        else:
            found += piece
    return None if is_over else bytes(found)
