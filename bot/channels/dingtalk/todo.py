"""待办 through the API: one task of one person, found again by our own name for it.

Source:
    DingTalk, 创建钉钉待办任务, 更新, 更新执行者状态, 删除, 根据 sourceId 查询: sourceId is ours and
    unique; subject of at most 1024 characters, description of at most 4096; people by unionId.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from bot.channels.dingtalk.api import OpenApi
from bot.channels.dingtalk.errors import PlatformRefused
from bot.channels.dingtalk.wire import Json
from bot.errors import OutcomeUnknown

_SUBJECT_CHARS, _DESCRIPTION_CHARS = 200, 1_000
_URGENT, _NORMAL = 30, 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """What one person is to do."""

    source: str
    subject: str
    description: str
    due_at: datetime
    is_late: bool = False


@dataclass(frozen=True, slots=True)
class Todos:
    """Of whom ``owner``, a unionId, names."""

    api: OpenApi

    async def find(self, owner: str, source: str) -> str | None:
        """Its id, where it was made before; None where it was not."""
        try:
            answer = await self.api.new(
                "GET", f"{_base(owner)}/sources/{quote(source, safe='')}", is_repeatable=True
            )
        except PlatformRefused:
            return None
        found = answer.get("id")
        return found if isinstance(found, str) and found else None

    async def make(self, owner: str, item: Item) -> str:
        """Its id.

        Raises:
            OutcomeUnknown: It may have been made: ``find`` tells.
        """
        body = {
            **_shown(item),
            "sourceId": item.source,
            "creatorId": owner,
            "executorIds": [owner],
            "isOnlyShowExecutor": True,
        }
        answer = await self.api.new("POST", _base(owner), body, operatorId=owner)
        made = answer.get("id")
        if not isinstance(made, str) or not made:
            raise OutcomeUnknown("todo: an answer without an id")
        return made

    async def change(self, owner: str, task: str, item: Item) -> bool:
        """False when it is not there any more."""
        return await self._put(owner, task, _shown(item))

    async def set_done(self, owner: str, task: str, *, is_done: bool) -> bool:
        """The same; for the one who has to do it."""
        body = {"executorStatusList": [{"id": owner, "isDone": is_done}]}
        return await self._put(owner, f"{task}/executorStatus", body, task_is_path=True)

    async def remove(self, owner: str, task: str) -> None:
        """Take it off the list; fine when it is gone."""
        try:
            path = f"{_base(owner)}/{quote(task, safe='')}"
            await self.api.new("DELETE", path, is_repeatable=True, operatorId=owner)
        except PlatformRefused as error:
            if not _is_gone(error):
                raise

    async def _put(self, owner: str, task: str, body: Json, *, task_is_path: bool = False) -> bool:
        path = f"{_base(owner)}/{quote(task, safe='/' if task_is_path else '')}"
        try:
            await self.api.new("PUT", path, body, is_repeatable=True, operatorId=owner)
        except PlatformRefused as error:
            if _is_gone(error):
                return False
            raise
        return True


def _base(owner: str) -> str:
    return f"/v1.0/todo/users/{quote(owner, safe='')}/tasks"


def _shown(item: Item) -> dict[str, object]:
    return {
        "subject": item.subject[:_SUBJECT_CHARS],
        "description": item.description[:_DESCRIPTION_CHARS],
        "dueTime": int(item.due_at.timestamp() * 1000),
        "priority": _URGENT if item.is_late else _NORMAL,
    }


def _is_gone(error: PlatformRefused) -> bool:
    """By the words, since the code is not in the documents."""
    name = error.code.lower()
    return "notexist" in name or "notfound" in name or "http 404" in name
