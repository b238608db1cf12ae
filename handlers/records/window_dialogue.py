"""/填报 开始, 结束, 延期, 名单, 催一下, 结果, 打包, 期限: what those who ask for forms say."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from bot.arguments import Arguments
from bot.errors import UsageError
from bot.messages import Attachment, IncomingMessage, Reply
from handlers.people.actions import People
from handlers.records import form_wording as wording
from handlers.records.form_bundle import FormBundles
from handlers.records.form_opening import last_moment, read_form_opening
from handlers.records.form_windows import FormWindows
from handlers.records.types import RecordType
from handlers.records.window_views import Bundle
from scheduler.school_calendar import Term, WorkdayCalendar
from store import blobs

STEPS = frozenset({"开始", "结束", "延期", "名单", "催一下", "催", "结果", "打包", "期限"})
_ZIP = "application/zip"
_MOST_BYTES = 20 * 2**20
"""More than a chat carries."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowDialogue:
    """Built once, in ``bot.app``."""

    windows: FormWindows
    bundles: FormBundles
    people: People
    calendar: WorkdayCalendar
    terms: Sequence[Term] = ()

    async def step(self, message: IncomingMessage, arguments: Arguments) -> Reply:
        """One of ``STEPS``, with the words behind it."""
        word = arguments.word(0)
        rest = arguments.text.strip()[len(word) :].strip()
        actor = await self.people.actor(message.sender)
        match word:
            case "开始":
                return await self._open(message, rest)
            case "延期":
                return await self._put_off(message, rest)
            case "结束":
                standing = await self.windows.close(actor, self._type(rest))
                return wording.closed(standing)
            case "催一下" | "催":
                standing, told = await self.windows.nudge(actor, self._type(rest))
                return Reply(text=wording.nudged(standing, told), is_private=True)
            case "结果":
                return wording.tally(await self.windows.tally(actor, self._type(rest)))
            case "打包":
                return await self._packed(await self.bundles.of(actor, self._type(rest)))
            case "期限":
                return await self._limit(message, rest)
            case _:
                return wording.standing(await self.windows.show(actor, self._type(rest)))

    async def _open(self, message: IncomingMessage, words: str) -> Reply:
        actor, book = await self.people.actor(message.sender), self.windows.book
        opening = read_form_opening(
            words,
            now=book.clock().astimezone(book.zone),
            types=book.types,
            units=await self.windows.units(actor),
            calendar=self.calendar,
            terms=self.terms,
        )
        if opening is None:
            raise UsageError("no such form", reply=wording.HOW_TO_OPEN)
        key = f"{message.channel}:{message.message_id}"
        view = await self.windows.open(actor, opening, message.conversation, key=key)
        standing = await self.windows.show(actor, opening.type)
        return Reply(text=wording.opened(view, len(standing.asked)), is_private=True)

    async def _put_off(self, message: IncomingMessage, words: str) -> Reply:
        actor, book = await self.people.actor(message.sender), self.windows.book
        type_ = self._type(words)
        now = book.clock().astimezone(book.zone)
        until = last_moment(words.replace(type_.name, " "), now, self.calendar)
        if until is None:
            raise UsageError("no time", reply=wording.HOW_TO_PUT_OFF)
        view = await self.windows.put_off(actor, type_, until)
        return Reply(text=f"“{view.title}”截止改为 {wording.moment(view.closes_at)}。")

    async def _limit(self, message: IncomingMessage, words: str) -> Reply:
        """/填报 期限 信访线索核查 15天."""
        type_ = self._type(words)
        days = re.search(r"(\d{1,4})\s*[天日]", words)
        if days is None or not type_.limit_set_by_admin:
            raise UsageError("no days", reply=wording.how_to_limit(type_))
        actor = await self.people.actor(message.sender)
        await self.windows.set_limit(actor, type_, int(days[1]))
        return Reply(text=wording.limited(type_, int(days[1])), is_private=True)

    async def _packed(self, bundle: Bundle) -> Reply:
        if len(bundle.content) > _MOST_BYTES:
            reply = wording.too_large(len(bundle.content) // 2**20)
            raise UsageError("too large for a chat", reply=reply)
        now = self.windows.book.clock()
        blob = await self.windows.store.write(
            lambda session: blobs.put(session, bundle.content, media_type=_ZIP, now=now)
        )
        file = Attachment(
            name=bundle.name, media_type=_ZIP, blob=blob, size_bytes=len(bundle.content)
        )
        return Reply(text=wording.packed(bundle), attachments=(file,), is_private=True)

    def _type(self, words: str) -> RecordType:
        types = self.windows.book.types
        if (found := types.named(words.strip())) is not None:
            return found
        mentioned = next((one.type for one in types.mentions(words) if one.type.fields), None)
        if mentioned is None:
            raise UsageError("no such form", reply=wording.WHICH)
        return mentioned
