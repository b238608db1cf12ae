"""Who is at the other end of the chat page, and what the page offers them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aiohttp import web

from bot.channels.web import Choice, Identify
from bot.messages import ChannelName, Sender
from handlers.documents.actions import Documents
from handlers.people.actions import People
from handlers.people.wording import ROLE_WORDS
from store import people as people_rows
from store.engine import Store

GUEST = "guest"
_ALWAYS = ("/帮助", "/文档")
_EXAMPLES = 3
_TELLING = re.compile(
    r"(?!.*(?:要求|目标|保障|领导|附则|总则|至少|不得|不少于|应当|必须|[。，；：]))\S{5,14}"
)
"""A heading that makes a question: not a general one, nor one that is the rule itself."""


def demo_identity(store: Store) -> Identify:
    """The demo believes whoever one says one is; it listens on loopback only."""

    async def identify(request: web.Request) -> Sender | None:
        account = request.query.get("as", "")
        if account == GUEST:
            return Sender(channel=ChannelName.WEB, account=GUEST, display_name="访客")
        member = await store.read(
            lambda session: people_rows.member_of(session, ChannelName.WEB.platform, account)
        )
        if member is None:
            return None
        return Sender(channel=ChannelName.WEB, account=account, display_name=member.name)

    return identify


async def no_identity(request: web.Request) -> Sender | None:
    """Without the demo one has to sign in."""
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatFront:
    """People to choose from in the demo, and questions to begin with."""

    people: People
    documents: Documents
    is_demo: bool

    async def choices(self) -> Mapping[str, Sequence[Choice]]:
        if not self.is_demo:
            return {}
        by_unit: defaultdict[str, list[Choice]] = defaultdict(list)
        for person in await self.people.everyone():
            if person.web_account is not None:
                words = "、".join(ROLE_WORDS[role] for role in person.roles)
                choice = Choice(account=person.web_account, name=person.name, roles=words)
                by_unit[person.unit].append(choice)
        return by_unit

    async def examples(self, sender: Sender) -> Sequence[str]:
        """What the newest documents that the sender may see have to say, as questions."""
        allowed = await self.documents.permitted(await self.people.actor(sender))
        shelf = list(self.documents.library.documents.values())
        questions: list[str] = []
        for document in reversed(shelf):
            headings = [s.heading for s in document.outline if _TELLING.fullmatch(s.heading)]
            if headings and (allowed is None or document.id in allowed):
                questions.append(f"{headings[len(questions) % len(headings)]}有哪些要求？")
            if len(questions) == _EXAMPLES:
                break
        return [*questions, *_ALWAYS]
