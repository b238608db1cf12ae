"""Whole addresses of pages, for whoever is to open them from a chat."""

from __future__ import annotations

from collections.abc import Callable

from aiohttp import web

from bot.config import BotSettings

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


def page_address(bot: BotSettings) -> Callable[[str], str | None]:
    """From a path to an address that opens for others or, on loopback, on this machine."""

    def address(path: str) -> str | None:
        if bot.public_url:
            return bot.public_url + path
        if is_only_here(bot):
            host = f"[{bot.host}]" if ":" in bot.host else bot.host
            return f"http://{host}:{bot.port}{path}"
        return None

    return address


def is_only_here(bot: BotSettings) -> bool:
    """Whether the pages open on this machine and nowhere else."""
    return not bot.public_url and bot.host in LOOPBACK


def caller(request: web.Request) -> str:
    """Who calls: the address that our own proxy, on this machine, names; else the peer's."""
    peer = request.remote or ""
    named = request.headers.getall("X-Forwarded-For", [])
    if peer in LOOPBACK and named:
        return named[-1].rpartition(",")[2].strip()[:64] or peer
    return peer
