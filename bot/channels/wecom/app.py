"""The self-built app (自建应用): private chats, notices, cards, the directory and signing in.

What can fail between two lines, and what remains:

- before ``accept`` returns: nothing is acknowledged, WeCom repeats the callback;
- after it: the message is in the inbox, a repeat inserts nothing;
- while sending: the part's bytes are stored; a push repeated within four hours is dropped by
  WeCom's duplicate check, a reply may arrive twice.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import aiohttp
from aiohttp import web

from bot.channels.base import Accept, Directory, Guarantee, Health, ReadBlob, Sent, Target
from bot.channels.budget import Budget, Daily, Limit, midnight_before
from bot.channels.crypto import CallbackCrypto
from bot.channels.seen import SeenSignatures
from bot.channels.text import split_text
from bot.channels.wecom import directory, menu, oauth
from bot.channels.wecom.api import Json, QyApi
from bot.channels.wecom.callback import Callback
from bot.channels.wecom.errors import Action, PlatformRefused
from bot.channels.wecom.incoming import ReplyTo
from bot.channels.wecom.media import MediaStore, kind_of_media
from bot.channels.wecom.rendering import (
    DEDUPE_WINDOW_S,
    SEND,
    UPDATE,
    Media,
    Part,
    Renderer,
    in_groups,
    texts,
)
from bot.channels.wecom.settings import AppSettings
from bot.errors import ChannelRefused, ChannelUnavailable
from bot.messages import Attachment, ChannelName, Reply

logger = logging.getLogger(__name__)

_MEMBER_LIMITS = (Limit(count=30, window_s=60), Limit(count=1_000, window_s=3_600))
_APP_LIMITS = (Limit(count=10_000, window_s=60), Limit(count=150_000, window_s=3_600))
_PER_ACCOUNT_A_DAY = 200
_NEARLY = 0.8
_APP = "\napp"
"""No account's name."""
_SKEW_S = 120.0
_INVALID = "不在应用的可见范围，或账号已停用"
_UNLICENSED = "没有企业微信的互通许可"


@dataclass(frozen=True, slots=True, kw_only=True)
class AppDependencies:
    """What the composition root gives the channel."""

    session: aiohttp.ClientSession
    accept: Accept
    seen: SeenSignatures
    read_blob: ReadBlob
    clock: Callable[[], datetime]


class WeComApp:
    """Every capability of ``bot.channels.base`` but streaming, which WeCom's app has not."""

    name = ChannelName.WECOM_APP
    guarantee = Guarantee.ONCE
    dedupe_window_s = float(DEDUPE_WINDOW_S)
    refresh_every_s = 0.0
    refreshes_once = True

    def __init__(self, settings: AppSettings, needs: AppDependencies) -> None:
        self.settings = settings
        self._clock = needs.clock
        self._read_blob = needs.read_blob
        credentials = (settings.corp_id, settings.secret)
        self.api = QyApi(needs.session, settings.api_base, needs.clock, credentials)
        self._media = MediaStore(self.api, needs.clock)
        self._renderer = Renderer(settings=settings)
        self._members = Budget(_MEMBER_LIMITS)
        self._app = Budget(_APP_LIMITS)
        cap = settings.account_cap
        self._daily = Daily(None if cap is None else cap * _PER_ACCOUNT_A_DAY)
        self._paused_until: datetime | None = None
        self.callback: Callback | None = None
        if settings.has_callback:
            crypto = CallbackCrypto(settings.token, settings.aes_key, settings.corp_id)
            self.callback = Callback(
                crypto, settings.agent_id, needs.accept, needs.seen, needs.clock
            )

    def add_routes(self, app: web.Application) -> None:
        """``/wecom/app``; nothing when the app only sends."""
        if self.callback is not None:
            self.callback.add_routes(app)

    async def start(self) -> None:
        """Nothing to open: the platform calls us, and the session is the composition root's."""

    async def stop(self) -> None:
        """Nothing to close."""

    def health(self) -> Health:
        if self.api.trouble:
            return Health(is_ready=False, detail=self.api.trouble)
        if self.callback is not None and self.callback.is_suspended:
            return Health(is_ready=False, detail="应用因长期未使用被停用，请到管理后台重新启用。")
        if abs(self.api.skew_s) > _SKEW_S:
            minutes = abs(self.api.skew_s) / 60
            detail = f"本机时间与企业微信相差 {minutes:.0f} 分钟，请校准时间，否则收不到消息。"
            return Health(is_ready=False, detail=detail)
        return Health(is_ready=True, detail=self._spent_today())

    def _spent_today(self) -> str:
        used, most = self._daily.used(self._clock()), self._daily.most
        if most is None or used < most * _NEARLY:
            return ""
        return f"今天已经发给 {used} 人次，每天最多 {most}；到了上限，其余的排队到零点后发。"

    async def render(self, reply: Reply, target: Target, read_blob: ReadBlob) -> Sequence[bytes]:
        accounts = _accounts(target)
        reply_to = ReplyTo.decode(target.reply_to)
        contents = self._renderer.words(reply, reply_to)
        parts: list[Part] = []
        for group in in_groups(accounts):
            parts += self._messages(contents, group, reply_to)
            if reply.card is not None and (
                card := self._renderer.card(reply.card, group, reply_to)
            ):
                parts.append(card)
            for attachment in reply.attachments:
                parts += await self._attachment(attachment, group, reply_to, read_blob)
        return [part.encode() for part in parts]

    async def send(self, part: bytes, target: Target, delivery_id: str) -> Sent:
        request = Part.decode(part)
        accounts = _accounts(target)
        self._spend(request, accounts)
        try:
            answer = await self._send(request)
        except ChannelUnavailable as error:
            if error.retry_after_s:
                self._paused_until = self._clock() + timedelta(seconds=error.retry_after_s)
            raise
        refused = _refused(answer, accounts)
        if refused:
            logger.warning("delivery %s: %d recipients refused", delivery_id, len(refused))
        return Sent(provider_id=_provider_id(answer), refused=refused)

    def wait_s(self, target: Target, now: datetime) -> float:
        wait = self._app.wait_s(_APP, now)
        if self._paused_until is not None:
            wait = max(wait, (self._paused_until - now).total_seconds())
        accounts = _accounts(target)
        wait = max(wait, self._daily.wait_s(len(accounts), now))
        return max([wait, *(self._members.wait_s(key, now) for key in accounts)])

    def seed(self, account: str, sent_at: Sequence[datetime]) -> None:
        """Tell the budget what was sent to ``account`` before this process started."""
        self._members.seed(account, sent_at)
        self._app.seed(_APP, sent_at)
        today = midnight_before(self._clock())
        self._daily.spend(sum(at >= today for at in sent_at), self._clock())

    async def update_card(self, reply: Reply, target: Target, provider_id: str) -> None:
        """Replace a card within 72 h of sending it; its response_code serves once."""
        response_code = provider_id.partition(" ")[2]
        if reply.card is None or not response_code:
            raise ChannelRefused("this message is no card that can be updated")
        body = self._renderer.update_body(reply.card, _accounts(target), response_code)
        await self.api.post(UPDATE, body)

    async def refresh_card(self, reply: Reply, target: Target, provider_id: str) -> None:
        await self.update_card(reply, target, provider_id)

    async def recall(self, provider_id: str) -> None:
        """Take a message back within 24 h."""
        msgid = provider_id.partition(" ")[0]
        await self.api.post("message/recall", {"msgid": msgid}, is_repeatable=True)

    async def download(self, source: str, limit_bytes: int) -> bytes:
        return await self._media.download(source, limit_bytes)

    async def read_directory(self) -> Directory:
        return await directory.read_directory(self.api)

    async def create_menu(self) -> None:
        """For ``yaodian wecom menu``."""
        await menu.create_menu(self.api, self.settings.agent_id, self.settings.menu)

    def sign_in_url(self, redirect_to: str, state: str) -> str:
        corp_id, agent_id = self.settings.corp_id, self.settings.agent_id
        return oauth.web_sign_in_url(corp_id, agent_id, redirect_to, state)

    def is_inside(self, user_agent: str) -> bool:
        return "wxwork" in user_agent.lower()

    def inside_sign_in_url(self, redirect_to: str, state: str) -> str:
        corp_id, agent_id = self.settings.corp_id, self.settings.agent_id
        return oauth.inside_sign_in_url(corp_id, agent_id, redirect_to, state)

    async def account_of(self, code: str) -> str:
        return await oauth.account_of(self.api, code)

    def _messages(
        self, contents: Sequence[Json], accounts: Sequence[str], reply_to: ReplyTo | None
    ) -> list[Part]:
        return [
            Part(call=SEND, body=self._renderer.message(content, accounts, reply_to))
            for content in contents
        ]

    async def _attachment(
        self,
        attachment: Attachment,
        accounts: Sequence[str],
        reply_to: ReplyTo | None,
        read_blob: ReadBlob,
    ) -> list[Part]:
        if attachment.blob is None:
            return []
        content = await read_blob(attachment.blob)
        kind = kind_of_media(attachment, len(content))
        if kind is None:
            return self._messages(texts(_unsendable(attachment, content)), accounts, reply_to)
        media = Media(blob=attachment.blob, kind=kind, name=attachment.name)
        media_id = await self._media.upload(media.blob, content, kind, media.name)
        shown = {"msgtype": kind, kind: {"media_id": media_id}}
        body = self._renderer.message(shown, accounts, reply_to)
        return [Part(call=SEND, body=body, media=media)]

    async def _send(self, part: Part) -> Json:
        """Send, and take the other way where the platform names one."""
        try:
            return await self.api.post(part.call, part.body)
        except PlatformRefused as error:
            if error.action is Action.RENEW and part.otherwise is not None:
                return await self.api.post(SEND, part.otherwise)
            if error.action is Action.RENEW and part.call == UPDATE:
                return {}
            if error.action is Action.UPLOAD and part.media is not None:
                return await self._send_anew(part, part.media)
            if error.action is Action.SPLIT and part.body.get("msgtype") == "text":
                return await self._send_halves(part)
            raise

    async def _send_anew(self, part: Part, media: Media) -> Json:
        self._media.forget(media.blob, media.kind)
        content = await self._read_blob(media.blob)
        media_id = await self._media.upload(media.blob, content, media.kind, media.name)
        return await self.api.post(part.call, part.with_media_id(media_id).body)

    async def _send_halves(self, part: Part) -> Json:
        text = part.body["text"]
        content = str(text["content"]) if isinstance(text, dict) else ""
        answer: Json = {}
        for half in split_text(content, max(4, len(content.encode()) // 2 + 3)):
            answer = await self.api.post(part.call, {**part.body, "text": {"content": half}})
        return answer

    def _spend(self, part: Part, accounts: Sequence[str]) -> None:
        now = self._clock()
        self._app.spend(_APP, now)
        touser = part.body.get("touser")
        named = touser.split("|") if isinstance(touser, str) else accounts
        if part.call != SEND:
            return
        self._daily.spend(len(named), now)
        for account in named:
            self._members.spend(account, now)


def _accounts(target: Target) -> tuple[str, ...]:
    """The recipients; the app reaches single members only, never ``@all`` by accident."""
    accounts = target.accounts or (target.conversation.id,)
    if target.conversation.is_group or any("|" in one or one[:1] in ("", "@") for one in accounts):
        raise ChannelRefused("not a member's account")
    return tuple(accounts)


def _refused(answer: Json, accounts: Sequence[str]) -> dict[str, str]:
    """Who did not get it; the platform answers with accounts in lower case."""
    by_lower = {account.lower(): account for account in accounts}
    refused: dict[str, str] = {}
    for name, reason in (("unlicenseduser", _UNLICENSED), ("invaliduser", _INVALID)):
        listed = answer.get(name)
        for account in listed.split("|") if isinstance(listed, str) else ():
            if account:
                refused[by_lower.get(account.lower(), account)] = reason
    return refused


def _provider_id(answer: Json) -> str | None:
    """``msgid``, then the response_code of a card; only this channel reads it back."""
    msgid, code = answer.get("msgid"), answer.get("response_code")
    if not isinstance(msgid, str) or not msgid:
        return None
    return f"{msgid} {code}" if isinstance(code, str) and code else msgid


def _unsendable(attachment: Attachment, content: bytes) -> str:
    if len(content) < 6:
        return f"《{attachment.name}》是空文件，没有发送。"
    return f"《{attachment.name}》超过 20 MB，企业微信发不了，请到网页上下载。"
