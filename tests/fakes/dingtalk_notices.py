"""Work notices (工作通知) of the simulated DingTalk: taken at once, decided on later."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from aiohttp import web

from tests.fakes.dingtalk_answers import json_of, old_error, old_ok

Body = dict[str, object]
Route = tuple[str, str, Callable[[web.Request], Awaitable[web.StreamResponse]]]
ZONE = ZoneInfo("Asia/Shanghai")
_BASE = "/topapi/message/corpconversation"


@dataclass(slots=True)
class Notices:
    """One app's; the same content reaches somebody once a day, whatever the answer says."""

    members: set[str]
    clock: Callable[[], datetime]
    deliver: Callable[[str, str, str, Body], None]
    agent_id: int = 20001
    polls_until_sent: int = 1
    """How often a result is asked for before it is known."""
    most_a_day: int = 500
    sent: dict[int, Body] = field(default_factory=dict)
    recalled: set[str] = field(default_factory=set)
    _counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    _contents: set[tuple[str, str, str]] = field(default_factory=set)

    def routes(self) -> Iterator[Route]:
        yield "POST", f"{_BASE}/asyncsend_v2", self._send
        yield "POST", f"{_BASE}/getsendresult", self._result
        yield "POST", f"{_BASE}/recall", self._recall

    async def _send(self, request: web.Request) -> web.Response:
        body = json_of(await request.read())
        users = [one for one in str(body.get("userid_list", "")).split(",") if one]
        message = body.get("msg")
        if body.get("agent_id") != self.agent_id:
            return old_error("33012", "")
        if not isinstance(message, dict):
            return old_error("40035", "")
        raw = json.dumps(message, ensure_ascii=False, separators=(",", ":"))
        if len(users) > 100 or not users or len(raw.encode()) > 2048:
            return old_error("40035", "")
        day = self.clock().astimezone(ZONE).date().isoformat()
        result: dict[str, list[object]] = defaultdict(list)
        for user in users:
            if user not in self.members:
                result["invalid_user_id_list"].append(user)
            elif (user, day, raw) in self._contents:
                result["forbidden_list"].append({"code": 143106, "count": 1, "userid": user})
            elif self._counts[user, day] >= self.most_a_day:
                result["forbidden_list"].append({"code": 143105, "count": 500, "userid": user})
            else:
                self._contents.add((user, day, raw))
                self._counts[user, day] += 1
                kind = str(message["msgtype"])
                self.deliver(user, "notice", kind, message[kind])
                result["unread_user_id_list"].append(user)
        task_id = 300_000 + len(self.sent)
        self.sent[task_id] = {**result, "polls": 0}
        return old_ok(task_id=task_id, request_id="r1")

    async def _result(self, request: web.Request) -> web.Response:
        body = json_of(await request.read())
        notice = self.sent[int(str(body["task_id"]))]
        notice["polls"] = int(str(notice["polls"])) + 1
        if int(str(notice["polls"])) < self.polls_until_sent:
            return old_ok(send_result={})
        return old_ok(send_result={key: notice[key] for key in notice if key != "polls"})

    async def _recall(self, request: web.Request) -> web.Response:
        self.recalled.add(str(json_of(await request.read())["msg_task_id"]))
        return old_ok()
