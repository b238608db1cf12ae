"""``[dingtalk.app]`` reaches the channel as it was written."""

from __future__ import annotations

from bot.channels.dingtalk.settings import FREE_CALLS, FREE_INBOUND, Mode
from bot.config import DingTalkAppSettings
from bot.dingtalk_looking import app_settings


def section(**more: object) -> DingTalkAppSettings:
    return DingTalkAppSettings.model_validate({"client_id": "d", "client_secret": "s", **more})


def test_what_is_not_written_is_the_free_edition_over_the_stream() -> None:
    settings = app_settings(section())

    assert settings.mode is Mode.STREAM
    assert (settings.monthly_calls, settings.monthly_inbound) == (FREE_CALLS, FREE_INBOUND)
    assert settings.robot == "d"
    assert not settings.cards.buttons


def test_a_bigger_edition_and_templates() -> None:
    settings = app_settings(
        section(
            robot_code="r",
            monthly_calls=200_000,
            monthly_inbound=0,
            card_templates={"buttons": "b.schema", "stream": "s.schema", "title": "head"},
        )
    )

    assert (settings.robot, settings.monthly_calls, settings.monthly_inbound) == ("r", 200_000, 0)
    assert (settings.cards.buttons, settings.cards.stream) == ("b.schema", "s.schema")
    assert settings.cards.name_of("title") == "head"
    assert settings.cards.name_of("body") == "body"
