"""One part on its way out of the long connection: the answer it may be, else a push.

Source:
    WeCom, 智能机器人长连接 (path/101463): replies and pushes together, per conversation, at most
    30 a minute and 1,000 an hour; a push reaches only who has written to the bot before.
"""

from __future__ import annotations

import hashlib
import logging
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from bot.channels.base import Sent, Target
from bot.channels.budget import Budget, Limit
from bot.channels.wecom.aibot_cards import is_done, new_task_id
from bot.channels.wecom.aibot_frames import Command, Frame
from bot.channels.wecom.aibot_handle import Handle, Way, other_stream_id, read_handle, stream_id
from bot.channels.wecom.aibot_outbound import (
    Part,
    card_body,
    markdown_body,
    media_body,
    stream_body,
    update_body,
    welcome_body,
)
from bot.channels.wecom.aibot_socket import AiBotSocket
from bot.channels.wecom.errors import Action, PlatformRefused, error_of, rule_of
from bot.errors import ChannelError, ChannelRefused
from bot.messages import Conversation

logger = logging.getLogger(__name__)

LIMITS = (Limit(count=30, window_s=60), Limit(count=1000, window_s=3600))
_MIDDLE_LIMITS = (Limit(count=22, window_s=60), Limit(count=900, window_s=3600))
"""What middle states may use up, so that ends and other messages find room."""
_REMEMBERED = 2_000
_TOLD_PRIVATELY = "这个问题的答复已单独发给您，请看与我的单聊。"
_WRITE_FIRST = "这条内容只能单独给您看。请先在与我的单聊里发一句话，再问一次。"
_NOT_REACHED = "对方还没有在单聊里和机器人说过话，私密内容没有发出。"
_INVALID_REQ_ID = 846605
_NOT_MET = (
    "智能机器人只能主动发给和它说过话的人。请对方先在单聊里给机器人发一句话；"
    "全员通知请另外配置企业微信自建应用。"
)
_GROUP_NOT_MET = "智能机器人只能主动发到有人 @ 过它的群。请先在群里 @ 它说一句话。"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Try:
    """One way to send a part."""

    command: Command
    req_id: str
    body: dict[str, object]


class Sender:
    """Sends parts within what the platform allows, and counts them."""

    def __init__(self, connection: AiBotSocket, clock: Callable[[], datetime]) -> None:
        self._connection = connection
        self._clock = clock
        self._budget = Budget(LIMITS)
        self._middle_budget = Budget(_MIDDLE_LIMITS)
        self._closed: OrderedDict[str, None] = OrderedDict()
        """Messages whose own stream was finished or given up."""
        self._dead: OrderedDict[str, None] = OrderedDict()
        """Every req_id that the platform no longer knows."""

    def wait_s(self, conversation: str, now: datetime) -> float:
        """Seconds until ``conversation`` may have one more message."""
        return self._budget.wait_s(conversation, now)

    def may_update(self, conversation: str) -> bool:
        """Whether a middle state leaves enough of the budget to the ends."""
        return self._middle_budget.wait_s(conversation, self._clock()) == 0

    def close_stream(self, message_id: str) -> None:
        """From now on a further answer to that message is a stream of its own."""
        _remember(self._closed, message_id)

    async def request(
        self, conversation: str, command: Command, req_id: str, body: dict[str, object]
    ) -> Frame:
        """Send one frame that counts for ``conversation``."""
        for budget in (self._budget, self._middle_budget):
            budget.spend(conversation, self._clock())
        answer = await self._connection.request(command, req_id, body)
        if answer.errcode == _INVALID_REQ_ID:
            _remember(self._dead, req_id)
        return answer

    async def send(self, part: Part, target: Target, delivery_id: str) -> Sent:
        """Send ``part`` as an answer where one is still awaited, otherwise as a push.

        Raises:
            ChannelUnavailable: Surely not sent.
            ChannelRefused: Never will be.
            OutcomeUnknown: It left and no answer came.
        """
        if part.private_to:
            return await self._send_privately(part, target, delivery_id)
        handle = read_handle(target.reply_to)
        digest = hashlib.sha256(repr(part).encode()).hexdigest()
        task = part.updates or new_task_id(part.card_key, delivery_id, digest)
        tries = [
            *self._answers(part, target.conversation, handle, (delivery_id, digest), task),
            *self._pushes(part, target.conversation, (delivery_id, digest)),
        ]
        refused = 0
        for attempt in tries:
            answer = await self.request(
                target.conversation.id, attempt.command, attempt.req_id, attempt.body
            )
            if not answer.errcode:
                if handle and attempt.command is Command.RESPOND:
                    self.close_stream(handle.message_id)
                return Sent(provider_id=task if part.card is not None else None)
            refused = answer.errcode
            logger.info("%s refused, errcode %d", attempt.command, refused)
            if rule_of(refused).action in {Action.RETRY, Action.BACK_OFF}:
                break
        if handle and handle.way is Way.WELCOME:
            return Sent(refused={handle.account: "没有赶上欢迎语的时限。"})
        error = error_of(refused, "aibot")
        if isinstance(error, PlatformRefused) and handle is None:
            not_met = _GROUP_NOT_MET if target.conversation.is_group else _NOT_MET
            raise PlatformRefused(str(error), refused, reply=not_met) from error
        raise error

    async def update_card(self, part: Part, target: Target) -> None:
        """Replace a card within 5 s of a tap; there is no other way on this connection."""
        handle = read_handle(target.reply_to)
        if not (handle and handle.way is Way.CARD and handle.is_open(self._clock()) and part.card):
            raise ChannelRefused("a card can only be updated within 5 s of a tap")
        body = update_body(part.card, handle.task_id, handle.account)
        answer = await self.request(
            target.conversation.id, Command.UPDATE_CARD, handle.req_id, body
        )
        if answer.errcode:
            raise error_of(answer.errcode, Command.UPDATE_CARD)

    def _answers(
        self,
        part: Part,
        conversation: Conversation,
        handle: Handle | None,
        seed: tuple[str, str],
        task: str,
    ) -> list[_Try]:
        if handle is None or not handle.is_open(self._clock()) or handle.req_id in self._dead:
            return []
        answer = self._respond_body(part, conversation, handle, seed, task)
        command = Command.RESPOND
        if handle.way is Way.WELCOME:
            command = Command.WELCOME
            answer = welcome_body(part, task) if part.is_first and not part.media else None
        elif handle.way is Way.CARD:
            command = Command.UPDATE_CARD
            is_update = part.card is not None and bool(part.updates)
            answer = update_body(part.card or {}, task, handle.account) if is_update else None
        if answer is None:
            return []
        return [_Try(command=command, req_id=handle.req_id, body=answer)]

    def _respond_body(
        self,
        part: Part,
        conversation: Conversation,
        handle: Handle,
        seed: tuple[str, str],
        task: str,
    ) -> dict[str, object] | None:
        """Only a first part is an answer, and a card in a group, which no push may carry."""
        if not part.is_first and not (part.card is not None and conversation.is_group):
            return None
        if part.card is not None:
            return card_body(part.card, task)
        if part.media:
            return media_body(part.media)
        is_own = handle.can_stream(self._clock()) and handle.message_id not in self._closed
        stream = stream_id(handle.message_id) if is_own else other_stream_id(*seed)
        return stream_body(stream, part.text, is_last=True, feedback_id=part.feedback_id)

    def _pushes(self, part: Part, conversation: Conversation, seed: tuple[str, str]) -> list[_Try]:
        """A card is pushed to single chats only, and says the same in words if it is refused."""
        bodies: list[dict[str, object]] = []
        if part.media:
            bodies.append(media_body(part.media))
        elif part.card is not None and not conversation.is_group and not is_done(part.card):
            bodies.append(card_body(part.card, new_task_id(part.card_key, *seed)))
        if part.text:
            bodies.append(markdown_body(part.text))
        place = {"chatid": conversation.id, "chat_type": 2 if conversation.is_group else 1}
        req_id = f"{Command.PUSH}_{other_stream_id(*seed)[:24]}"
        return [
            _Try(command=Command.PUSH, req_id=req_id, body={**place, **body}) for body in bodies
        ]

    async def _send_privately(self, part: Part, target: Target, delivery_id: str) -> Sent:
        """Push to the single chat; the group learns where the answer is, never what it is."""
        account = part.private_to
        seed = (delivery_id, hashlib.sha256(repr(part).encode()).hexdigest())
        alone = Conversation(channel=target.conversation.channel, id=account)
        refused = 0
        for attempt in self._pushes(part, alone, seed):
            answer = await self.request(account, attempt.command, attempt.req_id, attempt.body)
            refused = answer.errcode
            if not refused:
                break
            if rule_of(refused).action in {Action.RETRY, Action.BACK_OFF}:
                raise error_of(refused, "aibot")
        if part.is_first:
            note = _WRITE_FIRST if refused else _TOLD_PRIVATELY
            await self._tell_group(note, target, delivery_id)
        return Sent(refused={account: _NOT_REACHED} if refused else {})

    async def _tell_group(self, note: str, target: Target, delivery_id: str) -> None:
        """The private part has arrived by now, so that a lost note must not send it again."""
        try:
            await self.send(Part(text=note, is_first=True), target, delivery_id)
        except ChannelError as error:
            logger.info("the group was not told of a private answer: %s", error)


def _remember(seen: OrderedDict[str, None], key: str) -> None:
    seen[key] = None
    if len(seen) > _REMEMBERED:
        seen.popitem(last=False)
