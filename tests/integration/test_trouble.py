"""An admin hears of what did not arrive."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import select

from bot.messages import ChannelName
from bot.outbox import Trouble
from store.models import Delivery, DeliveryKind, DeliveryState
from tests.scenario.town import living, settle_in


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
