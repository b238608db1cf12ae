"""Photos and files that prove a task: sent before the words, with them, or after them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from sqlalchemy.orm import Session

from bot.errors import UsageError
from bot.messages import Attachment, Button, Card, IncomingMessage, Reply
from handlers.access import Actor
from handlers.people.actions import People
from handlers.records.attachments import Attachments
from handlers.tasks import wording
from handlers.tasks.actions import Tasks
from handlers.tasks.matching import Matching
from handlers.tasks.views import OccurrenceView, Proof
from store import proofs, tasks, waiting_files
from store.records import NewFile

JUST_NOW = timedelta(minutes=10)
"""What was sent so lately goes with a report that does not name it."""
AFTERWARDS = timedelta(minutes=30)
"""How long after a report what is sent belongs to it."""
_POINTS_AT = re.compile(
    r"照片|图片|相片|截图|图|附件|文件|材料|表格?|视频|上面|如上|见上|刚才发|已发"
)


@dataclass(frozen=True, slots=True)
class Evidence:
    """Built once, in ``bot.app``."""

    tasks: Tasks
    attachments: Attachments
    people: People
    matching: Matching

    async def of(self, message: IncomingMessage, words: str) -> Sequence[Proof]:
        """What comes with ``words``: in the message itself, or waiting and meant by them.

        Raises:
            UsageError: One of them is damaged or of a kind that is not taken.
        """
        waiting = await self._waiting(message)
        if not _POINTS_AT.search(words):
            since = self.tasks.clock() - JUST_NOW
            waiting = [one for one in waiting if one.sent_at >= since]
        together = (*(_attachment(one) for one in waiting), *message.attachments)
        return await self._kept(replace(message, attachments=together))

    async def used(self, message: IncomingMessage, files: Sequence[Proof]) -> None:
        """They wait no more."""
        platform, account = message.channel.platform, message.sender.account
        blobs = {one.blob for one in files}
        if files:
            await self.tasks.store.write(
                lambda session: waiting_files.drop(session, platform, account, blobs)
            )

    async def came(self, message: IncomingMessage) -> Reply | None:
        """A photo without words: for what was reported just before it, or for a reminder here."""
        actor = await self.people.actor(message.sender)
        reported = await self._reported(actor)
        if reported is not None and not message.quoted_text:
            try:
                files = await self._kept(message)
            except UsageError as error:
                return Reply(text=error.reply)
            view = await self.tasks.attach(actor, reported, files, here=message.conversation)
            await self.used(message, files)
            return Reply(text=f"已附到“{wording.title(view)}”的反馈里（{names(files)}）。")
        pointed = await self.matching.pointed_at(actor, message)
        return None if pointed is None else _offer(pointed, message)

    async def _waiting(self, message: IncomingMessage) -> list[waiting_files.WaitingFile]:
        platform, account = message.channel.platform, message.sender.account
        now = self.tasks.clock()
        return await self.tasks.store.read(
            lambda session: waiting_files.look(session, platform, account, now)
        )

    async def _reported(self, actor: Actor) -> int | None:
        if actor.member_id is None:
            return None
        member_id, since = actor.member_id, self.tasks.clock() - AFTERWARDS
        return await self.tasks.store.read(
            lambda session: tasks.reported_lately(session, member_id, since)
        )

    async def _kept(self, message: IncomingMessage) -> Sequence[Proof]:
        if not message.attachments:
            return ()
        kept = await self.attachments.keep(message)

        def query(session: Session) -> Sequence[Proof]:
            kinds = proofs.kinds(session, [one.blob for one in kept])
            return [_proof(one, *kinds[one.blob]) for one in kept]

        return await self.tasks.store.read(query)


def names(files: Sequence[Proof]) -> str:
    """《现场.jpg》、《签到表.pdf》."""
    return "、".join(f"《{one.name}》" for one in files)


def _offer(one: OccurrenceView, message: IncomingMessage) -> Reply:
    sent = "、".join(f"《{file.name}》" for file in message.attachments)
    return Reply(
        text=f"{sent}收到了，先替您存着一天。要作为“{wording.title(one)}”的佐证，"
        "回复“已完成，照片在上面”。",
        card=Card(
            title="用作任务的佐证吗？",
            buttons=(
                Button(
                    label="已完成，用作佐证",
                    command=f"/完成 {one.id} 照片在上面",
                    style="primary",
                ),
            ),
        ),
    )


def _attachment(one: waiting_files.WaitingFile) -> Attachment:
    return Attachment(name=one.name, media_type=one.media_type, blob=one.blob)


def _proof(file: NewFile, media_type: str, size_bytes: int) -> Proof:
    return Proof(
        name=file.name,
        media_type=media_type,
        blob=file.blob,
        size_bytes=size_bytes,
        thumbnail=file.thumbnail,
    )
