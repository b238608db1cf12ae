"""A backup while the school writes: what was acknowledged before is in it, whole, and goes on."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from hashlib import sha256
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.assembled import App
from bot.messages import Attachment, ChannelName, Conversation, IncomingMessage, MessageKind, Sender
from handlers.backups.actions import restore
from handlers.people.actions import operator
from store import blobs
from store.models import Blob, InboxMessage, InboxState
from tests.fakes.messages import NOW
from tests.fakes.waiting import until
from tests.scenario.town import living, settle_in

WRITERS = 6


class Crowd:
    """Teachers who ask and send pictures without a pause."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.acknowledged: dict[str, str | None] = {}
        """By message, the picture that came with it."""
        self.ends, self.is_busy = asyncio.Event(), asyncio.Event()

    async def write(self, teacher: int) -> None:
        n = 0
        while not self.ends.is_set():
            picture = await self._kept(f"{teacher}/{n}") if n % 3 == 0 else None
            await self.app.dispatcher.accept(_message(teacher, n, picture))
            self.acknowledged[f"w{teacher}-{n}"] = picture
            n += 1
            if len(self.acknowledged) >= 60:
                self.is_busy.set()

    async def _kept(self, name: str) -> str:
        content = f"picture {name} ".encode() * 4000
        return await self.app.store.write(
            lambda session: blobs.put(session, content, media_type="image/png", now=NOW)
        )


def _message(teacher: int, n: int, picture: str | None) -> IncomingMessage:
    attachments = (
        ()
        if picture is None
        else (Attachment(name="照片.png", media_type="image/png", blob=picture),)
    )
    return IncomingMessage(
        channel=ChannelName.WEB,
        message_id=f"w{teacher}-{n}",
        conversation=Conversation(channel=ChannelName.WEB, id=f"t{teacher}"),
        sender=Sender(channel=ChannelName.WEB, account=f"t{teacher}"),
        kind=MessageKind.TEXT if picture is None else MessageKind.MEDIA,
        text="读书节几月举办" if picture is None else "",
        attachments=attachments,
        sent_at=NOW,
    )


async def test_the_restored_school_has_everything_acknowledged_before(tmp_path: Path) -> None:
    file = tmp_path / "shelf" / "backup.zip"
    async with living(tmp_path / "first") as app:
        await settle_in(app)
        crowd = Crowd(app)
        async with asyncio.TaskGroup() as group:
            for teacher in range(WRITERS):
                group.create_task(crowd.write(teacher))
            await crowd.is_busy.wait()
            before = dict(crowd.acknowledged)
            await app.safekeeping.backups.make(operator(), file)
            during = len(crowd.acknowledged) - len(before)
            crowd.ends.set()
    assert during > 0, "nobody wrote meanwhile"

    second = tmp_path / "second"
    await asyncio.to_thread(restore, file, second, None, now=NOW)
    assert await asyncio.to_thread(_faults, second / "yaodian.db") == ([("ok",)], [])

    async with living(second) as app:
        kept = await app.store.read(_accepted)
        assert before.keys() <= kept
        pictures = {one for one in before.values() if one is not None}
        assert await app.store.read(lambda session: _broken(session, pictures)) == set()
        await _until_handled(app, set(before))


def _faults(database: Path) -> tuple[list[tuple[object, ...]], list[tuple[object, ...]]]:
    with closing(sqlite3.connect(database)) as opened:
        whole = opened.execute("PRAGMA integrity_check").fetchall()
        return whole, opened.execute("PRAGMA foreign_key_check").fetchall()


def _accepted(session: Session) -> set[str]:
    return set(session.scalars(select(InboxMessage.message_id)))


def _broken(session: Session, pictures: set[str]) -> set[str]:
    """Those that are missing, or not what they were."""
    rows = session.scalars(select(Blob).where(Blob.hash.in_(pictures)))
    return pictures - {row.hash for row in rows if sha256(row.bytes).hexdigest() == row.hash}


async def _until_handled(app: App, ids: set[str]) -> None:
    """What was in hand when the backup was made is answered by the new machine."""

    def query(session: Session) -> bool:
        state = select(InboxMessage.message_id).where(InboxMessage.state == InboxState.ACCEPTED)
        return not ids & set(session.scalars(state))

    await until(lambda: app.store.read(query), at_most_s=120)
