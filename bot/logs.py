"""Where log lines go, and what may not be in them."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable
from contextvars import ContextVar

_PERSONAL = re.compile(r"(?<!\d)(?:(?:86[ -]?)?1[3-9]\d(?:[ -]?\d{4}){2}|\d{17}[\dXx])(?!\d)")
"""A mobile or an identity number."""
_LEAST_SECRET = 6
_FORMAT = "%(asctime)s %(levelname)s %(name)s [%(message_in_hand)s]: %(message)s"

message_in_hand: ContextVar[str] = ContextVar("message_in_hand", default="-")
"""``channel:message_id`` of the message being handled, for log lines."""


class Redact(logging.Filter):
    """Blots secrets, phone and identity numbers out of whatever is about to be written."""

    def __init__(self, secrets: Iterable[str]) -> None:
        super().__init__()
        telling = sorted((one for one in secrets if len(one) >= _LEAST_SECRET), key=len)
        self._secrets = re.compile("|".join(map(re.escape, reversed(telling)))) if telling else None

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = self.blot(record.getMessage()), ()
        record.message_in_hand = message_in_hand.get()
        if record.exc_info and not record.exc_text:
            record.exc_text = self.blot(logging.Formatter().formatException(record.exc_info))
        return True

    def blot(self, text: str) -> str:
        """``text`` without what nobody should read there."""
        if self._secrets is not None:
            text = self._secrets.sub("***", text)
        return _PERSONAL.sub("***", text)


def set_up(level: int, secrets: Iterable[str] = ()) -> None:
    """Send log lines to stderr; call once per process."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter(_FORMAT))
    handler.addFilter(Redact(secrets))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for noisy in ("aiohttp.access", "alembic", "apscheduler", "chromadb", "httpx", "trafilatura"):
        logging.getLogger(noisy).setLevel(max(level, logging.WARNING))
