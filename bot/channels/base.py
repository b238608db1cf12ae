"""What a channel can do, as small capabilities. Callers ask for one and have a fallback."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal, Protocol, runtime_checkable

from bot.messages import ChannelName, Conversation, IncomingMessage, Reply
from handlers.backups.shortage import Cost, Quota

Accept = Callable[[IncomingMessage], Awaitable[bool]]
"""Stores a message durably; False when it was there already. Returns before any work is done."""

ReadBlob = Callable[[str], Awaitable[bytes]]
"""The bytes of a stored blob by its id."""

_MARGIN_S = 1800.0
"""Before a platform forgets, nothing is trusted to it any more."""


class Guarantee(StrEnum):
    """What a send can promise when its outcome is in doubt."""

    ONCE = "once"
    """The platform drops a repeat of the same bytes within ``dedupe_window_s``."""
    AT_LEAST_ONCE = "at_least_once"
    """A repeat arrives twice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where a part goes. ``accounts`` are the recipients of one request, frozen in their order."""

    conversation: Conversation
    accounts: tuple[str, ...] = ()
    reply_to: str | None = None
    reply_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A platform took it. ``refused`` maps an account to a Chinese reason (partial failure)."""

    provider_id: str | None = None
    refused: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """One line of /readyz; ``detail`` is Chinese and says what to do."""

    is_ready: bool
    detail: str = ""


@runtime_checkable
class Channel(Protocol):
    """Lives from ``start`` to ``stop``, which cancels and awaits every task it started."""

    name: ChannelName

    async def start(self) -> None: ...
    async def stop(self) -> None: ...
    def health(self) -> Health: ...


@runtime_checkable
class Sends(Protocol):
    """Renders a reply into the bytes of one or more requests, and sends one of them.

    ``render`` is pure but for media: same reply, same target, same parts. ``send`` raises
    ``ChannelUnavailable`` (surely not sent), ``ChannelRefused`` (never will be) or
    ``OutcomeUnknown`` (request left, no answer).
    """

    name: ChannelName
    guarantee: Guarantee
    dedupe_window_s: float

    async def render(
        self, reply: Reply, target: Target, read_blob: ReadBlob
    ) -> Sequence[bytes]: ...
    async def send(self, part: bytes, target: Target, delivery_id: str) -> Sent: ...
    def wait_s(self, target: Target, now: datetime) -> float:
        """Seconds until the platform's budget lets this target have another message; 0 = now."""
        ...


@runtime_checkable
class RemembersSome(Protocol):
    """Its platform drops repeats of some parts, whatever the channel's ``guarantee``."""

    def remembered_until(self, part: bytes, first_try_at: datetime) -> datetime | None:
        """Until when a repeat of ``part`` arrives nowhere; None when it would arrive."""
        ...


def remembers(channel: Sends, part: bytes, first_try_at: datetime, now: datetime) -> bool:
    """Whether the platform surely still drops a repeat of ``part``."""
    window_s = channel.dedupe_window_s if channel.guarantee is Guarantee.ONCE else 0.0
    if isinstance(channel, RemembersSome):
        until = channel.remembered_until(part, first_try_at)
        window_s = 0.0 if until is None else (until - first_try_at).total_seconds()
    age_s = (now - first_try_at).total_seconds()
    return window_s > 0 and age_s <= max(window_s - _MARGIN_S, window_s / 2)


@runtime_checkable
class Streams(Protocol):
    """Shows a growing answer; each item is the full text so far. The outbox stores the end."""

    async def stream(self, texts: AsyncIterator[str], target: Target) -> bool:
        """Send until exhausted; False when the platform gave up and the final text must be sent."""
        ...


@runtime_checkable
class KeepsPrivacy(Protocol):
    """Shows a private reply to a group's message in the asker's own chat, by its ``reply_to``."""

    keeps_privacy: Literal[True]


@runtime_checkable
class Merges(Protocol):
    """Says what waits for one conversation in one message, since the platform takes few of them."""

    def may_merge(self, reply: Reply) -> bool:
        """Whether it may be said together with others."""
        ...

    def merge(self, replies: Sequence[Reply]) -> Reply:
        """All of them may be; nothing of them is lost, and nothing said twice."""
        ...


@runtime_checkable
class UpdatesCards(Protocol):
    """Replaces a card that was sent, or greys its buttons."""

    async def update_card(self, reply: Reply, target: Target, provider_id: str) -> None: ...


@runtime_checkable
class RefreshesCards(Protocol):
    """Changes a card that was sent, at any time: nobody has to have tapped it."""

    refresh_every_s: float
    """No more often."""
    refreshes_once: bool
    """The platform takes one change of a card; it is kept for the end of what the card shows."""

    async def refresh_card(self, reply: Reply, target: Target, provider_id: str) -> None:
        """Raises ``ChannelError`` when it stays as it was."""
        ...


@runtime_checkable
class Recalls(Protocol):
    """Takes a sent message back within the platform's window."""

    async def recall(self, provider_id: str) -> None: ...


@runtime_checkable
class Downloads(Protocol):
    """Fetches an attachment's bytes by its opaque source, only from the platform's hosts."""

    async def download(self, source: str, limit_bytes: int) -> bytes: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Downloaded:
    """A file as it was sent; ``name`` is empty where the platform names none."""

    content: bytes
    name: str


@runtime_checkable
class NamesDownloads(Protocol):
    """``Downloads``, where a file's name comes with its bytes only."""

    async def download_named(self, source: str, limit_bytes: int) -> Downloaded: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectoryUnit:
    """A department as the platform has it."""

    id: str
    name: str
    parent_id: str | None
    order: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectoryMember:
    """A member as the platform has them."""

    account: str
    name: str
    unit_ids: tuple[str, ...]
    is_active: bool = True
    mobile: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Directory:
    """What the app may see of a platform's address book."""

    units: tuple[DirectoryUnit, ...]
    members: tuple[DirectoryMember, ...]


@runtime_checkable
class ReadsDirectory(Protocol):
    """Lists the platform's departments and members that the app may see."""

    async def read_directory(self) -> Directory: ...


@runtime_checkable
class HasQuota(Protocol):
    """Knows how much the platform still lets one do; the admins are warned when it is little."""

    async def quotas(self) -> Sequence[Quota]: ...


@runtime_checkable
class KnowsCosts(Protocol):
    """Knows what asking many people something takes of its quotas."""

    async def cost_of_asking(self, people: int, *, is_invited: bool) -> Sequence[Cost]:
        """``is_invited``: each in private; otherwise at once, in a group. All of them answer."""
        ...


@runtime_checkable
class SignsIn(Protocol):
    """Platform login for the pages."""

    def sign_in_url(self, redirect_to: str, state: str) -> str:
        """Where to send a browser; it comes back with ``code`` and the same ``state``.

        ``state`` is 1-128 letters and digits.
        """
        ...

    async def account_of(self, code: str) -> str:
        """Who signed in; a code serves once.

        Raises:
            NotAllowed: The code is used up, or belongs to an outsider.
        """
        ...


@runtime_checkable
class SignsInInside(Protocol):
    """``SignsIn``, and silently where a page is opened inside the platform's own program."""

    def is_inside(self, user_agent: str) -> bool:
        """Whether that is the platform's program."""
        ...

    def inside_sign_in_url(self, redirect_to: str, state: str) -> str:
        """As ``sign_in_url``; the browser comes back by itself."""
        ...

    async def account_of(self, code: str) -> str:
        """As that of ``SignsIn``."""
        ...
