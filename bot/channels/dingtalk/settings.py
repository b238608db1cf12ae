"""What the DingTalk channels have to be told. ``bot.config`` reads it; here it is plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

API_BASE = "https://api.dingtalk.com"
OAPI_BASE = "https://oapi.dingtalk.com"

FREE_CALLS, FREE_INBOUND = 5_000, 3_000
"""A calendar month's calls and arrivals in the standard edition (标准版, since 2025-11-19)."""


class Mode(StrEnum):
    """How messages come in."""

    STREAM = "stream"
    """Over our own connection; no public address."""
    HTTP = "http"
    """The platform posts to ``/dingtalk/…``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CardTemplates:
    """Templates made in the card console, and what their variables are called there.

    ``buttons`` shows a :class:`bot.messages.Card`; ``stream`` a growing answer. Empty: not used.
    ``names`` maps a variable of ours to another name in the template.
    """

    buttons: str = ""
    stream: str = ""
    names: Mapping[str, str] = field(default_factory=dict)

    def name_of(self, variable: str) -> str:
        return self.names.get(variable, variable)


@dataclass(frozen=True, slots=True, kw_only=True)
class AppSettings:
    """``[dingtalk.app]``: an internal app with its robot.

    Without ``agent_id`` there are no work notices (工作通知): reminders go through the robot.
    """

    client_id: str
    client_secret: str = field(repr=False)
    robot_code: str = ""
    mode: Mode = Mode.STREAM
    api_base: str = API_BASE
    oapi_base: str = OAPI_BASE
    agent_id: int | None = None
    event_token: str = field(default="", repr=False)
    event_aes_key: str = field(default="", repr=False)
    cards: CardTemplates = CardTemplates()
    has_todo: bool = False
    """Tasks are also put into 待办."""
    is_shared: bool = False
    """Every replica holds its own connection, in place of one for all."""
    monthly_calls: int = FREE_CALLS
    """0: not limited; the same for the next."""
    monthly_inbound: int = FREE_INBOUND

    @property
    def robot(self) -> str:
        """An internal app's robot is called like the app unless the console says otherwise."""
        return self.robot_code or self.client_id

    @property
    def has_events(self) -> bool:
        return bool(self.event_token and self.event_aes_key)


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookSettings:
    """One ``[[dingtalk.webhook]]``: a group's custom robot, called ``name`` by our users."""

    name: str
    access_token: str = field(repr=False)
    secret: str = field(default="", repr=False)
    """Of the security option 加签; empty without it."""
    keyword: str = ""
    """Of the security option 自定义关键词: added to a message that lacks it."""
    api_base: str = OAPI_BASE
