"""Puts the sample documents and the sample roster into an empty demo."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from pathlib import Path

from bot.assembled import App
from bot.errors import BotError
from handlers.documents.actions import Outcome
from handlers.people.actions import operator
from store import settings

logger = logging.getLogger(__name__)

_HERE = Path(__file__).parent
_KEY = "demo.samples"


async def install_samples(app: App) -> None:
    """Once per data folder and set of samples; what a user changes afterwards stays."""
    files = await asyncio.to_thread(_samples)
    digest = hashlib.sha256(b"".join(content for _, content in files)).hexdigest()
    if await app.store.read(lambda session: settings.get(session, _KEY)) == digest:
        return
    for name, content in files:
        if name == "roster.xlsx":
            await app.people.import_roster(operator(), name, content)
            continue
        try:
            added = await app.documents.add(operator(), name, content)
        except BotError as error:
            logger.warning("The sample %s was not added: %s", name, error)
            continue
        if added.outcome is Outcome.UNREADABLE:
            logger.warning("The sample %s cannot be read: %s", name, added.reason)
    await app.store.write(lambda session: settings.put(session, _KEY, digest))


def _samples() -> list[tuple[str, bytes]]:
    paths = [_HERE / "roster.xlsx", *sorted((_HERE / "samples").iterdir())]
    return [(path.name, path.read_bytes()) for path in paths]
