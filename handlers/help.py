"""/帮助: what this person may do, from the command table."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

from bot.arguments import Arguments
from bot.messages import IncomingMessage, Reply, Role
from bot.routing import Command
from handlers.people.actions import People

Visible = Callable[[Collection[Role]], Sequence[Command]]

_INTRODUCTION = (
    "直接打字问就行，我从文件里找出原话来回答，并写明出自哪一条；文件里没写的，我会直说。"
)


@dataclass(slots=True)
class Help:
    """Built before the router, which it is told of afterwards."""

    people: People
    visible: Visible = field(default=lambda roles: ())

    async def help(self, message: IncomingMessage, arguments: Arguments) -> Reply:
        """/帮助 [命令]."""
        actor = await self.people.actor(message.sender)
        commands = self.visible(actor.every_role)
        wanted = arguments.text.lstrip("/／").strip()
        if wanted:
            commands = _meant(commands, wanted)
        lines = [_line(one) for one in commands]
        return Reply(text="\n".join([_INTRODUCTION, "", *lines] if not wanted else lines))


def _meant(commands: Sequence[Command], wanted: str) -> Sequence[Command]:
    """The one of this name, else those whose names or words it stands in, else all."""
    word = unicodedata.normalize("NFKC", wanted).casefold()
    named = [one for one in commands if word in one.names]
    near = [one for one in commands if any(word in text for text in (*one.names, one.help))]
    return named or near or commands


def _line(command: Command) -> str:
    example = f"　例：{command.example}" if command.example else ""
    return f"- /{command.names[0]}　{command.help}{example}"
