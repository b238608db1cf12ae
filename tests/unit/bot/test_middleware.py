from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass

import pytest

from bot.errors import BotError, NotAllowed, UsageError
from bot.messages import IncomingMessage, MessageKind, Reply, Role, Sender
from bot.middleware import (
    GROUP_TOO_FAST,
    TOO_FAST,
    CallNext,
    around,
    message_in_hand,
    roles_held,
)
from bot.routing import Arguments, Router
from tests.fakes.messages import message


@dataclass
class Ticks:
    now_s: float = 0.0

    def __call__(self) -> float:
        return self.now_s


async def _roles(sender: Sender) -> set[Role]:
    return {Role.ADMIN} if sender.account == "admin" else {Role.TEACHER}


def _whole(ticks: Ticks | None = None) -> CallNext:
    async def answer(incoming: IncomingMessage, arguments: Arguments) -> Reply | None:
        if incoming.text == "坏":
            raise LookupError("nobody foresaw this")
        if incoming.text == "错":
            raise UsageError("unclear", reply="请再说清楚一点。")
        if incoming.text == "停":
            raise asyncio.CancelledError
        return Reply(text=f"{message_in_hand.get()} {' '.join(sorted(roles_held.get()))}")

    router = Router(otherwise=answer)
    router.command("管理", to=answer, needs=Role.ADMIN)
    return around(
        router, roles_of=_roles, monotonic=ticks or Ticks(), questions_a_minute=3,
        group_questions_a_minute=6,
    )  # fmt: skip


async def test_a_handler_knows_the_message_and_who_sent_it() -> None:
    assert await _whole()(message("7")) == Reply(text="web:7 teacher")
    assert message_in_hand.get() == "-"


async def test_an_error_becomes_its_reply() -> None:
    assert await _whole()(message("1", "错")) == Reply(text="请再说清楚一点。")


async def test_what_nobody_foresaw_is_logged_and_answered(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.ERROR):
        reply = await _whole()(message("1", "坏"))

    assert reply == Reply(text=BotError.default_reply)
    assert "nobody foresaw this" in caplog.text
    assert "坏" not in caplog.text


async def test_cancellation_passes() -> None:
    with pytest.raises(asyncio.CancelledError):
        await _whole()(message("1", "停"))


async def test_a_command_needs_its_role() -> None:
    whole = _whole()

    refused = await whole(message("1", "/管理"))
    allowed = await whole(message("2", "/管理", sender="admin"))

    assert refused == Reply(text=NotAllowed.default_reply)
    assert allowed is not None
    assert "admin" in allowed.text


async def test_who_asks_too_fast_is_told_so_once_and_others_do_not_wait() -> None:
    ticks = Ticks()
    whole = _whole(ticks)

    replies = [await whole(message(str(n))) for n in range(6)]
    assert replies[:3] == [Reply(text=f"web:{n} teacher") for n in range(3)]
    assert replies[3:] == [Reply(text=TOO_FAST), None, None]
    assert await whole(message("6", sender="other")) == Reply(text="web:6 teacher")

    ticks.now_s += 20
    assert await whole(message("7")) == Reply(text="web:7 teacher")
    assert await whole(message("8")) == Reply(text=TOO_FAST)
    assert await whole(message("9")) is None


async def test_a_group_that_asks_too_fast_is_told_so_once() -> None:
    whole = _whole()

    replies = [
        await whole(message(str(n), sender=f"s{n}", conversation="g", is_group=True))
        for n in range(9)
    ]

    assert replies[6:] == [Reply(text=GROUP_TOO_FAST), None, None]
    assert None not in replies[:6]
    elsewhere = await whole(message("9", sender="s8", conversation="h", is_group=True))
    assert elsewhere == Reply(text="web:9 teacher")


async def test_taps_are_never_too_fast() -> None:
    whole = _whole()

    replies = [await whole(message(str(n), kind=MessageKind.TAP)) for n in range(20)]

    assert Reply(text=TOO_FAST) not in replies
