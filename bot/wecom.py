"""The part of the composition that is about WeCom."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from uuid import uuid4

import aiohttp
from aiohttp import web
from sqlalchemy.orm import Session

from bot.channels.base import Accept, Health, ReadBlob, SignsIn
from bot.channels.budget import midnight_before
from bot.channels.finding import Finding
from bot.channels.seen import MemorySeen, StoredSeen
from bot.channels.wecom.aibot import AiBotChannel
from bot.channels.wecom.aibot_callback import AiBotCallbackChannel
from bot.channels.wecom.aibot_doctor import check_callbacks, check_connection
from bot.channels.wecom.aibot_settings import AiBotSettings, Answered
from bot.channels.wecom.app import AppDependencies, WeComApp
from bot.channels.wecom.doctor import check_app, check_webhooks
from bot.channels.wecom.settings import DEFAULT_MENU, AppSettings, MenuItem, WebhookSettings
from bot.channels.wecom.webhook import WeComWebhooks
from bot.codec import reply_from_json
from bot.config import (
    Settings,
    WeComAiBotSettings,
    WeComAppSettings,
    WeComSettings,
    WeComWebhookSettings,
)
from bot.errors import ConfigError
from bot.messages import ChannelName
from store import instant, leases, outbox, people
from store.engine import Store

_REMEMBERED = timedelta(hours=1)
"""The longest window of a budget, but for the day."""
_ONLY = "this process"
_NO_REMINDERS = "回调方式只能回答，不能主动提醒老师。要提醒，请改用长连接，或另外配一个自建应用。"
_LOOK_S = 15.0

WeComChannel = WeComApp | AiBotChannel | AiBotCallbackChannel | WeComWebhooks


@dataclass(frozen=True, slots=True, kw_only=True)
class WeComNeeds:
    """What the channels are given."""

    store: Store
    session: aiohttp.ClientSession
    accept: Accept
    read_blob: ReadBlob
    clock: Callable[[], datetime]
    """The real time, which the platform checks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WeCom:
    """The channels that are configured."""

    store: Store
    clock: Callable[[], datetime]
    app: WeComApp | None = None
    aibot: AiBotChannel | AiBotCallbackChannel | None = None
    webhooks: WeComWebhooks | None = None

    def channels(self) -> Mapping[ChannelName, WeComChannel]:
        configured = (self.app, self.aibot, self.webhooks)
        return {channel.name: channel for channel in configured if channel is not None}

    def add_routes(self, site: web.Application) -> None:
        if self.app is not None:
            self.app.add_routes(site)
        if isinstance(self.aibot, AiBotCallbackChannel):
            self.aibot.add_routes(site)

    def signs_in(self) -> SignsIn | None:
        """Login for the pages; None without an app."""
        return self.app

    def counts(self) -> Iterator[tuple[ChannelName, Mapping[str, int]]]:
        """What came in, by channel and kind."""
        if self.app is not None and self.app.callback is not None:
            yield self.app.name, self.app.callback.counts
        if self.aibot is not None:
            yield self.aibot.name, self.aibot.counts

    async def recall(self) -> None:
        """Tell the budgets what was sent before this process began."""
        now = self.clock()
        since = min(now - _REMEMBERED, midnight_before(now))
        for channel in (self.app, self.webhooks):
            if channel is None:
                continue
            query = partial(outbox.sent_since, channel=channel.name, since=since)
            by_place: defaultdict[str, list[datetime]] = defaultdict(list)
            for place, at in await self.store.read(query):
                by_place[place].append(at)
            for place, times in by_place.items():
                channel.seed(place, times)

    async def create_menu(self) -> Sequence[str]:
        """Replace the app's menu; its labels.

        Raises:
            ConfigError: There is no app.
        """
        app = self._app()
        await app.create_menu()
        return [item.label for item in app.settings.menu]

    def _app(self) -> WeComApp:
        if self.app is None:
            raise ConfigError(
                "no [wecom.app]",
                reply="yaodian.toml 里还没有 [wecom.app]，先按 docs/wecom.md 填好。",
            )
        return self.app


def build_wecom(settings: WeComSettings, needs: WeComNeeds) -> WeCom:
    """What is configured, not yet started."""
    store = needs.store
    hooks = [webhook_settings(hook) for hook in settings.webhook]
    return WeCom(
        store=store,
        clock=needs.clock,
        app=_app(app_settings(settings.app), needs) if settings.app else None,
        aibot=_aibot(settings.aibot, needs) if settings.aibot else None,
        webhooks=WeComWebhooks(hooks, needs.session, _account_of(store), needs.clock)
        if hooks
        else None,
    )


def app_settings(section: WeComAppSettings) -> AppSettings:
    """``[wecom.app]`` as the channel has it."""
    menu = tuple(MenuItem(label=one.label, command=one.command) for one in section.menu)
    return AppSettings(
        corp_id=section.corp_id,
        agent_id=section.agent_id,
        secret=section.secret.get_secret_value(),
        token=section.token.get_secret_value() if section.token else "",
        aes_key=section.aes_key.get_secret_value() if section.aes_key else "",
        api_base=section.api_base,
        menu=menu or DEFAULT_MENU,
        account_cap=section.account_cap,
    )


def aibot_settings(section: WeComAiBotSettings) -> AiBotSettings:
    """``[wecom.aibot]`` as the channel has it."""
    return AiBotSettings(
        bot_id=section.bot_id or "",
        secret=section.secret.get_secret_value() if section.secret else "",
        ws_url=section.ws_url,
        token=section.token.get_secret_value() if section.token else "",
        aes_key=section.aes_key.get_secret_value() if section.aes_key else "",
        api_base=section.api_base,
        bot_name=section.bot_name,
    )


class StoredLease:
    """The right to the long connection, kept in the store.

    Without other replicas there is nobody to wait for: what a killed process held is taken over.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._owner = uuid4().hex if store.is_shared else _ONLY

    async def acquire(self, name: str, ttl_s: float) -> bool:
        def work(session: Session) -> bool:
            now, lease = instant.now(session), timedelta(seconds=ttl_s)
            fence = leases.acquire(session, name, owner=self._owner, now=now, lease=lease)
            return fence is not None

        return await self._store.write(work)

    async def renew(self, name: str, ttl_s: float) -> bool:
        def work(session: Session) -> bool:
            now, lease = instant.now(session), timedelta(seconds=ttl_s)
            return leases.renew(session, name, owner=self._owner, now=now, lease=lease)

        return await self._store.write(work)

    async def release(self, name: str) -> None:
        await self._store.write(
            lambda session: leases.release(
                session, name, owner=self._owner, now=instant.now(session)
            )
        )


class StoredAnswers:
    """What a message of the AI bot was answered."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def to(self, message_id: str) -> Answered | None:
        key = f"reply:{ChannelName.WECOM_AIBOT}:{message_id}"
        delivery = await self._store.read(lambda session: outbox.by_key(session, key))
        if delivery is None:
            return None
        return Answered(reply=reply_from_json(delivery.reply), reply_to=delivery.reply_to)


def _app(settings: AppSettings, needs: WeComNeeds) -> WeComApp:
    seen = StoredSeen(needs.store) if needs.store.is_shared else MemorySeen(needs.clock)
    return WeComApp(
        settings,
        AppDependencies(
            session=needs.session,
            accept=needs.accept,
            seen=seen,
            read_blob=needs.read_blob,
            clock=needs.clock,
        ),
    )


def _aibot(section: WeComAiBotSettings, needs: WeComNeeds) -> AiBotChannel | AiBotCallbackChannel:
    settings, answers = aibot_settings(section), StoredAnswers(needs.store)
    if section.mode == "callback":
        return AiBotCallbackChannel(settings, needs.accept, answers=answers, clock=needs.clock)
    lease = StoredLease(needs.store)
    return AiBotChannel(settings, needs.accept, lease, answers=answers, clock=needs.clock)


def webhook_settings(section: WeComWebhookSettings) -> WebhookSettings:
    """One ``[[wecom.webhook]]`` as the channel has it."""
    return WebhookSettings(
        name=section.name, key=section.key.get_secret_value(), api_base=section.api_base
    )


def _account_of(store: Store) -> Callable[[str], Awaitable[str | None]]:
    async def account_of(member: str) -> str | None:
        if not member.isdecimal():
            return None
        accounts = await store.read(lambda session: people.accounts(session, int(member)))
        wecom = ChannelName.WECOM_APP.platform
        return next((one.account for one in accounts if one.platform == wecom), None)

    return account_of


async def look_at_wecom(settings: Settings, running: Health | None = None) -> list[Finding]:
    """What the platform says of everything that is configured, with what to do about it.

    ``running`` is how the AI bot of a running server is: another connection would end its own.
    """
    section, found = settings.wecom, []
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_LOOK_S)) as session:
        if section.app is not None:
            app = app_settings(section.app)
            found += await check_app(app, session, settings.bot.public_url)
        if section.webhook:
            hooks = [webhook_settings(hook) for hook in section.webhook]
            found += await check_webhooks(hooks, session)
        if section.aibot is not None:
            found += await _look_at_aibot(settings, section.aibot, session, running)
    return found


async def _look_at_aibot(
    settings: Settings,
    section: WeComAiBotSettings,
    session: aiohttp.ClientSession,
    running: Health | None,
) -> list[Finding]:
    bot = aibot_settings(section)
    if section.mode == "callback":
        found = await check_callbacks(bot, session, settings.bot.public_url)
        if settings.wecom.app is None:
            found.append(Finding(ok=True, title="智能机器人用的是回调方式", advice=_NO_REMINDERS))
        return found
    title = "智能机器人的长连接"
    if running is not None:
        return [Finding(ok=running.is_ready, title=f"{title}（正在运行）", advice=running.detail)]
    if settings.store.url is not None:
        advice = "几台服务共用一个连接，这里再连会把它挤掉，所以没有试；请看 /readyz。"
        return [Finding(ok=True, title=title, advice=advice)]
    return [await check_connection(bot, session)]
