"""Files to and from WeCom: uploads that live three days, downloads with a cap.

Source:
    WeCom, 上传临时素材 (path/90253), 获取临时素材 (path/90254).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import aiohttp

from bot.channels.wecom.api import QyApi
from bot.channels.wecom.errors import Action, PlatformRefused, error_of, rule_of
from bot.channels.wecom.incoming import MEDIA_PREFIX
from bot.errors import ChannelRefused, ChannelUnavailable
from bot.messages import Attachment

_KEPT = timedelta(days=2, hours=20)
_LEAST_BYTES = 6
_MEGABYTE = 1024 * 1024
_PIECE_BYTES = 16 * _MEGABYTE
"""Divisible by 16, since some files are kept encrypted; at most 20 MB are allowed."""
_TOTAL = re.compile(r"bytes \d+-\d+/(\d+)")


@dataclass(frozen=True, slots=True)
class _Kind:
    kind: str
    limit_bytes: int


_KINDS = {
    "image/jpeg": _Kind("image", 10 * _MEGABYTE),
    "image/png": _Kind("image", 10 * _MEGABYTE),
    "audio/amr": _Kind("voice", 2 * _MEGABYTE),
    "video/mp4": _Kind("video", 10 * _MEGABYTE),
}
_FILE = _Kind("file", 20 * _MEGABYTE)


def kind_of_media(attachment: Attachment, size_bytes: int) -> str | None:
    """image, voice, video or file; None when WeCom takes it in no form."""
    special = _KINDS.get(attachment.media_type, _FILE)
    for kind in (special, _FILE):
        if _LEAST_BYTES <= size_bytes <= kind.limit_bytes:
            return kind.kind
    return None


class MediaStore:
    """Uploads each blob once while WeCom keeps it, and fetches what people sent."""

    def __init__(self, api: QyApi, clock: Callable[[], datetime]) -> None:
        self._api = api
        self._clock = clock
        self._uploaded: dict[tuple[str, str], tuple[str, datetime]] = {}

    async def upload(self, blob: str, content: bytes, kind: str, name: str) -> str:
        """The media_id of ``content``, uploaded now unless it was within three days."""
        now = self._clock()
        known = self._uploaded.get((blob, kind))
        if known is not None and known[1] > now:
            return known[0]
        answer = await self._api.upload("media/upload", content, name, type=kind)
        media_id = answer.get("media_id")
        if not isinstance(media_id, str) or not media_id:
            raise ChannelUnavailable("media/upload: an answer without a media_id")
        self._uploaded[blob, kind] = (media_id, now + _KEPT)
        return media_id

    def forget(self, blob: str, kind: str) -> None:
        self._uploaded.pop((blob, kind), None)

    async def download(self, source: str, limit_bytes: int) -> bytes:
        """The bytes of something a person sent.

        Raises:
            ChannelRefused: Too big, expired, or not a source of ours.
        """
        if not source.startswith(MEDIA_PREFIX):
            raise ChannelRefused("not an attachment of this channel")
        media_id = source.removeprefix(MEDIA_PREFIX)
        try:
            return (await self._fetch(media_id, limit_bytes, None)).content
        except PlatformRefused as error:
            if error.action is not Action.RANGE:
                raise
        return await self._fetch_pieces(media_id, limit_bytes)

    async def _fetch_pieces(self, media_id: str, limit_bytes: int) -> bytes:
        content = b""
        while True:
            piece = await self._fetch(media_id, limit_bytes - len(content), len(content))
            content += piece.content
            if piece.total_bytes is None or len(content) >= piece.total_bytes:
                return content
            if not piece.content:
                raise ChannelUnavailable("media/get: an empty piece")

    async def _fetch(self, media_id: str, limit_bytes: int, start: int | None) -> _Piece:
        for is_last in (False, True):
            piece = await self._fetch_once(media_id, limit_bytes, start)
            if piece.errcode == 0:
                return piece
            if is_last or rule_of(piece.errcode).action is not Action.REFRESH:
                raise error_of(piece.errcode, "media/get")
            await self._api.drop_token(piece.errcode)
        raise AssertionError("unreachable")

    async def _fetch_once(self, media_id: str, limit_bytes: int, start: int | None) -> _Piece:
        headers = {}
        if start is not None:
            headers["Range"] = f"bytes={start}-{start + _PIECE_BYTES - 1}"
        response = await self._api.open("media/get", headers, media_id=media_id)
        async with response:
            if response.status not in (200, 206):
                raise ChannelUnavailable(f"media/get: HTTP {response.status}")
            content = await _read_capped(response, limit_bytes)
            if "Content-Disposition" not in response.headers and (errcode := _errcode_of(content)):
                return _Piece(errcode=errcode)
            total = _TOTAL.fullmatch(response.headers.get("Content-Range", ""))
            return _Piece(content=content, total_bytes=int(total[1]) if total else None)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Piece:
    content: bytes = b""
    total_bytes: int | None = None
    errcode: int = 0


async def _read_capped(response: aiohttp.ClientResponse, limit_bytes: int) -> bytes:
    content = bytearray()
    try:
        async for chunk in response.content.iter_chunked(64 * 1024):
            content += chunk
            if len(content) > limit_bytes:
                raise ChannelRefused(
                    "attachment is over the limit", reply="文件太大了，收不下，请压缩后再发。"
                )
    except (aiohttp.ClientError, TimeoutError) as error:
        raise ChannelUnavailable(f"media/get: {type(error).__name__}") from error
    return bytes(content)


def _errcode_of(content: bytes) -> int:
    """Errors come as JSON with HTTP 200 where a file would come with its name."""
    try:
        answer = json.loads(content)
    except ValueError:
        return 0
    errcode = answer.get("errcode", 0) if isinstance(answer, dict) else 0
    return errcode if isinstance(errcode, int) else 0
