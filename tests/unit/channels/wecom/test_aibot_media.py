from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import aiohttp
import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.crypto import decrypt_media
from bot.channels.public_hosts import GlobalResolver
from bot.channels.wecom.aibot_media import (
    decode_key,
    download,
    file_name,
    shown_as,
)
from bot.channels.wecom.aibot_outbound import MediaType
from bot.errors import ChannelError, ChannelRefused, ChannelUnavailable
from tests.shared_data import shared_path

NOW = datetime(2026, 9, 7, tzinfo=UTC)
KEY = bytes(range(32))


def encrypted(content: bytes) -> bytes:
    """As the platform keeps a file; ``cryptography`` alone, none of our code."""
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    count = 32 - len(content) % 32
    cipher = Cipher(algorithms.AES(KEY), modes.CBC(KEY[:16])).encryptor()
    return cipher.update(content + bytes([count]) * count) + cipher.finalize()


class Host:
    """Serves one body, or what a hostile host would."""

    def __init__(self) -> None:
        self.body = encrypted(b"plain")
        self.status = 200
        self.headers: dict[str, str] = {}
        self.requests = 0
        self.url = ""

    async def serve(self, _request: web.Request) -> web.Response:
        self.requests += 1
        return web.Response(body=self.body, status=self.status, headers=self.headers)


@pytest.fixture
async def host() -> AsyncIterator[Host]:
    made = Host()
    app = web.Application()
    app.router.add_get("/file", made.serve)
    runner = web.AppRunner(app, shutdown_timeout=0.5)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.url = "http://{}:{}/file".format(*runner.addresses[0][:2])
    yield made
    await runner.cleanup()


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    connector = aiohttp.TCPConnector(resolver=GlobalResolver())
    async with aiohttp.ClientSession(connector=connector) as made:
        yield made


def source(url: str, *, key: str = "", at: datetime = NOW) -> str:
    key = key or base64.b64encode(KEY).decode()
    return json.dumps({"url": url, "key": key, "at": int(at.timestamp())})


async def fetch(session: aiohttp.ClientSession, source_: str, *, limit_bytes: int = 1000) -> bytes:
    found = await download(session, source_, limit_bytes, now=NOW, hosts=("127.0.0.1", "a.cn"))
    return found.content


@pytest.mark.needs("shared")
def test_vectors_of_other_implementations() -> None:
    vectors = json.loads(shared_path("vectors/wecom_aibot_media.json").read_text())
    assert vectors["cases"]
    for case in vectors["cases"]:
        ciphertext = base64.b64decode(case["ciphertext_base64"])
        for name in ("aeskey_base64", "aeskey_base64_unpadded"):
            content = decrypt_media(decode_key(case[name]), ciphertext)
            assert hashlib.sha256(content).hexdigest() == case["plaintext_sha256"], case["name"]
            assert len(content) == case["plaintext_len"]


async def test_a_file_is_fetched_and_decrypted(host: Host, session: aiohttp.ClientSession) -> None:
    host.headers["Content-Disposition"] = "attachment; filename*=UTF-8''%E8%AE%A1%E5%88%92.docx"

    found = await download(session, source(host.url), 5, now=NOW, hosts=("127.0.0.1",))

    assert found.content == b"plain"
    assert found.name == "计划.docx"


async def test_a_file_over_the_limit_is_refused(host: Host, session: aiohttp.ClientSession) -> None:
    for content in (b"123456", b"x" * 100_000):
        host.body = encrypted(content)
        with pytest.raises(ChannelRefused, match="too large"):
            await fetch(session, source(host.url), limit_bytes=5)


async def test_a_url_older_than_five_minutes_is_not_asked(
    host: Host, session: aiohttp.ClientSession
) -> None:
    with pytest.raises(ChannelRefused) as caught:
        await fetch(session, source(host.url, at=NOW - timedelta(minutes=6)))

    assert "重新发" in caught.value.reply
    assert host.requests == 0


async def test_a_redirect_is_not_followed(host: Host, session: aiohttp.ClientSession) -> None:
    host.status, host.headers = 302, {"Location": host.url}

    with pytest.raises(ChannelUnavailable):
        await fetch(session, source(host.url))

    assert host.requests == 1


@pytest.mark.parametrize("body", [b"", b"short", b"\x00" * 64])
async def test_what_cannot_be_decrypted_is_refused(
    host: Host, session: aiohttp.ClientSession, body: bytes
) -> None:
    host.body = body

    with pytest.raises(ChannelRefused):
        await fetch(session, source(host.url))


@pytest.mark.parametrize(
    "url",
    [
        "http://a.cn/x",
        "https://evil.cn/x",
        "https://a.cn.evil.cn/x",
        "https://nota.cn/x",
        "https://user@a.cn/x",
        "http://169.254.169.254/latest",
        "https://[::1]/x",
        "https://[::ffff:127.0.0.1]/x",
        "http://2130706433/x",
        "file:///etc/passwd",
        "ftp://a.cn/x",
        "https:///x",
        "//a.cn/x",
        "",
    ],
)
async def test_other_hosts_are_never_asked(session: aiohttp.ClientSession, url: str) -> None:
    with pytest.raises(ChannelRefused):
        await fetch(session, source(url))


async def test_a_name_that_leads_inside_is_not_connected_to(
    host: Host, session: aiohttp.ClientSession
) -> None:
    url = host.url.replace("http://127.0.0.1", "https://localhost")

    with pytest.raises(ChannelUnavailable):
        await download(session, source(url), 1000, now=NOW, hosts=("localhost",))

    assert host.requests == 0


@given(st.text())
async def test_any_source_is_refused_in_chinese(text: str) -> None:
    async with aiohttp.ClientSession() as session:
        with pytest.raises(ChannelError) as caught:
            await fetch(session, text)

    assert caught.value.reply


@given(st.binary(min_size=32, max_size=32))
def test_keys_are_read_in_every_spelling(key: bytes) -> None:
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        text = encode(key).decode()
        assert decode_key(text) == decode_key(text.rstrip("=")) == key


@given(st.text())
def test_a_bad_key_is_refused(text: str) -> None:
    try:
        key = decode_key(text)
    except ChannelRefused:
        return
    assert len(key) == 32


@pytest.mark.parametrize(
    ("disposition", "name"),
    [
        ("", ""),
        ('attachment; filename="a b.pdf"', "a b.pdf"),
        ("attachment; filename=a.pdf; size=3", "a.pdf"),
        ("attachment; filename=\"x.pdf\"; filename*=UTF-8''%E8%A1%A8.pdf", "表.pdf"),
        ('attachment; filename="../../etc/passwd"', "passwd"),
        ("attachment; filename*=UTF-8''..%2F..%5Cx.exe", "x.exe"),
    ],
)
def test_the_name_of_a_file(disposition: str, name: str) -> None:
    assert file_name(disposition) == name


@given(st.text())
def test_no_name_leaves_its_folder(disposition: str) -> None:
    name = file_name(f'attachment; filename="{disposition}"')

    assert not set("/\\\x00\n") & set(name)
    assert name not in {".", ".."}
    assert len(name) <= 120


def test_only_small_pictures_are_shown_as_pictures() -> None:
    png = b"\x89PNG\r\n\x1a\n"

    assert shown_as(png) is MediaType.IMAGE
    assert shown_as(png + bytes(2 << 20)) is MediaType.FILE
    assert shown_as(b"PK\x03\x04") is MediaType.FILE
