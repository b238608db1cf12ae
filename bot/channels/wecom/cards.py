"""A Card as WeCom shows it: template cards, text cards and news, within their limits.

Source:
    WeCom, 模板卡片 (path/90236): limits in characters are recommendations, longer text is cut on
    screen; numbers of entries are enforced.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping

from bot.channels.text import plain
from bot.messages import Button, Card

Json = Mapping[str, object]

MOST_BUTTONS = 6
_MOST_FACTS = 6
_MOST_JUMPS = 3
_MOST_ARTICLES = 8
_TITLE, _BODY, _NAME, _VALUE, _JUMP, _LABEL = 36, 160, 5, 30, 18, 10
_STYLES = {"primary": 1, "plain": 2, "danger": 3}
_KEY_BYTES = 60


def task_id_of(card: Card, salt: str) -> str:
    """An id that holds the card's key and is different for every ``salt``.

    At most 128 of ``[0-9A-Za-z_-@]``, as the platform asks.
    """
    key = card.key.encode()
    name = key if len(key) <= _KEY_BYTES else hashlib.sha256(key).hexdigest().encode()
    shown = json.dumps([card.title, card.body, card.facts, salt], ensure_ascii=False)
    digest = hashlib.sha256(shown.encode()).hexdigest()[:24]
    return f"{base64.urlsafe_b64encode(name).decode().rstrip('=')}@{digest}"


def shows_key(task_id: str, key: str) -> bool:
    """Whether the card sent under ``task_id`` shows the same thing as one with ``key``."""
    return bool(key) and task_id.partition("@")[0] == task_id_of(Card(title="", key=key), "")[:-25]


def fits(card: Card) -> bool:
    """Whether the screen shows every word of the card."""
    return (
        len(card.title) <= _TITLE
        and len(plain(card.body)) <= _BODY
        and len(card.facts) + max(0, len(card.links) - 1) <= _MOST_FACTS
        and all(len(name) <= _NAME and len(value) <= _VALUE for name, value in card.facts)
    )


def button_interaction(card: Card, task_id: str) -> Json:
    """A card with buttons that call back with their command."""
    shown: dict[str, object] = {"card_type": "button_interaction", **_words(card)}
    jumps = [_linked(link.label, link.url) for link in card.links[1:]]
    if facts := [*_facts(card), *jumps][:_MOST_FACTS]:
        shown["horizontal_content_list"] = facts
    if card.links:
        shown["card_action"] = {"type": 1, "url": card.links[0].url}
    shown["task_id"] = task_id
    shown["button_list"] = [_button(button) for button in card.buttons[:MOST_BUTTONS]]
    return shown


def text_notice(card: Card) -> Json:
    """A card without buttons that opens its first link."""
    shown: dict[str, object] = {"card_type": "text_notice", **_words(card)}
    if facts := _facts(card)[:_MOST_FACTS]:
        shown["horizontal_content_list"] = facts
    if len(card.links) > 1:
        shown["jump_list"] = [
            {"type": 1, "title": _cut(link.label, _JUMP), "url": link.url}
            for link in card.links[: _MOST_JUMPS + 1]
        ][1:]
    shown["card_action"] = {"type": 1, "url": card.links[0].url}
    return shown


def link_message(card: Card) -> Json:
    """The message, with its msgtype, for a card that has links and no buttons."""
    if card.facts or len(card.links) > _MOST_ARTICLES:
        return {"msgtype": "template_card", "template_card": text_notice(card)}
    if len(card.links) == 1:
        link = card.links[0]
        textcard = {
            "title": _cut(card.title, 128),
            "description": _cut(plain(card.body), 512) or card.title,
            "url": link.url,
            "btntxt": _cut(link.label, 4),
        }
        return {"msgtype": "textcard", "textcard": textcard}
    first, *rest = card.links
    articles = [
        {
            "title": _cut_bytes(card.title, 128),
            "description": _cut_bytes(plain(card.body), 512),
            "url": first.url,
        },
        *({"title": _cut_bytes(link.label, 128), "url": link.url} for link in rest),
    ]
    return {"msgtype": "news", "news": {"articles": articles}}


def _words(card: Card) -> Json:
    words: dict[str, object] = {"main_title": {"title": _cut(card.title, _TITLE)}}
    if card.body:
        words["sub_title_text"] = _cut(plain(card.body), _BODY)
    return words


def _facts(card: Card) -> list[Json]:
    return [
        {"type": 0, "keyname": _cut(name, _NAME), "value": _cut(value, _VALUE)}
        for name, value in card.facts
    ]


def _linked(label: str, url: str) -> Json:
    return {"type": 1, "keyname": "链接", "value": _cut(label, _VALUE), "url": url}


def _button(button: Button) -> Json:
    style = _STYLES.get(button.style, 2)
    return {"text": _cut(button.label, _LABEL), "style": style, "key": button.command}


def _cut(text: str, chars: int) -> str:
    return text if len(text) <= chars else text[: chars - 1] + "…"


def _cut_bytes(text: str, limit: int) -> str:
    if len(text.encode()) <= limit:
        return text
    return text.encode()[: limit - 3].decode(errors="ignore") + "…"
