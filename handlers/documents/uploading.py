"""A file sent in the chat: what it is, what it seems to replace, and a yes before it counts."""

from __future__ import annotations

import asyncio
import mimetypes
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import PurePath

from bot.arguments import Arguments
from bot.errors import UnreadableDocument, UsageError
from bot.messages import Attachment, IncomingMessage, MessageKind, Reply
from bot.routing import Pass
from handlers import undo
from handlers.access import Act, Actor, check
from handlers.confirmations import Confirmations, Values
from handlers.documents.actions import Added, Documents, Outcome
from handlers.documents.dialogue import STATUS_WORDS
from handlers.documents.keeping import Keeping, Offer
from handlers.people.actions import Imported, People
from handlers.people.roster import read_roster
from handlers.people.selecting import unit_meant
from store import blobs

Fetch = Callable[[IncomingMessage, Attachment, int], Awaitable[bytes]]
"""The bytes of an attachment that only the platform has, up to a limit."""

_DOCUMENTS = frozenset(
    ".doc .docx .wps .pdf .txt .md .html .htm .xlsx .xls .et .csv .ofd .rtf".split()
)
_SHEETS = frozenset({".xlsx", ".xlsm", ".csv"})
_SHOWN = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Uploading:
    """Built once, in ``bot.app``."""

    documents: Documents
    keeping: Keeping
    people: People
    confirmations: Confirmations
    undo: undo.Undo
    fetch: Fetch
    limit_bytes: int

    def __post_init__(self) -> None:
        self.confirmations.on("documents.add", self._add)
        self.confirmations.on("documents.retire", self._retire)
        self.confirmations.on("roster.import", self._import)
        self.undo.on("documents.add", self._undo_add)
        self.undo.on("documents.retire", self._undo_retire)

    async def file(self, message: IncomingMessage, arguments: Arguments) -> Reply:
        """A file from somebody who keeps documents; from others it is something else."""
        actor = await self.people.actor(message.sender)
        if not (actor.may(Act.MANAGE_DOCUMENTS) or actor.may(Act.MANAGE_PEOPLE)):
            raise Pass
        if len(message.attachments) > 1:
            return Reply(text="请一次发一个文件，我读完一个再收下一个。")
        attachment = message.attachments[0]
        content = await self._content(message, attachment)
        may_be_roster = actor.may(Act.MANAGE_PEOPLE)
        if may_be_roster and await asyncio.to_thread(is_roster, attachment.name, content):
            return await self._offer_roster(message, actor, attachment.name, content)
        check(actor, Act.MANAGE_DOCUMENTS)
        return await self._offer_document(message, actor, attachment.name, content)

    async def _offer_document(
        self, message: IncomingMessage, actor: Actor, name: str, content: bytes
    ) -> Reply:
        try:
            offer = await self.keeping.offer(actor, name, content)
        except UnreadableDocument as error:
            return Reply(text=f"《{name}》没有读出来：{error.reply}")
        blob = await self._kept(name, content)
        values = {"blob": blob, "name": name, "visible_to": offer.visible_to}
        lines = [*about(offer), f"给谁看：{offer.seen_by}（加好后可用 /文档管理 可见 改）"]
        return await self.confirmations.ask(
            message,
            "documents.add",
            values,
            title=f"添加文件：{offer.document.title}",
            body="\n".join(lines),
        )

    async def _offer_roster(
        self, message: IncomingMessage, actor: Actor, name: str, content: bytes
    ) -> Reply:
        result = await self.people.import_roster(actor, name, content, is_dry_run=True)
        if result.errors:
            lines = "\n".join(f"- {one}" for one in result.errors[:_SHOWN])
            return Reply(
                text=f"这份花名册有 {len(result.errors)} 处要改，一行也没有导入：\n{lines}"
            )
        values = {"blob": await self._kept(name, content), "name": name}
        return await self.confirmations.ask(
            message,
            "roster.import",
            values,
            title=f"导入花名册：新增 {result.added} 人，已有 {result.known} 人",
            body=difference(result),
        )

    async def _add(self, actor: Actor, values: Values) -> Reply:
        unit = values["visible_to"]
        added = await self.keeping.add(
            actor,
            str(values["name"]),
            await self._blob(str(values["blob"])),
            unit if isinstance(unit, int) else None,
        )
        return Reply(text=said_of(added) + _undoing(added))

    async def _import(self, actor: Actor, values: Values) -> Reply:
        content = await self._blob(str(values["blob"]))
        result = await self.people.import_roster(actor, str(values["name"]), content)
        return Reply(
            text=f"花名册已导入：新增 {result.added} 人，已有 {result.known} 人，"
            f"新建单位 {result.units} 个，共 {len(result.changes)} 处变化。"
        )

    async def command(self, message: IncomingMessage, arguments: Arguments) -> Reply:
        """/文档管理 停用, 代替, 可见."""
        actor = await self.people.actor(message.sender)
        match arguments.words:
            case ["停用", name]:
                return await self._ask_retire(message, actor, name, None)
            case ["代替" | "替代", old, new]:
                return await self._ask_retire(message, actor, old, new)
            case ["可见", name, unit]:
                return Reply(text=await self._show_to(actor, name, unit))
        raise UsageError(
            "incomplete",
            reply="可以这样写：/文档管理 停用 《名称》、/文档管理 代替 《旧》 《新》、"
            "/文档管理 可见 《名称》 单位（或 所有人）。加文件请直接把文件发给我。",
        )

    async def _ask_retire(
        self, message: IncomingMessage, actor: Actor, name: str, by: str | None
    ) -> Reply:
        found = await self.keeping.kept(actor, name)
        later = await self.documents.find(actor, by) if by else None
        values = {"id": found.document.id, "by": later.document.id if later else None}
        title = f"停用《{found.document.title}》"
        if later:
            title = f"《{found.document.title}》被《{later.document.title}》代替"
        body = f"影响 1 份文件、{len(found.document.passages)} 条，以后的回答不再用它。"
        return await self.confirmations.ask(
            message, "documents.retire", values, title=title, body=body
        )

    async def _retire(self, actor: Actor, values: Values) -> Reply:
        by = values["by"]
        found = await self.keeping.retire(
            actor, str(values["id"]), by if isinstance(by, str) else None
        )
        status = STATUS_WORDS.get(found.status, found.status)
        return Reply(text=f"《{found.document.title}》{status}。发 /撤销 可以恢复。")

    async def _show_to(self, actor: Actor, name: str, unit: str) -> str:
        """Who may see a document, from now on."""
        found = await self.documents.find(actor, name)
        everyone = unit in {"所有人", "全体", "公开"}
        unit_id = None
        if not everyone:
            unit_id = await self.documents.store.read(lambda s: unit_meant(s, unit).id)
        seen_by = await self.keeping.show_to(actor, found.document.id, unit_id)
        return f"《{found.document.title}》现在给{seen_by}看，包括下面的单位。"

    async def _undo_add(self, actor: Actor, values: Values) -> str:
        gone = await self.documents.remove(actor, str(values["document_id"]))
        return f"已撤销添加《{gone.document.title}》，被它代替的文件恢复有效。"

    async def _undo_retire(self, actor: Actor, values: Values) -> str:
        found = await self.keeping.restore(actor, str(values["document_id"]))
        return f"《{found.document.title}》恢复有效。"

    async def _content(self, message: IncomingMessage, attachment: Attachment) -> bytes:
        if (attachment.size_bytes or 0) > self.limit_bytes:
            limit = self.limit_bytes // 2**20
            raise UsageError("too large", reply=f"文件超过 {limit} MB，太大了，请拆开再发。")
        if attachment.blob is None:
            return await self.fetch(message, attachment, self.limit_bytes)
        return await self._blob(attachment.blob)

    async def _kept(self, name: str, content: bytes) -> str:
        media_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
        now = self.documents.clock()
        return await self.documents.store.write(
            lambda session: blobs.put(session, content, media_type=media_type, now=now)
        )

    async def _blob(self, blob: str) -> bytes:
        row = await self.documents.store.read(lambda session: blobs.get(session, blob))
        if row is None:
            raise UsageError("a blob is gone", reply="文件不在了，请重新发一次。")
        return row.bytes


def is_file(message: IncomingMessage) -> bool:
    """Whether it brings something that may be a document; photos are not."""
    return message.kind is MessageKind.MEDIA and any(
        PurePath(one.name).suffix.lower() in _DOCUMENTS for one in message.attachments
    )


def is_roster(name: str, content: bytes) -> bool:
    """Whether the sheet has a roster's header."""
    if PurePath(name).suffix.lower() not in _SHEETS:
        return False
    try:
        read_roster(name, content)
    except UsageError:
        return False
    return True


def about(offer: Offer) -> list[str]:
    """What was read, and what was not, line by line."""
    document = offer.document
    day = document.issued_on
    facts = (
        ("发文机关", document.issuer),
        ("文号", document.document_number),
        ("发布日期", f"{day.year}年{day.month}月{day.day}日" if day else None),
        ("有效期至", str(document.expires_on) if document.expires_on else None),
    )
    lines = [f"{name}：{value}" for name, value in facts if value]
    missing = [name for name, value in facts[:3] if not value]
    if missing:
        lines.append(f"没有写：{'、'.join(missing)}")
    lines.append(f"读出 {len(document.passages)} 条")
    lines += [f"请留意：{caution}" for caution in document.cautions]
    if offer.replaces:
        lines.append("看起来会代替：" + "、".join(f"《{title}》" for title in offer.replaces))
    return lines


def difference(result: Imported) -> str:
    """What an import would change, in a few lines."""
    lines = [f"- {one}" for one in result.changes[:_SHOWN]]
    if len(result.changes) > _SHOWN:
        lines.append(f"……共 {len(result.changes)} 处变化")
    if result.units:
        lines.append(f"新建单位 {result.units} 个")
    if result.absent:
        names = "、".join(result.absent[:_SHOWN])
        lines.append(f"表里没有、花名册上有的 {len(result.absent)} 人不动：{names}")
    return "\n".join(lines) or "和现在的花名册一样，没有变化。"


def said_of(added: Added) -> str:
    """What became of a file."""
    title = added.document.title if added.document else added.file
    match added.outcome:
        case Outcome.UNCHANGED:
            return f"《{title}》已经有了，内容一样，没有改动。"
        case Outcome.UNREADABLE:
            return f"《{title}》没有读出来：{added.reason}"
        case Outcome.REPLACED:
            said = f"《{title}》已换成新版本，旧版本留底。"
        case _:
            said = f"《{title}》已添加，现在就能问。"
    if added.supersedes:
        names = "、".join(f"《{one}》" for one in added.supersedes)
        said += f"它写明代替的 {names} 已标为被代替。"
    return said


def _undoing(added: Added) -> str:
    is_kept = added.outcome in (Outcome.ADDED, Outcome.REPLACED)
    return "发 /撤销 可以收回。" if is_kept else ""
