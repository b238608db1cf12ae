"""Steps that a type declares: approved, returned, given to somebody, answered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from bot.errors import NotAllowed, NotFound, UsageError
from bot.messages import Conversation
from handlers.access import Actor
from handlers.records import rights
from handlers.records.record_views import RecordView, Views
from handlers.records.roll_call_book import entered_by
from handlers.records.types import Move, RecordType
from store import records
from store.engine import Store
from store.models_records import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """Built once, in ``bot.app``."""

    store: Store
    views: Views
    clock: Callable[[], datetime]

    async def move(
        self, actor: Actor, record_id: int, move_name: str, words: str, here: Conversation
    ) -> tuple[RecordView, int | None]:
        """Take a step that the type declares; the view, and whom to tell.

        Raises:
            NotFound: No such record, or no such step from where it stands.
            NotAllowed: It is not the actor's step.
            UsageError: A reason or a reply is missing, or somebody was quicker.
        """
        now = self.clock()

        def work(session: Session) -> tuple[RecordView, int | None]:
            record, type_ = self.views.seen(session, actor, record_id)
            move = next(
                (
                    one
                    for one in type_.moves_from(record.state)
                    if move_name in (one.id, one.name) or one.name.startswith(move_name)
                ),
                None,
            )
            if move is None:
                steps = "、".join(one.name for one in type_.moves_from(record.state)) or "没有"
                raise NotFound("no such step", reply=f"这条记录现在可以做的：{steps}。")
            submitters = self.views.submitters(session, record)
            if not rights.is_among(actor, move.who, record.unit_id, submitters=submitters):
                raise NotAllowed(f"member {actor.member_id} may not {move.id} record {record.id}")
            _check_words(record, type_, move, words)
            fields = dict(record.fields)
            if move.needs_reply:
                fields["reply"] = words
            is_final = any(one.is_final for one in type_.states if one.id == move.to)
            after = records.follow(
                session,
                record,
                entered_by(actor, here, now),
                state=move.to,
                is_counted=is_final,
                fields=fields,
                reason=words,
                hundredths=self.views.hundredths(type_),
            )
            if after is None:
                raise UsageError(
                    "somebody was quicker", reply="这条记录刚被别人处理过，请再看一下。"
                )
            return self.views.view(session, actor, after), record.member_id

        return await self.store.write(work)


def _check_words(record: Record, type_: RecordType, move: Move, words: str) -> None:
    if move.needs_reason and not words:
        raise UsageError(
            "no reason", reply=f"请写明原因，例如：/记录 {move.name} {record.id} 缺照片"
        )
    if move.needs_reply and not words:
        told = type_.wording.get("returned", "没有答复不能办结。")
        raise UsageError(
            "no reply", reply=f"{told}请这样写：/记录 {move.name} {record.id} 答复内容"
        )
