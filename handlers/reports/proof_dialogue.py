"""/佐证: a task's or an indicator's proof as a file."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sqlalchemy.orm import Session

from bot.arguments import Arguments
from bot.errors import UsageError
from bot.messages import Attachment, IncomingMessage, Reply
from handlers.people.actions import People
from handlers.reports.proofs import Bundle, Proofs
from store import blobs

_ZIP = "application/zip"
_MOST_BYTES = 20 * 2**20
"""More than a chat carries."""
_HOW = "可以这样写：/佐证 任务 12、/佐证 指标 12 云溪县第二中学。编号发 /任务、/指标 可以看到。"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofDialogue:
    """Built once, in ``bot.app``."""

    proofs: Proofs
    people: People

    async def command(self, message: IncomingMessage, arguments: Arguments) -> Reply:
        """/佐证 任务 N; /佐证 指标 N [单位]."""
        actor = await self.people.actor(message.sender)
        match list(arguments.words):
            case ["任务", number] if _is_id(number):
                bundle = await self.proofs.of_task(actor, int(number.lstrip("#")))
            case ["指标", number, *unit] if _is_id(number):
                at = int(number.lstrip("#"))
                bundle = await self.proofs.of_indicator(actor, at, " ".join(unit))
            case _:
                raise UsageError("incomplete", reply=_HOW)
        return await self._reply(bundle)

    async def _reply(self, bundle: Bundle) -> Reply:
        text = f"{bundle.name}：{bundle.records} 条记录，{bundle.files} 个附件。保密的不在里面。"
        if len(bundle.content) > _MOST_BYTES:
            size = len(bundle.content) // 2**20
            reply = f"材料有 {size} MB，聊天里发不了。请管理员在电脑上用 yaodian proof 命令导出。"
            raise UsageError("too large for a chat", reply=reply)
        now = self.proofs.clock()

        def keep(session: Session) -> str:
            return blobs.put(session, bundle.content, media_type=_ZIP, now=now)

        file = Attachment(
            name=bundle.name,
            media_type=_ZIP,
            blob=await self.proofs.store.write(keep),
            size_bytes=len(bundle.content),
        )
        return Reply(text=text, attachments=(file,), is_private=True)


def _is_id(word: str) -> bool:
    return re.fullmatch(r"#?\d{1,9}", word) is not None
