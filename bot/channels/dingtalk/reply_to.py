"""What a reply needs to know of the message it answers; travels as an opaque string.

A sessionWebhook comes with a message that the robot's HTTP signature does not cover, so that only
DingTalk's own address is ever called.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from urllib.parse import urlsplit

OUTSIDER_MARK = "$"
"""How an opaque senderId begins: somebody without a userid, whom only a sessionWebhook reaches."""
_OWN_DOMAIN = ".dingtalk.com"
_LONGEST = 2048


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyTo:
    """``session_webhook`` is good until the target's ``reply_until``; both belong to a message.

    ``out_track_id`` is of the card whose button was tapped.
    """

    message_id: str
    session_webhook: str = field(default="", repr=False)
    out_track_id: str = ""

    def encode(self) -> str:
        values = [self.message_id, self.session_webhook, self.out_track_id]
        return json.dumps(values, ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def decode(cls, text: str | None) -> ReplyTo | None:
        if text is None:
            return None
        message_id, session_webhook, out_track_id = json.loads(text)
        return cls(
            message_id=message_id, session_webhook=session_webhook, out_track_id=out_track_id
        )


def is_own_address(url: str, oapi_base: str) -> bool:
    """Whether ``url`` leads to DingTalk, or to where the configuration says DingTalk is."""
    if not 0 < len(url) <= _LONGEST:
        return False
    try:
        to, base = urlsplit(url), urlsplit(oapi_base)
        port = to.port
    except ValueError:
        return False
    if to.username is not None or to.password is not None or to.hostname is None:
        return False
    if (to.scheme, to.hostname, port) == (base.scheme, base.hostname, base.port):
        return True
    return to.scheme == "https" and port in (None, 443) and to.hostname.endswith(_OWN_DOMAIN)
