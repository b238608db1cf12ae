"""Names that lead to public addresses only, so that no url from outside reaches inside."""

from __future__ import annotations

import ipaddress
import socket

from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver

_CARRIES_IPV4 = [ipaddress.IPv6Network(net) for net in ("64:ff9b::/96", "::/96", "::ffff:0:0:0/96")]
"""Translated or compatible addresses: what they lead to stands in their last 32 bits."""


class GlobalResolver(AbstractResolver):
    """Refuses names that lead into this network, so that no url can reach inside."""

    def __init__(self) -> None:
        self._resolver = ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self._resolver.resolve(host, port, family)
        if not all(is_global(result["host"]) for result in found):
            raise OSError(f"{host} leads to an address that is not public")
        return found

    async def close(self) -> None:
        await self._resolver.close()


def is_global(address: str) -> bool:
    """Whether an IP address, and any that it carries within, is of the public net."""
    parsed = ipaddress.ip_address(address)
    if isinstance(parsed, ipaddress.IPv4Address):
        return parsed.is_global and not parsed.is_multicast
    inner = [parsed.ipv4_mapped, parsed.sixtofour, *(parsed.teredo or ())]
    if any(parsed in net for net in _CARRIES_IPV4):
        inner.append(ipaddress.IPv4Address(int(parsed) & 0xFFFFFFFF))
    is_inside = any(one is not None and not one.is_global for one in inner)
    return (
        not is_inside
        and (parsed.ipv4_mapped is not None or parsed.is_global)
        and not (parsed.is_multicast or parsed.is_site_local)
    )
