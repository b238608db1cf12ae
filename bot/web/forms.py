"""A form as a page, behind the one-time address that its chat gives: ``/f/{token}``."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass

from aiohttp import web

from bot.errors import BotError
from bot.web import pages
from bot.web.uploads import Sent, read_sent
from handlers.records import forms
from handlers.records.filling import most_files
from handlers.records.form_links import FormLinks, Opened, received
from handlers.records.form_state import Form, listed
from handlers.records.types import FieldKind, RecordField

_OVER = (
    "这个链接不对、已经提交过或者过了一天。请回到聊天里看看有没有收到编号；"
    "没有交的发“/填报 网页”，会给一个新链接。"
)
_TOO_LARGE = "有文件没有传上来：每个最多 20 MB，一次最多 60 MB。请压缩，或者先存一部分再传。"
_PARA_CHARS = 80
_ISO_CHARS = 10
_PICTURES = "image/*"
_FILES = ".pdf,.doc,.docx,.xls,.xlsx,.ppt,.pptx,.wps,.et,.dps,.ofd,.zip,.txt,.csv,.mp4,image/*"


@dataclass(frozen=True, slots=True, kw_only=True)
class FileShown:
    """A file that is kept already; ``small`` is a picture as a ``data:`` address."""

    name: str
    blob: str
    small: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldShown:
    """One question, with what was typed or kept."""

    id: str
    name: str
    input: str
    """``line``, ``lines``, ``choice``, ``date`` or ``files``."""
    required: bool
    help: str
    value: str
    choices: tuple[str, ...]
    error: str
    files: tuple[FileShown, ...]
    accept: str
    most: int
    longest: int | None
    is_number: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FormPages:
    """Routes of forms; whoever holds the address is the person who was given it."""

    links: FormLinks

    def add_routes(self, app: web.Application) -> None:
        app.router.add_get("/f/{token:[A-Za-z0-9_-]{20,80}}", self._look)
        app.router.add_post("/f/{token:[A-Za-z0-9_-]{20,80}}", self._send)

    async def _look(self, request: web.Request) -> web.Response:
        opened = await self.links.look(request.match_info["token"])
        return _over() if opened is None else await self._shown(opened, opened.form)

    async def _send(self, request: web.Request) -> web.Response:
        if not pages.is_own_page(request):
            raise web.HTTPForbidden(text="请在填报页面上提交。")
        opened = await self.links.look(request.match_info["token"])
        if opened is None:
            return _over()
        sent = await read_sent(request)
        is_whole = sent.text("do") == "hand_in"
        try:
            filled = await self.links.filling.fill(
                opened.place,
                opened.form,
                {one.id: sent.text(f"f-{one.id}") for one in opened.form.type.fields},
                {one.id: sent.files.get(f"f-{one.id}", ()) for one in opened.form.type.fields},
                sent.texts.get("remove", ()),
                is_whole=is_whole,
            )
            form, refused = filled.form, dict(filled.refused)
            refused |= {
                one.id: _TOO_LARGE for one in form.type.fields if f"f-{one.id}" in sent.too_large
            }
            if refused or not is_whole:
                saved = "" if refused else "存好了。可以接着填，也可以一天内再打开这个链接。"
                return await self._shown(opened, form, sent, refused, saved)
            view = await self.links.hand_in(opened, form)
        except BotError as error:
            return pages.notice("没有提交", error.reply, status=409)
        return _kept(pages.notice("提交好了", received(view), status=200))

    async def _shown(
        self,
        opened: Opened,
        form: Form,
        sent: Sent | None = None,
        refused: Mapping[str, str] | None = None,
        saved: str = "",
    ) -> web.Response:
        small = {
            blob: f"data:image/jpeg;base64,{base64.b64encode(content).decode()}"
            for blob, content in (await self.links.thumbnails(form)).items()
        }
        fields = [_field(one, form, small, sent, refused or {}) for one in form.fields]
        values = {
            "title": form.type.name,
            "name": opened.actor.name,
            "opened": form.type.wording.get("opened", ""),
            "fields": fields,
            "wrong": [one for one in fields if one.error],
            "saved": saved,
            "is_confidential": form.type.confidential,
        }
        return _kept(pages.page("form.html", values, status=422 if refused else 200))


def _field(
    field: RecordField,
    form: Form,
    small: Mapping[str, str],
    sent: Sent | None,
    refused: Mapping[str, str],
) -> FieldShown:
    kept = "、".join(map(str, listed(form.values.get(field.id))))
    error = refused.get(field.id, "")
    value = sent.text(f"f-{field.id}") if sent and error else kept
    return FieldShown(
        id=field.id,
        name=field.name,
        input=_input(field, value),
        required=field.required,
        help=field.help,
        value=value,
        choices=field.choices,
        error=error,
        files=tuple(
            FileShown(name=one.name, blob=one.blob, small=small.get(one.blob, ""))
            for one in form.files_of(field.id)
        ),
        accept=_PICTURES if field.kind is FieldKind.PHOTO else _FILES,
        most=most_files(field),
        longest=field.longest,
        is_number=field.kind is FieldKind.NUMBER,
    )


def _input(field: RecordField, value: str) -> str:
    if forms.takes_files(field):
        return "files"
    match field.kind:
        case FieldKind.CHOICE:
            return "choice"
        case FieldKind.DATE:
            return "date" if not value or len(value) == _ISO_CHARS else "line"
        case FieldKind.TEXT if (field.longest or _PARA_CHARS + 1) > _PARA_CHARS:
            return "lines"
        case _:
            return "line"


def _over() -> web.Response:
    return _kept(pages.notice("打不开", _OVER, status=410))


def _kept(response: web.Response) -> web.Response:
    """In nobody's cache: it shows what one person wrote."""
    response.headers["Cache-Control"] = "no-store"
    return response
