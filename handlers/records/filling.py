"""Filling in a form, in the chat or on its page: one form, kept until it is handed in."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from sqlalchemy.orm import Session

from bot.errors import UsageError
from bot.messages import Conversation
from handlers.access import Actor
from handlers.records import forms, rights
from handlers.records.actions import Records
from handlers.records.attachments import Attachments
from handlers.records.form_state import Form, Place, read_form
from handlers.records.handing_in import HandingIn
from handlers.records.record_views import RecordView
from handlers.records.types import RecordField, RecordType
from scheduler.phrases import read_when
from scheduler.when import Day, Deadline, Instant, Interval
from store import blobs, cases, people, records
from store.models_records import PendingForm

FORM, LINK = "form", "link"
MOST_FILES = 20
"""Of one field, where its type sets no limit."""
_LASTING = timedelta(days=30)
GONE = "这张表已经交上去或者放弃了，没有重复提交。"
TYPE_GONE = "这一种填报已经取消了，发 /填报 放弃 结束。"

Upload = tuple[str, bytes]
"""A file's name and content, as it was sent."""
Told = Callable[[Session, RecordView], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """A form after what a page sent; ``refused`` says by field what was not taken, in Chinese."""

    form: Form
    refused: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Filling:
    """Built once, in ``bot.app``."""

    records: Records
    attachments: Attachments
    handing_in: HandingIn

    async def begin(self, actor: Actor, place: Place, type_: RecordType) -> Form:
        """Start a form, in place of one that was begun there.

        Raises:
            NotAllowed: The actor does not hand in this type.
            UsageError: It is not open now.
        """
        rights.check_submits(actor, type_, None)
        form = Form(type=type_, nonce=secrets.token_hex(8))

        now = self.records.clock()

        def work(session: Session) -> Form:
            self.handing_in.check_open(session, actor, type_)
            window = self.handing_in.book.newest(session, actor, type_)
            begun = replace(form, menu=self.handing_in.book.menu(session, window))
            self._forget(session, place, now)
            cases.put_pending(session, _row(place, begun, now))
            return begun

        return await self.records.store.write(work)

    async def reopen(self, actor: Actor, place: Place, record_id: int) -> Form:
        """What was handed in, to be changed: once handed in again it takes its place.

        Raises:
            NotFound: There is no such record.
            NotAllowed: It is somebody else's.
            UsageError: It is settled.
        """
        now = self.records.clock()

        def work(session: Session) -> Form:
            record, type_ = self.handing_in.to_correct(session, actor, record_id)
            values = {one.id: record.fields.get(one.id, "") for one in type_.fields}
            form = Form(
                type=type_,
                nonce=secrets.token_hex(8),
                values=values,
                files=tuple(records.files_of(session, record.id)),
                corrects=record.id,
            )
            self._forget(session, place, now)
            cases.put_pending(session, _row(place, form, now))
            return form

        return await self.records.store.write(work)

    async def begun(self, place: Place) -> Form | None:
        """The form that is being filled in there.

        Raises:
            UsageError: Its type is gone.
        """
        now = self.records.clock()
        row = await self.records.store.read(
            lambda session: cases.pending(session, place.account, place.conversation, now)
        )
        if row is None or row.kind != FORM:
            return None
        return read_form(self._type(row.type), row.body)

    async def keep(self, place: Place, form: Form) -> None:
        """Remember it as it is now.

        Raises:
            UsageError: It was handed in or given up meanwhile.
        """
        now = self.records.clock()

        def work(session: Session) -> None:
            self._still(session, place, form, now)
            cases.put_pending(session, _row(place, form, now))

        await self.records.store.write(work)

    async def forget(self, place: Place) -> None:
        """Give it up, with its files and links."""
        now = self.records.clock()
        await self.records.store.write(lambda session: self._forget(session, place, now))

    async def forget_expired(self) -> int:
        """Let go of forms that nobody went on with, with their files; how many."""
        now = self.records.clock()
        if not await self.records.store.read(lambda session: cases.is_any_expired(session, now)):
            return 0

        def work(session: Session) -> int:
            rows = cases.take_expired(session, now)
            files = [blob for row in rows for blob in blobs.named_in(json.dumps(row.body))]
            blobs.forget_unused(session, files)
            return len(rows)

        return await self.records.store.write(work)

    async def check(self, type_: RecordType, field: RecordField, said: str) -> forms.Answer:
        """What an answer means, or why it cannot be taken."""

        def names(session: Session) -> frozenset[str]:
            return frozenset(one.name for one in people.members(session))

        roster = await self.records.store.read(names) if type_.checks_names else frozenset()
        return forms.check_answer(field, said, read_day=self.day, roster=roster)

    async def fill(
        self,
        place: Place,
        form: Form,
        typed: Mapping[str, str],
        uploads: Mapping[str, Sequence[Upload]],
        removed: Collection[str],
        *,
        is_whole: bool,
    ) -> Filled:
        """Take over everything a page sent at once; what cannot be taken is left out, and said.

        Args:
            place: Where the form was begun.
            form: As it was.
            typed: Words by field.
            uploads: Files by field.
            removed: Blobs of files that are not wanted any more.
            is_whole: It is to be handed in, so nothing that is required may be missing.
        """
        refused: dict[str, str] = {}
        for field in form.fields:
            if not field.is_asked(form.values):
                form, why = form.open_again(field.id), ""
            elif forms.takes_files(field):
                form, why = await self._filed(form, field, uploads.get(field.id, ()), removed)
                if not why and not form.files_of(field.id):
                    form = form.answered(field.id, "")
                    why = forms.missing(field) if field.required and is_whole else ""
            else:
                said = typed.get(field.id, "")
                answer = await self.check(form.type, field, said)
                why = answer.refused if said.strip() or is_whole else ""
                form = form.open_again(field.id) if answer.refused else form.answered(
                    field.id, answer.value)  # fmt: skip
            if why:
                refused[field.id] = why
        if not is_whole:
            form = _unasked(form)
        await self.keep(place, form)
        return Filled(form=form, refused=refused)

    async def hand_in(
        self,
        actor: Actor,
        place: Place,
        form: Form,
        here: Conversation,
        told: Told | None = None,
    ) -> RecordView:
        """Make a record of it, once; ``told`` works in the same transaction.

        Raises:
            NotAllowed: The actor does not hand in this type.
            UsageError: It is closed, was handed in before, or is another form by now.
        """
        now = self.records.clock()

        def work(session: Session) -> RecordView:
            self._still(session, place, form, now)
            view = self.handing_in.take(session, actor, form, here)
            _end(session, place)
            if told is not None:
                told(session, view)
            return view

        return await self.records.store.write(work)

    def day(self, said: str) -> date | None:
        """The day that words name."""
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

    def _still(self, session: Session, place: Place, form: Form, now: datetime) -> None:
        row = cases.pending(session, place.account, place.conversation, now)
        if row is None or row.body.get("nonce") != form.nonce:
            raise UsageError("the form is gone", reply=GONE)

    def _forget(self, session: Session, place: Place, now: datetime) -> None:
        row = cases.pending(session, place.account, place.conversation, now)
        files = () if row is None else blobs.named_in(json.dumps(row.body))
        _end(session, place)
        blobs.forget_unused(session, files)

    async def _filed(
        self, form: Form, field: RecordField, uploads: Sequence[Upload], removed: Collection[str]
    ) -> tuple[Form, str]:
        kept = [one for one in form.files_of(field.id) if one.blob not in removed]
        try:
            new = await self.attachments.take(uploads, field)
        except UsageError as error:
            return form.with_files(field.id, kept), error.reply
        fresh = [one for one in new if one.blob not in {file.blob for file in kept}]
        if len(kept) + len(fresh) > most_files(field):
            return form.with_files(field.id, kept), forms.too_many(field, most_files(field))
        return form.with_files(field.id, [*kept, *fresh]), ""

    def _type(self, type_id: str) -> RecordType:
        found = self.records.types.get(type_id)
        if found is None:
            raise UsageError("the type is gone", reply=TYPE_GONE)
        return found


def most_files(field: RecordField) -> int:
    """How many a field takes."""
    return int(field.most or MOST_FILES)


def _row(place: Place, form: Form, now: datetime) -> PendingForm:
    return PendingForm(
        account=place.account,
        conversation=place.conversation,
        kind=FORM,
        type=form.type.id,
        body=form.to_body(),
        began_at=now,
        expires_at=now + _LASTING,
    )


def _unasked(form: Form) -> Form:
    """What was left empty is asked later."""
    values = {
        name: value
        for name, value in form.values.items()
        if value not in ("", []) or form.files_of(name)
    }
    return replace(form, values=values)


def _end(session: Session, place: Place) -> None:
    cases.forget_pending(session, place.account, place.conversation)
    cases.forget_links(session, place.account, LINK, [place.conversation])
