"""A person's calendar at a secret address, made and revoked by themselves."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.arguments import Arguments
from bot.errors import NotAllowed
from bot.messages import ChannelName, IncomingMessage, Reply, Sender
from handlers.people.actions import People
from handlers.tasks.actions import Tasks
from handlers.tasks.views import OccurrenceView
from store import calendar_links
from store import people as people_rows
from store.engine import Store

_PAST = timedelta(days=60)
"""How far back a subscribed calendar reaches."""
MEMBERS_ONLY = "只有花名册上的人有自己的日历，请管理员先把您加进花名册。"
NO_ADDRESS = "要用日历订阅，需要管理员先配置 bot.public_url（别人能打开的网址）。"
REVOKED = "旧的日历地址已经作废。需要时再发 /日历。"
NEVER_MADE = "您还没有日历地址，发 /日历 就有。"


@dataclass(frozen=True, slots=True)
class Feeds:
    """Built once, in ``bot.app``; ``address`` makes whole addresses of paths, where it can."""

    store: Store
    tasks: Tasks
    people: People
    address: Callable[[str], str | None]
    page: Callable[[Sender, datetime], str]
    clock: Callable[[], datetime]

    async def command(self, message: IncomingMessage, arguments: Arguments) -> Reply:
        """/日历: a fresh secret address; /日历 作废 ends it."""
        actor = await self.people.actor(message.sender)
        member_id = actor.member_id
        if member_id is None:
            raise NotAllowed("guests have no calendar", reply=MEMBERS_ONLY)
        if arguments.word(0) in ("作废", "撤销", "取消", "关闭"):
            was = await self.store.write(lambda session: calendar_links.revoke(session, member_id))
            return Reply(text=REVOKED if was else NEVER_MADE, is_private=True)
        token = secrets.token_urlsafe(24)
        link = self.address(f"/calendar/{token}.ics")
        page = self.address(self.page(message.sender, self.clock()))
        if link is None or page is None:
            return Reply(text=NO_ADDRESS)
        await self.store.write(lambda session: calendar_links.put(session, member_id, token))
        return Reply(
            text=f"您的任务日历（在手机日历里“添加订阅日历”，粘贴这个地址）：\n{link}\n\n"
            f"网页上看月历和清单（7 天内有效）：\n{page}\n\n"
            "地址只给您自己用，之前的地址已作废；不想用了发 /日历 作废。",
            is_private=True,
        )

    async def occurrences(self, token: str) -> tuple[str, Sequence[OccurrenceView]] | None:
        """Whose calendar it is and what is in it; None for an address that opens nothing."""
        member_id = await self.store.read(lambda session: calendar_links.member_of(session, token))
        if member_id is None:
            return None
        accounts = await self.store.read(
            lambda session: [
                (one.platform, one.account) for one in people_rows.accounts(session, member_id)
            ]
        )
        for channel in ChannelName:
            for platform, account in accounts:
                if channel.platform == platform:
                    actor = await self.people.actor(Sender(channel=channel, account=account))
                    if actor.member_id == member_id:
                        since = self.clock() - _PAST
                        found = await self.tasks.mine(actor, includes_closed=True, due_from=since)
                        return actor.name, found
        return None
