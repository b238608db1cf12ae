"""Tries what ``[wecom.aibot]`` says and explains in Chinese what to do next.

A subscription ends the one before it, so that nothing may be connected while this one is tried:
whoever calls has made sure of that.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from datetime import UTC, datetime

import aiohttp

from bot.channels.finding import Finding
from bot.channels.wecom.aibot_frames import Command, Frame, read_frame, write_frame
from bot.channels.wecom.aibot_settings import AiBotSettings
from bot.channels.wecom.doctor import check_address, check_keys

_PATIENCE_S = 10.0
_TITLE = "智能机器人的 Bot ID 和 Secret"
_UNREACHABLE = (
    "连不上企业微信的长连接服务器。请检查网络、代理和防火墙"
    "（要能访问 openws.work.weixin.qq.com 的 443 端口，代理要放行 WebSocket）。"
)
_NO_ANSWER = "连上了，但企业微信没有回答。请过几分钟再试；一直这样，请检查代理是否放行 WebSocket。"
_REFUSED = (
    "企业微信不接受（错误码 {errcode}）。请到机器人的“API 设置”确认连接方式是“长连接”，"
    "再重新复制 Bot ID 和 Secret；刚改过连接方式的，旧的 Secret 已经作废。"
)


async def check_connection(settings: AiBotSettings, session: aiohttp.ClientSession) -> Finding:
    """Subscribe with the credentials, and leave at once."""
    try:
        async with asyncio.timeout(_PATIENCE_S), session.ws_connect(settings.ws_url) as socket:
            try:
                answer = await _subscribed(socket, settings)
            except (aiohttp.ClientError, OSError, TimeoutError):
                answer = None
    except (aiohttp.ClientError, OSError, TimeoutError):
        return Finding(ok=False, title=_TITLE, advice=_UNREACHABLE)
    if answer is None:
        return Finding(ok=False, title=_TITLE, advice=_NO_ANSWER)
    if answer.errcode:
        advice = _REFUSED.format(errcode=answer.errcode)
        return Finding(ok=False, title=_TITLE, advice=advice)
    return Finding(ok=True, title=f"{_TITLE}，能连上")


async def check_callbacks(
    settings: AiBotSettings,
    session: aiohttp.ClientSession,
    public_url: str | None,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> list[Finding]:
    """Seal and open with the keys, then call our own address as the console would."""
    title = "智能机器人的 Token 和 EncodingAESKey"
    found = [check_keys(title, settings.token, settings.aes_key, "")]
    if not found[0].ok:
        return found
    title = "智能机器人的回调地址"
    if public_url is None:
        advice = "回调方式要有公网 HTTPS 地址：填 bot.public_url；没有的话改用长连接。"
        return [*found, Finding(ok=False, title=title, advice=advice)]
    keys = (settings.token, settings.aes_key, "")
    address = f"{public_url.rstrip('/')}/wecom/aibot"
    return [*found, await check_address(title, address, keys, session, clock())]


async def _subscribed(
    socket: aiohttp.ClientWebSocketResponse, settings: AiBotSettings
) -> Frame | None:
    """The platform's answer; None when the connection ends without one."""
    req_id = f"{Command.SUBSCRIBE}_{secrets.token_hex(12)}"
    body = {"bot_id": settings.bot_id, "secret": settings.secret}
    await socket.send_str(write_frame(Command.SUBSCRIBE, req_id, body))
    async for message in socket:
        if message.type is not aiohttp.WSMsgType.TEXT:
            continue
        frame = read_frame(message.data)
        if frame is not None and frame.req_id == req_id and not frame.command:
            return frame
    return None
