"""``ask``, ``chat`` and ``evaluate``."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.running import (
    DATA,
    Caller,
    ConfigOption,
    DataOption,
    JsonOption,
    Place,
    print_json,
    progress_bar,
    run_command,
    settle,
    unheard,
)
from bot.errors import UsageError

if TYPE_CHECKING:
    from pydantic import JsonValue


PATIENCE_S = 5.0
"""How long one question waits for the model that finds by meaning."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    id: str
    question: str
    previous: list[JsonValue]


def ask(
    question: Annotated[str | None, typer.Argument(help="要问的话。", show_default=False)] = None,
    previous: Annotated[
        list[str] | None, typer.Option(help="前面问过的话，可以写多次。", show_default=False)
    ] = None,
    batch: Annotated[
        Path | None,
        typer.Option(help="一行一个问题的 .jsonl 文件；写 - 从标准输入读。", show_default=False),
    ] = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
    data: DataOption = DATA,
) -> None:
    """问一个问题，或用 --batch 问一批。"""
    if (question is None) == (batch is None):
        raise typer.BadParameter("请写一个问题，或用 --batch 给一个文件（只能选一样）。")
    place = Place(config=config, data=data)

    async def work() -> None:
        async with place.caller() as caller:
            if batch is not None:
                await settle(caller)
                await _ask_batch(caller, batch)
                return
            if caller.is_local:
                await settle(caller, at_most_s=PATIENCE_S)
            arguments: dict[str, JsonValue] = {
                "question": question,
                "previous": [[turn, ""] for turn in previous or []],
            }
            answer = await caller.run("ask", arguments, hear=unheard)
            if as_json:
                print_json(answer)
            else:
                _print_answer(answer)

    run_command(place, work)


async def _ask_batch(caller: Caller, batch: Path) -> None:
    for case in _cases(batch):
        arguments: dict[str, JsonValue] = {
            "question": case.question,
            "previous": case.previous,
            "is_kept": False,
        }
        answer = await caller.run("ask", arguments, hear=unheard)
        fields = answer if isinstance(answer, dict) else {}
        print(json.dumps({"id": case.id, **fields}, ensure_ascii=False), flush=True)


def _cases(batch: Path) -> Iterator[_Case]:
    """Raises ``UsageError`` naming the line that is not a question."""
    try:
        text = sys.stdin.read() if str(batch) == "-" else batch.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError("cannot read the batch", reply=f"文件 {batch} 读不了。") from error
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            fields = json.loads(line)
            turns: list[JsonValue] = [
                [str(turn["user"]), str(turn.get("bot") or "")]
                for turn in fields.get("previous") or []
            ]
            yield _Case(id=fields["id"], question=str(fields["question"]), previous=turns)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            reply = f'第 {number} 行读不懂，要写成 {{"id": "…", "question": "…"}} 这样的 JSON。'
            raise UsageError("bad line in the batch", reply=reply) from error


def _print_answer(answer: JsonValue) -> None:
    if not isinstance(answer, Mapping):
        return
    print(answer["answer"])
    cautions, citations = answer["cautions"], answer["citations"]
    if isinstance(cautions, list) and cautions:
        print(f"（请留意：{'；'.join(map(str, cautions))}）")
    if isinstance(citations, list) and citations:
        print("\n出处：")
        for number, one in enumerate(citations, 1):
            if isinstance(one, Mapping):
                print(f"[{number}] 《{one['document']}》{one['locator']}")


def chat(
    member: Annotated[
        str | None, typer.Option("--as", help="以花名册里谁的身份。", show_default=False)
    ] = None,
    config: ConfigOption = None,
    data: DataOption = DATA,
) -> None:
    """在终端里聊天；空行或 Ctrl-D 结束。"""
    place = Place(config=config, data=data)

    def hear(kind: str, value: JsonValue) -> None:
        if kind == "say":
            print(f"\n{value}\n", flush=True)

    async def work() -> None:
        async with place.caller(with_loops=True) as caller:
            print("直接问就行；/帮助 看能做什么，Ctrl-D 结束。", file=sys.stderr)
            await caller.run("chat", {"name": member}, hear=hear, words=_typed())

    run_command(place, work)


async def _typed() -> AsyncIterator[JsonValue]:
    """Lines as they are typed, read off the loop."""
    prompt = "> " if sys.stdin.isatty() else ""
    while True:
        print(prompt, end="", file=sys.stderr, flush=True)
        line = await asyncio.to_thread(sys.stdin.readline)
        if not line:
            return
        if line.strip():
            yield line.strip()


def evaluate(
    questions: Annotated[Path, typer.Argument(help="问题文件，格式见 gold/README.md。")],
    as_json: JsonOption = False,
    config: ConfigOption = None,
    data: DataOption = DATA,
) -> None:
    """用一份有标准答案的问题文件，量一量回答得怎么样。"""
    place = Place(config=config, data=data)

    async def work() -> None:
        try:
            cases = json.loads(questions.read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise UsageError("cannot read questions", reply=f"{questions} 读不了。") from error
        async with place.caller() as caller:
            await settle(caller)
            with progress_bar("正在提问") as hear:
                report = await caller.run("evaluate", {"cases": cases}, hear=hear)
        if as_json:
            print_json(report)
        elif isinstance(report, Mapping):
            _print_report(report)

    run_command(place, work)


def _print_report(report: Mapping[str, JsonValue]) -> None:
    counts, rows = report["counts"], report["rows"]
    if not isinstance(counts, Mapping) or not isinstance(rows, list):
        return
    lines = (
        ("能答的题里，引用了依据的", "evidence_cited", "answerable"),
        ("能答的题里，要点都答到的", "all_included", "answerable"),
        ("能答的题里，误说没有的", "refused_wrongly", "answerable"),
        ("不能答的题里，如实说没有的", "refused_rightly", "unanswerable"),
        ("与原文一字不差的引文", "verbatim_quotes", "quotes"),
    )
    for row in rows:
        if isinstance(row, Mapping) and (
            row["answered"] != row["answerable"] or row["missing"] or row["forbidden"]
        ):
            print(f"{row['id']}  {row['question']}\n    {row['answer']}")
    for words, name, of in lines:
        print(f"{words}：{counts[name]} / {counts[of]}")
    print(f"说了不该说的：{counts['with_forbidden']}")
