"""Telling one person something, on the platform where they can be reached."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from bot.codec import reply_to_json
from bot.messages import ChannelName, Conversation, Reply, Role
from scheduler.recipients import Addresses, conversation_key
from store import outbox, people
from store.models import DeliveryKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """Built once, in ``bot.app``; works inside the caller's transaction."""

    channels: Sequence[ChannelName]
    """Those that reach a person, best first."""

    def where(self, session: Session, member_ids: Collection[int]) -> dict[int, Conversation]:
        """The conversation of each who can be reached."""
        keys = {f"member:{one}": one for one in member_ids}
        routes = Addresses(session, self.channels).routes(list(keys))
        return {keys[key]: conversation for key, conversation in routes.items()}

    def open_to(self, session: Session, chat: Conversation) -> Conversation | None:
        """``chat``, or where its owner is reached instead when it can only answer."""
        key = conversation_key(chat)
        return Addresses(session, self.channels).routes([key]).get(key)

    def to_member(
        self,
        session: Session,
        member_id: int,
        key: str,
        reply: Reply,
        now: datetime,
        *,
        due_at: datetime | None = None,
    ) -> int | None:
        """Its delivery; None when they cannot be reached, or were told under ``key`` before."""
        conversation = self.where(session, [member_id]).get(member_id)
        if conversation is None:
            return None
        return self.to(session, conversation, key, reply, now, due_at=due_at)

    def to(
        self,
        session: Session,
        conversation: Conversation,
        key: str,
        reply: Reply,
        now: datetime,
        *,
        due_at: datetime | None = None,
        kind: DeliveryKind = DeliveryKind.BROADCAST,
    ) -> int | None:
        """Put a message to a conversation into the outbox, once."""
        draft = outbox.Draft(
            key=key,
            kind=kind,
            channel=conversation.channel,
            conversation=conversation.id,
            is_group=conversation.is_group,
            accounts=() if conversation.is_group else (conversation.id,),
            reply=reply_to_json(reply),
            due_at=due_at,
        )
        return outbox.add(session, draft, now=now)

    def in_charge(
        self, session: Session, unit_ids: Collection[int], *roles: Role, but: int | None = None
    ) -> Sequence[int]:
        """Who else than ``but`` holds the first of ``roles``, in these units or next above."""
        level = set(unit_ids)
        while level:
            for role in roles:
                held = people.holders(session, role, level)
                if found := [one.id for one in held if one.id != but]:
                    return found
            above = {people.parent_of(session, unit) for unit in level}
            level = {unit for unit in above if unit is not None}
        roots = people.root_units(session)
        return [one.id for one in people.holders(session, Role.ADMIN, roots) if one.id != but]
