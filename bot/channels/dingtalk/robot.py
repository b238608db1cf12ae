"""The robot's own messages: to one person, to several, to a group, and to a sessionWebhook.

Source:
    DingTalk, 批量发送人与机器人会话中机器人消息 (20 recipients), 机器人发送群聊消息, 撤回.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.channels.budget import Budget, Limit
from bot.channels.dingtalk.answers import robot_failure
from bot.channels.dingtalk.api import OpenApi
from bot.channels.dingtalk.batching import Batching
from bot.channels.dingtalk.errors import Action, PlatformRefused, error_of
from bot.channels.dingtalk.rendering import MOST_RECIPIENTS, Words
from bot.channels.dingtalk.settings import AppSettings
from bot.errors import ChannelRefused, ChannelUnavailable

SINGLE = "/v1.0/robot/oToMessages/batchSend"
GROUP = "/v1.0/robot/groupMessages/send"
SESSION = "/robot/sendBySession"
PAUSES_S = (1.0, 2.0, 4.0)
_RECALL_SINGLE = "/v1.0/robot/otoMessages/batchRecall"
_RECALL_GROUP = "/v1.0/robot/groupMessages/recall"

_QPS = Limit(count=20, window_s=1.0)
"""Of one API; what third parties report for the standard edition."""
_HELD_S = 60.0
_INVALID = "不在应用的可使用范围，或已离职"
_FILTERED = "钉钉过滤了发给这位的消息，可能设置了不接收"
_HELD = "钉钉限制了发给这位的频率，这一条没有发到，请稍后重发"

_CLOSED = frozenset({Action.DISABLE, Action.BACK_OFF, Action.DROP, Action.SETUP})
"""What a sessionWebhook means by: not this way."""

Json = Mapping[str, object]
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A robot's message: ``key`` is for recalling it, ``refused`` says why by account."""

    key: str
    refused: Mapping[str, str]


class Robot:
    """Sends as the app's robot.

    Args:
        settings: Whose robot.
        api: Carries its calls.
        clock: Aware UTC now.
        pauses_s: Before trying again those whom DingTalk held back.
    """

    def __init__(
        self,
        settings: AppSettings,
        api: OpenApi,
        clock: Callable[[], datetime],
        pauses_s: Sequence[float] = PAUSES_S,
    ) -> None:
        self._settings = settings
        self._api = api
        self._clock = clock
        self._pauses_s = tuple(pauses_s)
        self._batches = Batching(self._call, MOST_RECIPIENTS)
        self._budget = Budget([_QPS])

    def wait_s(self, now: datetime, *, is_group: bool) -> float:
        """Until one more call is within what one API takes in a second."""
        return self._budget.wait_s(GROUP if is_group else SINGLE, now)

    async def to_people(self, message: tuple[str, str], accounts: tuple[str, ...]) -> Taken:
        """Send ``(msgKey, msgParam)`` to at most twenty; some may be refused.

        Raises:
            ChannelRefused: It can reach none of them.
            ChannelUnavailable: All of them are held back for now.
        """
        content = json.dumps(message, ensure_ascii=False)
        refused: dict[str, str] = {}
        key, waiting, pauses = "", accounts, list(self._pauses_s)
        while True:
            answer = await self._batches.send(content, waiting)
            key = key or str(answer.get("processQueryKey") or "")
            held = _listed(answer, "flowControlledStaffIdList", waiting)
            refused |= dict.fromkeys(_listed(answer, "filteredStaffIdList", waiting), _FILTERED)
            refused |= dict.fromkeys(_listed(answer, "invalidStaffIdList", waiting), _INVALID)
            if len(held) == len(accounts):
                raise ChannelUnavailable("all recipients are held back", retry_after_s=_HELD_S)
            if not held or not pauses:
                refused |= dict.fromkeys(held, _HELD)
                break
            waiting = held
            await asyncio.sleep(pauses.pop(0))
        if len(refused) == len(set(accounts)):
            raise ChannelRefused(
                "no recipient can be reached", reply=f"没有人能收到：{refused[accounts[0]]}。"
            )
        return Taken(key=f"single {key}", refused=refused)

    async def to_group(self, message: tuple[str, str], conversation: str) -> Taken:
        """Send into a group that the robot is in; nobody can be mentioned this way."""
        msg_key, msg_param = message
        self._budget.spend(GROUP, self._clock())
        body = {
            "robotCode": self._settings.robot,
            "openConversationId": conversation,
            "msgKey": msg_key,
            "msgParam": msg_param,
        }
        answer = await self._api.new("POST", GROUP, body)
        return Taken(key=f"group {answer.get('processQueryKey', '')} {conversation}", refused={})

    async def to_session(self, words: Words, address: str) -> bool:
        """Answer a message where it was asked, which costs no call of the API.

        Returns:
            False when that way is closed, for good or for now.

        Raises:
            PlatformRefused: These words will never be taken.
        """
        answer = await self._api.http.post_json(address, SESSION, words.as_webhook(), {})
        failure = robot_failure(answer)
        if failure is None:
            return True
        if failure.rule.action in _CLOSED:
            logger.info("a sessionWebhook is closed: %s", failure.code)
            return False
        raise error_of(failure.rule, failure.code, SESSION)

    async def recall(self, provider_id: str) -> None:
        """Take a message back.

        Raises:
            ChannelRefused: This is nothing that can be recalled, or it is too late.
        """
        how, key, *where = provider_id.split(" ")
        body: dict[str, object] = {"robotCode": self._settings.robot, "processQueryKeys": [key]}
        if how == "single" and key:
            answer = await self._api.new("POST", _RECALL_SINGLE, body, is_repeatable=True)
        elif how == "group" and key and where:
            body["openConversationId"] = where[0]
            answer = await self._api.new("POST", _RECALL_GROUP, body, is_repeatable=True)
        else:
            raise ChannelRefused("this message cannot be recalled")
        if key not in _strings(answer.get("successResult")):
            raise ChannelRefused("DingTalk did not take it back")

    async def _call(self, content: str, accounts: tuple[str, ...]) -> Json:
        """One call; when somebody unknown makes it fail for all, one for each."""
        try:
            return await self._post(content, accounts)
        except PlatformRefused as error:
            if error.action is not Action.DROP:
                raise
            if len(accounts) == 1:
                return {"invalidStaffIdList": list(accounts)}
        answers = [await self._alone(content, account) for account in accounts]
        keys = [str(one["processQueryKey"]) for one in answers if one.get("processQueryKey")]
        lists = ("invalidStaffIdList", "flowControlledStaffIdList", "filteredStaffIdList")
        merged = {name: [x for one in answers for x in _strings(one.get(name))] for name in lists}
        return {**merged, "processQueryKey": keys[0] if keys else ""}

    async def _alone(self, content: str, account: str) -> Json:
        try:
            return await self._post(content, (account,))
        except PlatformRefused as error:
            if error.action is not Action.DROP:
                raise
            return {"invalidStaffIdList": [account]}

    async def _post(self, content: str, accounts: tuple[str, ...]) -> Json:
        msg_key, msg_param = json.loads(content)
        self._budget.spend(SINGLE, self._clock())
        body = {
            "robotCode": self._settings.robot,
            "userIds": list(accounts),
            "msgKey": msg_key,
            "msgParam": msg_param,
        }
        return await self._api.new("POST", SINGLE, body)


def _listed(answer: Json, name: str, among: Iterable[str]) -> tuple[str, ...]:
    named = set(_strings(answer.get(name)))
    return tuple(account for account in among if account in named)


def _strings(value: object) -> list[str]:
    return [str(one) for one in value] if isinstance(value, list) else []
