"""What waits for one conversation is said at once, where the channel can: it has few to give.

What may be taken back stays alone, where the channel can take back: only it would be meant.
"""

from __future__ import annotations

from sqlalchemy.orm import Session

from bot.channels.base import Merges, Recalls, Sends
from bot.codec import reply_from_json, reply_to_json
from bot.messages import Reply
from store import instant, merging
from store.engine import Store
from store.models import Delivery, DeliveryKind

_AT_MOST = 19
"""Beside the first."""


async def whole_reply(store: Store, delivery: Delivery, channel: Sends) -> Reply:
    """The delivery's reply, with what waits beside it; called before it is rendered."""
    own = reply_from_json(delivery.reply)
    kinds = [DeliveryKind.REMINDER]
    if not isinstance(channel, Recalls):
        kinds.append(DeliveryKind.BROADCAST)
    if not isinstance(channel, Merges) or delivery.kind not in kinds or not channel.may_merge(own):
        return own

    def work(session: Session) -> Reply:
        now = instant.now(session)
        found = merging.beside(session, delivery, kinds, now=now, at_most=_AT_MOST)
        replies = {one.id: reply_from_json(one.reply) for one in found}
        fitting = {id_: reply for id_, reply in replies.items() if channel.may_merge(reply)}
        if not fitting:
            return own
        merged = channel.merge([own, *fitting.values()])
        is_ours = merging.take_in(session, delivery, reply_to_json(merged), list(fitting), now)
        return merged if is_ours else own

    whole = await store.write(work)
    delivery.reply = reply_to_json(whole)
    return whole
