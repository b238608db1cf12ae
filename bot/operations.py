"""What commands on this machine ask for, done by the server or in the command's own process."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar, cast

from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError

from bot.channels.console import ConsoleChannel, ConsoleSession, printed
from bot.contract import added_json, answer_json, document_json, summary_json
from bot.control import Exchange, Operation, Operations
from bot.errors import UsageError
from bot.messages import ChannelName, Conversation, Sender
from bot.model_writer import ModelUsage
from handlers.ask.actions import Ask
from handlers.documents.actions import Documents, Prepared
from handlers.people.actions import OPERATOR, People, operator
from handlers.records.roster_view import roster_json, roster_view
from knowledge.evaluation import Report, evaluate, read_cases
from knowledge.library import Library
from knowledge.model import Answer, Document, DraftTask, Turn
from knowledge.plan_diff import diff_plans
from knowledge.planning import draft_tasks
from knowledge.plans_json import diff_json, drafts_json
from knowledge.reading import read_file

R = TypeVar("R", bound=BaseModel)
_READ_AT_ONCE = 4
_TELL_EVERY_S = 0.5
_LAST_WORDS_S = 20.0
"""How long a terminal that has nothing more to say waits for what it has asked."""
_ONE_SHOT = Conversation(channel=ChannelName.CONSOLE, id="ask")


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Nothing(_Request):
    pass


class _Question(_Request):
    question: str
    previous: tuple[tuple[str, str], ...] = ()
    is_kept: bool = True


class _Patience(_Request):
    at_most_s: float | None = None


class _Cases(_Request):
    cases: tuple[dict[str, JsonValue], ...]


class _Paths(_Request):
    paths: tuple[str, ...]


class _One(_Request):
    id: str
    by: str | None = None


class _Two(_Request):
    old: str
    new: str


class _Shelf(_Request):
    with_past: bool = False


class _RosterFile(_Request):
    path: str
    is_dry_run: bool = False


class _Person(_Request):
    name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """The actions behind every command; the one who types is the operator."""

    ask: Ask
    documents: Documents
    people: People
    library: Library
    usage: ModelUsage
    console: ConsoleChannel
    hurry: Callable[[str], Awaitable[None]]
    file_limit_bytes: int
    more: Operations = field(default_factory=dict)
    """Those of other desks."""

    def operations(self) -> Operations:
        """By the names that the command line uses."""
        return {
            "ask": _checked(_Question, self._ask),
            "settle": _checked(_Patience, self._settle),
            "usage": _checked(_Nothing, self._usage),
            "evaluate": _checked(_Cases, self._evaluate),
            "documents.add": _checked(_Paths, self._add),
            "documents.list": _checked(_Shelf, self._list),
            "documents.show": _checked(_One, self._show),
            "documents.retire": _checked(_One, self._retire),
            "documents.remove": _checked(_One, self._remove),
            "documents.reindex": _checked(_Nothing, self._reindex),
            "tasks.draft": _checked(_One, self._draft_tasks),
            "tasks.diff": _checked(_Two, self._diff_tasks),
            "roster.import": _checked(_RosterFile, self._import_roster),
            "roster.view": _checked(_Person, self._view_roster),
            "chat": _checked(_Person, self._chat),
            **self.more,
        }

    async def _ask(self, request: _Question, exchange: Exchange) -> JsonValue:
        previous = [Turn(user=user, bot=bot) for user, bot in request.previous]
        if not request.is_kept:
            return answer_json(await self.ask.consider(operator(), request.question, previous))
        answered = await self.ask.ask(operator(), request.question, _ONE_SHOT, previous=previous)
        return answer_json(answered.answer)

    async def _settle(self, request: _Patience, exchange: Exchange) -> JsonValue:
        """Wait for the vectors, so that answers do not depend on when one asks."""
        total = done = 0
        with suppress(TimeoutError):
            async with asyncio.timeout(request.at_most_s):
                while not self.library.is_settled:
                    missing = self.library.missing_vectors
                    total = max(total, missing)
                    done = total - missing
                    await exchange.progress(done, total, "")
                    await self.library.settled(at_most_s=_TELL_EVERY_S)
        return self.library.missing_vectors

    async def _usage(self, request: _Nothing, exchange: Exchange) -> JsonValue:
        return list[JsonValue](await self.usage.said())

    async def _evaluate(self, request: _Cases, exchange: Exchange) -> JsonValue:
        """Ask every case, keeping nothing; the figures come from ``knowledge.evaluation``."""
        try:
            cases = read_cases(request.cases)
        except ValueError as error:
            reply = f"这不是问题文件（{error}），格式见 gold/README.md。"
            raise UsageError("not a question file", reply=reply) from error
        answers: dict[tuple[str, tuple[Turn, ...]], Answer] = {}
        for n, case in enumerate(cases):
            await exchange.progress(n, len(cases), case.id)
            answer = await self.ask.consider(operator(), case.question, case.previous)
            answers[case.question, case.previous] = answer
        await exchange.progress(len(cases), len(cases), "")
        shelved = self.library.documents

        def report() -> Report:
            return evaluate(
                cases,
                lambda question, previous: answers[question, tuple(previous)],
                lambda document_id: shelved[document_id].text,
            )

        return cast("JsonValue", (await asyncio.to_thread(report)).to_json())

    async def _add(self, request: _Paths, exchange: Exchange) -> JsonValue:
        files = await asyncio.to_thread(_files, [Path(path) for path in request.paths])
        results: list[JsonValue] = []
        for start in range(0, len(files), _READ_AT_ONCE):
            some = files[start : start + _READ_AT_ONCE]
            await exchange.progress(start, len(files), some[0][1])
            read = await asyncio.gather(*(self._prepare(path, name) for path, name in some))
            results += [added_json(await self.documents.keep(operator(), one)) for one in read]
        await exchange.progress(len(files), len(files), "")
        return results

    async def _prepare(self, path: Path, name: str) -> Prepared:
        try:
            size = (await asyncio.to_thread(path.stat)).st_size
            if size > self.file_limit_bytes:
                limit = self.file_limit_bytes // 2**20
                return Prepared(file=name, reason=f"文件超过 {limit} MB，太大了，请拆开再加。")
            content = await asyncio.to_thread(path.read_bytes)
        except OSError as error:
            return Prepared(file=name, reason=f"文件打不开（{error.strerror}）。")
        return await self.documents.prepare(name, content)

    async def _list(self, request: _Shelf, exchange: Exchange) -> JsonValue:
        shelf = await self.documents.shelf(operator(), with_past=request.with_past)
        return [summary_json(one) for one in shelf]

    async def _show(self, request: _One, exchange: Exchange) -> JsonValue:
        return document_json(await self.documents.find(operator(), request.id))

    async def _retire(self, request: _One, exchange: Exchange) -> JsonValue:
        return summary_json(await self.documents.retire(operator(), request.id, by=request.by))

    async def _remove(self, request: _One, exchange: Exchange) -> JsonValue:
        return summary_json(await self.documents.remove(operator(), request.id))

    async def _reindex(self, request: _Nothing, exchange: Exchange) -> JsonValue:
        results = await self.documents.reindex(operator(), exchange.progress)
        return [added_json(one) for one in results]

    async def _draft_tasks(self, request: _One, exchange: Exchange) -> JsonValue:
        drafts = await self._drafts_of(request.id)
        return cast("JsonValue", drafts_json(drafts))

    async def _diff_tasks(self, request: _Two, exchange: Exchange) -> JsonValue:
        old, new = await self._drafts_of(request.old), await self._drafts_of(request.new)
        return cast("JsonValue", diff_json(await asyncio.to_thread(diff_plans, old, new)))

    async def _drafts_of(self, place: str) -> tuple[DraftTask, ...]:
        """Of a document in the store, or of a file that is only read."""
        path = Path(place)
        if path.is_absolute() and await asyncio.to_thread(path.is_file):
            document = await self._read(path)
        else:
            document = (await self.documents.find(operator(), place)).document
        return await asyncio.to_thread(draft_tasks, document)

    async def _read(self, path: Path) -> Document:
        try:
            if (await asyncio.to_thread(path.stat)).st_size > self.file_limit_bytes:
                limit = self.file_limit_bytes // 2**20
                raise UsageError("too large", reply=f"文件超过 {limit} MB，太大了，请拆开再读。")
            content = await asyncio.to_thread(path.read_bytes)
        except OSError as error:
            raise UsageError("cannot read", reply=f"文件打不开（{error.strerror}）。") from error
        return await read_file(content, path.name)

    async def _import_roster(self, request: _RosterFile, exchange: Exchange) -> JsonValue:
        path = Path(request.path)
        try:
            content = await asyncio.to_thread(path.read_bytes)
        except OSError as error:
            raise UsageError(
                "cannot read the roster", reply=f"文件打不开（{error.strerror}）。"
            ) from error
        result = await self.people.import_roster(
            operator(), path.name, content, is_dry_run=request.is_dry_run
        )
        return {
            "added": result.added,
            "known": result.known,
            "units": result.units,
            "errors": list(result.errors),
        }

    async def _view_roster(self, request: _Person, exchange: Exchange) -> JsonValue:
        """Everybody, seen as one of them or as nobody."""
        me = None if request.name is None else (await self.people.named(request.name)).member_id
        return roster_json(await self.people.store.read(lambda session: roster_view(session, me)))

    async def _chat(self, request: _Person, exchange: Exchange) -> JsonValue:
        """Talk until the other side hangs up; replies are said as they come."""
        sender = OPERATOR
        if request.name is not None:
            person = await self.people.named(request.name)
            account = person.web_account or f"m{person.member_id}"
            sender = Sender(channel=ChannelName.CONSOLE, account=account, display_name=person.name)
        with self.console.attach(sender) as session:
            await self.hurry(sender.account)
            async with asyncio.TaskGroup() as group:
                showing = group.create_task(_show(session, exchange))
                while isinstance(words := await exchange.heard(), str):
                    await session.say(words)
                with suppress(TimeoutError):
                    async with asyncio.timeout(_LAST_WORDS_S):
                        await session.answered()
                showing.cancel()
        return None


async def _show(session: ConsoleSession, exchange: Exchange) -> None:
    """Say replies as they come, for as long as somebody listens."""
    with suppress(ConnectionError):
        while True:
            await exchange.say(printed(await session.next_reply()))
            session.reply_shown()


def _checked(kind: type[R], work: Callable[[R, Exchange], Awaitable[JsonValue]]) -> Operation:
    async def operation(arguments: Mapping[str, JsonValue], exchange: Exchange) -> JsonValue:
        try:
            request = kind.model_validate(arguments)
        except ValidationError as error:
            raise UsageError(
                "bad arguments", reply="命令和服务器的版本不一致，请重启服务器。"
            ) from error
        return await work(request, exchange)

    return operation


def _files(paths: Sequence[Path]) -> list[tuple[Path, str]]:
    """Every file below ``paths``, folders in order of names; hidden and lock files left out."""
    found: list[tuple[Path, str]] = []
    for path in paths:
        if path.is_dir():
            below = sorted(one for one in path.rglob("*") if one.is_file())
            found += [
                (one, one.relative_to(path).as_posix())
                for one in below
                if not one.name.startswith((".", "~$"))
            ]
        else:
            found.append((path, path.name))
    return found
