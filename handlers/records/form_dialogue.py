"""/填报 季度体检: asked field by field, left and resumed, shown whole, handed in once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from bot.arguments import Arguments
from bot.errors import UsageError
from bot.messages import Button, Card, IncomingMessage, MessageKind, Reply
from bot.routing import Pass
from handlers.people.actions import People
from handlers.records import forms, rights
from handlers.records.actions import Records
from handlers.records.attachments import Attachments
from handlers.records.types import RecordField, RecordType
from scheduler.phrases import read_when
from scheduler.when import Day, Deadline, Instant, Interval
from store import people as people_rows
from store import settings
from store.models_records import PendingForm
from store.records import NewFile

_LASTING = timedelta(days=30)
_LEAVE = frozenset({"先不填", "先不填了", "稍后再填", "退出", "不填了"})
_HAND_IN = frozenset({"提交", "好", "是", "确认", "确定", "没问题"})
HOW = "要填哪一种？例如：/填报 季度体检、/填报 意见建议。没填完的发 /填报 继续。"
LEFT = "先放在这里，30 天内发“/填报 继续”接着填。"
CLOSED = "这一项现在没有开放填报，开放后会通知。"
ONCE = "这一项您已经报过了，每人只报一次；要改请发 /记录 改。"


def may_answer(message: IncomingMessage) -> bool:
    """Whether it may be an answer to a form's question."""
    is_question = message.text.strip().endswith(("?", "？"))
    return message.kind in (MessageKind.TEXT, MessageKind.MEDIA) and not is_question


@dataclass(frozen=True, slots=True, kw_only=True)
class FormDialogue:
    """Built once, in ``bot.app``."""

    records: Records
    people: People
    attachments: Attachments
    filling: set[tuple[str, str]] = field(default_factory=set)
    """Who is filling in a form since this process began: their answers are no questions."""

    def is_filling(self, message: IncomingMessage) -> bool:
        """Whether an answer may take the fast lane, which has no limit a minute."""
        return _who(message) in self.filling and may_answer(message)

    async def command(self, message: IncomingMessage, arguments: Arguments) -> Reply:
        """/填报 类型, 继续, 提交, 放弃, 改 字段, 答 选项; 开始 or 结束 类型 by whoever opens it."""
        word, rest = arguments.word(0), " ".join(arguments.words[1:])
        if message.conversation.is_group:
            return Reply(text="填报请在私聊里进行，发：/填报 " + arguments.text, is_private=True)
        if word in ("开始", "结束"):
            return await self._window(message, rest, is_opening=word == "开始")
        form = await self._form(message)
        if word in ("", "继续"):
            if form is None:
                return Reply(text=HOW)
            await self._save(message, form.type, {**form.body, "is_left": False})
            return self._ask(self._type(form.type), form.body)
        if word == "放弃":
            await self._forget(message)
            return Reply(text="已经放弃，没有提交。")
        if form is not None and word == "提交":
            return await self._hand_in(message, form)
        if form is not None and word == "答":
            return await self._take(message, form, rest)
        if form is not None and word == "改":
            return await self._again(message, form, rest)
        return await self._begin(message, arguments.text.strip())

    async def answer(self, message: IncomingMessage, arguments: Arguments) -> Reply:
        """Plain words and files while a form is being filled in."""
        form = None if message.conversation.is_group else await self._form(message)
        if form is None or form.body.get("is_left"):
            raise Pass
        said = message.text.strip()
        if said in _LEAVE:
            await self._save(message, form.type, {**form.body, "is_left": True})
            return Reply(text=LEFT)
        is_full = forms.next_field(self._type(form.type), _values(form.body)) is None
        if is_full and said in _HAND_IN:
            return await self._hand_in(message, form)
        if is_full:
            raise Pass
        return await self._take(message, form, said)

    async def _begin(self, message: IncomingMessage, name: str) -> Reply:
        type_ = self.records.types.named(name)
        if type_ is None:
            mentioned = [one.type for one in self.records.types.mentions(name) if not one.is_hint]
            type_ = mentioned[0] if mentioned else None
        if type_ is None or not type_.fields:
            raise UsageError("no such form", reply=HOW)
        actor = await self.people.actor(message.sender)
        rights.check_submits(actor, type_, None)
        if type_.needs_window and await self._window_id(type_) is None:
            return Reply(text=CLOSED)
        body: dict[str, object] = {"values": {}, "files": [], "is_left": False}
        await self._save(message, type_.id, body)
        return self._ask(type_, body)

    async def _take(self, message: IncomingMessage, form: PendingForm, said: str) -> Reply:
        type_, values = self._type(form.type), _values(form.body)
        files = _files(form.body)
        told = forms.read_all(type_, message.text) if message.kind is MessageKind.TEXT else {}
        field = forms.next_field(type_, values)
        if field is None:
            return self._ask(type_, form.body)
        if message.attachments and forms.takes_files(field):
            kept = await self.attachments.keep(message, field.id)
            most = int(field.most or 20)
            files += [_file(one) for one in kept]
            if sum(one["field"] == field.id for one in files) > most:
                return Reply(text=f"“{field.name}”最多 {most} 个，请挑一挑再发。")
            values[field.id] = ""
        elif told:
            for field_id, words in told.items():
                declared = type_.field(field_id)
                if declared is None:
                    continue
                answer = await self._checked(type_, declared, words)
                if answer.refused:
                    return Reply(text=answer.refused)
                values[field_id] = answer.value
        else:
            answer = await self._checked(type_, field, said)
            if answer.refused:
                return Reply(text=answer.refused)
            values[field.id] = answer.value
        body: dict[str, object] = {"values": values, "files": files, "is_left": False}
        await self._save(message, type_.id, body)
        return self._ask(type_, body)

    async def _again(self, message: IncomingMessage, form: PendingForm, name: str) -> Reply:
        type_, values = self._type(form.type), _values(form.body)
        field = next((one for one in type_.fields if one.name == name), None)
        if field is None:
            names = "、".join(one.name for one in type_.fields)
            return Reply(text=f"可以改的：{names}。例如：/填报 改 {type_.fields[0].name}")
        values.pop(field.id, None)
        files = [one for one in _files(form.body) if one["field"] != field.id]
        body: dict[str, object] = {"values": values, "files": files, "is_left": False}
        await self._save(message, type_.id, body)
        return self._ask(type_, body)

    async def _hand_in(self, message: IncomingMessage, form: PendingForm) -> Reply:
        type_, values = self._type(form.type), _values(form.body)
        if forms.next_field(type_, values) is not None:
            return self._ask(type_, form.body)
        actor = await self.people.actor(message.sender)
        window = await self._window_id(type_)
        if type_.needs_window and window is None:
            return Reply(text=CLOSED)
        person = "、".join(map(str, _listed(values.get("person"))))
        key = forms.once_key(
            type_, actor.member_id or 0, self.records.today(), window or "", person
        )
        kept = {name: value for name, value in values.items() if value not in ("", [])}
        files = [
            NewFile(name=one["name"], blob=one["blob"], field=one["field"],
                    thumbnail=one["thumbnail"] or None)
            for one in _files(form.body)
        ]  # fmt: skip
        stored = await self.records.submit(
            actor, type_, kept, files, message.conversation,
            key=key or f"form:{message.channel}:{message.message_id}",
        )  # fmt: skip
        await self._forget(message)
        if stored is None:
            return Reply(text=ONCE)
        done = type_.wording.get("done", "收到了。")
        return Reply(text=f"{done}\n编号 #{stored.id}，{stored.state_name}。", is_private=True)

    def _ask(self, type_: RecordType, body: Mapping[str, object]) -> Reply:
        """The next question, or the whole form to be handed in."""
        values = _values(body)
        field = forms.next_field(type_, values)
        if field is None:
            return self._whole(type_, body)
        at = list(type_.fields).index(field) + 1
        hint = field.help or ("" if field.required else "没有就回复“无”。")
        if forms.takes_files(field):
            hint = f"请直接发照片或文件。{hint}"
        buttons = tuple(
            Button(label=choice[:12], command=f"/填报 答 {choice}") for choice in field.choices[:6]
        )
        body_text = "\n".join(part for part in (hint, _choices(field)) if part)
        title = f"{type_.name}（{at}/{len(type_.fields)}）{field.name}"
        return Reply(
            text=f"请填“{field.name}”。中途离开发“先不填”，以后可以接着填。" if at == 1 else "",
            card=Card(title=title, body=body_text, buttons=buttons),
        )

    def _whole(self, type_: RecordType, body: Mapping[str, object]) -> Reply:
        values = _values(body)
        lines = []
        for declared in type_.fields:
            value = values.get(declared.id)
            names = [one["name"] for one in _files(body) if one["field"] == declared.id]
            words = "、".join(names or map(str, _listed(value))) or "（空）"
            lines.append(f"{declared.name}：{words}")
        buttons = (
            Button(label="提交", command="/填报 提交", style="primary"),
            Button(label="放弃", command="/填报 放弃"),
        )
        text = "都填好了，回复“提交”就报上去；要改发“/填报 改 字段名”。"
        return Reply(text=text, card=Card(title=type_.name, body="\n".join(lines), buttons=buttons))

    async def _checked(self, type_: RecordType, field: RecordField, said: str) -> forms.Answer:
        def names(session: Session) -> frozenset[str]:
            return frozenset(one.name for one in people_rows.members(session))

        roster = await self.records.store.read(names) if type_.checks_names else frozenset()
        return forms.check_answer(field, said, read_day=self._day, roster=roster)

    def _day(self, said: str) -> date | None:
        for is_past in (False, True):
            when = read_when(
                said,
                now=self.records.clock().astimezone(self.records.zone),
                calendar=self.records.calendar,
                terms=self.records.terms,
                allow_past=is_past,
            )
            match when:
                case Day(on=on):
                    return on
                case Instant(at=at) | Deadline(at=at) | Interval(end=at):
                    return at.date()
        return None

    async def _window(self, message: IncomingMessage, words: str, *, is_opening: bool) -> Reply:
        """Open a type for being handed in, until a day, or close it."""
        mentioned = self.records.types.mentions(words)
        if not mentioned:
            raise UsageError(
                "no such form", reply="请写明哪一种，例如：/填报 开始 季度体检 到9月30日"
            )
        type_ = mentioned[0].type
        actor = await self.people.actor(message.sender)
        rights.check_opens(actor, type_, None)
        rest = words[: mentioned[0].start] + words[mentioned[0].end :]
        last = self._day(rest.strip(" 到至截止")) if rest.strip() else None
        today = self.records.today()
        value = f"{today.isoformat()} {(last or today + timedelta(days=30)).isoformat()}"
        key = f"form window {type_.id}"

        def work(session: Session) -> None:
            if is_opening:
                settings.put(session, key, value)
            else:
                settings.forget(session, key)

        await self.records.store.write(work)
        if not is_opening:
            return Reply(text=type_.wording.get("closed", f"“{type_.name}”填报已经结束。"))
        opened = type_.wording.get("opened", f"“{type_.name}”开始填报。")
        return Reply(text=f"{opened}截止 {value.split()[1]}。填报发：/填报 {type_.name}")

    async def _window_id(self, type_: RecordType) -> str | None:
        """Names the window that is open now."""
        key = f"form window {type_.id}"
        value = await self.records.store.read(lambda session: settings.get(session, key))
        if value is None:
            return None
        first, last = value.split()
        return first if self.records.today() <= date.fromisoformat(last) else None

    def _type(self, type_id: str) -> RecordType:
        found = self.records.types.get(type_id)
        if found is None:
            raise UsageError("the type is gone", reply="这一种填报已经取消了，发 /填报 放弃 结束。")
        return found

    async def _form(self, message: IncomingMessage) -> PendingForm | None:
        now, (account, conversation) = self.records.clock(), _who(message)

        def query(session: Session) -> PendingForm | None:
            return session.scalars(
                select(PendingForm).where(
                    PendingForm.account == account,
                    PendingForm.conversation == conversation,
                    PendingForm.expires_at > now,
                )
            ).one_or_none()

        return await self.records.store.read(query)

    async def _save(
        self, message: IncomingMessage, type_id: str, body: Mapping[str, object]
    ) -> None:
        now, (account, conversation) = self.records.clock(), _who(message)

        def work(session: Session) -> None:
            _drop(session, account, conversation)
            session.add(
                PendingForm(
                    account=account,
                    conversation=conversation,
                    kind="form",
                    type=type_id,
                    body=dict(body),
                    began_at=now,
                    expires_at=now + _LASTING,
                )
            )

        await self.records.store.write(work)
        if body.get("is_left"):
            self.filling.discard((account, conversation))
        else:
            self.filling.add((account, conversation))

    async def _forget(self, message: IncomingMessage) -> None:
        account, conversation = _who(message)
        self.filling.discard((account, conversation))
        await self.records.store.write(lambda session: _drop(session, account, conversation))


def _drop(session: Session, account: str, conversation: str) -> None:
    session.execute(
        delete(PendingForm).where(
            PendingForm.account == account, PendingForm.conversation == conversation
        )
    )


def _who(message: IncomingMessage) -> tuple[str, str]:
    return (
        f"{message.channel.platform}:{message.sender.account}",
        f"{message.channel}:{message.conversation.id}",
    )


def _values(body: Mapping[str, object]) -> dict[str, object]:
    found = body.get("values")
    return dict(found) if isinstance(found, dict) else {}


def _files(body: Mapping[str, object]) -> list[dict[str, str]]:
    found = body.get("files")
    return [dict(one) for one in found] if isinstance(found, list) else []


def _file(one: NewFile) -> dict[str, str]:
    return {
        "name": one.name,
        "blob": one.blob,
        "field": one.field,
        "thumbnail": one.thumbnail or "",
    }


def _listed(value: object) -> list[object]:
    if value in (None, ""):
        return []
    return list(value) if isinstance(value, list) else [value]


def _choices(field: RecordField) -> str:
    return "\n".join(f"{n}. {choice}" for n, choice in enumerate(field.choices, 1))
