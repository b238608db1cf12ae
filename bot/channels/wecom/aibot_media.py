"""Files to and from the AI bot: encrypted downloads from known hosts, uploads in chunks.

Source:
    WeCom, 智能机器人长连接 (path/101463): a url lives 5 minutes and has its own ``aeskey``;
    upload sessions of at most 100 chunks of 512 KB.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import ipaddress
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from urllib.parse import unquote

import aiohttp
from yarl import URL

from bot.channels.base import Downloaded
from bot.channels.crypto import decrypt_media
from bot.channels.wecom.aibot_frames import Command, number_at, read_object, text_at
from bot.channels.wecom.aibot_outbound import Media, MediaType
from bot.channels.wecom.aibot_socket import AiBotSocket
from bot.errors import BadSignature, ChannelRefused, ChannelUnavailable, OutcomeUnknown

MEDIA_HOSTS = ("weixin.qq.com", "myqcloud.com", "qpic.cn", "qlogo.cn")
"""Where the platform keeps files; a name stands for its subdomains too."""
MOST_IMAGE_BYTES = 2 << 20
MOST_FILE_BYTES = 20 << 20
LEAST_BYTES = 5

_LIFE = timedelta(minutes=5)
_CHUNK_BYTES = 512 << 10
_DOWNLOAD_S = 60
_MOST_PADDING = 32
_IMAGE_MAGIC = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF8")
_GONE = "这张图片或文件的下载时间已过，请重新发一次。"


async def download(
    session: aiohttp.ClientSession,
    source: str,
    limit_bytes: int,
    *,
    now: datetime,
    hosts: Sequence[str] = MEDIA_HOSTS,
    key: bytes = b"",
) -> Downloaded:
    """Fetch and decrypt an attachment.

    Args:
        session: Its connector should use :class:`~bot.channels.public_hosts.GlobalResolver`.
        source: The attachment's own.
        limit_bytes: Most bytes of the plain file.
        now: Decides whether the url still lives.
        hosts: Allowed hosts; an address in digits is allowed only when listed itself.
        key: Used when the source carries none (callback mode).

    Raises:
        ChannelRefused: Not allowed, expired, too large or not decryptable; says so in Chinese.
        ChannelUnavailable: The host did not answer properly.
    """
    stored = read_object(source)
    url = _checked_url(text_at(stored, "url"), hosts)
    at = number_at(stored, "at")
    if at is None or now > datetime.fromtimestamp(at, UTC) + _LIFE:
        raise ChannelRefused("the media url has expired", reply=_GONE)
    own_key = text_at(stored, "key")
    key = decode_key(own_key) if own_key else key
    body, name = await _fetch(session, url, limit_bytes + _MOST_PADDING)
    try:
        content = await asyncio.to_thread(decrypt_media, key, body) if key else body
    except BadSignature as error:
        raise ChannelRefused("media cannot be decrypted", reply=_GONE) from error
    if len(content) > limit_bytes:
        raise _too_large(limit_bytes)
    return Downloaded(content=content, name=name)


def decode_key(aeskey: str) -> bytes:
    """The 32 bytes of a url's ``aeskey``, padded or not, in either alphabet of base64."""
    padded = aeskey.rstrip("=") + "=" * (-len(aeskey.rstrip("=")) % 4)
    try:
        key = base64.b64decode(padded, altchars=b"-_" if set("-_") & set(aeskey) else None)
    except (binascii.Error, ValueError) as error:
        raise ChannelRefused("the media key is not base64", reply=_GONE) from error
    if len(key) != 32:
        raise ChannelRefused("the media key is not 32 bytes", reply=_GONE)
    return key


def shown_as(content: bytes) -> MediaType:
    """A picture only when it is one the platform shows; anything else is a file."""
    is_image = content.startswith(_IMAGE_MAGIC) and len(content) <= MOST_IMAGE_BYTES
    return MediaType.IMAGE if is_image else MediaType.FILE


async def upload(connection: AiBotSocket, content: bytes, name: str) -> Media:
    """Give the platform a file of 5 bytes to 20 MB; it keeps it for 3 days."""
    kind = shown_as(content)
    chunks = [content[n : n + _CHUNK_BYTES] for n in range(0, len(content), _CHUNK_BYTES)]
    seed = hashlib.sha256(content).hexdigest()[:24]
    started = await _accepted(
        connection,
        Command.UPLOAD_START,
        f"{Command.UPLOAD_START}_{seed}",
        {
            "type": kind.value,
            "filename": _short_name(name),
            "total_size": len(content),
            "total_chunks": len(chunks),
            "md5": hashlib.md5(content, usedforsecurity=False).hexdigest(),
        },
    )
    upload_id = text_at(started, "upload_id")
    for n, chunk in enumerate(chunks):
        body = {
            "upload_id": upload_id,
            "chunk_index": n,
            "base64_data": base64.b64encode(chunk).decode(),
        }
        req_id = f"{Command.UPLOAD_CHUNK}_{seed}_{n}"
        await _accepted(connection, Command.UPLOAD_CHUNK, req_id, body)
    finished = await _accepted(
        connection,
        Command.UPLOAD_FINISH,
        f"{Command.UPLOAD_FINISH}_{seed}",
        {"upload_id": upload_id},
    )
    return Media(type=kind, media_id=text_at(finished, "media_id"))


async def _accepted(
    connection: AiBotSocket, command: Command, req_id: str, body: dict[str, object]
) -> object:
    try:
        answer = await connection.request(command, req_id, body)
    except OutcomeUnknown as error:
        raise ChannelUnavailable(f"{command}: {error}", retry_after_s=5) from error
    if answer.errcode:
        raise ChannelUnavailable(f"{command} refused, errcode {answer.errcode}", retry_after_s=60)
    return answer.body


async def _fetch(session: aiohttp.ClientSession, url: URL, limit_bytes: int) -> tuple[bytes, str]:
    timeout = aiohttp.ClientTimeout(total=_DOWNLOAD_S)
    try:
        async with session.get(url, allow_redirects=False, timeout=timeout) as response:
            if response.status != 200:
                raise ChannelUnavailable(f"media host answered {response.status}", reply=_GONE)
            body = bytearray()
            async for chunk in response.content.iter_chunked(1 << 16):
                body += chunk
                if len(body) > limit_bytes:
                    raise _too_large(limit_bytes - _MOST_PADDING)
            return bytes(body), file_name(response.headers.get("Content-Disposition", ""))
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        raise ChannelUnavailable(f"media host: {type(error).__name__}", reply=_GONE) from error


def file_name(disposition: str) -> str:
    """The name a Content-Disposition gives, without any folder; ``filename*`` wins."""
    extended = re.search(r"filename\*\s*=\s*(?:UTF-8|utf-8)''([^;\s]+)", disposition)
    quoted = re.search(r'filename\s*=\s*"((?:[^"\\]|\\.)*)"|filename\s*=\s*([^;\s]+)', disposition)
    name = ""
    if extended:
        name = unquote(extended[1], errors="replace")
    elif quoted:
        name = unquote(quoted[1] or quoted[2] or "", errors="replace")
    name = re.split(r"[/\\]", name)[-1]
    return re.sub(r"[\x00-\x1f\x7f]", "", name).strip(". ")[:120]


def _checked_url(text: str, hosts: Sequence[str]) -> URL:
    try:
        url = URL(text)
    except ValueError as error:
        raise ChannelRefused("the media url is none", reply=_GONE) from error
    host = (url.host or "").lower()
    is_listed = host in hosts
    is_below = not _is_address(host) and any(host.endswith(f".{name}") for name in hosts)
    is_safe = url.scheme == "https" or (url.scheme == "http" and is_listed and _is_address(host))
    if not (is_safe and (is_listed or is_below)) or url.user is not None:
        raise ChannelRefused(f"media host {host!r} is not allowed", reply=_GONE)
    return url


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _too_large(limit_bytes: int) -> ChannelRefused:
    return ChannelRefused(
        "media is too large", reply=f"文件太大，最多 {limit_bytes >> 20 or 1} MB，请压缩后再发。"
    )


def _short_name(name: str) -> str:
    """At most 256 bytes, keeping the ending that says what it is."""
    stem, dot, ending = name.rpartition(".")
    if not dot or len(ending) > 10:
        stem, dot, ending = name, "", ""
    room = 250 - len(f"{dot}{ending}".encode())
    return stem.encode()[:room].decode(errors="ignore") + dot + ending
