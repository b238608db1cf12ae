"""Group webhooks (消息推送, 群机器人): one-way reminders into a group.

Nothing comes back, so that buttons are not shown, and nothing private is ever sent. The platform
drops no repeats: what is in doubt may arrive twice.

Source:
    WeCom, 消息推送配置说明 (path/99110): 20 messages a minute; markdown_v2 cannot mention.
"""

from __future__ import annotations

import base64
import hashlib
import json
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import aiohttp

from bot.channels.base import Guarantee, Health, ReadBlob, Sent, Target
from bot.channels.budget import Budget, Limit
from bot.channels.text import card_text, merge, plain, sources_text, split_numbered
from bot.channels.wecom import cards
from bot.channels.wecom.api import Json, QyApi
from bot.channels.wecom.errors import Action, PlatformRefused
from bot.channels.wecom.settings import WebhookSettings
from bot.errors import ChannelRefused, ChannelUnavailable
from bot.messages import Attachment, Card, ChannelName, Reply

logger = logging.getLogger(__name__)

_LIMITS = (Limit(count=20, window_s=60),)
_TEXT_BYTES = 2048
"""Of text; markdown_v2 takes twice as much, but its fallback does not."""
_IMAGE_BYTES, _FILE_BYTES, _LEAST_BYTES = 2 * 1024 * 1024, 20 * 1024 * 1024, 6
_IMAGES = frozenset({"image/jpeg", "image/png"})
_MARKUP = str.maketrans({"<": "＜"})
"""Words of a document must not mention anybody or become a link of their own."""

AccountOf = Callable[[str], Awaitable[str | None]]
"""A member's WeCom account by the member's id; None when there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Hook:
    settings: WebhookSettings
    api: QyApi


class WeComWebhooks:
    """``Channel`` and ``Sends`` over every configured webhook; a conversation's id is its name.

    Args:
        hooks: The configured webhooks.
        session: Belongs to the caller's owner.
        account_of: Whom ``Reply.mentions`` means.
        clock: Aware UTC now.
    """

    name = ChannelName.WECOM_WEBHOOK
    guarantee = Guarantee.AT_LEAST_ONCE
    dedupe_window_s = 0.0

    def __init__(
        self,
        hooks: Sequence[WebhookSettings],
        session: aiohttp.ClientSession,
        account_of: AccountOf,
        clock: Callable[[], datetime],
    ) -> None:
        self._hooks = {
            hook.name: _Hook(settings=hook, api=QyApi(session, hook.api_base, clock))
            for hook in hooks
        }
        self._account_of = account_of
        self._clock = clock
        self._budget = Budget(_LIMITS)
        self._paused_until: dict[str, datetime] = {}
        self._disabled: dict[str, str] = {}

    async def start(self) -> None:
        """Nothing to open."""

    async def stop(self) -> None:
        """Nothing to close."""

    def health(self) -> Health:
        lines = [f"“{name}”：{advice}" for name, advice in self._disabled.items()]
        return Health(is_ready=not lines, detail="".join(lines))

    async def render(self, reply: Reply, target: Target, read_blob: ReadBlob) -> Sequence[bytes]:
        if reply.is_private:
            raise ChannelRefused("a private reply does not go into a group")
        hook = self._hook(target)
        accounts = [await self._account_of(member) for member in reply.mentions]
        mentions = [*target.accounts, *(account for account in accounts if account)]
        bodies = [*_words(reply, list(dict.fromkeys(mentions)))]
        if reply.card is not None and _is_notice(reply.card):
            card = cards.text_notice(replace(reply.card, buttons=()))
            bodies.append({"body": {"msgtype": "template_card", "template_card": card}})
        for attachment in reply.attachments:
            bodies += await _attachment(hook, attachment, read_blob)
        return [
            json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode() for body in bodies
        ]

    def may_merge(self, reply: Reply) -> bool:
        return not reply.is_private

    def merge(self, replies: Sequence[Reply]) -> Reply:
        return merge(replies)

    async def send(self, part: bytes, target: Target, delivery_id: str) -> Sent:
        hook = self._hook(target)
        name = target.conversation.id
        self._budget.spend(name, self._clock())
        try:
            await self._send(hook, json.loads(part))
        except ChannelUnavailable as error:
            if error.retry_after_s:
                pause = timedelta(seconds=error.retry_after_s)
                self._paused_until[name] = self._clock() + pause
            raise
        except PlatformRefused as error:
            if error.action is Action.DISABLE:
                logger.error("delivery %s: webhook %s is gone", delivery_id, name)
                self._disabled[name] = error.reply
            raise
        self._disabled.pop(name, None)
        return Sent()

    def wait_s(self, target: Target, now: datetime) -> float:
        name = target.conversation.id
        paused = self._paused_until.get(name, now) - now
        return max(0.0, paused.total_seconds(), self._budget.wait_s(name, now))

    def seed(self, name: str, sent_at: Sequence[datetime]) -> None:
        """Tell the budget what went through ``name`` before this process started."""
        self._budget.seed(name, sent_at)

    def _hook(self, target: Target) -> _Hook:
        hook = self._hooks.get(target.conversation.id)
        if hook is None:
            raise ChannelRefused(
                f"no webhook is called {target.conversation.id!r}",
                reply=f"配置里没有名为“{target.conversation.id}”的群机器人。",
            )
        return hook

    async def _send(self, hook: _Hook, stored: Mapping[str, Json]) -> None:
        try:
            await hook.api.post("webhook/send", stored["body"], key=hook.settings.key)
        except PlatformRefused as error:
            otherwise = stored.get("otherwise")
            if error.action is not Action.REFUSE or otherwise is None:
                raise
            await hook.api.post("webhook/send", otherwise, key=hook.settings.key)


def _is_notice(card: Card) -> bool:
    return bool(card.links)


def _words(reply: Reply, mentions: Sequence[str]) -> list[dict[str, Json]]:
    """Text when somebody is mentioned, markdown_v2 otherwise, with text behind it."""
    card = reply.card
    blocks = [reply.text, sources_text(reply.sources)]
    if card is not None and not (_is_notice(card) and cards.fits(card)):
        blocks.insert(1, card_text(replace(card, buttons=())))
    words = "\n\n".join(block for block in blocks if block).translate(_MARKUP).strip()
    if mentions:
        pieces = split_numbered(plain(words), _TEXT_BYTES) or ["请查收。"]
        last = {"content": pieces[-1], "mentioned_list": list(mentions)}
        return [*map(_text, pieces[:-1]), {"body": {"msgtype": "text", "text": last}}]
    if plain(words) == words:
        return [_text(piece) for piece in split_numbered(words, _TEXT_BYTES)]
    pieces = split_numbered(words, _TEXT_BYTES)
    return [_markdown(piece) for piece in pieces]


def _text(content: str) -> dict[str, Json]:
    return {"body": {"msgtype": "text", "text": {"content": content}}}


def _markdown(content: str) -> dict[str, Json]:
    return {
        "body": {"msgtype": "markdown_v2", "markdown_v2": {"content": content}},
        "otherwise": _text(plain(content))["body"],
    }


async def _attachment(
    hook: _Hook, attachment: Attachment, read_blob: ReadBlob
) -> list[dict[str, Json]]:
    if attachment.blob is None:
        return []
    content = await read_blob(attachment.blob)
    if attachment.media_type in _IMAGES and len(content) <= _IMAGE_BYTES:
        digest = hashlib.md5(content, usedforsecurity=False).hexdigest()
        image = {"base64": base64.b64encode(content).decode(), "md5": digest}
        return [{"body": {"msgtype": "image", "image": image}}]
    if not _LEAST_BYTES <= len(content) <= _FILE_BYTES:
        return [_text(f"《{attachment.name}》是空文件或超过 20 MB，没有发送。")]
    answer = await hook.api.upload(
        "webhook/upload_media", content, attachment.name, key=hook.settings.key, type="file"
    )
    return [{"body": {"msgtype": "file", "file": {"media_id": str(answer.get("media_id"))}}}]
