"""A step with a record, and word of it to whoever handed it in."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from bot.messages import Conversation, Reply
from handlers.access import Actor
from handlers.posting import Post
from handlers.records import ledger_wording as wording
from handlers.records.record_views import RecordView
from handlers.records.steps import Steps


@dataclass(frozen=True, slots=True, kw_only=True)
class Deciding:
    """Built once, in ``bot.app``."""

    steps: Steps
    post: Post

    async def move(
        self, actor: Actor, record_id: int, step: str, words: str, here: Conversation
    ) -> RecordView:
        """Take a step that the type declares; ``words`` are its reason or the reply.

        Raises:
            NotFound: No such record, or no such step from where it stands.
            NotAllowed: It is not the actor's step.
            UsageError: A reason or a reply is missing, or somebody was quicker.
        """
        view, member_id = await self.steps.move(actor, record_id, step, words, here)
        if member_id is not None and member_id != actor.member_id:
            await self._tell(member_id, view, words)
        return view

    async def _tell(self, member_id: int, view: RecordView, words: str) -> None:
        now, reply = self.steps.clock(), Reply(text=wording.moved(view, words))

        def work(session: Session) -> None:
            key = f"record:{view.id}:{view.state}"
            self.post.to_member(session, member_id, key, reply, now)

        await self.steps.store.write(work)
