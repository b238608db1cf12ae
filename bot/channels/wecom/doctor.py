"""Tries what the configuration says and explains in Chinese what to do next.

Nothing is sent to anybody: a webhook's key is tried with an empty message, which a live webhook
refuses for being empty and a dead one for its key.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from urllib.parse import urlencode, urlsplit

import aiohttp

from bot.channels.crypto import CallbackCrypto
from bot.channels.finding import Finding
from bot.channels.wecom.api import TIMEOUT, QyApi
from bot.channels.wecom.directory import visible_units
from bot.channels.wecom.errors import Action, PlatformRefused
from bot.channels.wecom.settings import AppSettings, WebhookSettings
from bot.errors import BadSignature, ChannelError, ChannelUnavailable, ConfigError

_SKEW_S = 120
_UNREACHABLE = (
    "连不上企业微信服务器。请检查网络、代理和防火墙（要能访问 qyapi.weixin.qq.com 的 443 端口）。"
)


async def check_app(
    settings: AppSettings,
    session: aiohttp.ClientSession,
    public_url: str | None = None,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> list[Finding]:
    """Try the app's settings in the order in which an installer would put them right."""
    api = QyApi(session, settings.api_base, clock, (settings.corp_id, settings.secret))
    findings = [await _check_token(api)]
    if findings[0].ok:
        findings += await _check_scope(api)
        findings.append(_check_clock(api.skew_s))
    findings.append(_check_callback(settings))
    if findings[-1].ok and settings.has_callback and public_url:
        keys = (settings.token, settings.aes_key, settings.corp_id)
        address = f"{public_url.rstrip('/')}/wecom/app"
        findings.append(await check_address("回调地址", address, keys, session, clock()))
    return findings


async def check_webhooks(
    hooks: Sequence[WebhookSettings],
    session: aiohttp.ClientSession,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> list[Finding]:
    """Try each webhook's key without sending anything."""
    return [await _check_webhook(hook, QyApi(session, hook.api_base, clock)) for hook in hooks]


async def _check_token(api: QyApi) -> Finding:
    title = "企业 ID 和 Secret"
    try:
        await api.token()
    except ChannelUnavailable as error:
        advice = error.reply if api.trouble else _UNREACHABLE
        return Finding(ok=False, title=title, advice=advice)
    except ChannelError as error:
        return Finding(ok=False, title=title, advice=f"取不到访问凭证：{error.reply}")
    return Finding(ok=True, title=title)


async def _check_scope(api: QyApi) -> list[Finding]:
    """The first call with a token tells whether this address is trusted, then what is visible."""
    address, scope = "企业可信IP", "应用可见范围"
    try:
        units = await visible_units(api)
    except ChannelError as error:
        is_address = api.trouble and "可信IP" in api.trouble
        if is_address:
            return [Finding(ok=False, title=address, advice=error.reply)]
        advice = f"读不到可见的部门：{error.reply}"
        return [Finding(ok=True, title=address), Finding(ok=False, title=scope, advice=advice)]
    if units == 0:
        advice = "应用看不到任何部门。请到应用详情“可见范围”里选上要使用的部门或全校。"
        return [Finding(ok=True, title=address), Finding(ok=False, title=scope, advice=advice)]
    return [Finding(ok=True, title=address), Finding(ok=True, title=f"{scope}（{units} 个部门）")]


def _check_clock(skew_s: float) -> Finding:
    if abs(skew_s) <= _SKEW_S:
        return Finding(ok=True, title="本机时间")
    advice = (
        f"本机时间与企业微信相差 {abs(skew_s):.0f} 秒，超过 300 秒会收不到消息。请开启自动对时。"
    )
    return Finding(ok=False, title="本机时间", advice=advice)


def _check_callback(settings: AppSettings) -> Finding:
    title = "接收消息的 Token 和 EncodingAESKey"
    if not settings.token and not settings.aes_key:
        return Finding(ok=True, title="没有设置接收消息：应用只发通知，收不到老师的提问和签到")
    if not settings.has_callback:
        return Finding(ok=False, title=title, advice="token 和 aes_key 要一起填写。")
    return check_keys(title, settings.token, settings.aes_key, settings.corp_id)


def check_keys(title: str, token: str, aes_key: str, receive_id: str) -> Finding:
    """Seal and open one message with the configured keys."""
    try:
        crypto = CallbackCrypto(token, aes_key, receive_id)
        sealed = crypto.seal(title.encode(), "0", secrets.token_hex(8))
        crypto.open(sealed.signature, sealed.timestamp, sealed.nonce, sealed.ciphertext)
    except ConfigError as error:
        return Finding(ok=False, title=title, advice=error.reply)
    except BadSignature:
        return Finding(ok=False, title=title, advice="自检没有通过，请重新生成并复制这两项。")
    return Finding(ok=True, title=title)


async def check_address(
    title: str,
    address: str,
    keys: tuple[str, str, str],
    session: aiohttp.ClientSession,
    now: datetime,
) -> Finding:
    """Call our own address as the console would, which must answer within a second.

    ``keys`` are Token, EncodingAESKey and whom callbacks are addressed to.
    """
    words = secrets.token_hex(8).encode()
    sealed = CallbackCrypto(*keys).seal(words, str(int(now.timestamp())), secrets.token_hex(8))
    query = {
        "msg_signature": sealed.signature,
        "timestamp": sealed.timestamp,
        "nonce": sealed.nonce,
        "echostr": sealed.ciphertext,
    }
    started = time.monotonic()
    try:
        async with session.get(f"{address}?{urlencode(query)}", timeout=TIMEOUT) as response:
            answer = await response.content.read(1024)
            status = response.status
    except (aiohttp.ClientError, TimeoutError):
        advice = (
            f"从本机访问不到 {address}。"
            "请检查域名解析、反向代理、证书，并确认 yaodian serve 正在运行。"
        )
        return Finding(ok=False, title=title, advice=advice)
    if status != 200 or answer != words:
        advice = (
            f"{address} 的回答不对（HTTP {status}）。"
            f"请确认反向代理把 {urlsplit(address).path} 原样转给要点。"
        )
        return Finding(ok=False, title=title, advice=advice)
    if time.monotonic() - started > 1:
        return Finding(
            ok=False, title=title, advice="回答超过 1 秒，企业微信会判为失败，请检查网络。"
        )
    return Finding(ok=True, title=title)


async def _check_webhook(hook: WebhookSettings, api: QyApi) -> Finding:
    title = f"群机器人“{hook.name}”"
    empty = {"msgtype": "text", "text": {"content": ""}}
    try:
        await api.post("webhook/send", empty, is_repeatable=True, key=hook.key)
    except PlatformRefused as error:
        if error.action is Action.DISABLE:
            return Finding(ok=False, title=title, advice=error.reply)
    except ChannelUnavailable as error:
        is_limited = error.retry_after_s is not None
        return Finding(ok=is_limited, title=title, advice="" if is_limited else _UNREACHABLE)
    return Finding(ok=True, title=title)
