"""Groups' custom robots (自定义机器人): one-way reminders into a group.

Nothing comes back, so that buttons are not shown, and nothing private is ever sent. A repeat with
the same ``msgUuid`` is dropped, by the documents; for how long is not said, so that only a short
while is trusted.

Source:
    DingTalk, 自定义机器人接入: 20 messages a minute, then none for ten; sign over the time and the
    secret, encoded exactly once.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import aiohttp

from bot.channels.base import Guarantee, Health, ReadBlob, Sent, Target
from bot.channels.budget import Budget, Limit
from bot.channels.dingtalk.answers import robot_failure
from bot.channels.dingtalk.errors import Action, Rule, error_of
from bot.channels.dingtalk.rendering import Words, dumped, pieces, title_of
from bot.channels.dingtalk.settings import WebhookSettings
from bot.channels.dingtalk.wire import Http
from bot.channels.text import card_text, merge, plain, sources_text
from bot.errors import ChannelRefused, ChannelUnavailable
from bot.messages import Card, ChannelName, Reply

logger = logging.getLogger(__name__)

CALL = "/robot/send"
_LIMITS = (Limit(count=20, window_s=65),)
"""A little longer than the minute DingTalk counts in: being over costs ten of silence."""
_TRUSTED_S = 600.0
_MOST_MENTIONED = 50
_MOST_LINKS = 5

Json = Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """How to @ a member: by account, or by mobile number where there is none."""

    account: str = ""
    mobile: str = ""


MentionOf = Callable[[str], Awaitable[Mention]]
"""By the member's id; empty for somebody without either."""


class DingTalkWebhooks:
    """``Channel`` and ``Sends`` over every configured robot; a conversation's id is its name.

    Args:
        hooks: The configured robots.
        session: Belongs to the caller's owner.
        mention_of: Whom ``Reply.mentions`` means.
        clock: Aware UTC now; the signature needs the real time.
    """

    name = ChannelName.DINGTALK_WEBHOOK
    guarantee = Guarantee.ONCE
    dedupe_window_s = _TRUSTED_S

    def __init__(
        self,
        hooks: Sequence[WebhookSettings],
        session: aiohttp.ClientSession,
        mention_of: MentionOf,
        clock: Callable[[], datetime],
    ) -> None:
        self._hooks = {hook.name: hook for hook in hooks}
        self._http = Http(session, clock)
        self._mention_of = mention_of
        self._clock = clock
        self._budget = Budget(_LIMITS)
        self._paused_until: dict[str, datetime] = {}
        self._troubles: dict[str, str] = {}

    async def start(self) -> None:
        """Nothing to open."""

    async def stop(self) -> None:
        """Nothing to close."""

    def health(self) -> Health:
        lines = [f"“{name}”：{advice}" for name, advice in self._troubles.items()]
        return Health(is_ready=not lines, detail="".join(lines))

    async def render(self, reply: Reply, target: Target, read_blob: ReadBlob) -> Sequence[bytes]:
        if reply.is_private:
            raise ChannelRefused("a private reply does not go into a group")
        hook = self._hook(target)
        mentions = [await self._mention_of(member) for member in reply.mentions]
        mentions += [Mention(account=account) for account in target.accounts]
        bodies = _bodies(reply, tuple(dict.fromkeys(mentions)))
        return [dumped(_with_keyword(body, hook.keyword)).encode() for body in bodies]

    def may_merge(self, reply: Reply) -> bool:
        return not reply.is_private

    def merge(self, replies: Sequence[Reply]) -> Reply:
        return merge(replies)

    async def send(self, part: bytes, target: Target, delivery_id: str) -> Sent:
        hook, name = self._hook(target), target.conversation.id
        now = self._clock()
        self._budget.spend(name, now)
        body = {**json.loads(part), "msgUuid": delivery_id}
        query = {"access_token": hook.access_token, **signed(hook.secret, now)}
        try:
            answer = await self._http.post_json(hook.api_base.rstrip("/") + CALL, CALL, body, query)
            if (failure := robot_failure(answer)) is not None:
                self._note(name, failure.rule)
                raise error_of(failure.rule, failure.code, CALL)
        except ChannelUnavailable as error:
            if error.retry_after_s:
                self._paused_until[name] = now + timedelta(seconds=error.retry_after_s)
            raise
        self._troubles.pop(name, None)
        return Sent()

    def wait_s(self, target: Target, now: datetime) -> float:
        name = target.conversation.id
        paused = self._paused_until.get(name, now) - now
        return max(0.0, paused.total_seconds(), self._budget.wait_s(name, now))

    def seed(self, name: str, sent_at: Sequence[datetime]) -> None:
        """Tell the budget what went through ``name`` before this process started."""
        self._budget.seed(name, sent_at)

    def _hook(self, target: Target) -> WebhookSettings:
        hook = self._hooks.get(target.conversation.id)
        if hook is None:
            raise ChannelRefused(
                f"no robot is called {target.conversation.id!r}",
                reply=f"配置里没有名为“{target.conversation.id}”的群机器人。",
            )
        return hook

    def _note(self, name: str, rule: Rule) -> None:
        if rule.action in (Action.DISABLE, Action.SETUP):
            logger.error("robot %s does not work: %s", name, rule.action)
            self._troubles[name] = rule.advice


def signed(secret: str, now: datetime) -> dict[str, str]:
    """``timestamp`` and ``sign`` of the query, which are encoded once on their way."""
    if not secret:
        return {}
    timestamp = str(int(now.timestamp() * 1000))
    words = f"{timestamp}\n{secret}".encode()
    digest = hmac.new(secret.encode(), words, hashlib.sha256).digest()
    return {"timestamp": timestamp, "sign": base64.b64encode(digest).decode()}


def _bodies(reply: Reply, mentions: Sequence[Mention]) -> list[Json]:
    """Words, then a card that opens its links; mentions are in the last message of words."""
    card = None if reply.card is None else replace(reply.card, buttons=())
    is_card = card is not None and not mentions and _opens(card)
    said = card_text(card) if card is not None and not is_card else ""
    files = "\n".join(
        f"附件《{one.name}》请私聊要点发 /原文 索取。" for one in reply.attachments if one.blob
    )
    blocks = (reply.text, said, sources_text(reply.sources), files)
    text = "\n\n".join(block for block in blocks if block).strip()
    found = pieces(text, title_of(reply))
    if mentions and not found:
        found = pieces("请查收。", title_of(reply))
    bodies = [one.as_webhook() for one in found]
    if mentions:
        bodies[-1] = _mentioning(found[-1], mentions)
    if card is not None and is_card:
        bodies.append(_action_card(card))
    return bodies


def _opens(card: Card) -> bool:
    """Whether it can be a card with buttons that open pages, all of it on one screen."""
    words = pieces(card_text(replace(card, links=())), card.title)
    return 0 < len(card.links) <= _MOST_LINKS and len(words) == 1


def _mentioning(words: Words, mentions: Sequence[Mention]) -> Json:
    """Only who is also named in the words is notified; up to fifty."""
    some = mentions[:_MOST_MENTIONED]
    accounts = [one.account for one in some if one.account]
    mobiles = [one.mobile for one in some if one.mobile and not one.account]
    if not accounts and not mobiles:
        return words.as_webhook()
    names = "".join(f" @{name}" for name in [*accounts, *mobiles])
    body = replace(words, text=words.text + "\n" + names.strip()).as_webhook()
    return {**body, "at": {"atUserIds": accounts, "atMobiles": mobiles, "isAtAll": False}}


def _action_card(card: Card) -> Json:
    """Its buttons open pages; there are none that answer."""
    shown = pieces(card_text(replace(card, links=())), card.title)[0].shown()
    button = [{"title": link.label, "actionURL": link.url} for link in card.links]
    content = {
        "title": plain(card.title),
        "text": shown,
        "btns": button,
        "btnOrientation": "0",
    }
    return {"msgtype": "actionCard", "actionCard": content}


def _with_keyword(body: Json, keyword: str) -> Json:
    """With the word that the robot insists on, unless it is in there."""
    kind = str(body["msgtype"])
    content = body[kind]
    if not keyword or not isinstance(content, dict) or keyword in dumped(body):
        return body
    field = "content" if kind == "text" else "text"
    return {**body, kind: {**content, field: f"{content[field]}\n\n{keyword}"}}
