"""Commands about tasks, and ``notify``: what ``bot.operations`` is for everything else."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import uuid4

from pydantic import JsonValue
from sqlalchemy.orm import Session

from bot.calendar_desk import CalendarDesk
from bot.control import Exchange, Operation, Operations
from bot.errors import NotFound, UsageError
from bot.messages import ChannelName, Conversation, Reply
from handlers.people.actions import operator
from handlers.posting import Post
from handlers.tasks.actions import Tasks
from handlers.tasks.assignees import Assignees
from handlers.tasks.drafting import say_due
from handlers.tasks.sheets import Sheets
from handlers.tasks.views import TaskView
from store import outbox, people
from store.engine import Store
from store.models import Delivery, DeliveryState

_PATIENCE_S = 30.0
_LOOK_EVERY_S = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskDesk:
    """Built once, in ``bot.app``; ``webhooks`` are the configured groups by name."""

    store: Store
    tasks: Tasks
    sheets: Sheets
    assignees: Assignees
    post: Post
    webhooks: Mapping[str, ChannelName]
    clock: Callable[[], datetime]
    holidays: CalendarDesk

    def operations(self) -> Operations:
        """By the names that the command line uses."""
        return {
            "tasks.import": _on_file(self._import),
            "tasks.export": _on_file(self._export),
            "tasks.list": self._list,
            "notify": self._notify,
            **self.holidays.operations(),
        }

    async def _import(self, path: Path, arguments: Mapping[str, JsonValue]) -> JsonValue:
        try:
            content = await asyncio.to_thread(path.read_bytes)
        except OSError as error:
            raise UsageError("cannot read", reply=f"文件打不开（{error.strerror}）。") from error
        done = await self.sheets.import_sheet(
            operator(), content, is_dry_run=arguments.get("is_dry_run") is True
        )
        return {
            "added": done.added,
            "changed": done.changed,
            "same": done.same,
            "errors": list(done.errors),
        }

    async def _export(self, path: Path, arguments: Mapping[str, JsonValue]) -> JsonValue:
        content = await self.sheets.exported(operator())
        try:
            await asyncio.to_thread(path.write_bytes, content)
        except OSError as error:
            raise UsageError("cannot write", reply=f"文件写不了（{error.strerror}）。") from error
        return len(await self.sheets.visible(operator()))

    async def _list(self, arguments: Mapping[str, JsonValue], exchange: Exchange) -> JsonValue:
        views = await self.sheets.visible(operator())
        return [_task_json(one, say_due(one.due_at, one.rule, self.sheets.times)) for one in views]

    async def _notify(self, arguments: Mapping[str, JsonValue], exchange: Exchange) -> JsonValue:
        target, text = str(arguments.get("target", "")), str(arguments.get("text", "")).strip()
        if not text:
            raise UsageError("nothing to say", reply="请写上要发的话。")
        now, stamp = self.clock(), uuid4().hex
        places = await self._places(target)

        def work(session: Session) -> list[int]:
            reply = Reply(text=text)
            made = [
                self.post.to(session, place, f"notify:{stamp}:{n}", reply, now)
                for n, place in enumerate(places)
            ]
            return [one for one in made if one is not None]

        ids = await self.store.write(work)
        ended = await self._ended(ids)
        return {state.value: ended.count(state) for state in dict.fromkeys(ended)}

    async def _places(self, target: str) -> Sequence[Conversation]:
        kind, _, name = target.partition(":")
        if kind == "webhook":
            channel = self.webhooks.get(name)
            if channel is None:
                raise NotFound("no such webhook", reply=f"配置里没有叫“{name}”的群机器人。")
            return [Conversation(channel=channel, id=name, is_group=True)]
        if kind not in ("member", "unit") or not name:
            reply = "对象要写成 webhook:名称、member:姓名 或 unit:单位。"
            raise UsageError("bad target", reply=reply)
        named = await self.assignees.named(operator(), [name])
        if named.problems:
            raise NotFound("not named", reply=f"{'；'.join(named.problems)}。")

        def query(session: Session) -> Sequence[Conversation]:
            ids = [one.member_id for one in named.assignees if one.member_id is not None]
            units = [one.unit_id for one in named.assignees if one.unit_id is not None]
            below = people.with_all_below(session, units)
            if below:
                ids += [one.id for one in people.members(session, below)]
            return list(self.post.where(session, ids).values())

        places = await self.store.read(query)
        if not places:
            reply = f"“{name}”还没有可以收消息的账号，请先在花名册里填企业微信或钉钉账号。"
            raise NotFound("nobody to tell", reply=reply)
        return places

    async def _ended(self, ids: Sequence[int]) -> list[DeliveryState]:
        """How each ended, or ``open`` for what is still under way after a while."""
        woken = self.store.woken(outbox.TOPIC)
        states: list[DeliveryState] = []
        for _ in range(int(_PATIENCE_S / _LOOK_EVERY_S)):
            states = await self.store.read(lambda session: _states(session, ids))
            if DeliveryState.OPEN not in states:
                break
            await woken.next(_LOOK_EVERY_S)
        return states


def _states(session: Session, ids: Sequence[int]) -> list[DeliveryState]:
    return [DeliveryState(session.get_one(Delivery, one).state) for one in ids]


def _on_file(
    work: Callable[[Path, Mapping[str, JsonValue]], Awaitable[JsonValue]],
) -> Operation:
    async def operation(arguments: Mapping[str, JsonValue], exchange: Exchange) -> JsonValue:
        return await work(Path(str(arguments["path"])), arguments)

    return operation


def _task_json(one: TaskView, due: str) -> JsonValue:
    return {
        "id": one.id,
        "title": one.title,
        "state": one.state.value,
        "assignees": list(one.assignees),
        "due": due,
        "due_at": None if one.due_at is None else one.due_at.isoformat(),
        "rrule": None if one.rule is None else one.rule.rrule,
        "labels": list(one.labels),
        "document": one.document or None,
        "locator": one.locator or None,
        "quote": one.quote or None,
        "occurrences": [
            {
                "id": each.id,
                "assignee": each.assignee,
                "due_at": each.due_at.isoformat(),
                "state": each.state.value,
                "is_late": each.is_late,
            }
            for each in one.occurrences
        ],
    }
