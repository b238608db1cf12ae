"""/统计, /月报, /年报: a short text and a picture, the tables as files."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from bot.arguments import Arguments
from bot.errors import UsageError
from bot.messages import Attachment, IncomingMessage, Reply, Source
from handlers.people.actions import People
from handlers.records.personal import Personal
from handlers.reports import wording
from handlers.reports.actions import MEDIA_TYPES, Form, Reports
from handlers.reports.period import Period, read_period, usual_month, usual_year
from handlers.reports.views import Report
from store import blobs


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportsDialogue:
    """Built once, in ``bot.app``."""

    reports: Reports
    people: People
    personal: Personal

    async def statistics(self, message: IncomingMessage, arguments: Arguments) -> Reply:
        """/统计 [单位] [期间] [类型] [明细]; /统计 任务 N."""
        match arguments.words:
            case ["任务", number] if re.fullmatch(r"#?\d{1,9}", number):
                return await self._of_task(message, int(number.lstrip("#")))
        usual = usual_month(self.reports.today())
        words = tuple(one for one in arguments.words if one not in ("明细", "记录"))
        report = await self._report(message, replace(arguments, words=words), usual)
        if len(words) < len(arguments.words):
            return Reply(text=wording.single(report), is_private=True)
        return await self._reply(report, [Form.PNG])

    async def _of_task(self, message: IncomingMessage, task_id: int) -> Reply:
        actor = await self.people.actor(message.sender)
        found = await self.reports.of_task(actor, task_id)
        clause = Source(
            document=found.document_id or "",
            title=found.document,
            locator=found.locator,
            quote=found.quote,
        )
        sources = (clause,) if found.document_id and found.document else ()
        return Reply(text=wording.task(found), sources=sources, is_private=True)

    async def monthly(self, message: IncomingMessage, arguments: Arguments) -> Reply:
        """/月报 [单位] [期间]: with the document."""
        report = await self._report(message, arguments, usual_month(self.reports.today()))
        return await self._reply(report, [Form.PNG, Form.DOCX, Form.XLSX])

    async def yearly(self, message: IncomingMessage, arguments: Arguments) -> Reply:
        """/年报 [单位] [期间]: in January the year before."""
        report = await self._report(message, arguments, usual_year(self.reports.today()))
        return await self._reply(report, [Form.PNG, Form.DOCX, Form.XLSX])

    async def own_data(self, message: IncomingMessage, arguments: Arguments) -> Reply:
        """/我的数据: everything that is kept about oneself, as a file in private."""
        actor = await self.people.actor(message.sender)
        if actor.member_id is None:
            return Reply(text=wording.NOT_ON_ROSTER)
        content = await self.personal.export(actor, actor.member_id)
        now = self.reports.clock()

        def keep(session: Session) -> str:
            return blobs.put(session, content, media_type="application/zip", now=now)

        file = Attachment(
            name=f"{actor.name}的数据.zip",
            media_type="application/zip",
            blob=await self.reports.store.write(keep),
            size_bytes=len(content),
        )
        return Reply(text=wording.OWN_DATA, attachments=(file,), is_private=True)

    async def _report(
        self, message: IncomingMessage, arguments: Arguments, usual: Period
    ) -> Report:
        actor = await self.people.actor(message.sender)
        words, period = list(arguments.words), usual
        for word in arguments.words:
            if found := read_period(word, self.reports.today()):
                period = found
                words.remove(word)
        unit = await self.reports.units_named_in(words)
        if unit:
            words.remove(unit)
        if len(words) > 1 or (words and self.reports.types.named(words[0]) is None):
            reply = f"没看懂“{' '.join(words)}”。{wording.HOW}"
            raise UsageError("words left over", reply=reply)
        type_name = words[0] if words else None
        return await self.reports.report(actor, unit, period, type_name=type_name)

    async def _reply(self, report: Report, forms: list[Form]) -> Reply:
        made: list[Attachment] = []
        text = wording.short(report)
        for form in forms:
            try:
                content = await self.reports.made(report, form)
            except UsageError:
                text = f"{text}\n{wording.NO_PICTURE}"
                continue
            made.append(await self._kept(wording.file_name(report, form), content, form))
        sources = tuple(
            Source(document=one.document_id or "", title=one.document, locator=one.locator,
                   quote=one.quote)
            for one in wording.cited(report)
        )  # fmt: skip
        return Reply(text=text, attachments=tuple(made), sources=sources, is_private=True)

    async def _kept(self, name: str, content: bytes, form: Form) -> Attachment:
        now, media_type = self.reports.clock(), MEDIA_TYPES[form]

        def keep(session: Session) -> str:
            return blobs.put(session, content, media_type=media_type, now=now)

        blob = await self.reports.store.write(keep)
        return Attachment(name=name, media_type=media_type, blob=blob, size_bytes=len(content))
