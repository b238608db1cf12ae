"""Roll calls in the chat: 签到, 到, 请假, 补签, 代签, and what an officer says to run one."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from bot.arguments import Arguments
from bot.errors import NotAllowed, UsageError
from bot.messages import ChannelName, Conversation, IncomingMessage, MessageKind, Reply
from bot.routing import Pass
from handlers.access import Actor
from handlers.backups.shortage import Cost
from handlers.confirmations import Confirmations, Values
from handlers.people.actions import People
from handlers.records import wording
from handlers.records.answers import Said, Word, read_answer
from handlers.records.attachments import Attachments
from handlers.records.check_in import RollCalls
from handlers.records.on_site import OnSite
from handlers.records.opening import Opening, read_opening
from handlers.records.photos import Photos
from handlers.records.roll_call_views import Result
from scheduler.echo import echo
from scheduler.school_calendar import Term, WorkdayCalendar
from scheduler.when import Reject

_STEP = re.compile(
    r"(开始|发起|催一下|催|结束|关闭|名单|情况|现场码|二维码|扫码|代签)\s*(.*)", re.DOTALL
)
_DECISION = re.compile(r"(同意|不同意)\s*(\d{1,9})\s+(\d{1,9})(.*)", re.DOTALL)
_OPEN = "check_in.open"
_NUMBER = re.compile(r"\s*#?(\d{1,9})\s*(.*)", re.DOTALL)


class CostsOf(Protocol):
    """What asking so many people through these channels takes of what is limited."""

    async def __call__(
        self, people: Mapping[ChannelName, int], *, is_invited: bool
    ) -> Sequence[Cost]: ...


def is_answer(message: IncomingMessage) -> bool:
    """Whether it may answer a roll call."""
    return message.kind is MessageKind.TEXT and read_answer(message.text) is not None


def is_photo(message: IncomingMessage) -> bool:
    """Whether it may be the photo of somebody who is there."""
    return message.kind is MessageKind.MEDIA and any(
        one.media_type.startswith("image/") for one in message.attachments
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckInDialogue:
    """Built once, in ``bot.app``."""

    roll_calls: RollCalls
    on_site: OnSite
    photos: Photos
    people: People
    attachments: Attachments
    calendar: WorkdayCalendar
    confirmations: Confirmations
    costs_of: CostsOf
    terms: Sequence[Term] = ()

    def __post_init__(self) -> None:
        self.confirmations.on(_OPEN, self._open_anyway)

    async def command(self, message: IncomingMessage, arguments: Arguments) -> Reply:
        """/签到, /签到 17, /签到 123456, /签到 开始 …, 催一下, 结束, 名单, 二维码, 代签."""
        actor = await self.people.actor(message.sender)
        words = arguments.text.strip()
        if step := _STEP.fullmatch(words):
            return await self._step(message, actor, step[1], step[2])
        if re.fullmatch(r"\d{6}", words):
            return await self._answer(message, actor, Said(word=Word.PRESENT, code=words), None)
        roll_call_id, rest = _numbered(words)
        if rest == "照片" and roll_call_id is not None:
            kept = replace(message, attachments=await self.photos.kept(message, roll_call_id))
            return await self._with_photo(kept, actor, Said(word=Word.PRESENT), roll_call_id)
        said = read_answer(rest) or Said(word=Word.PRESENT)
        return await self._answer(message, actor, said, roll_call_id)

    async def leave(self, message: IncomingMessage, arguments: Arguments) -> Reply:
        """/请假 事由, /请假 17 事由."""
        actor = await self.people.actor(message.sender)
        roll_call_id, reason = _numbered(arguments.text)
        said = Said(word=Word.LEAVE, reason=reason.strip()[:200])
        return await self._answer(message, actor, said, roll_call_id)

    async def make_up(self, message: IncomingMessage, arguments: Arguments) -> Reply:
        """/补签 说明; /补签 同意 17 3, /补签 不同意 17 3 原因 by whoever leads the roll call."""
        actor = await self.people.actor(message.sender)
        decision = _DECISION.fullmatch(arguments.text.strip())
        if decision is None:
            said = Said(word=Word.MAKE_UP, reason=arguments.text.strip()[:200])
            return await self._answer(message, actor, said, None)
        decided = await self.roll_calls.decide(
            actor, int(decision[2]), int(decision[3]), message.conversation,
            is_agreed=decision[1] == "同意", reason=decision[4].strip(" ，,：:")[:200],
        )  # fmt: skip
        if decided is None:
            return Reply(text=wording.DECIDED_BEFORE)
        view, line = decided
        standing = wording.STANDING_WORDS[line.standing]
        return Reply(text=f"{line.name}：{standing}。{wording.counted(view)}。")

    async def answer(self, message: IncomingMessage, arguments: Arguments) -> Reply | None:
        """Plain words; those that may mean something else pass when nothing is open."""
        said = read_answer(message.text)
        if said is None:
            raise Pass
        actor = await self.people.actor(message.sender)
        found = await self.roll_calls.answer(actor, said, message.conversation)
        if found.result in (Result.NONE_OPEN, Result.NOT_EXPECTED) and (
            not said.is_plain or not message.is_mention
        ):
            raise Pass
        if found.result is Result.CLOSED and not said.is_plain:
            raise Pass
        is_group = message.conversation.is_group
        return wording.answered(found, actor.name, is_group=is_group)

    async def photo(self, message: IncomingMessage, arguments: Arguments) -> Reply | None:
        """A photo sent while a roll call is open says that one is there."""
        actor = await self.people.actor(message.sender)
        meant = await self.photos.meant(actor)
        if not meant:
            raise Pass
        if len(meant) > 1:
            await self.photos.keep(message)
            return wording.which_photo(meant)
        said = read_answer(message.text) or Said(word=Word.PRESENT)
        return await self._with_photo(message, actor, said, meant[0].id)

    async def _with_photo(
        self, message: IncomingMessage, actor: Actor, said: Said, roll_call_id: int
    ) -> Reply:
        files = await self.attachments.keep(message, "photos")
        found = await self.roll_calls.answer(
            actor, said, message.conversation, roll_call_id=roll_call_id, files=files
        )
        return wording.answered(found, actor.name, is_group=message.conversation.is_group)

    async def _answer(
        self, message: IncomingMessage, actor: Actor, said: Said, roll_call_id: int | None
    ) -> Reply:
        found = await self.roll_calls.answer(
            actor, said, message.conversation, roll_call_id=roll_call_id
        )
        return wording.answered(found, actor.name, is_group=message.conversation.is_group)

    async def _step(self, message: IncomingMessage, actor: Actor, step: str, rest: str) -> Reply:
        here = message.conversation
        if step in ("开始", "发起"):
            return await self._open(message, actor, rest)
        if step == "代签":
            said = read_answer(f"代签 {rest}")
            if said is None:
                raise UsageError("nobody named", reply=wording.SAY_WHOM)
            found = await self.roll_calls.answer(actor, said, here)
            return wording.answered(found, actor.name, is_group=here.is_group)
        roll_call_id, _ = _numbered(rest)
        match step:
            case "催一下" | "催":
                return wording.nudged(await self.roll_calls.nudge(actor, roll_call_id, here))
            case "结束" | "关闭":
                return wording.closed(await self.roll_calls.close(actor, roll_call_id, here))
            case "现场码" | "二维码" | "扫码":
                return await self._code(message, actor, roll_call_id)
            case _:
                return wording.roster(await self.roll_calls.show(actor, roll_call_id, here))

    async def _code(
        self, message: IncomingMessage, actor: Actor, roll_call_id: int | None
    ) -> Reply:
        shown = await self.on_site.now(actor, roll_call_id, message.conversation)
        picture = await self.on_site.picture(shown)
        screen = self.on_site.screen(shown, message.sender)
        return wording.code(shown.view, shown.code, shown.until, picture, screen)

    async def _open(self, message: IncomingMessage, actor: Actor, words: str) -> Reply:
        """At once, where it is within what the month still allows; else after a yes."""
        here, key = message.conversation, f"{message.channel}:{message.message_id}"
        opening = await self._read(actor, words)
        asked = await self.roll_calls.reach(actor, opening, here)
        costs = await self.costs_of(asked, is_invited=not here.is_group)
        if any(one.is_too_much for one in costs):
            values = {
                "words": words,
                "channel": here.channel,
                "conversation": here.id,
                "is_group": here.is_group,
                "key": key,
            }
            body = wording.too_much(sum(asked.values()), costs)
            return await self.confirmations.ask(
                message, _OPEN, values, title=wording.TOO_MUCH, body=body
            )
        view = await self.roll_calls.open(actor, opening, here, key=key)
        return wording.opened(view, is_group=here.is_group)

    async def _open_anyway(self, actor: Actor, values: Values) -> Reply:
        here = Conversation(
            channel=ChannelName(str(values["channel"])),
            id=str(values["conversation"]),
            is_group=values["is_group"] is True,
        )
        opening = await self._read(actor, str(values["words"]))
        view = await self.roll_calls.open(actor, opening, here, key=str(values["key"]))
        return wording.opened(view, is_group=here.is_group)

    async def _read(self, actor: Actor, words: str) -> Opening:
        book = self.roll_calls.book
        opening = read_opening(
            words,
            now=book.clock().astimezone(book.zone),
            types=book.types,
            units=await self.roll_calls.units(actor),
            calendar=self.calendar,
            terms=self.terms,
            others=await self.roll_calls.unit_names(),
        )
        if opening.elsewhere:
            reply = f"您不能替{opening.elsewhere}发起签到，请那里的负责人来发起。"
            raise NotAllowed(f"no roll call in {opening.elsewhere}", reply=reply)
        if opening.refused is not None:
            refused = echo(Reject(reason=opening.refused))
            raise UsageError(f"time refused: {opening.refused}", reply=refused)
        return opening


def _numbered(words: str) -> tuple[int | None, str]:
    found = _NUMBER.fullmatch(words)
    return (int(found[1]), found[2]) if found else (None, words)
