"""Sixty addresses that lead inside or astray: none of them is connected to."""

from __future__ import annotations

import json
import socket
from datetime import UTC, datetime

import aiohttp
import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.test_utils import TestServer

from bot.channels.public_hosts import GlobalResolver, is_global
from bot.channels.wecom.aibot_media import download
from bot.errors import ChannelError

NOW = datetime(2026, 9, 7, tzinfo=UTC)
ADDRESSES = (
    "127.0.0.1", "127.1.2.3", "0.0.0.0", "10.0.0.1", "10.255.255.255", "172.16.0.1",  # noqa: S104
    "172.31.255.254", "192.168.0.1", "192.168.255.255", "169.254.169.254", "169.254.0.1",
    "100.64.0.1", "100.100.100.200", "198.18.0.1", "192.0.0.1", "192.0.2.1", "198.51.100.7",
    "203.0.113.9", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255", "::", "::1",
    "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1",
    "64:ff9b::127.0.0.1", "64:ff9b::10.0.0.1", "::ffff:0:127.0.0.1", "2002:7f00:1::",
    "2002:a00:1::", "2001:0:7f00:1::", "fe80::1", "fc00::1", "fd12:3456::1", "fec0::1", "ff02::1",
    "2001:db8::1", "100::1",
)  # fmt: skip
URLS = (
    *(f"https://{f'[{one}]' if ':' in one else one}/file" for one in ADDRESSES),
    "http://127.0.0.1:%d/file", "https://localhost/file", "https://localhost.localdomain/file",
    "https://2130706433/file", "https://0x7f.1/file", "https://0177.0.0.1/file",
    "https://127.1/file", "https://[::ffff:7f00:1]/file", "https://weixin.qq.com@127.0.0.1/file",
    "https://127.0.0.1#weixin.qq.com", "https://127.0.0.1\\@weixin.qq.com/file",
    "https://weixin.qq.com.evil.example/file", "https://evilweixin.qq.com.example/file",
    "https://xweixin.qq.com.127.0.0.1.nip.io/", "ftp://weixin.qq.com/file",
    "file:///etc/passwd", "gopher://127.0.0.1:6379/_x", "https:///file", "//weixin.qq.com/file",
    "https://weixin.qq.com\n.evil.example/", "https://user:pw@weixin.qq.com/file",
    "http://metadata.google.internal/computeMetadata/v1/", "https://ｌｏｃａｌｈｏｓｔ/file",
)  # fmt: skip


class Counting(GlobalResolver):
    """Whoever asks for a name gets the address that a hostile name server would give."""

    def __init__(self, address: str) -> None:
        super().__init__()
        self._resolver = _Fixed(address)  # type: ignore[assignment]


class _Fixed(AbstractResolver):
    def __init__(self, address: str) -> None:
        self.address = address
        self.asked = 0

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        self.asked += 1
        kind = socket.AF_INET6 if ":" in self.address else socket.AF_INET
        return [
            ResolveResult(
                hostname=host, host=self.address, port=port, family=kind, proto=0, flags=0
            )
        ]

    async def close(self) -> None:
        return


def source(url: str) -> str:
    return json.dumps({"url": url, "at": int(NOW.timestamp())})


def test_there_are_sixty_of_them() -> None:
    assert len(URLS) >= 60


@pytest.mark.parametrize("address", ADDRESSES)
def test_no_inner_address_passes_for_a_public_one(address: str) -> None:
    assert not is_global(address)


@pytest.mark.parametrize("address", ["1.1.1.1", "203.205.254.1", "2606:4700::1", "::ffff:1.1.1.1"])
def test_a_public_address_passes(address: str) -> None:
    assert is_global(address)


async def test_no_address_is_connected_to_and_no_redirect_followed() -> None:
    asked: list[str] = []

    async def serve(request: web.Request) -> web.StreamResponse:
        asked.append(request.path)
        raise web.HTTPFound("http://127.0.0.1:1/inside")

    site = web.Application()
    site.router.add_get("/{tail:.*}", serve)
    async with TestServer(site) as server:
        connector = aiohttp.TCPConnector(resolver=Counting("127.0.0.1"))
        async with aiohttp.ClientSession(connector=connector) as session:
            for url in URLS:
                with pytest.raises(ChannelError) as caught:
                    words = url % server.port if "%d" in url else url
                    await download(session, source(words), 1000, now=NOW)
                assert caught.value.reply.endswith("。")
        assert asked == []


@pytest.mark.parametrize("address", ADDRESSES)
async def test_an_allowed_name_that_leads_inside_is_not_connected_to(address: str) -> None:
    connector = aiohttp.TCPConnector(resolver=Counting(address))
    async with aiohttp.ClientSession(connector=connector) as session:
        with pytest.raises(ChannelError):
            await download(session, source("https://media.weixin.qq.com/x"), 1000, now=NOW)
