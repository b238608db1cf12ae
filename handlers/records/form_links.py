"""The page of a form: behind an address that is good once, for one person and one form.

=========  ==================================================  ==================================
state      who moves it                                        after a crash
=========  ==================================================  ==================================
offered    ``offer``: the chat gives the address               it still opens
open       looking and saving: as often as wanted              what was saved is there
used       ``hand_in``, or the chat hands in or gives up       the record is there, or it is open
over       the clock, a day later                              ask for another: /填报 网页
=========  ==================================================  ==================================

The address stands for a form begun in a chat: both show the same answers. Only its hash is kept.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256

from sqlalchemy.orm import Session

from bot.messages import ChannelName, Link, Reply
from handlers.access import Actor
from handlers.people.actions import People
from handlers.posting import Post
from handlers.records.filling import FORM, LINK, Filling
from handlers.records.form_state import Form, Place, read_form
from handlers.records.record_views import RecordView
from store import blobs, cases
from store.models_records import PendingForm

LASTING = timedelta(days=1)
LABEL = "网页填写"


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """What an address leads to."""

    place: Place
    form: Form
    actor: Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class FormLinks:
    """Built once, in ``bot.app``."""

    filling: Filling
    people: People
    post: Post
    address: Callable[[str], str | None]
    """From a path to an address; None where there is none."""
    is_public: bool
    """Whether it opens on a phone too, not only on the machine itself."""

    async def offer(self, place: Place, form: Form) -> Link | None:
        """A new address for a form, where there are any; those before are good no more."""
        token = secrets.token_urlsafe(32)
        url = self._url(place, f"/f/{token}")
        if url is None:
            return None
        now = self.filling.records.clock()
        row = PendingForm(
            account=place.account,
            conversation=_named(token),
            kind=LINK,
            type=place.conversation,
            body={"nonce": form.nonce},
            began_at=now,
            expires_at=now + LASTING,
        )

        def work(session: Session) -> None:
            cases.forget_links(session, place.account, LINK, [place.conversation])
            session.add(row)

        await self.filling.records.store.write(work)
        return Link(label=LABEL, url=url)

    def _url(self, place: Place, path: str) -> str | None:
        if place.here.channel is ChannelName.WEB:
            return path
        is_here = place.here.channel is ChannelName.CONSOLE
        return self.address(path) if is_here or self.is_public else None

    async def look(self, token: str) -> Opened | None:
        """The form that an address stands for; None when it is good no more."""
        now, types = self.filling.records.clock(), self.filling.records.types

        def query(session: Session) -> tuple[Place, Form] | None:
            link = cases.link_named(session, _named(token), now)
            if link is None or link.kind != LINK:
                return None
            row = cases.pending(session, link.account, link.type, now)
            type_ = types.get(row.type) if row is not None and row.kind == FORM else None
            if row is None or type_ is None or row.body.get("nonce") != link.body.get("nonce"):
                return None
            place = Place(account=link.account, conversation=link.type)
            return place, read_form(type_, row.body)

        found = await self.filling.records.store.read(query)
        if found is None:
            return None
        place, form = found
        return Opened(place=place, form=form, actor=await self.people.actor(place.sender))

    async def hand_in(self, opened: Opened, form: Form) -> RecordView:
        """Make a record of it, and say so in the chat; the address is used up.

        Raises:
            NotAllowed: They do not hand in this type any more.
            UsageError: It is closed, or was handed in before.
        """
        place, now = opened.place, self.filling.records.clock()

        def told(session: Session, view: RecordView) -> None:
            reply = Reply(text=f"您在网页上填的“{form.type.name}”：{received(view)}")
            key = f"form:{view.id}:page"
            if place.here.channel in self.post.channels:
                self.post.to(session, place.here, key, reply, now)
            elif opened.actor.member_id is not None:
                self.post.to_member(session, opened.actor.member_id, key, reply, now)

        return await self.filling.hand_in(opened.actor, place, form, place.here, told)

    async def thumbnails(self, form: Form) -> dict[str, bytes]:
        """Small JPEGs of the form's pictures, by the blob of the picture."""

        def query(session: Session) -> dict[str, bytes]:
            small = {one.blob: one.thumbnail for one in form.files if one.thumbnail}
            rows = {blob: blobs.get(session, of) for blob, of in small.items()}
            return {blob: row.bytes for blob, row in rows.items() if row is not None}

        return await self.filling.records.store.read(query)


def received(view: RecordView) -> str:
    """What is said once it is a record."""
    done = view.type.wording.get("done", "收到了。") if view.type else "收到了。"
    return f"{done}\n编号 #{view.id}，{view.state_name}。"


def _named(token: str) -> str:
    return f"link:{sha256(token.encode()).hexdigest()}"
