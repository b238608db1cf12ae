"""Work notices (工作通知): taken at once, decided on later, each content once a day per person.

DingTalk says yes (errcode 0) also to what it will not deliver, so that the result is asked for.
The same content reaches somebody once a day; a repeat is dropped with code 143106, which proves
that the first one arrived. What a crash leaves behind:

========================  =====================================================================
before the call           nothing was sent
the call, no answer       in doubt: the same bytes again; 143106 then means that it arrived
answer, result not known  the same; this process only asks again, it does not send again
result                    who got it, who cannot, and who is over the day's cap (143105)
========================  =====================================================================

Source:
    DingTalk, 发送工作通知, 获取工作通知消息的发送结果.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.channels.dingtalk.api import OpenApi
from bot.channels.dingtalk.batching import Batching
from bot.channels.dingtalk.rendering import MOST_NOTIFIED, Words, dumped
from bot.errors import ChannelUnavailable, OutcomeUnknown

PAUSES_S = (0.3, 1.0, 3.0, 6.0)
_BASE = "/topapi/message/corpconversation"
_ZONE = ZoneInfo("Asia/Shanghai")
"""Of DingTalk's day."""
_REPEATED = "143106"
_MOST_KNOWN = 200

Json = Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one notice, by account."""

    task_id: str
    arrived: frozenset[str] = frozenset()
    invalid: frozenset[str] = frozenset()
    left: frozenset[str] = frozenset()
    """Over the day's cap, or failed: another way has to be found."""


@dataclass(slots=True)
class Notices:
    """Of one app. ``pauses_s`` are before the first, second … question for a result."""

    api: OpenApi
    agent_id: int
    pauses_s: Sequence[float] = PAUSES_S
    _batches: Batching[Outcome] = field(init=False)
    _asked: dict[str, str] = field(default_factory=dict)
    """The task of what was sent and not decided on, by digest."""

    def __post_init__(self) -> None:
        self._batches = Batching(self._send, MOST_NOTIFIED)

    async def send(self, words: Words, accounts: tuple[str, ...]) -> Outcome:
        """Send and learn what became of it.

        Raises:
            OutcomeUnknown: DingTalk has not decided yet, or the call was lost.
        """
        return await self._batches.send(dumped(words.as_notice()), accounts)

    async def recall(self, task_id: str) -> None:
        """Take it back within 24 h."""
        body = {"agent_id": self.agent_id, "msg_task_id": task_id}
        await self.api.old(f"{_BASE}/recall", body, is_repeatable=True)

    async def _send(self, message: str, accounts: tuple[str, ...]) -> Outcome:
        digest = hashlib.sha256("\n".join([message, *accounts]).encode()).hexdigest()
        task_id = self._asked.get(digest)
        if task_id is None:
            task_id = await self._ask_for(message, accounts)
            self._asked[digest] = task_id
            while len(self._asked) > _MOST_KNOWN:
                del self._asked[next(iter(self._asked))]
        outcome = await self._result(task_id, frozenset(accounts))
        self._asked.pop(digest, None)
        return outcome

    async def _ask_for(self, message: str, accounts: tuple[str, ...]) -> str:
        body = {
            "agent_id": self.agent_id,
            "userid_list": ",".join(accounts),
            "msg": json.loads(message),
        }
        answer = await self.api.old(f"{_BASE}/asyncsend_v2", body)
        task_id = str(answer.get("task_id") or "")
        if not task_id:
            raise OutcomeUnknown("asyncsend_v2: an answer without a task_id")
        return task_id

    async def _result(self, task_id: str, accounts: frozenset[str]) -> Outcome:
        body = {"agent_id": self.agent_id, "task_id": task_id}
        for pause_s in self.pauses_s:
            await asyncio.sleep(pause_s)
            try:
                answer = await self.api.old(f"{_BASE}/getsendresult", body, is_repeatable=True)
            except ChannelUnavailable as error:
                raise OutcomeUnknown(f"getsendresult: {error}") from error
            outcome = outcome_of(answer, task_id)
            if accounts <= outcome.arrived | outcome.invalid | outcome.left:
                return outcome
        raise OutcomeUnknown("getsendresult: not decided yet")


def outcome_of(answer: Json, task_id: str) -> Outcome:
    """Read ``send_result``; what is not understood counts as not decided."""
    result = answer.get("send_result")
    result = result if isinstance(result, Mapping) else {}
    arrived = {*_accounts(result, "read_user_id_list"), *_accounts(result, "unread_user_id_list")}
    invalid = _accounts(result, "invalid_user_id_list")
    left = {*_accounts(result, "failed_user_id_list"), *_accounts(result, "forbidden_user_id_list")}
    rows = result.get("forbidden_list")
    for row in rows if isinstance(rows, list) else ():
        if not isinstance(row, Mapping) or not (account := str(row.get("userid") or "")):
            continue
        is_repeat = str(row.get("code")) == _REPEATED
        (arrived if is_repeat else left).add(account)
    return Outcome(
        task_id=task_id,
        arrived=frozenset(arrived),
        invalid=frozenset(invalid - arrived),
        left=frozenset(left - arrived - invalid),
    )


def remembered_until(first_try_at: datetime) -> datetime:
    """Until when DingTalk drops a repeat: the end of its day."""
    day = first_try_at.astimezone(_ZONE).date() + timedelta(days=1)
    return datetime.combine(day, time(), _ZONE)


def _accounts(result: Json, name: str) -> set[str]:
    rows = result.get(name)
    return {str(one) for one in rows} if isinstance(rows, list) else set()
