"""One person on two platforms: a code from the one, typed on the other."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from sqlalchemy.orm import Session

from bot.errors import UsageError
from bot.messages import Sender
from handlers.access import Actor
from handlers.people import wording
from handlers.people.actions import platform_of
from store import audit, people, settings
from store.engine import Store

CODE_LASTS = timedelta(minutes=10)
MOST_TRIES = 5


@dataclass(frozen=True, slots=True)
class Binding:
    """Built once, in ``bot.app``."""

    store: Store
    clock: Callable[[], datetime]

    async def code(self, actor: Actor) -> str:
        """Six digits for the actor, good once; the one before is good no more.

        Raises:
            UsageError: The actor is not on the roster.
        """
        member_id = actor.member_id
        if member_id is None:
            raise UsageError("not on the roster", reply=wording.WELCOME)
        code = f"{secrets.randbelow(1_000_000):06}"
        until = self.clock() + CODE_LASTS

        def work(session: Session) -> None:
            before = settings.get(session, f"bind.of:{member_id}")
            if before is not None:
                settings.forget(session, before)
            kept = json.dumps({"member": member_id, "until": until.isoformat()})
            settings.put(session, _key(code), kept)
            settings.put(session, f"bind.of:{member_id}", _key(code))

        await self.store.write(work)
        return code

    async def bind(self, sender: Sender, code: str) -> str:
        """Say that the sender is the member the code was made for; the member's name.

        Raises:
            UsageError: The code is not good, was tried too often, or the account is another's.
        """
        now = self.clock()
        platform, account = platform_of(sender), sender.account

        def work(session: Session) -> tuple[str | None, str]:
            if not _may_try(session, f"bind.tries:{platform}:{account}", now):
                return None, wording.TOO_MANY_CODES
            kept = settings.get(session, _key(code))
            offer = json.loads(kept) if kept else None
            if offer is None or datetime.fromisoformat(offer["until"]) <= now:
                return None, wording.BAD_CODE
            member = people.member(session, offer["member"])
            owner = people.member_of(session, platform, account)
            if member is None or not member.is_active:
                return None, wording.BAD_CODE
            if owner is not None and owner.id != member.id:
                return None, wording.ACCOUNT_TAKEN.format(name=owner.name)
            settings.forget(session, _key(code))
            settings.forget(session, f"bind.tries:{platform}:{account}")
            name = sender.display_name
            people.link(session, platform, account, member.id, display_name=name)
            audit.record(
                session,
                who=f"{platform}:{account}",
                what="account.bind",
                subject=f"member:{member.id}",
                now=now,
                after=platform,
            )
            return member.name, ""

        bound, problem = await self.store.write(work)
        if bound is None:
            raise UsageError("not bound", reply=problem)
        return bound


def _may_try(session: Session, key: str, now: datetime) -> bool:
    """Count a try of an account; a million codes are too few to let anybody guess."""
    kept = json.loads(settings.get(session, key) or "null")
    if kept is None or datetime.fromisoformat(kept["until"]) <= now:
        kept = {"tries": 0, "until": (now + CODE_LASTS).isoformat()}
    kept["tries"] += 1
    settings.put(session, key, json.dumps(kept))
    return int(kept["tries"]) <= MOST_TRIES


def _key(code: str) -> str:
    return f"bind:{sha256(code.encode()).hexdigest()}"
