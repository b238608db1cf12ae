"""A ``Card`` as the AI bot's template card. Pure.

Source:
    WeCom, 智能机器人 模板卡片 (path/101032): lengths are advice, what is longer is cut on screen.
"""

from __future__ import annotations

import hashlib

from bot.channels.text import plain
from bot.channels.wecom.aibot_frames import JsonObject
from bot.messages import Card

_MOST_BUTTONS = 6
_MOST_FACTS = 6
_MOST_LINKS = 3
_BODY_CHARS = 112
_FACT_CHARS = 26
_KEY_BYTES = 1024
_STYLES = {"primary": 1, "danger": 3, "plain": 4}
_DONE = "已处理"


def template_card(card: Card) -> JsonObject | None:
    """The card without its ``task_id``; None when it has nothing to tap or too much for a card."""
    if len(card.buttons) > _MOST_BUTTONS:
        return None
    if any(len(button.command.encode()) > _KEY_BYTES for button in card.buttons):
        return None
    if card.buttons:
        return _button_card(card)
    return _notice_card(card) if card.links else None


def updated_card(card: Card) -> JsonObject:
    """What replaces a tapped card; without buttons of its own it shows that the matter is done."""
    grey = [{"text": _DONE, "style": _STYLES["plain"], "key": _DONE}]
    done = {"card_type": "button_interaction", **_words(card), "button_list": grey}
    return template_card(card) or {**done, "replace_text": _DONE}


def shows(task: str, key: str) -> bool:
    """Whether the card sent as ``task`` is about ``key``."""
    return task.partition("@")[0] == _digest(key)[:16]


def is_cut_on_screen(card: Card) -> bool:
    """Whether the card alone would hide some of its words."""
    return (
        len(card.body) > _BODY_CHARS
        or len(card.facts) > _MOST_FACTS
        or len(card.links) > (1 if card.buttons else _MOST_LINKS)
        or any(len(value) > _FACT_CHARS for _, value in card.facts)
    )


def task_id(key: str, *seed: str) -> str:
    """Unique per send, equal for a repeat of it; begins with a digest of the card's ``key``."""
    return f"{_digest(key)[:16]}@{_digest(*seed)[:32]}"


def _button_card(card: Card) -> JsonObject:
    buttons = [
        {"text": button.label, "style": _STYLES.get(button.style, 1), "key": button.command}
        for button in card.buttons
    ]
    shown = {"card_type": "button_interaction", **_words(card), "button_list": buttons}
    if card.links:
        shown["card_action"] = {"type": 1, "url": card.links[0].url}
    return shown


def _notice_card(card: Card) -> JsonObject:
    links = [{"type": 1, "title": link.label, "url": link.url} for link in card.links]
    return {
        "card_type": "text_notice",
        **_words(card),
        "jump_list": links[:_MOST_LINKS],
        "card_action": {"type": 1, "url": card.links[0].url},
    }


def _words(card: Card) -> dict[str, object]:
    words: dict[str, object] = {"main_title": {"title": card.title}}
    if card.body:
        words["sub_title_text"] = plain(card.body)
    if card.facts:
        words["horizontal_content_list"] = [
            {"keyname": name, "value": value} for name, value in card.facts[:_MOST_FACTS]
        ]
    return words


def _digest(*seed: str) -> str:
    return hashlib.sha256("\0".join(seed).encode()).hexdigest()
