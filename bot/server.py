"""``yaodian serve``: one process with pages, channels, loops and the line for commands."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

from aiohttp import web

from bot.app import opened
from bot.assembled import App
from bot.config import Settings
from bot.control import listening
from bot.demo.install import install_samples
from bot.errors import ConfigError
from bot.web import pages

logger = logging.getLogger(__name__)

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_SHUTDOWN_S = 3.0
_UPLOAD_LIMIT = 2**20


async def serve(
    settings: Settings, folder: Path, *, is_demo: bool, announce: Callable[[str], None]
) -> None:
    """Run until the process is told to stop.

    Args:
        settings: What is configured.
        folder: The data folder.
        is_demo: With samples and the open chat page; only on loopback.
        announce: Called once with the address, when everything is ready.

    Raises:
        ConfigError: The demo would listen where others could reach it, or the port is taken.
    """
    if is_demo and settings.bot.host not in LOOPBACK:
        raise ConfigError(
            "the demo listens on loopback only",
            reply="演示模式谁都能冒充谁，所以只能在本机用：请把 bot.host 改回 127.0.0.1。",
        )
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, stop.set)
    async with opened(settings, folder, is_demo=is_demo) as app:
        if is_demo:
            await install_samples(app)
        operations = app.desk.operations()
        async with app.running(), listening(folder, operations), _site(app) as address:
            announce(address)
            await stop.wait()
            logger.info("stopping")


def build_site(app: App) -> web.Application:
    """Every route of the one HTTP server. Looks at the disk: not for the event loop."""
    bot = app.settings.bot
    hosts = set(LOOPBACK) | {bot.host}
    if bot.public_url:
        hosts.add(urlsplit(bot.public_url).hostname or "")
    is_local = bot.host in LOOPBACK
    site = web.Application(
        client_max_size=_UPLOAD_LIMIT,
        middlewares=[pages.guard(frozenset(hosts) if is_local else frozenset())],
    )
    for routes in (
        app.page,
        app.document_pages,
        app.check_in_pages,
        app.health_pages,
        app.tasking.task_pages,
        app.tasking.calendar_pages,
        app.recording.form_pages,
        app.admin,
    ):
        routes.add_routes(site)
    app.wecom.add_routes(site)
    app.dingtalk.add_routes(site)
    site.on_shutdown.append(_let_go_of(app))
    site.router.add_static("/static", pages.STATIC)
    site.router.add_get("/", _home)
    return site


@asynccontextmanager
async def _site(app: App) -> AsyncIterator[str]:
    """Listen; yields the address to open."""
    bot = app.settings.bot
    site = await asyncio.to_thread(build_site, app)
    runner = web.AppRunner(site, access_log=None, shutdown_timeout=_SHUTDOWN_S)
    await runner.setup()
    try:
        listener = web.TCPSite(runner, bot.host, bot.port)
        try:
            await listener.start()
        except OSError as error:
            raise ConfigError(
                f"cannot listen on {bot.host}:{bot.port}: {error.strerror}",
                reply=f"端口 {bot.port} 用不了（可能已有程序占用），请在 bot.port 换一个。",
            ) from error
        host, port = runner.addresses[0][:2]
        yield f"http://{f'[{host}]' if ':' in host else host}:{port}"
    finally:
        await runner.cleanup()


def _let_go_of(app: App) -> Callable[[web.Application], Awaitable[None]]:
    """Open pages hang on a request that never ends by itself."""

    async def let_go(site: web.Application) -> None:
        await app.page.stop()

    return let_go


async def _home(request: web.Request) -> web.Response:
    raise web.HTTPFound("/chat")
