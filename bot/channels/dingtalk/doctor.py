"""Tries what the configuration says and explains in Chinese what to do next.

Nothing reaches anybody: the robot is tried with an account that nobody has, a group's robot with a
kind of message that does not exist, which a live one refuses for its kind and a dead one for its
token. A ticket for the stream is asked for and not used, so that no message goes astray.
"""

from __future__ import annotations

import asyncio
import json
import re
import secrets
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from urllib.parse import urlsplit, urlunsplit

import aiohttp

from bot.channels.crypto import CallbackCrypto
from bot.channels.dingtalk.answers import robot_failure
from bot.channels.dingtalk.api import OpenApi
from bot.channels.dingtalk.directory import children, has_members
from bot.channels.dingtalk.errors import Action, PlatformRefused
from bot.channels.dingtalk.robot import SINGLE
from bot.channels.dingtalk.settings import AppSettings, Mode, WebhookSettings
from bot.channels.dingtalk.webhook import CALL, signed
from bot.channels.dingtalk.wire import TIMEOUT, Http, Json, parsed
from bot.channels.finding import Finding
from bot.errors import BadSignature, ChannelError, ChannelUnavailable, ConfigError

GATEWAY = "/v1.0/gateway/connections/open"
BOT_TOPIC = "/v1.0/im/bot/messages/get"
_SKEW_S = 120
_TOKEN = re.compile(r"[A-Za-z0-9]{3,32}")
_UNREACHABLE = (
    "连不上钉钉服务器。请检查网络、代理和防火墙"
    "（要能访问 api.dingtalk.com 和 oapi.dingtalk.com 的 443 端口）。"
)
_NO_STREAM = (
    "拿到了接入票据，但连不上长连接服务器 {host}。"
    "请让防火墙和代理放行它的 443 端口，代理要放行 WebSocket。"
)
_NO_SCOPE = (
    "应用看不到任何部门和人。请到开放平台“权限管理”里把通讯录权限范围选成“全部员工”，"
    "再到“版本管理与发布”里把可使用范围选上要用的部门，重新发布。"
)
_NO_EVENTS = (
    "没有填 event_token 和 event_aes_key：有人入职、离职不会自动知道，"
    "请定期运行 yaodian roster sync dingtalk。"
)
_BAD_TOKEN = "event_token 应为 3 到 32 位字母和数字，请到“事件与回调”重新复制。"  # noqa: S105
_BAD_KEY = "event_aes_key 应为 43 位字母和数字，请到“事件与回调”重新复制。"

Clock = Callable[[], datetime]


def _now() -> datetime:
    return datetime.now(UTC)


async def check_app(
    settings: AppSettings,
    session: aiohttp.ClientSession,
    public_url: str | None = None,
    clock: Clock = _now,
) -> list[Finding]:
    """Try the app's settings in the order in which an installer would put them right."""
    api = OpenApi(settings, session, clock)
    findings = [await _check_token(api)]
    if findings[0].ok:
        findings += await _check_scope(api)
        findings.append(await _check_robot(api, settings))
        findings.append(_check_clock(api.http.skew_s))
        if settings.mode is Mode.STREAM:
            findings.append(await _check_stream(settings, api.http, session))
    findings.append(await asyncio.to_thread(_check_keys, settings, public_url))
    if findings[-1].ok and settings.has_events and public_url:
        address = f"{public_url.rstrip('/')}/dingtalk/events"
        findings.append(await _check_address(settings, address, session, clock()))
    return findings


async def check_webhooks(
    hooks: Sequence[WebhookSettings], session: aiohttp.ClientSession, clock: Clock = _now
) -> list[Finding]:
    """Try each robot's address without sending anything."""
    http = Http(session, clock)
    return [await _check_webhook(hook, http, clock()) for hook in hooks]


async def _check_token(api: OpenApi) -> Finding:
    title = "Client ID 和 Client Secret"
    try:
        await api.token()
    except ChannelUnavailable as error:
        advice = error.reply if api.trouble or error.retry_after_s else _UNREACHABLE
        return Finding(ok=False, title=title, advice=advice)
    except ChannelError as error:
        return Finding(ok=False, title=title, advice=f"取不到访问凭证：{error.reply}")
    return Finding(ok=True, title=title)


async def _check_scope(api: OpenApi) -> list[Finding]:
    """The first call with a token tells whether this address is trusted, then what is visible."""
    address, scope = "服务器出口 IP", "通讯录权限和可见范围"
    try:
        units = await children(api, "1")
        is_empty = not units and not await has_members(api, "1")
    except ChannelError as error:
        if "出口 IP" in api.trouble:
            return [Finding(ok=False, title=address, advice=error.reply)]
        advice = f"读不到部门和人：{error.reply}"
        return [Finding(ok=True, title=address), Finding(ok=False, title=scope, advice=advice)]
    if is_empty:
        return [Finding(ok=True, title=address), Finding(ok=False, title=scope, advice=_NO_SCOPE)]
    found = Finding(ok=True, title=f"{scope}（顶层下有 {len(units)} 个部门）")
    return [Finding(ok=True, title=address), found]


async def _check_robot(api: OpenApi, settings: AppSettings) -> Finding:
    """Write to an account that nobody has."""
    title = f"机器人 {settings.robot}"
    body = {
        "robotCode": settings.robot,
        "userIds": [f"yaodian-{secrets.token_hex(8)}"],
        "msgKey": "sampleText",
        "msgParam": json.dumps({"content": title}, ensure_ascii=False),
    }
    try:
        await api.new("POST", SINGLE, body)
    except PlatformRefused as error:
        if error.action is not Action.DROP:
            return Finding(ok=False, title=title, advice=error.reply)
    except ChannelError as error:
        return Finding(ok=False, title=title, advice=error.reply)
    return Finding(ok=True, title=title)


def _check_clock(skew_s: float) -> Finding:
    if abs(skew_s) <= _SKEW_S:
        return Finding(ok=True, title="本机时间")
    advice = f"本机时间与钉钉相差 {abs(skew_s):.0f} 秒，提醒会不准，相差太多还会收不到消息。"
    return Finding(ok=False, title="本机时间", advice=f"{advice}请开启自动对时。")


async def _check_stream(
    settings: AppSettings, http: Http, session: aiohttp.ClientSession
) -> Finding:
    title = "Stream 长连接"
    body = {
        "clientId": settings.client_id,
        "clientSecret": settings.client_secret,
        "subscriptions": [{"type": "CALLBACK", "topic": BOT_TOPIC}],
        "ua": "yaodian/1.0",
    }
    try:
        address = settings.api_base.rstrip("/") + GATEWAY
        answer = await http.post_json(address, GATEWAY, body, {})
    except ChannelError:
        return Finding(ok=False, title=title, advice=_UNREACHABLE)
    endpoint = answer.get("endpoint")
    if not isinstance(endpoint, str) or not endpoint.startswith(("ws://", "wss://")):
        code = str(answer.get("code") or "没有给地址")
        advice = (
            f"钉钉不给接入票据（{code}）。请到开放平台“机器人”页面把消息接收模式选成 Stream，"
            "保存并重新发布应用版本。"
        )
        return Finding(ok=False, title=title, advice=advice)
    return await _check_endpoint(title, endpoint, session)


async def _check_endpoint(title: str, endpoint: str, session: aiohttp.ClientSession) -> Finding:
    """Whether anything answers there; without the ticket it is no connection."""
    there = urlsplit(endpoint)
    scheme = "https" if there.scheme == "wss" else "http"
    address = urlunsplit((scheme, there.netloc, there.path, "", ""))
    try:
        async with session.get(address, timeout=TIMEOUT, allow_redirects=False):
            return Finding(ok=True, title=f"{title}，能连上")
    except (aiohttp.ClientConnectionError, TimeoutError):
        advice = _NO_STREAM.format(host=there.hostname or "")
        return Finding(ok=False, title=title, advice=advice)
    except aiohttp.ClientError:
        return Finding(ok=True, title=f"{title}，能连上")


def _check_keys(settings: AppSettings, public_url: str | None) -> Finding:
    """Seal and open one message with the configured keys."""
    title = "事件订阅的 Token 和 EncodingAESKey"
    if not settings.event_token and not settings.event_aes_key:
        if settings.mode is Mode.STREAM:
            return Finding(ok=True, title="通讯录变动走 Stream，不用填事件订阅的密钥")
        return Finding(ok=True, title="没有订阅通讯录事件", advice=_NO_EVENTS)
    if not settings.has_events:
        return Finding(ok=False, title=title, advice="event_token 和 event_aes_key 要一起填写。")
    if settings.mode is Mode.HTTP and not public_url:
        advice = "HTTP 模式要有公网地址，请填 bot.public_url，或改用 Stream 模式。"
        return Finding(ok=False, title=title, advice=advice)
    if not _TOKEN.fullmatch(settings.event_token):
        return Finding(ok=False, title=title, advice=_BAD_TOKEN)
    try:
        crypto = _crypto(settings)
        sealed = crypto.seal(b"success", "0", secrets.token_hex(8))
        crypto.open(sealed.signature, sealed.timestamp, sealed.nonce, sealed.ciphertext)
    except ConfigError:
        return Finding(ok=False, title=title, advice=_BAD_KEY)
    except BadSignature:
        return Finding(ok=False, title=title, advice="自检没有通过，请重新生成并复制这两项。")
    return Finding(ok=True, title=title)


async def _check_address(
    settings: AppSettings, address: str, session: aiohttp.ClientSession, now: datetime
) -> Finding:
    """Call our own address as the console does when it is saved."""
    title, crypto = "事件订阅的地址", _crypto(settings)
    event = json.dumps({"EventType": "check_url"}).encode()
    sealed = crypto.seal(event, str(int(now.timestamp() * 1000)), secrets.token_hex(8))
    query = {
        "signature": sealed.signature,
        "msg_signature": sealed.signature,
        "timestamp": sealed.timestamp,
        "nonce": sealed.nonce,
    }
    try:
        body = {"encrypt": sealed.ciphertext}
        async with session.post(address, params=query, json=body, timeout=TIMEOUT) as response:
            answer, status = parsed(await response.text(errors="replace")), response.status
    except (aiohttp.ClientError, TimeoutError):
        advice = f"从本机访问不到 {address}。请检查域名、反向代理、证书，并确认要点正在运行。"
        return Finding(ok=False, title=title, advice=advice)
    if status != 200 or not _says_success(crypto, answer):
        path = urlsplit(address).path
        advice = f"{address} 的回答不对（HTTP {status}）。请确认反向代理把 {path} 原样转给要点。"
        return Finding(ok=False, title=title, advice=advice)
    return Finding(ok=True, title=title)


def _says_success(crypto: CallbackCrypto, answer: Json | None) -> bool:
    names = ("msg_signature", "timeStamp", "nonce", "encrypt")
    values = [str((answer or {}).get(name) or "") for name in names]
    try:
        return crypto.open(*values) == b"success"
    except BadSignature:
        return False


def _crypto(settings: AppSettings) -> CallbackCrypto:
    return CallbackCrypto(settings.event_token, settings.event_aes_key, settings.client_id)


async def _check_webhook(hook: WebhookSettings, http: Http, now: datetime) -> Finding:
    title = f"群机器人“{hook.name}”"
    body = {"msgtype": "yaodian", "yaodian": {"content": hook.keyword or title}}
    query = {"access_token": hook.access_token, **signed(hook.secret, now)}
    try:
        answer = await http.post_json(hook.api_base.rstrip("/") + CALL, CALL, body, query)
    except ChannelUnavailable as error:
        is_limited = error.retry_after_s is not None
        return Finding(ok=is_limited, title=title, advice="" if is_limited else _UNREACHABLE)
    except ChannelError:
        return Finding(ok=False, title=title, advice=_UNREACHABLE)
    failure = robot_failure(answer)
    if failure is not None and failure.rule.action in (Action.DISABLE, Action.SETUP):
        return Finding(ok=False, title=title, advice=failure.rule.advice)
    return Finding(ok=True, title=title)
