"""A form that somebody has begun: what is answered so far, and whose it is. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Self

from bot.messages import ChannelName, Conversation, IncomingMessage, Sender
from handlers.records import forms
from handlers.records.types import RecordField, RecordType
from store.records import NewFile


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Whose form, and in which chat: in each, one is filled in at a time."""

    account: str
    """``platform:account``."""
    conversation: str
    """``channel:id``."""

    @classmethod
    def of(cls, message: IncomingMessage) -> Self:
        return cls(
            account=f"{message.channel.platform}:{message.sender.account}",
            conversation=f"{message.channel}:{message.conversation.id}",
        )

    @property
    def here(self) -> Conversation:
        """The private chat it was begun in."""
        channel, _, conversation_id = self.conversation.partition(":")
        return Conversation(channel=ChannelName(channel), id=conversation_id)

    @property
    def sender(self) -> Sender:
        """The one who began it."""
        return Sender(channel=self.here.channel, account=self.account.partition(":")[2])


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """Its ``nonce`` names this one form, so that it is handed in once wherever it is sent from."""

    type: RecordType
    nonce: str
    values: Mapping[str, object] = field(default_factory=dict)
    """By field; an empty text where there is nothing to say."""
    files: tuple[NewFile, ...] = ()
    is_left: bool = False
    corrects: int | None = None
    """The record that it is to take the place of."""
    menu: tuple[str, ...] = ()
    """What there is to choose from in this window."""

    @property
    def fields(self) -> tuple[RecordField, ...]:
        """Its type's, with the menu."""
        return tuple(forms.with_menu(one, self.menu) for one in self.type.fields)

    @property
    def next_field(self) -> RecordField | None:
        """What is asked now; None when all is answered."""
        found = forms.next_field(self.type, self.values)
        return None if found is None else forms.with_menu(found, self.menu)

    def files_of(self, field_id: str) -> tuple[NewFile, ...]:
        return tuple(one for one in self.files if one.field == field_id)

    def answered(self, field_id: str, value: object) -> Self:
        return replace(self, values={**self.values, field_id: value}, is_left=False)

    def open_again(self, field_id: str) -> Self:
        """As if it had not been asked yet."""
        values = {name: value for name, value in self.values.items() if name != field_id}
        files = tuple(one for one in self.files if one.field != field_id)
        return replace(self, values=values, files=files, is_left=False)

    def with_files(self, field_id: str, files: Sequence[NewFile]) -> Self:
        """One field's files, all of them; with any, it is answered."""
        others = tuple(one for one in self.files if one.field != field_id)
        kept = replace(self, files=(*others, *files), is_left=False)
        return kept.answered(field_id, "") if files else kept

    def lines(self) -> list[tuple[str, str]]:
        """Each field's name and what was said, for the person to check."""
        found = []
        for one in self.type.fields:
            if not one.is_asked(self.values):
                continue
            names = [file.name for file in self.files_of(one.id)]
            words = "、".join(names or map(str, listed(self.values.get(one.id))))
            found.append((one.name, words or "（空）"))
        return found

    def to_body(self) -> dict[str, object]:
        return {
            "nonce": self.nonce,
            "values": dict(self.values),
            "files": [[one.name, one.blob, one.field, one.thumbnail] for one in self.files],
            "is_left": self.is_left,
            "corrects": self.corrects,
            "menu": list(self.menu),
        }


def read_form(type_: RecordType, body: Mapping[str, object]) -> Form:
    """Back from ``to_body``; one that an earlier version kept has less to it."""
    values, files, corrects = body.get("values"), body.get("files"), body.get("corrects")
    menu = body.get("menu")
    return Form(
        type=type_,
        nonce=str(body.get("nonce", "")),
        values=dict(values) if isinstance(values, dict) else {},
        files=tuple(_file(one) for one in files) if isinstance(files, list) else (),
        is_left=bool(body.get("is_left")),
        corrects=corrects if isinstance(corrects, int) else None,
        menu=tuple(map(str, menu)) if isinstance(menu, list) else (),
    )


def listed(value: object) -> list[object]:
    """An answer's parts."""
    if value in (None, ""):
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


def _file(kept: object) -> NewFile:
    if isinstance(kept, dict):
        name, blob = kept.get("name", ""), kept.get("blob", "")
        field_id, thumbnail = kept.get("field", ""), kept.get("thumbnail")
    elif isinstance(kept, list) and len(kept) == 4:
        name, blob, field_id, thumbnail = kept
    else:
        raise ValueError("no file of a form")
    return NewFile(
        name=str(name),
        blob=str(blob),
        field=str(field_id),
        thumbnail=str(thumbnail) if thumbnail else None,
    )
