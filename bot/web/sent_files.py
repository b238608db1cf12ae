"""Files that the chat page sends, read piece by piece within a limit."""

from __future__ import annotations

import mimetypes
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiohttp import BodyPartReader, web

from bot.messages import Attachment

MOST_FILES = 9
TOTAL_BYTES = 50 * 2**20
"""As much as a document may have; what a handler takes may be less."""
_WORDS_BYTES = 16 * 1024
_PIECE_BYTES = 64 * 1024
_NAME_CHARS = 120

KeepBlob = Callable[[bytes, str], Awaitable[str]]
"""Keeps bytes of a media type; the id of the blob."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SentFiles:
    """What one form brought: the page's id for the message, words, and the files, kept."""

    id: str
    text: str
    files: tuple[Attachment, ...]


async def read_files(request: web.Request, keep: KeepBlob) -> SentFiles:
    """Read a form of ``id``, ``text`` and up to nine ``file``.

    Raises:
        HTTPRequestEntityTooLarge: It is more than is taken at once.
        ValueError: It is no such form.
    """
    if request.content_type != "multipart/form-data":
        raise ValueError("not a form")
    if (request.content_length or 0) > TOTAL_BYTES + _WORDS_BYTES:
        raise _too_large()
    words: dict[str, str] = {}
    files: list[Attachment] = []
    left = TOTAL_BYTES
    async for part in await request.multipart():
        if not isinstance(part, BodyPartReader):
            raise ValueError("a form within a form")
        if part.name != "file":
            words[part.name or ""] = (await _read(part, _WORDS_BYTES)).decode()
            continue
        if len(files) == MOST_FILES:
            raise ValueError("too many files")
        content = await _read(part, left)
        left -= len(content)
        name = (part.filename or "文件")[-_NAME_CHARS:]
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        blob = await keep(content, kind)
        files.append(Attachment(name=name, media_type=kind, blob=blob, size_bytes=len(content)))
    if not files:
        raise ValueError("no file")
    return SentFiles(id=words.get("id", ""), text=words.get("text", ""), files=tuple(files))


async def _read(part: BodyPartReader, limit: int) -> bytes:
    content = bytearray()
    while piece := await part.read_chunk(_PIECE_BYTES):
        content += piece
        if len(content) > limit:
            raise _too_large()
    return bytes(content)


def _too_large() -> web.HTTPException:
    most = TOTAL_BYTES // 2**20
    return web.HTTPRequestEntityTooLarge(
        TOTAL_BYTES, TOTAL_BYTES + 1, text=f"文件太大了，一次最多 {most} MB，请压缩或分开发。"
    )
