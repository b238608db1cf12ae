"""Debian's Chromium, driven by playwright; every page is watched for foreign files and errors."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp.test_utils import TestServer
from playwright.async_api import Browser, ConsoleMessage, Page, async_playwright

from bot.assembled import App
from bot.server import build_site
from tests.browser.admin_desk import AdminDesk
from tests.browser.looking import DESK, PATIENCE_MS
from tests.scenario.town import living, settle_in


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=program, args=["--no-sandbox", "--disable-gpu"]
        )
        yield browser
        await browser.close()


@pytest.fixture
async def page(browser: Browser, request: pytest.FixtureRequest) -> AsyncIterator[Page]:
    size = getattr(request, "param", DESK)
    page = await browser.new_page(viewport=size)
    page.set_default_timeout(PATIENCE_MS)
    foreign: list[str] = []
    troubles: list[str] = []
    page.on("request", lambda seen: foreign.append(seen.url) if not _is_ours(seen.url) else None)
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("console", lambda said: troubles.append(said.text) if _is_trouble(said) else None)
    yield page
    await page.close()
    assert foreign == []
    assert troubles == []


@pytest.fixture
async def app(tmp_path: Path) -> AsyncIterator[App]:
    """The invented town, in this process: a test looks at its store besides the page."""
    async with living(tmp_path) as app:
        await settle_in(app)
        yield app


@pytest.fixture
async def desk(app: App, page: Page) -> AsyncIterator[AdminDesk]:
    """The admin page in a browser; nobody is signed in yet."""
    site = await asyncio.to_thread(build_site, app)
    async with TestServer(site) as server:
        yield AdminDesk(app=app, page=page, address=str(server.make_url("")).rstrip("/"))


def _is_trouble(said: ConsoleMessage) -> bool:
    """A page that refuses in words answers 4xx, and the browser says so; a lost file is trouble."""
    is_refusal = "status of 4" in said.text and "/static/" not in said.location["url"]
    return said.type == "error" and not is_refusal


def _is_ours(url: str) -> bool:
    return url.startswith(("http://127.0.0.1:", "data:"))
