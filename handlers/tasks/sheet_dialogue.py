"""A sheet of tasks sent in the chat: what it would do, and a yes before it does."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath

from bot.arguments import Arguments
from bot.errors import UsageError
from bot.messages import Attachment, Button, Card, IncomingMessage, MessageKind, Reply
from bot.routing import Handler, Pass
from handlers.access import Act, Actor
from handlers.confirmations import Confirmations, Values
from handlers.pending import Pending, State
from handlers.people.actions import People
from handlers.tasks.sheets import Imported, Sheets
from handlers.tasks.spreadsheet import SheetKind, kind_of
from store import blobs

SENT = "task.sheet"
_DEED = "tasks.import"
_SHOWN = 15
_AS_DOCUMENT = "当文件收下"
_AS_TASKS = "导入任务"
_OVER = "这张表已经处理过了，或者过了半小时，请重新发一次。"


def is_sheet(message: IncomingMessage) -> bool:
    """Whether it brings one workbook."""
    files = message.attachments
    return (
        message.kind is MessageKind.MEDIA
        and message.is_mention
        and len(files) == 1
        and PurePath(files[0].name).suffix.lower() in (".xlsx", ".xlsm")
    )


def is_choice(message: IncomingMessage) -> bool:
    """An answer to what a plan in a sheet is meant for."""
    return message.kind is MessageKind.TEXT and message.text.strip() in (_AS_TASKS, _AS_DOCUMENT)


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetDialogue:
    """Built once, in ``bot.app``; ``as_document`` takes a file as a document."""

    sheets: Sheets
    people: People
    pending: Pending
    confirmations: Confirmations
    as_document: Handler

    def __post_init__(self) -> None:
        self.confirmations.on(_DEED, self._take)

    async def file(self, message: IncomingMessage, arguments: Arguments) -> Reply | None:
        """A list that came from here is imported; of any other it is asked what it is meant for."""
        actor = await self.people.actor(message.sender)
        attachment = message.attachments[0]
        content = await self._content(attachment.blob)
        if content is None or not actor.may(Act.MANAGE_TASKS):
            raise Pass
        kind = await asyncio.to_thread(kind_of, content)
        if kind is SheetKind.OTHER:
            raise Pass
        if kind is SheetKind.OURS or not actor.may(Act.MANAGE_DOCUMENTS):
            return await self._offer(message, actor, attachment, content)
        state: State = {"blob": attachment.blob or "", "name": attachment.name}
        await self.pending.ask(message, SENT, state)
        return Reply(
            text=f"《{attachment.name}》像是一张责任清单。要怎么办？\n"
            f"- 回复“{_AS_TASKS}”：一行一项任务，先看有没有要改的，确认了才导入\n"
            f"- 回复“{_AS_DOCUMENT}”：加进文件里可以问，再用 /任务 草拟 逐条看着交办",
            card=Card(
                title="这张表做什么用？",
                buttons=(
                    Button(label=_AS_TASKS, command=f"/任务表 {_AS_TASKS}", style="primary"),
                    Button(label=_AS_DOCUMENT, command=f"/任务表 {_AS_DOCUMENT}"),
                ),
            ),
        )

    async def chosen(self, message: IncomingMessage, arguments: Arguments) -> Reply | None:
        """导入任务 or 当文件收下."""
        word = arguments.text.strip() if message.text[:1] in ("/", "／") else message.text.strip()
        state = await self.pending.get(message, SENT)
        if state is None:
            if message.text[:1] in ("/", "／"):
                return Reply(text=_OVER)
            raise Pass
        await self.pending.forget(message)
        attachment = Attachment(name=str(state["name"]), media_type="", blob=str(state["blob"]))
        if word == _AS_DOCUMENT:
            sent = replace(message, kind=MessageKind.MEDIA, attachments=(attachment,), text="")
            return await self.as_document(sent, Arguments(text=""))
        actor = await self.people.actor(message.sender)
        content = await self._content(attachment.blob)
        if content is None:
            return Reply(text=_OVER)
        return await self._offer(message, actor, attachment, content)

    async def _offer(
        self, message: IncomingMessage, actor: Actor, attachment: Attachment, content: bytes
    ) -> Reply:
        found = await self.sheets.import_sheet(actor, content, is_dry_run=True)
        if found.errors:
            return Reply(text=_refused(attachment.name, found.errors))
        if not found.added and not found.changed:
            return Reply(text=f"《{attachment.name}》和现在的任务一样，没有要改的。")
        values = {"blob": attachment.blob or "", "name": attachment.name}
        body = f"新增 {found.added} 项，修改 {found.changed} 项，没变 {found.same} 项。"
        return await self.confirmations.ask(
            message, _DEED, values, title=f"导入任务：{attachment.name}", body=body
        )

    async def _take(self, actor: Actor, values: Values) -> Reply:
        content = await self._content(str(values["blob"]))
        if content is None:
            raise UsageError("a blob is gone", reply=_OVER)
        done = await self.sheets.import_sheet(actor, content)
        if done.errors:
            return Reply(text=_refused(str(values["name"]), done.errors))
        return Reply(text=f"导入好了：{_counted(done)}。发 /任务 看全部。")

    async def _content(self, blob: str | None) -> bytes | None:
        if not blob:
            return None
        row = await self.sheets.tasks.store.read(lambda session: blobs.get(session, blob))
        return None if row is None else row.bytes


def _refused(name: str, errors: Sequence[str]) -> str:
    lines = "\n".join(f"- {one}" for one in errors[:_SHOWN])
    more = f"\n……共 {len(errors)} 处" if len(errors) > _SHOWN else ""
    return f"《{name}》有 {len(errors)} 处要改，一行也没有导入：\n{lines}{more}\n改好后再发一次。"


def _counted(done: Imported) -> str:
    return f"新增 {done.added} 项，修改 {done.changed} 项，没变 {done.same} 项"
