"""Somebody who looks after the bot, at a real browser."""

from __future__ import annotations

from dataclasses import dataclass

from playwright.async_api import Locator, Page, expect

from bot.assembled import App
from tests.browser.looking import PHONE, SMALL, overflow, picture
from tests.scenario.admin_driver import link_of
from tests.scenario.drivers import at_the_terminal


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminDesk:
    """One browser at the admin page of ``app``."""

    app: App
    page: Page
    address: str

    async def enter(self, name: str) -> None:
        """Sign in by a one-time link, as the member of this name."""
        await self.page.goto(f"{self.address}/login/{await link_of(self.app, name)}")
        await self.page.get_by_role("button", name="登录").click()
        await expect(self.page.get_by_role("heading", level=1, name="今天")).to_be_visible()

    async def go(self, path: str) -> int:
        """Open a path of the page; its status."""
        response = await self.page.goto(f"{self.address}{path}")
        assert response is not None
        return response.status

    async def said(self, words: str) -> None:
        """What was done stands on the page."""
        await expect(self.page.get_by_role("status")).to_contain_text(words)

    async def press(self, name: str, within: Locator | None = None) -> None:
        """Press a button by the words on it."""
        await (within or self.page).get_by_role("button", name=name).first.click()

    async def ask(self, name: str, question: str) -> str:
        """What the member of this name is answered, at the terminal."""
        async with at_the_terminal(self.app, name) as person:
            await person.say(question)
            return (await person.heard()).text

    async def is_readable(self, name: str) -> None:
        """Checks what every page owes to phones, keyboards and screen readers; takes pictures."""
        page = self.page
        was = page.viewport_size
        await picture(page, f"{name}-desk")
        for size in (PHONE, SMALL):
            await page.set_viewport_size(size)
            assert await overflow(page) == 0, f"{name} is too wide for {size['width']} pixels"
        await picture(page, f"{name}-phone")
        if was:
            await page.set_viewport_size(was)
        assert await page.get_by_role("heading", level=1).count() == 1
        assert await page.evaluate(_UNNAMED) == []
        assert await page.evaluate(_HEADS) == []
        await page.evaluate("document.activeElement.blur()")
        await page.keyboard.press("Tab")
        assert await page.evaluate("document.activeElement.textContent") == "跳到正文"


_UNNAMED = """
[...document.querySelectorAll('input:not([type=hidden]), select, textarea, button, a, svg, img')]
  .filter(one => !((one.labels && one.labels.length) || one.textContent.trim()
    || one.getAttribute('aria-label') || one.getAttribute('alt')))
  .map(one => one.outerHTML)
"""
"""What a screen reader could not name."""
_HEADS = """
[...document.querySelectorAll('th:not([scope]), table:not(.calendar) :is(tbody tr):not(:has(th))')]
  .map(one => one.outerHTML)
"""
"""Heads that head nothing, and rows without one."""
