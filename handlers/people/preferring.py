"""Where somebody on two platforms is written to: as they say, else where they wrote last."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from bot.errors import UsageError
from bot.messages import ChannelName
from handlers.access import Actor
from handlers.people import wording
from store import audit, people, preferences
from store.engine import Store

PLATFORM_WORDS = {
    ChannelName.WECOM_APP.platform: "企业微信",
    ChannelName.DINGTALK.platform: "钉钉",
}
"""Those that write to people by themselves; the page only waits to be opened."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """``platforms`` are those the person has accounts on; ``preferred`` None: the last used."""

    platforms: tuple[str, ...]
    preferred: str | None


@dataclass(frozen=True, slots=True)
class Preferring:
    """Built once, in ``bot.app``; everybody says it for themselves."""

    store: Store
    clock: Callable[[], datetime]

    async def standing(self, actor: Actor) -> Standing:
        """How it is now.

        Raises:
            UsageError: The actor is not on the roster.
        """
        member_id = _member(actor)

        def query(session: Session) -> Standing:
            return Standing(
                platforms=tuple(sorted(_platforms(session, member_id))),
                preferred=preferences.preferred(session, [member_id]).get(member_id),
            )

        return await self.store.read(query)

    async def prefer(self, actor: Actor, platform: str | None) -> None:
        """Be written to on ``platform`` from now on; None: where one wrote last.

        Raises:
            UsageError: The actor is not on the roster, or has no account there.
        """
        member_id, now = _member(actor), self.clock()

        def work(session: Session) -> None:
            if platform is not None and platform not in _platforms(session, member_id):
                word = PLATFORM_WORDS.get(platform, platform)
                reply = f"您在{word}还没有账号。先在这里发 /绑定 取验证码，再到{word}里发给要点。"
                raise UsageError("no account there", reply=reply)
            before = preferences.preferred(session, [member_id]).get(member_id)
            preferences.prefer(session, member_id, platform)
            audit.record(
                session,
                who=actor.account,
                what="member.prefer",
                subject=f"member:{member_id}",
                now=now,
                before=before,
                after=platform,
            )

        await self.store.write(work)


def _platforms(session: Session, member_id: int) -> Collection[str]:
    found = {one.platform for one in people.accounts(session, member_id)}
    return found & PLATFORM_WORDS.keys()


def _member(actor: Actor) -> int:
    if actor.member_id is None:
        raise UsageError("not on the roster", reply=wording.WELCOME)
    return actor.member_id
