"""A photo, a file or a voice message that answers nothing: kept for later, or kindly declined."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from bot.arguments import Arguments
from bot.messages import IncomingMessage, Reply
from store import waiting_files
from store.engine import Store
from store.waiting_files import WaitingFile

VOICE = (
    "语音我还听不懂，麻烦打字发给我。我能回答文件里的问题、提醒办事、登记签到，发 /帮助 看怎么说。"
)
KEPT = "{names}收到了，先替您存着一天。"
NOT_FETCHED = "收到了，但没有取到内容，请再发一次。"


@dataclass(frozen=True, slots=True)
class Received:
    """Built once, in ``bot.app``."""

    store: Store
    clock: Callable[[], datetime]
    for_task: Callable[[IncomingMessage], Awaitable[Reply | None]]
    """Whether it proves somebody's task, and what is said then."""

    async def media(self, message: IncomingMessage, arguments: Arguments) -> Reply:
        """What was sent without words."""
        if any(one.media_type.startswith("audio/") for one in message.attachments):
            return Reply(text=VOICE)
        files = [
            WaitingFile(one.name, one.media_type, one.blob, message.sent_at)
            for one in message.attachments
            if one.blob is not None
        ]
        if not files:
            return Reply(text=NOT_FETCHED)
        platform, account, now = message.channel.platform, message.sender.account, self.clock()

        def work(session: Session) -> None:
            waiting_files.add(session, platform, account, files, now)

        await self.store.write(work)
        if (found := await self.for_task(message)) is not None:
            return found
        return Reply(text=KEPT.format(names="、".join(f"《{one.name}》" for one in files)))
