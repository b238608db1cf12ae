"""A sentence becomes a record after a yes; /记录 shows, corrects, withdraws and decides."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from bot.arguments import Arguments
from bot.errors import NotFound, UsageError
from bot.messages import Button, Card, IncomingMessage, MessageKind, Reply
from bot.routing import Pass
from handlers.access import Actor
from handlers.asker import asker_of
from handlers.pending import Pending
from handlers.people.actions import People
from handlers.records import ledger_wording as wording
from handlers.records.actions import Records
from handlers.records.case_wording import due_set
from handlers.records.evidence import Evidence
from handlers.records.reading import RecordDraft
from handlers.records.steps import Steps
from knowledge.writer_limits import Asker

_DRAFT, _MISSING = "record_draft", "record_missing"
_YES = re.compile(
    r"(?:是|是的|对|好|好的|好吧|可以|行|确认|确定|没错|存|存吧|登记|ok|yes|y)[吧。.!!~]*"
)
_NO = re.compile(r"(?:不|否|不是|不行|不用了?|不要了?|取消|算了|不存|不登记|no|n)[。.!!~]*")
_AS_IS = re.compile(
    r"(?:就?(?:先)?(?:这样|就这样)(?:存|登记)?|没有了?|不知道|直接存|先存)[吧。.!!~]*"
)
_TELLS = re.compile(
    r"了|过|已|召开|开展|组织|举办|举行|参加|学习|完成|实到|应到|走访|慰问|请假|全到|结束"
)
_SHORTEST = 6
_BARE = re.compile(r"\d{1,4}[人名个]?|[一二两三四五六七八九十百廿]{1,4}[人名个]?")
_LEADS = {"expected": "应到", "present": "实到", "topic": "主题是", "who": "参加人员："}


def is_yes_or_no(message: IncomingMessage) -> bool:
    """Whether it says yes or no and nothing else."""
    plain = _plain(message.text)
    is_said = message.kind is MessageKind.TEXT
    return is_said and any(words.fullmatch(plain) for words in (_YES, _NO, _AS_IS))


def may_be_answer(message: IncomingMessage) -> bool:
    """Whether it may fill in what a draft lacks."""
    return message.kind is MessageKind.TEXT and 0 < len(message.text.strip()) <= 200


class Rewords(Protocol):
    """Says the same in plain sentences, with no figure and no name more or less."""

    async def plain(self, text: str, asker: Asker) -> str | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordsDialogue:
    """Built once, in ``bot.app``."""

    records: Records
    people: People
    pending: Pending
    steps: Steps
    evidence: Evidence
    rewords: Rewords | None = None

    def may_tell(self, message: IncomingMessage) -> bool:
        """Whether it may tell what was done: it names something that can be recorded."""
        text = message.text.strip()
        return (
            message.kind is MessageKind.TEXT
            and message.is_mention
            and len(text) >= _SHORTEST
            and not text.endswith(("?", "？"))
            and _TELLS.search(text) is not None
            and bool(self.records.types.mentions(text))
        )

    async def told(self, message: IncomingMessage, arguments: Arguments) -> Reply:
        """Show the drafts of a sentence; a question or chatter passes."""
        actor = await self.people.actor(message.sender)
        return await self._drafted(message, actor, message.text)

    async def completed(self, message: IncomingMessage, arguments: Arguments) -> Reply:
        """What a draft lacked, in plain words."""
        state = await self.pending.get(message, _MISSING)
        if state is None:
            raise Pass
        lacks, said = str(state["lacks"]), message.text.strip()
        lead = _LEADS.get(lacks, "")
        if lead and (_BARE.fullmatch(said) or lacks in ("topic", "who")):
            said = f"{lead}{said}"
        actor = await self.people.actor(message.sender)
        return await self._drafted(message, actor, f"{state['text']}，{said}")

    async def decided(self, message: IncomingMessage, arguments: Arguments) -> Reply:
        """好, 是, 取消: about the drafts that were shown here."""
        state = await self.pending.get(message, _DRAFT, _MISSING)
        if state is None:
            raise Pass
        plain = _plain(message.text)
        await self.pending.forget(message)
        if _NO.fullmatch(plain):
            return Reply(text=wording.NOT_STORED)
        return await self._store(message, state)

    async def tapped(self, message: IncomingMessage, arguments: Arguments) -> Reply:
        """/存记录 KEY, /不存 KEY: the buttons below a draft, good for that draft only."""
        state = await self.pending.get(message, _DRAFT, _MISSING)
        if state is None or state["key"] != arguments.word(1):
            return Reply(text=wording.OVER)
        await self.pending.forget(message)
        if arguments.word(0) != "存":
            return Reply(text=wording.NOT_STORED)
        return await self._store(message, state)

    async def command(self, message: IncomingMessage, arguments: Arguments) -> Reply:
        """/记录, /记录 12, /记录 撤回 12 原因, /记录 改 12 应到 21, /记录 通过 12, /记录 待办."""
        actor = await self.people.actor(message.sender)
        word = arguments.word(0)
        if not word or word in ("我的", "全部"):
            return Reply(text=wording.listed(await self.records.mine(actor)), is_private=True)
        if word in ("待办", "待审", "待审核"):
            return Reply(text=wording.listed(await self.records.waiting(actor)), is_private=True)
        if word.lstrip("#").isdecimal():
            found = await self.records.history(actor, int(word.lstrip("#")))
            return Reply(text=wording.history(found), is_private=True)
        number = arguments.word(1).lstrip("#")
        if not number.isdecimal():
            if self.records.types.mentions(arguments.text):
                return await self._drafted(message, actor, arguments.text)
            raise UsageError("no number", reply=wording.HOW)
        words = arguments.text.split(maxsplit=2)
        rest = words[2].strip() if len(words) > 2 else ""
        return await self._step(message, actor, word, int(number), rest)

    async def _step(
        self, message: IncomingMessage, actor: Actor, step: str, number: int, rest: str
    ) -> Reply:
        here = message.conversation
        if step == "撤回":
            view = await self.records.withdraw(actor, number, here, reason=rest)
            return Reply(text=wording.withdrawn(view), is_private=True)
        if step in ("改", "更正", "修改"):
            newest = (await self.records.history(actor, number))[-1]
            if newest.is_form:
                raise UsageError("a form", reply=wording.how_to_change_a_form(number))
            changes = wording.read_changes(rest)
            if not changes:
                raise UsageError("nothing to change", reply=wording.HOW_TO_CHANGE)
            fields = {**newest.fields, **changes}
            view = await self.records.correct(actor, number, here, fields=fields, reason="更正")
            return Reply(text=wording.corrected(view), is_private=True)
        if step in ("期限", "限期"):
            view, due_on = await self.steps.set_due(actor, number, rest)
            return Reply(text=due_set(view.type_name, view.id, due_on), is_private=True)
        recent = await self.evidence.taken(message)
        view = await self.steps.move(actor, number, step, rest, here, recent)
        if {one.blob for one in recent} & {one.blob for one in view.files}:
            await self.evidence.used(message)
        return Reply(text=wording.done(view), is_private=view.type is not None)

    async def _drafted(self, message: IncomingMessage, actor: Actor, text: str) -> Reply:
        drafts = await self.records.draft(actor, text)
        if not drafts and (reworded := await self._reworded(actor, text)):
            text, drafts = reworded, await self.records.draft(actor, reworded)
        if not drafts:
            raise Pass
        if message.conversation.is_group and any(one.type.confidential for one in drafts):
            return Reply(text=wording.PRIVATE_ONLY, is_private=True)
        key = f"{message.channel}:{message.message_id}"
        lacks = next((field for one in drafts for field in one.missing), None)
        state: dict[str, object] = {
            "key": key,
            "text": text,
            "lacks": lacks or "",
            "drafts": [{**one.to_json(), "unit_id": one.unit_id} for one in drafts],
        }
        await self.pending.ask(message, _DRAFT if lacks is None else _MISSING, state)
        return _shown(drafts, key, lacks)

    async def _reworded(self, actor: Actor, text: str) -> str | None:
        """A model's plainer words for what was not understood; never of what is confidential."""
        if self.rewords is None or not self.records.types.mentions(text):
            return None
        if any(one.type.confidential for one in self.records.types.mentions(text)):
            return None
        return await self.rewords.plain(text, asker_of(actor))

    async def _store(self, message: IncomingMessage, state: Mapping[str, object]) -> Reply:
        drafts = state["drafts"]
        if not isinstance(drafts, list):
            raise NotFound("nothing is pending")
        actor = await self.people.actor(message.sender)
        recent = await self.evidence.taken(message) if len(drafts) == 1 else []
        stored = await self.records.enter_drafts(
            actor, drafts, message.conversation, key=str(state["key"]), files=recent
        )
        if stored and recent:
            await self.evidence.used(message)
        return Reply(text=wording.stored(stored))


def _shown(drafts: Sequence[RecordDraft], key: str, lacks: str | None) -> Reply:
    return Reply(
        text=wording.ask_for(lacks) if lacks else wording.CONFIRM,
        card=Card(
            title="登记记录" if len(drafts) == 1 else f"登记 {len(drafts)} 条记录",
            body="\n\n".join(wording.draft(one) for one in drafts),
            buttons=(
                Button(label="登记", command=f"/存记录 存 {key}", style="primary"),
                Button(label="不登记", command=f"/存记录 不存 {key}"),
            ),
            key=f"draft:{key}",
        ),
    )


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip().casefold()
