"""Files on their way to DingTalk: uploaded once, wrapped where the robot does not take their kind.

Source:
    DingTalk, 上传媒体文件; 机器人消息类型, sampleFile: fileType is one of xlsx, pdf, zip, rar, doc,
    docx. How long a media id lives is not documented.
"""

from __future__ import annotations

import asyncio
import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import PurePosixPath

from bot.channels.base import ReadBlob
from bot.channels.dingtalk.api import OpenApi
from bot.channels.dingtalk.rendering import Media, dumped
from bot.errors import ChannelUnavailable
from bot.messages import Attachment

_KEPT = timedelta(hours=12)
_FILE_TYPES = frozenset({"xlsx", "pdf", "zip", "rar", "doc", "docx"})
_IMAGES = frozenset({"image/jpeg", "image/png", "image/gif", "image/bmp"})
_MEGABYTE = 1024 * 1024
_IMAGE_BYTES, _FILE_BYTES = 10 * _MEGABYTE, 20 * _MEGABYTE
_EPOCH = (2020, 1, 1, 0, 0, 0)
"""Of what is inside a wrapping, so that the same file gives the same bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrapped:
    """Bytes as DingTalk takes them."""

    kind: str
    name: str
    content: bytes


def wrapped(attachment: Attachment, content: bytes) -> Wrapped | None:
    """As an image, as a file, or as a file in a .zip; None when it is empty or too big."""
    if not 0 < len(content) <= _FILE_BYTES:
        return None
    if attachment.media_type in _IMAGES and len(content) <= _IMAGE_BYTES:
        return Wrapped(kind="image", name=attachment.name, content=content)
    if file_type(attachment.name) in _FILE_TYPES:
        return Wrapped(kind="file", name=attachment.name, content=content)
    box = io.BytesIO()
    with zipfile.ZipFile(box, "w", zipfile.ZIP_DEFLATED) as archive:
        name = PurePosixPath(attachment.name.replace("\\", "/")).name or "附件"
        archive.writestr(zipfile.ZipInfo(name, _EPOCH), content, zipfile.ZIP_DEFLATED)
    if len(box.getvalue()) > _FILE_BYTES:
        return None
    return Wrapped(kind="file", name=f"{attachment.name}.zip", content=box.getvalue())


def file_type(name: str) -> str:
    """The ending, without its dot."""
    return PurePosixPath(name).suffix.lower().removeprefix(".")


def as_robot(media: Media) -> tuple[str, str]:
    """As ``msgKey`` and ``msgParam``."""
    if media.kind == "image":
        return "sampleImageMsg", dumped({"photoURL": media.media_id})
    param = {
        "mediaId": media.media_id,
        "fileName": media.name,
        "fileType": file_type(media.name) or "zip",
    }
    return "sampleFile", dumped(param)


class MediaStore:
    """Uploads each blob once for a while."""

    def __init__(self, api: OpenApi, clock: Callable[[], datetime]) -> None:
        self._api = api
        self._clock = clock
        self._uploaded: dict[tuple[str, str], tuple[Media, datetime]] = {}

    async def upload(self, attachment: Attachment, read_blob: ReadBlob) -> Media | None:
        """None when DingTalk takes it in no form.

        Raises:
            ChannelUnavailable: It could not be uploaded now.
        """
        key, now = (attachment.blob or "", attachment.name), self._clock()
        known = self._uploaded.get(key)
        if known is not None and known[1] > now:
            return known[0]
        content = await read_blob(key[0])
        thing = await asyncio.to_thread(wrapped, attachment, content)
        if thing is None:
            return None
        answer = await self._api.upload(thing.kind, thing.content, thing.name)
        media_id = answer.get("media_id")
        if not isinstance(media_id, str) or not media_id:
            raise ChannelUnavailable("/media/upload: an answer without a media_id")
        media = Media(
            blob=key[0],
            kind=thing.kind,
            name=thing.name,
            media_id=media_id,
            original=attachment.name,
            media_type=attachment.media_type,
        )
        self._uploaded = {key: one for key, one in self._uploaded.items() if one[1] > now}
        self._uploaded[key] = (media, now + _KEPT)
        return media

    async def upload_again(self, media: Media, read_blob: ReadBlob) -> Media | None:
        """For a media id that DingTalk knows no longer."""
        self._uploaded.pop((media.blob, media.original), None)
        attachment = Attachment(name=media.original, media_type=media.media_type, blob=media.blob)
        return await self.upload(attachment, read_blob)
