"""Who somebody is, while one message is in hand."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy.orm import Session

from bot.messages import ChannelName, IncomingMessage, Reply, Role, Sender
from bot.middleware import chain, identify
from handlers.people.actions import People
from store import people as people_rows
from store.engine import Store
from tests.fakes.messages import message


async def test_who_somebody_is_is_read_again_after_a_write(tmp_path: Path) -> None:
    store = await Store.open(tmp_path)
    people = People(store, lambda: datetime(2026, 9, 1, tzinfo=UTC))
    sender = Sender(channel=ChannelName.WEB, account="qi")

    async def handler(incoming: IncomingMessage) -> Reply | None:
        first = await people.actor(sender)
        assert await people.actor(sender) is first
        await store.write(_enrol)
        again = await people.actor(sender)
        assert (first.name, again.name) == ("", "祁远山")
        return None

    async def roles_of(sender: Sender) -> frozenset[Role]:
        return (await people.actor(sender)).every_role

    await chain([identify(roles_of)], handler)(message("1", "到"))
    outside = await people.actor(sender)
    assert await people.actor(sender) is not outside, "nothing is kept between messages"
    await store.close()


def _enrol(session: Session) -> None:
    member = people_rows.add_member(session, name="祁远山", now=datetime(2026, 9, 1, tzinfo=UTC))
    people_rows.link(session, "web", "qi", member.id)
