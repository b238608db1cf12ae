"""A Card as an interactive card: variables of a template that somebody made in the card console.

A template shows ``title``, ``body`` and ``facts``, and up to six buttons whose label is
``button1`` … and whose callback parameter ``command`` is bound to ``command1`` …; an unused one is
the empty string. The callback brings ``outTrackId`` and the parameter back.

Source:
    DingTalk, 创建并投放卡片, 更新卡片: outTrackId of at most 64 characters, variables are strings.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from bot.channels.dingtalk.card_route import route_key
from bot.channels.dingtalk.settings import AppSettings, CardTemplates, Mode
from bot.channels.text import plain
from bot.messages import Button, Card

CREATE = "/v1.0/card/instances/createAndDeliver"
UPDATE = "/v1.0/card/instances"
STREAM = "/v1.0/card/streaming"
COMMAND = "command"
"""The callback parameter of a button."""

MOST_BUTTONS = 6
_KEY_CHARS = 16
_TRACK_CHARS = 64

Json = Mapping[str, object]


def track_id(key: str, delivery_id: str) -> str:
    """One card's own id, which tells what the card shows and is the same on every try."""
    return f"{_digest(key)}-{delivery_id}"[:_TRACK_CHARS]


def shows_key(out_track_id: str, key: str) -> bool:
    """Whether the card sent under this id shows the same thing as one with ``key``."""
    return bool(key) and out_track_id.partition("-")[0] == _digest(key)


def fits(card: Card) -> bool:
    """Whether a template has room for every button."""
    return 0 < len(card.buttons) <= MOST_BUTTONS


def variables(card: Card, templates: CardTemplates) -> dict[str, str]:
    """What the template shows; every variable each time, so that an update clears the old ones."""
    facts = [f"{name}：{value}" for name, value in card.facts]
    links = [f"{link.label}：{link.url}" for link in card.links]
    values = {
        "title": plain(card.title),
        "body": plain(card.body),
        "facts": "\n".join([*facts, *links]),
    }
    nothing = Button(label="", command="")
    for n in range(MOST_BUTTONS):
        button = card.buttons[n] if n < len(card.buttons) else nothing
        values[f"button{n + 1}"], values[f"command{n + 1}"] = button.label, button.command
    return {templates.name_of(name): value for name, value in values.items()}


def created(
    settings: AppSettings,
    template: str,
    values: Mapping[str, str],
    *,
    out_track_id: str,
    to: str,
    is_group: bool,
    summary: str,
) -> Json:
    """The body that makes a card and puts it into one conversation."""
    body: dict[str, object] = {
        "cardTemplateId": template,
        "outTrackId": out_track_id,
        "callbackType": "STREAM" if settings.mode is Mode.STREAM else "HTTP",
        "cardData": {"cardParamMap": dict(values)},
        "userIdType": 1,
    }
    if settings.mode is Mode.HTTP:
        body["callbackRouteKey"] = route_key(settings)
    space = {"supportForward": False, "lastMessageI18n": {"ZH_CN": summary}}
    if is_group:
        body["openSpaceId"] = f"dtv1.card//IM_GROUP.{to}"
        body["imGroupOpenSpaceModel"] = space
        body["imGroupOpenDeliverModel"] = {"robotCode": settings.robot}
    else:
        body["openSpaceId"] = f"dtv1.card//IM_ROBOT.{to}"
        body["imRobotOpenSpaceModel"] = space
        body["imRobotOpenDeliverModel"] = {"spaceType": "IM_ROBOT", "robotCode": settings.robot}
    return body


def updated(out_track_id: str, values: Mapping[str, str], *, only_for: Sequence[str] = ()) -> Json:
    """The body that changes a card, in a group for those only who tapped it."""
    shown = {"cardParamMap": dict(values)}
    body: dict[str, object] = {"outTrackId": out_track_id, "userIdType": 1}
    if only_for:
        body["cardData"] = {"cardParamMap": {}}
        body["privateData"] = dict.fromkeys(only_for, shown)
    else:
        body["cardData"] = shown
    options = {"updateCardDataByKey": True, "updatePrivateDataByKey": True}
    return {**body, "cardUpdateOptions": options}


def was_delivered(answer: Json) -> bool:
    """Creating succeeds even where the card reached nobody."""
    result = answer.get("result")
    rows = result.get("deliverResults") if isinstance(result, dict) else None
    if answer.get("success") is not True or not isinstance(rows, list) or not rows:
        return False
    return all(isinstance(row, dict) and row.get("success") is True for row in rows)


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()[:_KEY_CHARS]
