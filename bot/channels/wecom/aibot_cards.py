"""Which cards the AI bot can show, and what takes the place of one that was tapped. Pure.

Source:
    WeCom, 智能机器人 模板卡片 (path/101032): lengths are advice, what is longer is cut on screen.
"""

from __future__ import annotations

from bot.channels.text import plain
from bot.channels.wecom.cards import MOST_BUTTONS, Json, button_interaction, task_id_of, text_notice
from bot.messages import Button, Card

_MOST_FACTS = 6
_MOST_JUMPS = 3
_TITLE, _BODY, _NAME, _VALUE = 26, 112, 5, 26
_KEY_BYTES = 1024
_DONE = "已处理"


def template_card(card: Card, task_id: str = "") -> Json | None:
    """The card, or None when it has nothing to tap or more than the platform takes."""
    if len(card.buttons) > MOST_BUTTONS:
        return None
    if any(len(button.command.encode()) > _KEY_BYTES for button in card.buttons):
        return None
    if card.buttons:
        return button_interaction(card, task_id)
    return {**text_notice(card), "task_id": task_id} if card.links else None


def updated_card(card: Card, task_id: str = "") -> Json:
    """What replaces a tapped card; without buttons of its own it shows that the matter is done."""
    done = Card(title=card.title, body=card.body, facts=card.facts, buttons=(_done_button(),))
    return template_card(card, task_id) or {
        **button_interaction(done, task_id),
        "replace_text": _DONE,
    }


def is_done(card: Json) -> bool:
    """Whether it is a card of :func:`updated_card` that has nothing left to tap."""
    return "replace_text" in card


def is_cut_on_screen(card: Card) -> bool:
    """Whether the card alone would hide some of its words."""
    return (
        len(card.title) > _TITLE
        or len(plain(card.body)) > _BODY
        or len(card.facts) > _MOST_FACTS
        or len(card.links) > (1 if card.buttons else _MOST_JUMPS)
        or any(len(name) > _NAME or len(value) > _VALUE for name, value in card.facts)
    )


def new_task_id(key: str, *seed: str) -> str:
    """Unique per send and equal for a repeat of it; tells which ``key`` the card shows."""
    return task_id_of(Card(title="", key=key), "\0".join(seed))


def _done_button() -> Button:
    return Button(label=_DONE, command=_DONE)
