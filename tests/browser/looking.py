"""Windows of a desk and of a phone, and what is looked for in them."""

from __future__ import annotations

import os
from pathlib import Path

from playwright.async_api import Page, ViewportSize

DESK: ViewportSize = {"width": 1280, "height": 800}
PHONE: ViewportSize = {"width": 375, "height": 740}
SMALL: ViewportSize = {"width": 360, "height": 640}
PATIENCE_MS = 30_000


async def picture(page: Page, name: str) -> None:
    """Kept where ``YAODIAN_PICTURES`` says, for people to look at."""
    if folder := os.environ.get("YAODIAN_PICTURES"):
        await page.screenshot(path=str(Path(folder, f"{name}.png")), full_page=True)


async def overflow(page: Page) -> int:
    """Pixels that one has to scroll sideways for."""
    found = await page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    return int(found)
