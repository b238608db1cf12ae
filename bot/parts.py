"""Small parts of the composition: what reads blobs, hurries terminals, keeps secrets."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from datetime import datetime

from pydantic import SecretStr
from sqlalchemy.orm import Session

from bot.config import Settings
from bot.errors import NotFound
from bot.messages import ChannelName
from knowledge.answers import Thresholds
from store import blobs, transcript
from store import settings as stored_settings
from store.engine import Store

_LINK_SECRET_KEY = "links.secret"  # noqa: S105 the name it is stored under
Clock = Callable[[], datetime]


def blob_reader(store: Store) -> Callable[[str], Awaitable[bytes]]:
    """Gives the bytes of a stored blob; raises ``NotFound``."""

    async def read_blob(blob: str) -> bytes:
        row = await store.read(lambda session: blobs.get(session, blob))
        if row is None:
            raise NotFound("a blob is gone")
        return row.bytes

    return read_blob


def blob_keeper(store: Store, clock: Clock) -> Callable[[bytes, str], Awaitable[str]]:
    """Keeps bytes of a media type; the id of the blob."""

    async def keep_blob(content: bytes, media_type: str) -> str:
        now = clock()
        return await store.write(
            lambda session: blobs.put(session, content, media_type=media_type, now=now)
        )

    return keep_blob


def hurrying(store: Store, clock: Clock) -> Callable[[str], Awaitable[None]]:
    """Delivers to a terminal what waited for somebody to sit down at it."""

    async def hurry(account: str) -> None:
        now, name = clock(), ChannelName.CONSOLE
        await store.write(lambda session: transcript.hurry(session, name, account, now))

    return hurry


async def link_secret(store: Store) -> bytes:
    """Made once and kept, so that links outlive a restart and hold on every replica."""

    def work(session: Session) -> str:
        known = stored_settings.get(session, _LINK_SECRET_KEY)
        if known is None:
            known = secrets.token_hex(32)
            stored_settings.put(session, _LINK_SECRET_KEY, known)
        return known

    return bytes.fromhex(await store.write(work))


def thresholds(settings: Settings) -> Thresholds:
    """What is configured, else what was calibrated."""
    least = settings.knowledge.minimum_confidence
    return Thresholds() if least is None else Thresholds(answer=least)


def revealed(secret: SecretStr | None) -> str | None:
    """The secret itself, for the one who needs it."""
    return secret.get_secret_value() if secret else None
