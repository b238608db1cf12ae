"""What the WeCom channels have to be told. ``bot.config`` reads it; here it is plain data."""

from __future__ import annotations

from dataclasses import dataclass, field

API_BASE = "https://qyapi.weixin.qq.com"


@dataclass(frozen=True, slots=True, kw_only=True)
class MenuItem:
    """A button of the app's menu; a tap sends ``command``."""

    label: str
    command: str


DEFAULT_MENU = (
    MenuItem(label="问一问", command="/问"),
    MenuItem(label="我的任务", command="/我的任务"),
    MenuItem(label="签到", command="/签到"),
    MenuItem(label="帮助", command="/帮助"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AppSettings:
    """``[wecom.app]``. Without ``token`` and ``aes_key`` the app only sends."""

    corp_id: str
    agent_id: int
    secret: str = field(repr=False)
    token: str = field(default="", repr=False)
    aes_key: str = field(default="", repr=False)
    api_base: str = API_BASE
    menu: tuple[MenuItem, ...] = DEFAULT_MENU
    account_cap: int | None = None
    """The company's 账号上限: two hundred times as many recipients a day; None if not told."""

    @property
    def has_callback(self) -> bool:
        return bool(self.token and self.aes_key)


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookSettings:
    """One ``[[wecom.webhook]]``: a group's message webhook, called ``name`` by our users."""

    name: str
    key: str = field(repr=False)
    api_base: str = API_BASE
