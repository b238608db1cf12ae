"""待办 of the simulated DingTalk: one task per sourceId."""

from __future__ import annotations

import json
import secrets
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field

from aiohttp import web

Body = dict[str, object]
Route = tuple[str, str, Callable[[web.Request], Awaitable[web.StreamResponse]]]


@dataclass(slots=True)
class TodoApi:
    """``tasks`` by id, as somebody's list shows them."""

    tasks: dict[str, Body] = field(default_factory=dict)
    doubled: int = 0
    """Tasks that were made although their sourceId was there."""

    def routes(self) -> Iterator[Route]:
        base = "/v1.0/todo/users/{union}/tasks"
        yield "POST", base, self._create
        yield "GET", f"{base}/sources/{{source}}", self._by_source
        yield "PUT", f"{base}/{{id}}", self._update
        yield "PUT", f"{base}/{{id}}/executorStatus", self._status
        yield "DELETE", f"{base}/{{id}}", self._delete

    def of_source(self, source: str) -> Body | None:
        return next((one for one in self.tasks.values() if one["sourceId"] == source), None)

    async def _create(self, request: web.Request) -> web.Response:
        body = json.loads(await request.read())
        if not 0 < len(body["subject"]) <= 1024 or len(body.get("description", "")) > 4096:
            return _error(400, "invalidParameter")
        if not 0 < len(body["executorIds"]) <= 1000 or "operatorId" not in request.query:
            return _error(400, "invalidParameter")
        if self.of_source(body["sourceId"]) is not None:
            self.doubled += 1
        task_id = f"task-{secrets.token_hex(6)}"
        self.tasks[task_id] = {**body, "id": task_id, "done": False}
        return web.json_response({"id": task_id, "createdTime": 1767225600000})

    async def _by_source(self, request: web.Request) -> web.Response:
        found = self.of_source(request.match_info["source"])
        return web.json_response(found) if found else _error(404, "todo.notExist")

    async def _update(self, request: web.Request) -> web.Response:
        return await self._changed(request, json.loads(await request.read()))

    async def _status(self, request: web.Request) -> web.Response:
        rows = json.loads(await request.read())["executorStatusList"]
        return await self._changed(request, {"done": all(row["isDone"] for row in rows)})

    async def _delete(self, request: web.Request) -> web.Response:
        found = self.tasks.pop(request.match_info["id"], None)
        return web.json_response({"result": True}) if found else _error(404, "todo.notExist")

    async def _changed(self, request: web.Request, change: Body) -> web.Response:
        task = self.tasks.get(request.match_info["id"])
        if task is None:
            return _error(404, "todo.notExist")
        task |= change
        return web.json_response({"result": True})


def _error(status: int, code: str) -> web.Response:
    return web.json_response({"code": code, "message": "for people"}, status=status)
