"""/问题, /答, and a quoted reply: how people answer for the documents."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from bot.arguments import Arguments
from bot.errors import UsageError
from bot.messages import IncomingMessage, MessageKind, Reply
from bot.routing import Pass
from handlers.access import Actor
from handlers.confirmations import Confirmations, Values
from handlers.people.actions import People
from handlers.people.managing import Roster
from handlers.questions import wording
from handlers.questions.actions import Given, Questions
from handlers.questions.digest import Digest
from handlers.questions.views import Asked, StandingView
from handlers.undo import Undo

_QUOTED = re.compile(r"有人问（问题\s*(?P<id>\d{1,9})）")
_BASIS = re.compile(r"[\s，,。；;]*(?:依据|出处)\s*[:：是为]\s*(?P<basis>.+)$", re.DOTALL)
_EXPIRES = re.compile(
    r"[\s，,。；;（(]*有效期\s*(?:至|到|截至|为)?\s*[:：]?\s*"
    r"(?P<year>\d{4})\s*[-/.年]\s*(?P<month>\d{1,2})\s*[-/.月]\s*(?P<day>\d{1,2})\s*日?[）)。]*"
)
_SAME = re.compile(r"(?:同|和|跟|与)\s*(?:问题)?\s*#?(?P<other>\d{1,9})\s*(?:一样|相同)?[。.]?")
_LISTED = 20
_SHOWN_CHARS = 60
_HOW = (
    "可以这样写：/问题（等着答复的）、/问题 关闭 17、/问题 转给 17 姓名、"
    "/问题 答复（已有的答复）、/问题 停用 5、/问题 汇总。"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """An answer with what stands at its end."""

    answer: str
    basis: str | None = None
    expires_on: date | None = None


def read_answer(text: str) -> Said:
    """每年4月。依据：《…》第三条 有效期至2026-12-31 -> its parts.

    Raises:
        UsageError: The date does not exist.
    """
    expires_on = None
    if found := _EXPIRES.search(text):
        try:
            expires_on = date(int(found["year"]), int(found["month"]), int(found["day"]))
        except ValueError as error:
            raise UsageError("no such date", reply="有效期的日期不对，请改一下。") from error
        text = text[: found.start()] + text[found.end() :]
    basis = None
    if found := _BASIS.search(text):
        basis = found["basis"].strip(" 。，,") or None
        text = text[: found.start()]
    return Said(answer=text.strip(), basis=basis, expires_on=expires_on)


def quotes_question(message: IncomingMessage) -> bool:
    """Whether it quotes a question that was handed over."""
    is_said = message.kind is MessageKind.TEXT and bool(message.text.strip())
    return is_said and _QUOTED.search(message.quoted_text) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionsDialogue:
    """Built once, in ``bot.app``."""

    questions: Questions
    digest: Digest
    people: People
    roster: Roster
    confirmations: Confirmations
    undo: Undo

    def __post_init__(self) -> None:
        self.confirmations.on("standing.retire", self._retire)
        self.undo.on("standing.retire", self._undo_answer)

    async def answer(self, message: IncomingMessage, arguments: Arguments) -> Reply:
        """/答 17 …."""
        number, _, text = arguments.text.strip().partition(" ")
        found = re.fullmatch(r"#?(\d{1,9})[:：、.]?", number)
        if found is None or not text.strip():
            raise UsageError("incomplete", reply=wording.NO_REPLY)
        actor = await self.people.actor(message.sender)
        return await self._answer(actor, int(found[1]), text)

    async def quoted(self, message: IncomingMessage, arguments: Arguments) -> Reply:
        """A reply that quotes the question."""
        found = _QUOTED.search(message.quoted_text)
        if found is None:
            raise Pass
        actor = await self.people.actor(message.sender)
        return await self._answer(actor, int(found["id"]), message.text)

    async def _answer(self, actor: Actor, question_id: int, text: str) -> Reply:
        if same := _SAME.fullmatch(text.strip()):
            given = await self.questions.same_as(actor, question_id, int(same["other"]))
        else:
            said = read_answer(text)
            given = await self.questions.reply(
                actor, question_id, said.answer, basis=said.basis, expires_on=said.expires_on
            )
        return Reply(text=_thanks(given))

    async def command(self, message: IncomingMessage, arguments: Arguments) -> Reply:
        """/问题 and what belongs to it."""
        actor = await self.people.actor(message.sender)
        match arguments.words + arguments.mentions:
            case []:
                return Reply(text=_waiting(*await self.questions.waiting(actor)), is_private=True)
            case ["答复"]:
                standing = await self.questions.standing_list(actor)
                return Reply(text=_standing(standing), is_private=True)
            case ["汇总"]:
                return Reply(text=await self.digest.of_last_week(actor), is_private=True)
            case ["关闭", number] if number.isdecimal():
                await self.questions.close(actor, int(number))
                return Reply(text=f"问题 {number} 已关闭，不再等答复。")
            case ["转给" | "转", number, name] if number.isdecimal():
                person = await self.roster.look(actor, name)
                name = await self.questions.pass_on(actor, int(number), person.member_id)
                return Reply(text=f"问题 {number} 已转给{name}。")
            case ["停用", number] if number.isdecimal():
                return await self._ask_to_retire(message, actor, int(number))
        raise UsageError("incomplete", reply=_HOW)

    async def _ask_to_retire(
        self, message: IncomingMessage, actor: Actor, standing_id: int
    ) -> Reply:
        standing = await self.questions.standing_list(actor)
        one = next((one for one in standing if one.id == standing_id), None)
        if one is None:
            raise UsageError("no such standing answer", reply=f"没有答复 {standing_id}。")
        return await self.confirmations.ask(
            message,
            "standing.retire",
            {"standing_id": standing_id},
            title=f"停用答复 {standing_id}",
            body=f"“{one.question}”：{one.answer}\n停用后再有人问，会重新从文件里找。"
            f"影响 {one.serves} 种问法。",
        )

    async def _retire(self, actor: Actor, values: Values) -> Reply:
        question = await self.questions.retire(actor, _id(values))
        return Reply(text=f"已停用对“{question}”的答复。")

    async def _undo_answer(self, actor: Actor, values: Values) -> str:
        question = await self.questions.retire(actor, _id(values))
        return f"已收回对“{question}”的答复，以后不再这样答。已经发给提问人的那一条收不回来。"


def _id(values: Values) -> int:
    return int(str(values["standing_id"]))


def _thanks(given: Given) -> str:
    if not given.is_told:
        return f"答复已经记下（答复 {given.standing_id}），但提问的人现在收不到消息。"
    return wording.SAVED.format(asker=given.asker, standing=given.standing_id)


def _waiting(total: int, asked: Sequence[Asked]) -> str:
    if not asked:
        return wording.NOTHING_OPEN
    lines = [
        f"- {one.id}：{_short(one.question)}（{one.who}，{wording.STATES[one.state]}{one.routed_to}"
        f"{'，👎' if one.feedback == 'down' else ''}）"
        for one in asked
    ]
    more = f"\n只列了最近的 {len(asked)} 个。" if total > len(asked) else ""
    head = f"有 {total} 个问题等着答复。答复请发 /答 编号 内容："
    return f"{head}\n" + "\n".join(lines) + more


def _standing(standing: Sequence[StandingView]) -> str:
    if not standing:
        return "还没有人工答复。"
    lines = []
    for one in standing[:_LISTED]:
        until = f"，有效期至 {one.expires_on}" if one.expires_on else ""
        basis = f"，依据：{one.basis}" if one.basis else ""
        lines.append(
            f"- {one.id}：{_short(one.question)} → {_short(one.answer)}（{one.who}{basis}{until}，"
            f"{one.serves} 种问法）"
        )
    return f"有 {len(standing)} 条答复在用：\n" + "\n".join(lines)


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN_CHARS else f"{text[: _SHOWN_CHARS - 1]}…"
