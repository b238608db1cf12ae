"""Which handler gets a message: commands, phrases, plain text, taps, feedback."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Awaitable, Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from pypinyin import lazy_pinyin

from bot.arguments import Arguments
from bot.errors import UnknownCommand
from bot.messages import IncomingMessage, MessageKind, Reply, Role

__all__ = ["Arguments", "Command", "Handler", "Match", "Pass", "Router"]

Handler = Callable[[IncomingMessage, Arguments], Awaitable[Reply | None]]
Predicate = Callable[[IncomingMessage], bool]

_SUGGESTIONS = 3
_ALIKE = 0.5
_QUOTES = {'"': '"', "“": "”", "「": "」", "'": "'", "‘": "’"}
_WORD = re.compile(
    "|".join(rf"{opening}(?P<q{n}>[^{closing}]*){closing}"
             for n, (opening, closing) in enumerate(_QUOTES.items()))
    + r"|[@＠](?P<mention>\S+)|(?P<plain>\S+)"
)  # fmt: skip
_ADDRESSED = re.compile(r"^(?:[@＠]\S+\s+)+(?=[/／])")
_GLUED = re.compile(r"[^\W\d_]")
"""What may not follow a command's name directly: a letter of any script."""


class Pass(Exception):
    """Raised by a phrase's handler: not mine after all, ask the next."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One line of the command table. ``names`` may have two words: a sub-command."""

    names: tuple[str, ...]
    to: Handler
    needs: frozenset[Role] = frozenset()
    """Any of these roles; none for everyone."""
    help: str = ""
    example: str = ""
    is_hidden: bool = False
    is_fast: bool = False

    def is_open_to(self, roles: Collection[Role]) -> bool:
        """An admin may use every command; everyone on the roster is at least a teacher."""
        if not self.needs or Role.ADMIN in roles or self.needs & set(roles):
            return True
        return Role.TEACHER in self.needs and any(role is not Role.GUEST for role in roles)


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """Who gets a message. For an unknown command ``suggestions`` names those that are alike."""

    to: Handler
    arguments: Arguments
    command: Command | None = None
    suggestions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Phrase:
    predicate: Predicate
    to: Handler
    is_fast: bool


class Router:
    """Built once from ``handlers.routes``; the first that fits gets the message.

    In a group only what mentions the bot is for it: no command, no check-in word without that.
    """

    def __init__(
        self,
        *,
        otherwise: Handler,
        feedback: Handler | None = None,
        enter: Handler | None = None,
        media: Handler | None = None,
    ) -> None:
        self._otherwise = otherwise
        self._by_kind = {
            MessageKind.FEEDBACK: feedback or _silence,
            MessageKind.ENTER: enter or _silence,
        }
        self._media = media or otherwise
        self._commands: dict[str, Command] = {}
        self._phrases: list[_Phrase] = []

    def command(
        self,
        *names: str,
        to: Handler,
        needs: Role | Collection[Role] = (),
        help: str = "",
        example: str = "",
        is_hidden: bool = False,
        is_fast: bool = False,
    ) -> None:
        """Add a line to the table; the first name is the one shown.

        Raises:
            ValueError: A name is taken, or there is none.
        """
        roles = frozenset({needs} if isinstance(needs, Role) else needs)
        command = Command(
            names=names,
            to=to,
            needs=roles,
            help=help,
            example=example,
            is_hidden=is_hidden,
            is_fast=is_fast,
        )
        keys = [_key(name) for name in names]
        if not keys or any(key in self._commands for key in keys):
            raise ValueError(f"command names missing or taken: {names}")
        self._commands |= dict.fromkeys(keys, command)

    def phrase(self, predicate: Predicate, *, to: Handler, is_fast: bool = True) -> None:
        """Give plain text that ``predicate`` knows to ``to``, before it counts as a question.

        The handler may raise ``Pass``. Fast ones wait for no question and are never refused.
        """
        self._phrases.append(_Phrase(predicate=predicate, to=to, is_fast=is_fast))

    @property
    def commands(self) -> Sequence[Command]:
        """Every line of the table, hidden ones too."""
        return list(dict.fromkeys(self._commands.values()))

    def visible(self, roles: Collection[Role] = ()) -> Sequence[Command]:
        """What /帮助 lists for someone, in the order of the table."""
        return [
            command
            for command in self.commands
            if not command.is_hidden and command.is_open_to(roles)
        ]

    def match(self, message: IncomingMessage) -> Match:
        """Who gets ``message`` first."""
        return next(self._candidates(message))

    def is_fast(self, message: IncomingMessage) -> bool:
        """Whether it takes the fast lane: taps, feedback, check-in words, confirmations.

        What is not addressed to the bot takes it too, since nobody may be told that the bot is
        busy who did not talk to it.
        """
        if not message.is_mention:
            return True
        if message.kind in (MessageKind.TAP, MessageKind.FEEDBACK, MessageKind.ENTER):
            return True
        command = self._command(message.text)
        if command is not None:
            return command.command is not None and command.command.is_fast
        return any(phrase.is_fast and phrase.predicate(message) for phrase in self._phrases)

    async def handle(self, message: IncomingMessage) -> Reply | None:
        """Call the first handler that does not pass."""
        for match in self._candidates(message):
            try:
                return await match.to(message, match.arguments)
            except Pass:
                continue
        return None

    def _candidates(self, message: IncomingMessage) -> Iterator[Match]:
        arguments = Arguments(text=message.text)
        if not message.is_mention:
            yield Match(to=_silence, arguments=arguments)
            return
        by_kind = self._by_kind.get(message.kind)
        if by_kind is not None:
            yield Match(to=by_kind, arguments=arguments)
            return
        command = self._command(message.text)
        if command is not None:
            yield command
            return
        for phrase in self._phrases:
            if phrase.predicate(message):
                yield Match(to=phrase.to, arguments=arguments)
        is_media = message.kind is MessageKind.MEDIA
        yield Match(to=self._media if is_media else self._otherwise, arguments=arguments)

    def _command(self, text: str) -> Match | None:
        typed = _ADDRESSED.sub("", text.strip())
        if typed[:1] not in ("/", "／"):
            return None
        typed = typed[1:].strip()
        return self._by_words(typed) or self._glued(typed) or self._unknown(typed)

    def _by_words(self, typed: str) -> Match | None:
        pieces = list(re.finditer(r"\S+", typed))
        for count in (2, 1):
            if count > len(pieces):
                continue
            command = self._commands.get(_key(" ".join(p.group() for p in pieces[:count])))
            if command is not None:
                rest = typed[pieces[count - 1].end() :].strip()
                return Match(to=command.to, arguments=_arguments(rest), command=command)
        return None

    def _glued(self, typed: str) -> Match | None:
        """``/来源1`` means ``/来源 1``; letters may not follow, or typos would be commands."""
        for length in range(len(typed) - 1, 0, -1):
            command = self._commands.get(_key(typed[:length]))
            if command is not None and not _GLUED.match(typed[length]):
                rest = typed[length:].strip()
                return Match(to=command.to, arguments=_arguments(rest), command=command)
        return None

    def _unknown(self, typed: str) -> Match:
        name = _key(typed.split()[0]) if typed else ""
        shown = {key: command.names[0] for key, command in self._commands.items()
                 if not command.is_hidden}  # fmt: skip
        scored = sorted(((_likeness(name, key), key) for key in shown), reverse=True)
        alike = dict.fromkeys(shown[key] for score, key in scored if score >= _ALIKE)
        suggestions = tuple(alike)[:_SUGGESTIONS]

        async def refuse(message: IncomingMessage, arguments: Arguments) -> Reply | None:
            reply = (
                f"你是不是要 {' 或 '.join('/' + s for s in suggestions)}？" if suggestions else None
            )
            raise UnknownCommand("no such command", reply=reply)

        return Match(to=refuse, arguments=_arguments(""), suggestions=suggestions)


async def _silence(message: IncomingMessage, arguments: Arguments) -> Reply | None:
    return None


def _key(name: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def _arguments(rest: str) -> Arguments:
    words: list[str] = []
    mentions: list[str] = []
    for found in _WORD.finditer(rest):
        if found["mention"] is not None:
            mentions.append(found["mention"])
        else:
            words.append(next(value for value in found.groups() if value is not None))
    return Arguments(text=rest, words=tuple(words), mentions=tuple(mentions))


def _likeness(typed: str, name: str) -> float:
    """From 0 to 1; what sounds the same was chosen wrongly from an input method's list."""
    if not typed:
        return 0.0
    if name.startswith(typed) or typed.startswith(name) or _sound(typed) == _sound(name):
        return 1.0
    return SequenceMatcher(None, typed, name).ratio()


def _sound(name: str) -> str:
    return "".join(lazy_pinyin(name))
