"""Nothing that matters happens at the first word: it is repeated, and waits for a yes.

What waits belongs to who was asked, where they were asked, and does not last.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import uuid4

from bot.arguments import Arguments
from bot.messages import Button, Card, IncomingMessage, MessageKind, Reply
from bot.routing import Pass
from handlers.access import Actor
from handlers.pending import Pending
from handlers.people.actions import People

Values = Mapping[str, object]
Deed = Callable[[Actor, Values], Awaitable[Reply]]

_KIND = "confirmation"
_LASTING = timedelta(minutes=10)
_YES = re.compile(r"(?:是|是的|对|好|好的|好吧|可以|行|确认|确定|同意|发吧|发送|ok|yes|y)[。.!!~]*")
_NO = re.compile(r"(?:不|否|不是|不行|不用了?|不要了?|不发了?|取消|算了|no|n)[。.!!~]*")
_OVER = "这里没有等您确认的事，可能已经办了、取消了，或者过了 10 分钟。需要的话请重新发一次。"
_LEFT = "好的，没有做任何改动。"


@dataclass(frozen=True, slots=True)
class Confirmations:
    """Built once, in ``bot.app``; dialogues say with :meth:`on` what a yes sets off."""

    pending: Pending
    people: People
    deeds: dict[str, Deed] = field(default_factory=dict)

    def on(self, name: str, deed: Deed) -> None:
        """Name a deed; what waits is kept by this name, so it must outlive a restart."""
        if name in self.deeds:
            raise ValueError(f"deed {name} is taken")
        self.deeds[name] = deed

    async def ask(
        self, message: IncomingMessage, deed: str, values: Values, *, title: str, body: str
    ) -> Reply:
        """Say what will happen, and wait."""
        nonce = uuid4().hex[:8]
        state: dict[str, object] = {"deed": deed, "values": dict(values), "nonce": nonce}
        await self.pending.ask(message, _KIND, state, _LASTING)
        return Reply(
            card=Card(
                title=title,
                body=f"{body}\n\n回复“确认”就办，回复“取消”不办。10 分钟内有效。",
                buttons=(
                    Button(label="确认", command=f"/确认执行 {nonce}", style="primary"),
                    Button(label="取消", command=f"/放弃执行 {nonce}"),
                ),
                key=f"confirmation:{nonce}",
            )
        )

    async def yes(self, message: IncomingMessage, arguments: Arguments) -> Reply:
        """/确认执行: a tap on the card, which is good for this card only."""
        return await self._decide(message, arguments.word(0), is_yes=True)

    async def no(self, message: IncomingMessage, arguments: Arguments) -> Reply:
        """/放弃执行."""
        return await self._decide(message, arguments.word(0), is_yes=False)

    async def said(self, message: IncomingMessage, arguments: Arguments) -> Reply:
        """是, 确认, 取消: about what waits here, if anything does."""
        if await self.pending.get(message, _KIND) is None:
            raise Pass
        return await self._decide(message, None, is_yes=_is(message.text, _YES))

    async def _decide(self, message: IncomingMessage, nonce: str | None, *, is_yes: bool) -> Reply:
        state = await self.pending.get(message, _KIND)
        if state is None or (nonce is not None and state["nonce"] != nonce):
            return Reply(text=_OVER)
        await self.pending.forget(message)
        deed, values = self.deeds.get(str(state["deed"])), state["values"]
        if not is_yes:
            return Reply(text=_LEFT)
        if deed is None or not isinstance(values, dict):
            return Reply(text=_OVER)
        return await deed(await self.people.actor(message.sender), values)


def is_yes_or_no(message: IncomingMessage) -> bool:
    """Whether it says yes or no and nothing else."""
    if message.kind not in (MessageKind.TEXT, MessageKind.TAP):
        return False
    return _is(message.text, _YES) or _is(message.text, _NO)


def _is(text: str, words: re.Pattern[str]) -> bool:
    plain = unicodedata.normalize("NFKC", text).strip().casefold()
    return words.fullmatch(plain) is not None
