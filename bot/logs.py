"""Where log lines go, and what may not be in them."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable
from contextvars import ContextVar
from itertools import chain
from urllib.parse import quote, quote_plus

_DIGIT = "[0-9０-９]"
_PERSONAL = re.compile(
    rf"(?<!{_DIGIT})(?:"
    rf"(?:(?:00)?[8８][6６][-\s]?)?[1１][3-9３-９]{_DIGIT}(?:[-\s]?{_DIGIT}{{4}}){{2}}"
    rf"|{_DIGIT}{{17}}[0-9０-９XxＸｘ]"
    rf"|{_DIGIT}{{6}}[-\s]{_DIGIT}{{8}}[-\s]{_DIGIT}{{3}}[0-9０-９XxＸｘ]"
    rf"|[1-6]\d{{7}}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{{3}}"
    rf")(?!{_DIGIT})"
)
"""A mobile or an identity number, the old one of 15 digits too, as people write them."""
_CREDENTIAL = re.compile(
    r"""((?<![A-Za-z])(?:access_?token|session_?webhook|(?:corp|app|client)_?secret|secret|passw(?:or)?d"""
    r"""|api_?key|(?:encoding_?)?aes_?key|ticket|(?:msg_)?signature|sign|key|token|auth_?code)"""
    r"""["']?\s*[=:]\s*["']?)(?!\*\*\*)([^\s"'&,;)}\]]{6,})""",
    re.IGNORECASE,
)
"""``name=value`` in addresses and bodies: tokens that platforms gave us are in no setting."""
_CONTENTS = re.compile(r"(?<=DETAIL:)[^\n]*|(?<=input_value=).*?(?=, input_type=)", re.DOTALL)
"""What a database or a validator was given; the words of people."""
_BEARER = re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}")
_IN_ADDRESS = re.compile(r"(?<=://)[^/\s:@]+:[^/\s@]+(?=@)")
"""``user:password`` of an address."""
_ONE_TIME = re.compile(r"(/(?:f|login|c|calendar)/)[A-Za-z0-9_-]{16,}")
"""Links that let in whoever has them."""
_LEAST_SECRET = 6
_FORMAT = "%(asctime)s %(levelname)s %(name)s [%(message_in_hand)s]: %(message)s"

message_in_hand: ContextVar[str] = ContextVar("message_in_hand", default="-")
"""``channel:message_id`` of the message being handled, for log lines."""


class Redact(logging.Filter):
    """Blots secrets, phone and identity numbers out of whatever is about to be written."""

    def __init__(self, secrets: Iterable[str]) -> None:
        super().__init__()
        telling = {form for one in secrets if len(one) >= _LEAST_SECRET for form in _forms(one)}
        longest_first = sorted(telling, key=len, reverse=True)
        self._secrets = re.compile("|".join(map(re.escape, longest_first))) if telling else None

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = self.blot(_message(record)), ()
        record.message_in_hand = self.blot(message_in_hand.get())
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = self.blot(record.exc_text)
        if record.stack_info:
            record.stack_info = self.blot(record.stack_info)
        return True

    def blot(self, text: str) -> str:
        """``text`` without what nobody should read there."""
        if self._secrets is not None:
            text = self._secrets.sub("***", text)
        text = _CONTENTS.sub("***", text)
        text = _BEARER.sub(r"\1 ***", _IN_ADDRESS.sub("***", text))
        text = _ONE_TIME.sub(r"\1***", _CREDENTIAL.sub(r"\1***", text))
        return _PERSONAL.sub("***", text)


def _forms(secret: str) -> Iterable[str]:
    """As it stands, and as addresses, JSON and ``repr`` write it."""
    escaped = secret.encode("unicode_escape").decode("ascii")
    plain = (secret, escaped, repr(secret)[1:-1])
    return chain(plain, (quote(secret), quote(secret, safe=""), quote_plus(secret)))


def _message(record: logging.LogRecord) -> str:
    """A line whose arguments do not fit is written without them: logging would print them raw."""
    try:
        return record.getMessage()
    except (TypeError, ValueError, KeyError):
        return f"(arguments do not fit) {record.msg}"


def set_up(level: int, secrets: Iterable[str] = ()) -> None:
    """Send log lines to stderr; call once per process."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter(_FORMAT))
    handler.addFilter(Redact(secrets))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    logging.captureWarnings(True)
    for noisy in ("aiohttp.access", "alembic", "apscheduler", "chromadb", "httpx", "trafilatura"):
        logging.getLogger(noisy).setLevel(max(level, logging.WARNING))
