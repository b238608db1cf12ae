"""Plain words -> an answer with its sources; /来源, 发原文, 👍 and 👎."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, replace

from bot.arguments import Arguments
from bot.errors import NotFound
from bot.messages import Attachment, IncomingMessage, MessageKind, Reply, Source
from handlers.access import Actor
from handlers.ask import wording
from handlers.ask.actions import Answered, Ask, Clause
from handlers.people.actions import People
from knowledge.model import Answer, Citation

_ORIGINAL = re.compile(
    r"(?:请|麻烦)?(?:把|将)?(?:第?\s*(?P<n>[1-3一二三])\s*[个份]?)?(?:的)?"
    r"(?:原文件?|原件|文件)(?:发(?:给)?我|发来|发一?下)(?:看看|一下)?[吧。.！!]?"
    r"|(?:请|麻烦)?发(?:我|给我)?(?:一下)?(?:原文件?|原件)(?:给我)?[吧。.！!]?"
)
_THUMBS = {"👍": "up", "👎": "down"}
_NUMERALS = {"一": 1, "二": 2, "三": 3}


def asks_for_original(message: IncomingMessage) -> bool:
    """Whether it says 把原文发我, 发原文, 第2个原件发我."""
    is_text = message.kind is MessageKind.TEXT
    return is_text and _ORIGINAL.fullmatch(message.text.strip()) is not None


def is_thumb(message: IncomingMessage) -> bool:
    """Whether it is 👍 or 👎, typed rather than tapped, in any skin."""
    return message.kind is MessageKind.TEXT and _thumb(message.text) is not None


def _thumb(text: str) -> str | None:
    bare = re.sub("[\U0001f3fb-\U0001f3ff\ufe0f\\s]", "", text)
    return _THUMBS.get(bare)


@dataclass(frozen=True, slots=True)
class AskDialogue:
    """Built once, in ``bot.app``."""

    ask: Ask
    people: People

    async def question(self, message: IncomingMessage, arguments: Arguments) -> Reply:
        """Answer in plain words, with citations."""
        if not message.text.strip():
            return Reply(text=wording.NOTHING_ASKED)
        actor = await self.people.actor(message.sender)
        previous = await self.ask.quoted_turns(message.quoted_text, message.conversation)
        answered = await self.ask.begin(
            actor, message.text, message.conversation, previous=previous or None
        )
        reply = shown(answered)
        if self.ask.library.is_written(answered.answer):
            return replace(reply, text="", stream=self._texts(actor, answered))
        return reply

    async def asked(self, message: IncomingMessage, arguments: Arguments) -> Reply:
        """/问: what a menu's button sends; with words, a question."""
        if not arguments.text.strip():
            return Reply(text=wording.ASK_AWAY)
        return await self.question(replace(message, text=arguments.text), arguments)

    async def _texts(self, actor: Actor, answered: Answered) -> AsyncGenerator[str, None]:
        """What is shown while the answer is being worded; all of it is checked."""
        answer = answered.answer
        async with aclosing(self.ask.grow(actor, answered)) as states:
            async for answer in states:
                yield answer_text(answer)
        if answer is answered.answer or _after(answered):
            yield _whole_text(replace(answered, answer=answer))

    async def sources(self, message: IncomingMessage, arguments: Arguments) -> Reply:
        """/来源 [N]: the clauses of the latest answer, whole."""
        clauses = await self._clauses(message)
        if arguments.words:
            clauses = [_pick(clauses, arguments.words[0])]
        return Reply(
            text="\n\n".join(_whole(clause) for clause in clauses),
            sources=tuple(_source(clause.citation, with_quote=False) for clause in clauses),
        )

    async def original(self, message: IncomingMessage, arguments: Arguments) -> Reply:
        """The file that the latest answer cites, or its N-th citation's."""
        clauses = await self._clauses(message)
        found = _ORIGINAL.fullmatch(message.text.strip())
        number = (found and found["n"]) or (arguments.words[0] if arguments.words else "1")
        citation = _pick(clauses, number).citation
        actor = await self.people.actor(message.sender)
        original = await self.ask.documents.original(actor, citation.document_id)
        return Reply(
            text=wording.HERE_IS_THE_FILE.format(title=citation.document),
            attachments=(
                Attachment(
                    name=original.name,
                    media_type=original.media_type,
                    blob=original.blob,
                    size_bytes=len(original.content),
                ),
            ),
        )

    async def feedback(self, message: IncomingMessage, arguments: Arguments) -> Reply | None:
        """👍, 👎, or the opinion taken back."""
        if message.feedback_id is None:
            return None
        verdict = message.text if message.text in {"up", "down"} else None
        actor = await self.people.actor(message.sender)
        is_theirs = await self.ask.judge(actor, message.feedback_id, verdict)
        return Reply(text=wording.SORRY) if is_theirs and verdict == "down" else None

    async def thumb(self, message: IncomingMessage, arguments: Arguments) -> Reply:
        """A typed thumb is about the latest answer."""
        actor = await self.people.actor(message.sender)
        last = await self.ask.last(actor, message.conversation)
        if last is None:
            return Reply(text=wording.NO_ANSWER_YET)
        verdict = _thumb(message.text)
        await self.ask.judge(actor, last.feedback_id, verdict)
        return Reply(text=wording.SORRY if verdict == "down" else wording.THANKS)

    async def _clauses(self, message: IncomingMessage) -> list[Clause]:
        actor = await self.people.actor(message.sender)
        clauses = await self.ask.clauses(actor, message.conversation)
        if not clauses:
            raise NotFound("the answer cites nothing", reply=wording.NOT_CITED)
        return list(clauses)


def shown(answered: Answered) -> Reply:
    """An answer as a reply; the channel prints the sources below it."""
    return Reply(
        text=_whole_text(answered),
        sources=tuple(_source(citation) for citation in answered.answer.citations),
        feedback_id=answered.feedback_id,
    )


def _whole_text(answered: Answered) -> str:
    return "\n\n".join(filter(None, (answer_text(answered.answer), _after(answered))))


def _after(answered: Answered) -> str:
    """What people once said to a question like it, and who was asked now."""
    handed = "、".join(answered.handed_to)
    lines = [answered.remark, wording.HANDED_OVER.format(names=handed) if handed else ""]
    return "\n\n".join(filter(None, lines))


def answer_text(answer: Answer) -> str:
    """The words, then what to be careful about in one short line."""
    if not answer.cautions:
        return answer.text
    return f"{answer.text}\n\n{wording.CAUTION.format(cautions='；'.join(answer.cautions))}"


def _source(citation: Citation, *, with_quote: bool = True) -> Source:
    return Source(
        document=citation.document_id,
        title=citation.document,
        locator=citation.locator,
        quote=citation.quote if with_quote else "",
    )


def _whole(clause: Clause) -> str:
    place = " ".join([f"《{clause.citation.document}》", clause.passage.locator])
    path = " › ".join(clause.passage.path)
    return "\n".join(line for line in (f"**{place}**", path, clause.passage.text) if line)


def _pick(clauses: list[Clause], number: str) -> Clause:
    n = _NUMERALS.get(number) or (int(number) if number.isdecimal() else 0)
    if not 1 <= n <= len(clauses):
        reply = wording.WHICH_SOURCE.format(count=len(clauses))
        raise NotFound("no such citation", reply=reply)
    return clauses[n - 1]
