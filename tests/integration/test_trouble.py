"""An admin hears of what did not arrive."""

from __future__ import annotations

import asyncio
from pathlib import Path

from sqlalchemy import select

from bot.control import Exchange
from bot.messages import ChannelName
from bot.outbox import Trouble
from store.models import Delivery, DeliveryKind, DeliveryState
from tests.scenario.drivers import on_the_page
from tests.scenario.town import living, settle_in
from tests.scenario.wecom_driver import account_of, platform_of


class Quiet(Exchange):
    """Nobody listens to the progress."""

    def __init__(self) -> None: ...

    async def progress(self, done: int, total: int, label: str) -> None: ...


def _trouble(key: str, reason: str) -> Trouble:
    return Trouble(
        delivery_id=1,
        key=key,
        kind=DeliveryKind.REMINDER,
        channel=ChannelName.WECOM_APP,
        conversation="nobody",
        state=DeliveryState.FAILED,
        reason=reason,
    )


async def test_an_admin_is_told_once_of_the_same_trouble(tmp_path: Path) -> None:
    async with living(tmp_path) as app:
        await settle_in(app)
        await app.troubles.tell(_trouble("reminder:1", "可信IP 没有配好"))
        await app.troubles.tell(_trouble("reminder:2", "可信IP 没有配好"))
        await app.troubles.tell(_trouble("trouble:x", "可信IP 没有配好"))

        query = select(Delivery).where(Delivery.key.startswith("trouble:"))
        rows = await app.store.read(lambda session: session.scalars(query).all())

    assert len(rows) == 1
    assert "可信IP 没有配好" in rows[0].reply


async def test_a_setting_to_correct_is_told_elsewhere_and_once_a_day(tmp_path: Path) -> None:
    """As it happens: the app may no longer send, and the admin is on the page."""
    async with living(tmp_path) as app:
        await settle_in(app)
        wecom = platform_of(app)
        account = await account_of(app, "宋见微")
        wecom.members.add(account)
        wecom.is_trusted = False
        notify = app.desk.operations()["notify"]

        async with on_the_page(app, "宋见微") as admin:
            sending = asyncio.create_task(
                notify({"target": "member:宋见微", "text": "周五停水"}, Quiet())
            )
            told = (await admin.heard()).text
            assert "企业可信IP" in told
            assert "会一直再试" in told
            sending.cancel()

        waiting = await app.store.read(
            lambda session: session.scalars(
                select(Delivery.key).where(Delivery.channel == ChannelName.WECOM_APP)
            ).all()
        )
    assert [key.partition(":")[0] for key in waiting] == ["notify"]
