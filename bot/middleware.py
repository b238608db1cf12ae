"""Around every handler, in one fixed order.

Log context, errors to replies, who is this, how fast do they ask, the role a command needs.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Sequence
from contextvars import ContextVar
from functools import partial

from bot.buckets import Buckets
from bot.errors import BotError, NotAllowed
from bot.logs import message_in_hand
from bot.messages import IncomingMessage, Reply, Role, Sender
from bot.routing import Router
from handlers.people.actions import LookedUp, looked_up

logger = logging.getLogger(__name__)

CallNext = Callable[[IncomingMessage], Awaitable[Reply | None]]
Middleware = Callable[[IncomingMessage, CallNext], Awaitable[Reply | None]]
RolesOf = Callable[[Sender], Awaitable[Collection[Role]]]

QUESTIONS_A_MINUTE = 20
GROUP_QUESTIONS_A_MINUTE = 60
TOO_FAST = "您问得有点快，请过一会儿再问；这期间发的就不一一回了。"
GROUP_TOO_FAST = "这个群里问得有点快，请过一会儿再问；这期间发的就不一一回了。"

roles_held: ContextVar[Collection[Role]] = ContextVar("roles_held", default=(Role.GUEST,))
"""What the sender of the message in hand is, in any unit."""


def around(
    router: Router,
    *,
    roles_of: RolesOf,
    monotonic: Callable[[], float],
    questions_a_minute: int = QUESTIONS_A_MINUTE,
    group_questions_a_minute: int = GROUP_QUESTIONS_A_MINUTE,
    inner: Sequence[Middleware] = (),
    refusals: Counter[str] | None = None,
) -> CallNext:
    """Everything a message goes through, the router's handler innermost.

    ``inner`` stands right around the handler: what only an allowed message is worth. ``refusals``
    counts by reason.
    """
    refused: Counter[str] = Counter() if refusals is None else refusals
    return chain(
        [
            log_context,
            errors_to_replies(refused),
            identify(roles_of),
            RateLimit(
                router,
                persons=Buckets(monotonic=monotonic, a_minute=questions_a_minute),
                groups=Buckets(monotonic=monotonic, a_minute=group_questions_a_minute),
                refusals=refused,
            ),
            permit(router),
            *inner,
        ],
        router.handle,
    )


def chain(middlewares: Sequence[Middleware], innermost: CallNext) -> CallNext:
    """The first of ``middlewares`` is the outermost."""
    call = innermost
    for middleware in reversed(middlewares):
        call = partial(_call, middleware, call)
    return call


async def _call(
    middleware: Middleware, call_next: CallNext, message: IncomingMessage
) -> Reply | None:
    return await middleware(message, call_next)


async def log_context(message: IncomingMessage, call_next: CallNext) -> Reply | None:
    """Name the message in every log line that its handling writes."""
    token = message_in_hand.set(f"{message.channel}:{message.message_id}")
    try:
        return await call_next(message)
    finally:
        message_in_hand.reset(token)


def errors_to_replies(refusals: Counter[str]) -> Middleware:
    """Say what went wrong, kindly; what nobody foresaw goes to the log whole."""

    async def middleware(message: IncomingMessage, call_next: CallNext) -> Reply | None:
        try:
            return await call_next(message)
        except BotError as error:
            logger.info("refused: %s", error)
            refusals["not_allowed"] += isinstance(error, NotAllowed)
            return Reply(text=error.reply)
        except Exception:
            logger.exception("failed")
            refusals["failed"] += 1
            return Reply(text=BotError.default_reply)

    return middleware


def identify(roles_of: RolesOf) -> Middleware:
    """Look up what the sender is."""

    async def middleware(message: IncomingMessage, call_next: CallNext) -> Reply | None:
        known = looked_up.set(LookedUp())
        token = roles_held.set(await roles_of(message.sender))
        try:
            return await call_next(message)
        finally:
            roles_held.reset(token)
            looked_up.reset(known)

    return middleware


class RateLimit:
    """A token bucket per person and per group, for what takes the slow lane; the fast is free.

    Who is too fast is told so once, then nothing until they are in time again.
    """

    def __init__(
        self, router: Router, *, persons: Buckets, groups: Buckets, refusals: Counter[str]
    ) -> None:
        self._router = router
        self._refusals = refusals
        self._persons = persons
        self._groups = groups

    async def __call__(self, message: IncomingMessage, call_next: CallNext) -> Reply | None:
        if self._router.is_fast(message):
            return await call_next(message)
        sender, conversation = message.sender, message.conversation
        person = (sender.channel.platform, sender.account)
        if not self._persons.take(person):
            self._refusals["too_fast"] += 1
            return Reply(text=TOO_FAST) if self._persons.tell(person) else None
        group = (conversation.channel.platform, conversation.id)
        if conversation.is_group and not self._groups.take(group):
            self._refusals["group_too_fast"] += 1
            return Reply(text=GROUP_TOO_FAST) if self._groups.tell(group) else None
        return await call_next(message)


def permit(router: Router) -> Middleware:
    """Refuse a command that the sender's roles do not cover."""

    async def middleware(message: IncomingMessage, call_next: CallNext) -> Reply | None:
        command = router.match(message).command
        if command is not None and not command.is_open_to(roles_held.get()):
            raise NotAllowed(f"command {command.names[-1]} needs another role")
        return await call_next(message)

    return middleware
