"""The part of the composition that is about DingTalk."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import aiohttp
from aiohttp import web

from bot.channels.base import Accept, Directory, ReadBlob
from bot.channels.dingtalk.api import OpenApi
from bot.channels.dingtalk.card_route import CardRoute
from bot.channels.dingtalk.channel import (
    ChannelNeeds,
    DingTalkChannel,
    StreamingDingTalkChannel,
    WayIn,
)
from bot.channels.dingtalk.directory import read_directory
from bot.channels.dingtalk.http import Callbacks
from bot.channels.dingtalk.inbound import Inbound
from bot.channels.dingtalk.sending import Sender, SenderNeeds
from bot.channels.dingtalk.settings import AppSettings, Mode
from bot.channels.dingtalk.stream import Stream
from bot.channels.dingtalk.streaming import CardStream
from bot.channels.dingtalk.todo import Todos
from bot.channels.dingtalk.webhook import DingTalkWebhooks, Mention
from bot.channels.dingtalk.wire import Http
from bot.channels.seen import MemorySeen, StoredSeen
from bot.config import DingTalkSettings
from bot.dingtalk_looking import app_settings, webhook_settings
from bot.dingtalk_todo import TodoKeeping
from bot.directory_following import DirectoryFollowing
from bot.errors import ConfigError
from bot.messages import ChannelName
from bot.metering import Meter
from bot.wecom import StoredLease
from handlers.people.syncing import Syncing
from scheduler.clock import Chore
from store import outbox, people, quotas
from store.engine import Store

_REMEMBERED = timedelta(hours=1)
"""The longest window of a webhook's budget."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DingTalkNeeds:
    """What the channels are given."""

    store: Store
    session: aiohttp.ClientSession
    files: aiohttp.ClientSession
    """Leads to public addresses only."""
    accept: Accept
    read_blob: ReadBlob
    clock: Callable[[], datetime]
    """The real time, which the platform checks."""
    task_clock: Callable[[], datetime]
    """By which tasks are due."""
    public_url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DingTalk:
    """The channels that are configured, and what else is done for them."""

    store: Store
    clock: Callable[[], datetime]
    app: DingTalkChannel | None = None
    webhooks: DingTalkWebhooks | None = None
    todo: TodoKeeping | None = None
    following: DirectoryFollowing | None = None
    card_route: CardRoute | None = None

    def channels(self) -> Mapping[ChannelName, DingTalkChannel | DingTalkWebhooks]:
        configured = (self.app, self.webhooks)
        return {channel.name: channel for channel in configured if channel is not None}

    def add_routes(self, site: web.Application) -> None:
        if self.app is not None:
            self.app.add_routes(site)

    def counts(self) -> Iterator[tuple[ChannelName, Mapping[str, int]]]:
        """What came in, by channel and kind."""
        if self.app is not None:
            yield self.app.name, self.app.counts

    def chores(self) -> Sequence[Chore]:
        """What is looked at again and again."""
        found = {
            "to-do lists": self.todo,
            "directory": self.following,
            "card callbacks": self.card_route,
        }
        return [
            Chore(name=f"dingtalk {name}", every_s=one.every_s, run=one.run)
            for name, one in found.items()
            if one is not None
        ]

    async def recall(self) -> None:
        """Tell the budgets what was sent before this process began."""
        if self.webhooks is None:
            return
        name, since = self.webhooks.name, self.clock() - _REMEMBERED
        by_place: defaultdict[str, list[datetime]] = defaultdict(list)
        for place, at in await self.store.read(
            lambda session: outbox.sent_since(session, name, since)
        ):
            by_place[place].append(at)
        for place, times in by_place.items():
            self.webhooks.seed(place, times)

    async def directory(self) -> Directory:
        """Departments and members that the app may see.

        Raises:
            ConfigError: There is no app.
        """
        if self.app is None:
            raise ConfigError(
                "no [dingtalk.app]",
                reply="yaodian.toml 里还没有 [dingtalk.app]，先按 docs/dingtalk.md 填好。",
            )
        return await self.app.read_directory()


def build_dingtalk(settings: DingTalkSettings, needs: DingTalkNeeds) -> DingTalk:
    """What is configured, not yet started."""
    store, clock = needs.store, needs.clock
    hooks = [webhook_settings(hook) for hook in settings.webhook]
    webhooks = DingTalkWebhooks(hooks, needs.session, _mention_of(store), clock) if hooks else None
    if settings.app is None:
        return DingTalk(store=store, clock=clock, webhooks=webhooks)
    app = app_settings(settings.app)
    meter = Meter(
        store=store,
        channel=ChannelName.DINGTALK,
        name="钉钉",
        limits={quotas.CALLS: app.monthly_calls, quotas.INBOUND: app.monthly_inbound},
        clock=clock,
    )
    api = OpenApi(app, needs.session, clock, lambda: meter.count(quotas.CALLS))
    todo = TodoKeeping(store=store, todos=Todos(api), clock=needs.task_clock)

    async def may_read() -> bool:
        return not await meter.is_low(quotas.CALLS)

    following = DirectoryFollowing(
        platform=ChannelName.DINGTALK.platform,
        read=lambda: read_directory(api),
        syncing=Syncing(store=store, clock=clock),
        store=store,
        clock=clock,
        may_read=may_read,
    )
    inbound = Inbound(
        accept=needs.accept,
        clock=clock,
        directory_changed=following.note,
        arrived=lambda: meter.count(quotas.INBOUND),
        ran_out=lambda: meter.ran_out(quotas.INBOUND),
    )
    has_cards = bool(app.cards.buttons or app.cards.stream)
    is_called_back = app.mode is Mode.HTTP and bool(needs.public_url)
    card_route = (
        CardRoute(app, api, needs.public_url, clock) if has_cards and is_called_back else None
    )
    return DingTalk(
        store=store,
        clock=clock,
        app=_app(app, needs, api, inbound, meter, card_route),
        webhooks=webhooks,
        todo=todo if app.has_todo else None,
        following=following,
        card_route=card_route,
    )


def _app(
    settings: AppSettings,
    needs: DingTalkNeeds,
    api: OpenApi,
    inbound: Inbound,
    meter: Meter,
    card_route: CardRoute | None,
) -> DingTalkChannel:
    def takes_taps() -> bool:
        is_told = card_route is not None and card_route.is_open
        return is_told or settings.mode is Mode.STREAM

    sender_needs = SenderNeeds(
        api=api,
        account_of=_account_of(needs.store),
        read_blob=needs.read_blob,
        clock=needs.clock,
        takes_taps=takes_taps,
    )
    channel_needs = ChannelNeeds(
        settings=settings,
        way_in=_way_in(settings, needs, inbound),
        inbound=inbound,
        sender=Sender(settings, sender_needs),
        api=api,
        files=needs.files,
        quotas=meter.quotas,
    )
    if settings.cards.stream:
        growing = CardStream(settings, api, needs.clock)
        return StreamingDingTalkChannel(channel_needs, growing)
    return DingTalkChannel(channel_needs)


def _way_in(settings: AppSettings, needs: DingTalkNeeds, inbound: Inbound) -> WayIn:
    store = needs.store
    if settings.mode is Mode.HTTP:
        seen = StoredSeen(store) if store.is_shared else MemorySeen(needs.clock)
        return Callbacks(settings, inbound, seen)
    lease = None if settings.is_shared else StoredLease(store)
    http = Http(needs.session, needs.clock)
    return Stream(settings, needs.session, inbound, lease, http=http)


def _account_of(store: Store) -> Callable[[str], Awaitable[str | None]]:
    async def account_of(member: str) -> str | None:
        if not member.isdecimal():
            return None
        accounts = await store.read(lambda session: people.accounts(session, int(member)))
        platform = ChannelName.DINGTALK.platform
        return next((one.account for one in accounts if one.platform == platform), None)

    return account_of


def _mention_of(store: Store) -> Callable[[str], Awaitable[Mention]]:
    account_of = _account_of(store)

    async def mention_of(member: str) -> Mention:
        if account := await account_of(member):
            return Mention(account=account)
        if not member.isdecimal():
            return Mention()
        found = await store.read(lambda session: people.member(session, int(member)))
        return Mention(mobile=(found.mobile or "") if found is not None else "")

    return mention_of
