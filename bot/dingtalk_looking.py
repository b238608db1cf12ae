"""``[dingtalk]`` as its channels have it, and what DingTalk itself says of it."""

from __future__ import annotations

import aiohttp

from bot.channels.dingtalk.doctor import check_app, check_webhooks
from bot.channels.dingtalk.settings import AppSettings, CardTemplates, Mode, WebhookSettings
from bot.channels.finding import Finding
from bot.config import DingTalkAppSettings, DingTalkWebhookSettings, Settings

_LOOK_S = 15.0
_BUTTONS, _STREAM = "buttons", "stream"


def app_settings(section: DingTalkAppSettings) -> AppSettings:
    """``[dingtalk.app]`` as the channel has it."""
    templates = dict(section.card_templates)
    return AppSettings(
        client_id=section.client_id,
        client_secret=section.client_secret.get_secret_value(),
        robot_code=section.robot_code or "",
        mode=Mode(section.mode),
        api_base=section.api_base,
        oapi_base=section.oapi_base,
        agent_id=section.agent_id,
        event_token=section.event_token.get_secret_value() if section.event_token else "",
        event_aes_key=section.event_aes_key.get_secret_value() if section.event_aes_key else "",
        cards=CardTemplates(
            buttons=templates.pop(_BUTTONS, ""),
            stream=templates.pop(_STREAM, ""),
            names=templates,
        ),
        has_todo=section.todo,
        is_shared=section.every_replica_connects,
        monthly_calls=section.monthly_calls,
        monthly_inbound=section.monthly_inbound,
    )


def webhook_settings(section: DingTalkWebhookSettings) -> WebhookSettings:
    """One ``[[dingtalk.webhook]]`` as the channel has it."""
    return WebhookSettings(
        name=section.name,
        access_token=section.access_token.get_secret_value(),
        secret=section.secret.get_secret_value() if section.secret else "",
        keyword=section.keyword,
        api_base=section.api_base,
    )


async def look_at_dingtalk(settings: Settings) -> list[Finding]:
    """What the platform says of everything that is configured, with what to do about it."""
    section, found = settings.dingtalk, []
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_LOOK_S)) as session:
        if section.app is not None:
            app = app_settings(section.app)
            found += await check_app(app, session, settings.bot.public_url)
        if section.webhook:
            hooks = [webhook_settings(hook) for hook in section.webhook]
            found += await check_webhooks(hooks, session)
    return found
