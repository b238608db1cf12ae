"""/文档: what there is, and one document in short."""

from __future__ import annotations

from dataclasses import dataclass

from bot.arguments import Arguments
from bot.messages import IncomingMessage, Reply, Source
from handlers.ask import wording
from handlers.documents.actions import Documents, Shelved
from handlers.people.actions import People

STATUS_WORDS = {
    "in_force": "有效",
    "superseded": "已被新文件代替",
    "expired": "已过有效期",
    "retired": "已停用",
    "replaced": "已上传新版本",
}
_LISTED = 30
_OUTLINE = 20


@dataclass(frozen=True, slots=True)
class DocumentsDialogue:
    """Built once, in ``bot.app``."""

    documents: Documents
    people: People

    async def documents_command(self, message: IncomingMessage, arguments: Arguments) -> Reply:
        """/文档: list; /文档 名称: one of them."""
        actor = await self.people.actor(message.sender)
        if arguments.text:
            return _about(await self.documents.find(actor, arguments.text))
        shelf = await self.documents.shelf(actor)
        if not shelf:
            return Reply(text=wording.EMPTY_SHELF)
        lines = [f"- 《{one.document.title}》{_mark(one)}" for one in reversed(shelf[-_LISTED:])]
        more = f"\n\n只列了最近的 {_LISTED} 份。" if len(shelf) > _LISTED else ""
        head = f"共 {len(shelf)} 份文件。想看哪一份，发 /文档 加名称。"
        return Reply(text=f"{head}\n" + "\n".join(lines) + more)


def facts(one: Shelved) -> list[tuple[str, str]]:
    """What a document prints about itself, as label and value."""
    document = one.document
    dates = (
        ("发布日期", document.issued_on),
        ("施行日期", document.effective_on),
        ("有效期至", document.expires_on),
    )
    pairs = [
        ("发文机关", document.issuer),
        ("来源", document.publisher),
        ("文号", document.document_number),
        ("索引号", document.index_number),
        *((name, f"{day.year}年{day.month}月{day.day}日" if day else None) for name, day in dates),
        ("状态", STATUS_WORDS.get(one.status, one.status)),
        ("文件", document.file),
    ]
    return [(name, value) for name, value in pairs if value]


def _mark(one: Shelved) -> str:
    return "" if one.status == "in_force" else f"（{STATUS_WORDS.get(one.status, one.status)}）"


def _about(one: Shelved) -> Reply:
    document = one.document
    lines = [f"**{document.title}**", *(f"{name}：{value}" for name, value in facts(one))]
    lines += [f"请留意：{caution}" for caution in document.cautions]
    lines.append(f"共 {len(document.passages)} 条，章节如下：" if document.outline else "")
    top = [section for section in document.outline if section.level <= 2]
    lines += [f"- {section.locator} {section.heading}".rstrip() for section in top[:_OUTLINE]]
    first = document.passages[0].locator if document.passages else ""
    source = Source(document=document.id, title=document.title, locator=first)
    return Reply(text="\n".join(line for line in lines if line), sources=(source,))
