"""/填报 季度体检: asked field by field, left and resumed, shown whole, handed in once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from bot.arguments import Arguments
from bot.errors import UsageError
from bot.messages import Button, Card, IncomingMessage, Link, MessageKind, Reply
from bot.routing import Pass
from handlers.people.actions import People
from handlers.records import forms
from handlers.records.evidence import Evidence
from handlers.records.filling import Filling, most_files
from handlers.records.form_links import FormLinks, received
from handlers.records.form_state import Form, Place
from handlers.records.types import RecordField, RecordType
from handlers.records.window_dialogue import STEPS, WindowDialogue

_LEAVE = frozenset({"先不填", "先不填了", "稍后再填", "退出", "不填了"})
_HAND_IN = frozenset({"提交", "好", "是", "确认", "确定", "没问题"})
_USE = frozenset({"用", "用刚发的", "用刚才的", "就用刚发的", "就用刚才的", "刚发的", "刚才发的"})
NOTHING_SENT = "半小时内没有收到您发的照片或文件，请直接发过来。"
_LONG = 5
"""Fields from which on a page is offered."""
HOW = "要填哪一种？例如：/填报 季度体检、/填报 意见建议。没填完的发 /填报 继续。"
LEFT = "先放在这里，30 天内发“/填报 继续”接着填。"
HOW_TO_CHANGE = "请写编号，例如：/填报 修改 12。编号发 /记录 可以看到。"
_DIGITS = 10
NO_PAGE = "这里还没有配置网页地址，请在聊天里一项一项填，或者按“字段：内容”一次发来。"
PAGE = "用下面的链接在网页上填，已经填的都在；链接只能提交一次，一天内有效，请不要转给别人。"


def may_answer(message: IncomingMessage) -> bool:
    """Whether it may be an answer to a form's question."""
    is_question = message.text.strip().endswith(("?", "？"))
    return message.kind in (MessageKind.TEXT, MessageKind.MEDIA) and not is_question


@dataclass(frozen=True, slots=True, kw_only=True)
class FormDialogue:
    """Built once, in ``bot.app``."""

    filling: Filling
    links: FormLinks
    windows: WindowDialogue
    people: People
    evidence: Evidence
    active: set[Place] = field(default_factory=set)
    """Where a form is being filled in since this process began: answers there are no questions."""

    def is_filling(self, message: IncomingMessage) -> bool:
        """Whether an answer may take the fast lane, which has no limit a minute."""
        return Place.of(message) in self.active and may_answer(message)

    async def command(self, message: IncomingMessage, arguments: Arguments) -> Reply:
        """/填报 类型, 继续, 网页, 提交, 放弃, 改 字段, 答 选项, 修改 编号; else one of STEPS."""
        word, rest = arguments.word(0), " ".join(arguments.words[1:])
        if message.conversation.is_group:
            return Reply(text="填报请在私聊里进行，发：/填报 " + arguments.text, is_private=True)
        if word in STEPS:
            return await self.windows.step(message, arguments)
        place = Place.of(message)
        if word == "修改":
            return await self._reopen(message, place, rest)
        form = await self.filling.begun(place)
        if form is None:
            if word in ("", "继续", "网页"):
                return Reply(text=HOW)
            return await self._begin(message, place, arguments.text.strip())
        match word:
            case "" | "继续":
                return await self._go_on(message, place, replace(form, is_left=False))
            case "网页":
                return await self._page(place, form)
            case "放弃":
                self.active.discard(place)
                await self.filling.forget(place)
                return Reply(text="已经放弃，没有提交。")
            case "提交":
                return await self._hand_in(message, place, form)
            case "答":
                return await self._take(message, place, form, rest)
            case "改":
                return await self._again(message, place, form, rest)
            case _:
                return await self._begin(message, place, arguments.text.strip())

    async def answer(self, message: IncomingMessage, arguments: Arguments) -> Reply:
        """Plain words and files while a form is being filled in."""
        place = Place.of(message)
        form = None if message.conversation.is_group else await self.filling.begun(place)
        if form is None or form.is_left:
            raise Pass
        said = message.text.strip()
        if said in _LEAVE:
            self.active.discard(place)
            await self.filling.keep(place, replace(form, is_left=True))
            return Reply(text=LEFT)
        if form.next_field is not None:
            return await self._take(message, place, form, said)
        if said in _HAND_IN:
            return await self._hand_in(message, place, form)
        raise Pass

    async def _begin(self, message: IncomingMessage, place: Place, name: str) -> Reply:
        type_ = self._named(name)
        if type_ is None or not type_.fields:
            raise UsageError("no such form", reply=HOW)
        actor = await self.people.actor(message.sender)
        form = await self.filling.begin(actor, place, type_)
        self.active.add(place)
        is_long = len(type_.fields) >= _LONG
        return await self._asked(
            message, form, await self.links.offer(place, form) if is_long else None
        )

    async def _reopen(self, message: IncomingMessage, place: Place, number: str) -> Reply:
        """/填报 修改 12: what was handed in, to be changed and handed in again."""
        if not number.lstrip("#").isdecimal() or len(number) > _DIGITS:
            raise UsageError("no number", reply=HOW_TO_CHANGE)
        actor = await self.people.actor(message.sender)
        form = await self.filling.reopen(actor, place, int(number.lstrip("#")))
        self.active.add(place)
        return _whole(form, await self.links.offer(place, form))

    async def _go_on(self, message: IncomingMessage, place: Place, form: Form) -> Reply:
        await self.filling.keep(place, form)
        self.active.add(place)
        is_long = len(form.type.fields) >= _LONG and form.next_field is not None
        return await self._asked(
            message, form, await self.links.offer(place, form) if is_long else None
        )

    async def _page(self, place: Place, form: Form) -> Reply:
        link = await self.links.offer(place, form)
        if link is None:
            return Reply(text=NO_PAGE)
        return Reply(card=Card(title=form.type.name, body=PAGE, links=(link,)), is_private=True)

    async def _take(self, message: IncomingMessage, place: Place, form: Form, said: str) -> Reply:
        field = form.next_field
        if field is None:
            return await self._asked(message, form)
        told = forms.read_all(form.type, message.text) if message.kind is MessageKind.TEXT else {}
        if message.attachments and forms.takes_files(field):
            kept = await self.filling.attachments.keep(message, fits=field)
            if len(kept) > most_files(field):
                return Reply(text=forms.too_many(field, most_files(field)))
            form = form.with_files(field.id, kept)
        elif forms.takes_files(field) and said in _USE:
            recent = await self.evidence.taken(message, field)
            if not recent or len(recent) > most_files(field):
                why = forms.too_many(field, most_files(field)) if recent else NOTHING_SENT
                return Reply(text=why)
            form = form.with_files(field.id, recent)
            await self.evidence.used(message)
        else:
            for field_id, words in (told or {field.id: said}).items():
                declared = next((one for one in form.fields if one.id == field_id), None)
                if declared is None:
                    continue
                answer = await self.filling.check(form.type, declared, words)
                if answer.refused:
                    return Reply(text=answer.refused)
                form = form.answered(field_id, answer.value)
        await self.filling.keep(place, form)
        self.active.add(place)
        return await self._asked(message, form)

    async def _again(self, message: IncomingMessage, place: Place, form: Form, name: str) -> Reply:
        field = next((one for one in form.type.fields if one.name == name), None)
        if field is None:
            names = "、".join(one.name for one in form.type.fields)
            return Reply(text=f"可以改的：{names}。例如：/填报 改 {form.type.fields[0].name}")
        form = form.open_again(field.id)
        await self.filling.keep(place, form)
        self.active.add(place)
        return await self._asked(message, form)

    async def _hand_in(self, message: IncomingMessage, place: Place, form: Form) -> Reply:
        if form.next_field is not None:
            return await self._asked(message, form)
        actor = await self.people.actor(message.sender)
        stored = await self.filling.hand_in(actor, place, form, message.conversation)
        self.active.discard(place)
        return Reply(text=received(stored), is_private=True)

    async def _asked(self, message: IncomingMessage, form: Form, link: Link | None = None) -> Reply:
        field = form.next_field
        takes = field is not None and forms.takes_files(field)
        return _ask(form, link, await self.evidence.names(message) if takes else ())

    def _named(self, name: str) -> RecordType | None:
        types = self.filling.records.types
        if (found := types.named(name)) is not None:
            return found
        return next((one.type for one in types.mentions(name) if not one.is_hint), None)


def _ask(form: Form, link: Link | None, recent: Sequence[str]) -> Reply:
    """The next question, or the whole form to be handed in."""
    field = form.next_field
    if field is None:
        return _whole(form, None)
    at = [one.id for one in form.type.fields].index(field.id) + 1
    hint = field.help or ("" if field.required else "没有就回复“无”。")
    if forms.takes_files(field):
        hint = f"请直接发照片或文件。{hint}"
        if recent:
            hint += f"\n刚才发过《{recent[0]}》等 {len(recent)} 个，回复“用刚发的”就用它们。"
    buttons = tuple(
        Button(label=choice[:12], command=f"/填报 答 {choice}") for choice in field.choices[:6]
    )
    offered = "项目较多，也可以点下面的链接在网页上一次填完，填一半的都在。" if link else ""
    return Reply(
        text=f"请填“{field.name}”。中途离开发“先不填”，以后可以接着填。" if at == 1 else "",
        card=Card(
            title=f"{form.type.name}（{at}/{len(form.type.fields)}）{field.name}",
            body="\n".join(part for part in (hint, _choices(field), offered) if part),
            buttons=buttons,
            links=(link,) if link else (),
        ),
        is_private=link is not None,
    )


def _whole(form: Form, link: Link | None) -> Reply:
    buttons = (
        Button(label="提交", command="/填报 提交", style="primary"),
        Button(label="放弃", command="/填报 放弃"),
    )
    text = "都填好了，回复“提交”就报上去；要改发“/填报 改 字段名”。"
    body = "\n".join(f"{name}：{words}" for name, words in form.lines())
    card = Card(title=form.type.name, body=body, buttons=buttons, links=(link,) if link else ())
    return Reply(text=text, card=card, is_private=True)


def _choices(field: RecordField) -> str:
    return "\n".join(f"{n}. {choice}" for n, choice in enumerate(field.choices, 1))
