"""Signed addresses that know their reader: a clause in its document, an original, a made file."""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import quote

from bot.messages import ChannelName, Sender

LIFETIME = timedelta(days=7)


def anchor(locator: str) -> str:
    """The ``id`` of a clause on its page; an id holds no white space."""
    return "_".join(locator.split())


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """Makes and checks addresses below ``public_url`` (empty: relative, for our own pages)."""

    secret: bytes
    public_url: str = ""

    def clause(self, document: str, locator: str, reader: Sender, now: datetime) -> str:
        path = f"/d/{quote(document)}?r={self._token(f'd/{document}', reader, now)}"
        return f"{self.public_url}{path}#{quote(anchor(locator))}"

    def original(self, document: str, reader: Sender, now: datetime) -> str:
        token = self._token(f"d/{document}", reader, now)
        return f"{self.public_url}/d/{quote(document)}/file?r={token}"

    def blob(self, blob: str, name: str, reader: Sender, now: datetime) -> str:
        token = self._token(f"b/{blob}/{name}", reader, now)
        return f"{self.public_url}/b/{quote(blob)}/{quote(name, safe='')}?r={token}"

    def tasks(self, reader: Sender, now: datetime) -> str:
        """The path of a reader's calendar of tasks."""
        return f"/tasks?r={self._token('tasks', reader, now)}"

    def screen(self, roll_call_id: int, reader: Sender, now: datetime) -> str:
        """The path of the screen that shows a roll call's code of the minute."""
        return f"/c/{roll_call_id}?r={self._token(f'c/{roll_call_id}', reader, now)}"

    def reader(self, thing: str, token: str, now: datetime) -> Sender | None:
        """Whom ``token`` lets open ``thing``, if anybody.

        ``thing`` is ``d/<document>``, ``b/<blob>/<name>``, ``c/<roll call>`` or ``tasks``.
        """
        payload, _, signature = token.rpartition(".")
        if not hmac.compare_digest(signature.encode(), self._sign(thing, payload).encode()):
            return None
        try:
            expires, channel, account = _decode(payload).split(" ", 2)
        except ValueError:
            return None
        if now.timestamp() > int(expires):
            return None
        return Sender(channel=ChannelName(channel), account=account)

    def _token(self, thing: str, reader: Sender, now: datetime) -> str:
        # Rounded up to a day, so that a page shown twice carries the same addresses.
        expires = (int((now + LIFETIME).timestamp()) // 86_400 + 1) * 86_400
        payload = _encode(f"{expires} {reader.channel} {reader.account}")
        return f"{payload}.{self._sign(thing, payload)}"

    def _sign(self, thing: str, payload: str) -> str:
        digest = hmac.new(self.secret, f"{thing}\n{payload}".encode(), hashlib.sha256).digest()
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def _encode(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _decode(text: str) -> str:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
