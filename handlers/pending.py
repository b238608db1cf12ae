"""What somebody was asked and has yet to answer; belongs to who was asked, and does not last."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.messages import IncomingMessage
from store import pending
from store.engine import Store

State = dict[str, object]

KIND = "kind"
LASTING = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Pending:
    """Built once, in ``bot.app``."""

    store: Store
    clock: Callable[[], datetime]

    async def ask(
        self, message: IncomingMessage, kind: str, state: State, lasting: timedelta = LASTING
    ) -> None:
        """Remember what the sender is asked here."""
        until = self.clock() + lasting
        kept: State = {**state, KIND: kind}
        await self.store.write(
            lambda session: pending.put(session, *_who(message), state=kept, until=until)
        )

    async def get(self, message: IncomingMessage, *kinds: str) -> State | None:
        """What the sender was asked here, if it is one of ``kinds``."""
        now = self.clock()
        found = await self.store.read(lambda session: pending.get(session, *_who(message), now))
        return found if found is not None and found[KIND] in kinds else None

    async def forget(self, message: IncomingMessage) -> None:
        """It was answered, or is not wanted any more."""
        await self.store.write(lambda session: pending.forget(session, *_who(message)))


def _who(message: IncomingMessage) -> tuple[str, str, str]:
    return message.channel, message.conversation.id, message.sender.account
