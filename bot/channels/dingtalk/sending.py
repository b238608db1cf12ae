"""Which way a part goes, and the next way when that one is closed.

Words go to the sessionWebhook of the message they answer while it lives, which costs nothing of
the monthly quota; after that, and for what nobody asked for, through the robot's API, or as a work
notice where an agent_id is configured. A card that cannot be shown is said in words. What is in
doubt: a work notice is sent again until midnight, DingTalk drops the repeat; everything else may
arrive twice.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.channels.base import Directory, Guarantee, ReadBlob, Sent, Target
from bot.channels.dingtalk import cards, media
from bot.channels.dingtalk.api import OpenApi
from bot.channels.dingtalk.directory import read_directory
from bot.channels.dingtalk.errors import PlatformRefused
from bot.channels.dingtalk.rendering import (
    MOST_NOTIFIED,
    MOST_RECIPIENTS,
    Part,
    in_groups,
    one_piece,
    rendered,
)
from bot.channels.dingtalk.reply_to import OUTSIDER_MARK, ReplyTo, is_own_address
from bot.channels.dingtalk.robot import Robot
from bot.channels.dingtalk.settings import AppSettings, CardTemplates
from bot.channels.dingtalk.work_notice import Notices, remembered_until
from bot.errors import ChannelRefused, ChannelUnavailable, SetupNeeded
from bot.messages import Attachment, Reply

logger = logging.getLogger(__name__)

_MARGIN = timedelta(seconds=30)
"""Before a sessionWebhook ends, so that clocks may differ a little."""
_CARDS_OFF = timedelta(minutes=10)
_OUTSIDER = "对方不在本单位的钉钉通讯录里，只能在他发消息后一个多小时内回复。"
_INVALID = "不在应用的可使用范围，或已离职"
_NO_FILES = "文件《{name}》发不到这里，请在钉钉里私聊要点再要一次。"
_TOO_BIG = "《{name}》是空文件或超过 20 MB，钉钉发不了，请到网页上下载。"
AccountOf = Callable[[str], Awaitable[str | None]]
"""A member's DingTalk account by the member's id; None when there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SenderNeeds:
    """What the composition root gives."""

    api: OpenApi
    account_of: AccountOf
    read_blob: ReadBlob
    clock: Callable[[], datetime]
    takes_taps: Callable[[], bool] = lambda: True
    """Whether the button of a card would lead anywhere."""


class Sender:
    """The outgoing half of the DingTalk channel."""

    guarantee = Guarantee.AT_LEAST_ONCE
    dedupe_window_s = 0.0

    def __init__(
        self,
        settings: AppSettings,
        needs: SenderNeeds,
        robot: Robot | None = None,
        notices: Notices | None = None,
    ) -> None:
        self._settings = settings
        self._needs = needs
        self._api = needs.api
        self._clock = needs.clock
        self._robot = robot or Robot(settings, needs.api, needs.clock)
        self._notices = notices
        if notices is None and settings.agent_id is not None:
            self._notices = Notices(needs.api, settings.agent_id)
        self._media = media.MediaStore(needs.api, needs.clock)
        self._paused_until: datetime | None = None
        self._cards_off_until: datetime | None = None

    async def render(self, reply: Reply, target: Target, read_blob: ReadBlob) -> Sequence[bytes]:
        is_group = target.conversation.is_group
        if is_group and reply.is_private:
            raise ChannelRefused("a private reply does not go into a group")
        reply_to = ReplyTo.decode(target.reply_to)
        found = rendered(
            reply,
            self._settings if self.has_cards else replace(self._settings, cards=CardTemplates()),
            at=await self._mentioned(reply) if is_group else (),
            tapped=reply_to.out_track_id if reply_to else "",
            is_notice=self._notices is not None and reply_to is None and not is_group,
        )
        for attachment in reply.attachments:
            if attachment.blob is not None:
                found.append(await self._attached(attachment, read_blob))
        return [part.encode() for one in found for part in self._addressed(one, target)]

    async def send(self, part: bytes, target: Target, delivery_id: str) -> Sent:
        sent = Part.decode(part)
        try:
            if sent.card is not None:
                return await self._send_card(sent, target, delivery_id)
            if sent.media is not None:
                return await self._send_media(sent, target)
            return await self._send_words(sent, target)
        except ChannelUnavailable as error:
            if error.retry_after_s and not self._session(target):
                self._paused_until = self._clock() + timedelta(seconds=error.retry_after_s)
            raise

    def wait_s(self, target: Target, now: datetime) -> float:
        if self._session(target):
            return 0.0
        paused = (self._paused_until or now) - now
        wait_s = self._robot.wait_s(now, is_group=target.conversation.is_group)
        return max(0.0, wait_s, paused.total_seconds())

    def remembered_until(self, part: bytes, first_try_at: datetime) -> datetime | None:
        """Until when a repeat of ``part`` reaches nobody twice; None if it would."""
        sent = Part.decode(part)
        if sent.is_notice and sent.card is None and sent.media is None:
            return remembered_until(first_try_at)
        return None

    async def update_card(self, reply: Reply, target: Target, provider_id: str) -> None:
        """Replace a card that was sent."""
        how, _, track = provider_id.partition(" ")
        if reply.card is None or how != "card" or not track:
            raise ChannelRefused("this message is no card that can be updated")
        values = cards.variables(reply.card, self._settings.cards)
        await self._api.new("PUT", cards.UPDATE, cards.updated(track, values), is_repeatable=True)

    async def recall(self, provider_id: str) -> None:
        """Take a message back as long as DingTalk lets us."""
        how, _, key = provider_id.partition(" ")
        if how == "notice" and self._notices is not None:
            await self._notices.recall(key)
        else:
            await self._robot.recall(provider_id)

    async def read_directory(self) -> Directory:
        return await read_directory(self._api)

    @property
    def has_cards(self) -> bool:
        """Whether buttons can be shown now."""
        return bool(self._settings.cards.buttons) and self._needs.takes_taps()

    def trouble(self) -> str:
        return self._api.trouble

    async def _mentioned(self, reply: Reply) -> tuple[str, ...]:
        found = [await self._needs.account_of(member) for member in reply.mentions]
        return tuple(dict.fromkeys(account for account in found if account))

    async def _attached(self, attachment: Attachment, read_blob: ReadBlob) -> Part:
        uploaded = await self._media.upload(attachment, read_blob)
        words = _NO_FILES if uploaded else _TOO_BIG
        said = one_piece(words.format(name=attachment.name), attachment.name)
        return Part(words=said, media=uploaded)

    def _addressed(self, part: Part, target: Target) -> list[Part]:
        """For each request the people it is for; a card is for one, since it remembers taps."""
        if target.conversation.is_group:
            return [part]
        accounts = target.accounts or (target.conversation.id,)
        if any(not account or "," in account or ";" in account for account in accounts):
            raise ChannelRefused("not a member's account")
        most = MOST_NOTIFIED if part.is_notice else MOST_RECIPIENTS
        most = 1 if part.card is not None else most
        return [replace(part, to=some) for some in in_groups(accounts, most)]

    def _session(self, target: Target) -> str:
        """The address to answer at, while it lives."""
        reply_to = ReplyTo.decode(target.reply_to)
        if reply_to is None or not reply_to.session_webhook:
            return ""
        until = target.reply_until
        if until is None or self._clock() + _MARGIN >= until:
            return ""
        address = reply_to.session_webhook
        return address if is_own_address(address, self._settings.oapi_base) else ""

    async def _send_words(self, part: Part, target: Target) -> Sent:
        address = self._session(target)
        if address and await self._robot.to_session(part.words, address):
            return Sent()
        if target.conversation.is_group:
            taken = await self._robot.to_group(part.words.as_robot(), target.conversation.id)
            return Sent(provider_id=taken.key)
        self._check_reachable(part)
        if part.is_notice and self._notices is not None:
            return await self._notify(self._notices, part)
        return await self._to_people(part.words.as_robot(), part.to)

    async def _notify(self, notices: Notices, part: Part) -> Sent:
        """As a work notice; whom it does not reach any more today, the robot writes to."""
        outcome = await notices.send(part.words, part.to)
        refused = {account: _INVALID for account in part.to if account in outcome.invalid}
        left = [account for account in part.to if account in outcome.left]
        for some in in_groups(left, MOST_RECIPIENTS):
            refused |= (await self._to_people(part.words.as_robot(), some)).refused
        if len(refused) == len(part.to):
            raise ChannelRefused("no recipient can be reached", reply=f"没有人能收到：{_INVALID}。")
        return Sent(provider_id=f"notice {outcome.task_id}", refused=refused)

    async def _to_people(self, message: tuple[str, str], accounts: tuple[str, ...]) -> Sent:
        taken = await self._robot.to_people(message, accounts)
        return Sent(provider_id=taken.key, refused=taken.refused)

    async def _send_media(self, part: Part, target: Target) -> Sent:
        if any(account.startswith(OUTSIDER_MARK) for account in part.to):
            return await self._send_words(replace(part, media=None), target)
        try:
            return await self._send_uploaded(part, target)
        except PlatformRefused as error:
            if error.code.lower() != "invalidparameter.msgparam.invalid" or part.media is None:
                raise
            again = await self._media.upload_again(part.media, self._needs.read_blob)
            return await self._send_uploaded(replace(part, media=again), target)

    async def _send_uploaded(self, part: Part, target: Target) -> Sent:
        if part.media is None:
            return await self._send_words(part, target)
        message = media.as_robot(part.media)
        if target.conversation.is_group:
            taken = await self._robot.to_group(message, target.conversation.id)
            return Sent(provider_id=taken.key)
        return await self._to_people(message, part.to)

    async def _send_card(self, part: Part, target: Target, delivery_id: str) -> Sent:
        """Show or change a card; in words when DingTalk will not."""
        words = replace(part, card=None)
        now = self._clock()
        if part.card is None or (self._cards_off_until and now < self._cards_off_until):
            return await self._send_words(words, target)
        self._check_reachable(part)
        try:
            if part.card.replaces and await self._changed(part, target):
                return Sent(provider_id=f"card {part.card.replaces}")
            if not part.card.has_buttons:
                return await self._send_words(words, target)
            if await self._created(part, target, delivery_id):
                track = cards.track_id(part.card.key, delivery_id)
                return Sent(provider_id=f"card {track}")
            logger.warning("delivery %s: the card reached nobody, saying it", delivery_id)
        except (PlatformRefused, SetupNeeded):
            logger.warning("delivery %s: no cards, saying it", delivery_id, exc_info=True)
            self._cards_off_until = now + _CARDS_OFF
        return await self._send_words(words, target)

    async def _changed(self, part: Part, target: Target) -> bool:
        """Change the tapped card; False when DingTalk does not know it any more."""
        assert part.card is not None  # noqa: S101
        only_for = target.accounts if target.conversation.is_group else ()
        body = cards.updated(part.card.replaces, part.card.values, only_for=only_for)
        try:
            await self._api.new("PUT", cards.UPDATE, body, is_repeatable=True)
        except PlatformRefused:
            return False
        return True

    async def _created(self, part: Part, target: Target, delivery_id: str) -> bool:
        assert part.card is not None  # noqa: S101
        body = cards.created(
            self._settings,
            self._settings.cards.buttons,
            part.card.values,
            out_track_id=cards.track_id(part.card.key, delivery_id),
            to=target.conversation.id if target.conversation.is_group else part.to[0],
            is_group=target.conversation.is_group,
            summary=part.words.title,
        )
        return cards.was_delivered(await self._api.new("POST", cards.CREATE, body))

    def _check_reachable(self, part: Part) -> None:
        if any(account.startswith(OUTSIDER_MARK) for account in part.to):
            raise ChannelRefused("an outsider without a live session", reply=_OUTSIDER)
