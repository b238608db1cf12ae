"""Tells the admins, in Chinese, of what did not arrive; once an hour for the same reason.

They are told through another channel than the one in trouble, where there is one.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.orm import Session

from bot.messages import Reply
from bot.outbox import Trouble
from handlers.posting import Post
from store.engine import Store
from store.models import DeliveryState

logger = logging.getLogger(__name__)

_KEY = "trouble:"
_HOW = {
    DeliveryState.OPEN: "暂时发不出去，会一直再试",
    DeliveryState.FAILED: "没有发出去",
    DeliveryState.UNCERTAIN: "不确定对方收到没有",
    DeliveryState.MISSED: "错过了时间，没有发",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Troubles:
    """Built once, in ``bot.app``."""

    store: Store
    post: Post
    clock: Callable[[], datetime]

    async def tell(self, trouble: Trouble) -> None:
        """Into the log, and to every top-level admin; trouble with such a notice ends there."""
        logger.warning(
            "delivery %d through %s ended as %s",
            trouble.delivery_id,
            trouble.channel,
            trouble.state,
        )
        if trouble.key.startswith(_KEY):
            return
        now = self.clock()
        text = _words(trouble)
        digest = hashlib.sha256(f"{trouble.channel}{trouble.reason}".encode()).hexdigest()[:16]

        # What waits for a setting goes on waiting; what is sent of it may itself have to wait.
        when = f"{now:%Y%m%d}" if trouble.state is DeliveryState.OPEN else f"{now:%Y%m%d%H}"
        others = [name for name in self.post.channels if name is not trouble.channel]
        elsewhere = replace(self.post, channels=others)

        def work(session: Session) -> None:
            for admin in self.post.in_charge(session, []):
                key = f"{_KEY}{when}:{digest}:{admin}"
                post = elsewhere if elsewhere.where(session, [admin]) else self.post
                post.to_member(session, admin, key, Reply(text=text), now)

        await self.store.write(work)


def _words(trouble: Trouble) -> str:
    how = _HOW.get(trouble.state, "有几位没有收到")
    lines = [f"有消息{how}（{trouble.channel}）。"]
    if trouble.reason:
        lines.append(trouble.reason)
    if trouble.refused:
        why = "、".join(sorted(set(trouble.refused.values())))
        lines.append(f"{len(trouble.refused)} 个账号没有收到：{why}")
    how_long = "今天" if trouble.state is DeliveryState.OPEN else "一小时内"
    lines.append(f"同样的情况{how_long}不再重复说；配置可以用 yaodian doctor 检查。")
    return "\n".join(lines)
