"""Answers with and without a language model over the same question files, side by side.

python -m bench.writer_quality [--base-url URL --name MODEL] [--set NAME] [--check]

Without an address two scripted stand-ins answer over a real socket: a faithful one, and a careless
one that changes figures, invents clauses and mixes up its sources. Every sentence shown is checked
once more by a second, independent rule. With --check it fails where the model costs anything.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import re
import statistics
import sys
import tempfile
import time
import unicodedata
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import JsonValue

from bench.quality import QuestionSet, Quiet, sets
from bot.app import opened, utc_now
from bot.assembled import App
from bot.config import ModelSettings, Settings
from knowledge.evaluation import Case, Counts, evaluate, read_cases
from knowledge.model import Answer, Turn
from tests.fakes.model_server import FakeModelServer, Say

_BLOCK = re.compile(r"【片段(\d+)】[^\n]*\n(.*?)\n【片段\1完】", re.DOTALL)
_ASKED = re.compile(r"【问题】(.*)", re.DOTALL)
_SHOWN = re.compile(r"[^。！？]+[。！？]+[”’』」）)]*(?:(?:\[\d+\])+[。！？]?)?")
_NO_WORSE = ("evidence_cited", "all_included", "refused_rightly", "verbatim_quotes")
_LEAST_SHARED = 0.6


@dataclass
class Outcome:
    """What one run came to."""

    counts: Counts
    shown: int = 0
    unsupported: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    written: int = 0
    first_words_ms: list[float] = field(default_factory=list)
    whole_ms: list[float] = field(default_factory=list)
    fallbacks: dict[str, int] = field(default_factory=dict)
    dropped: dict[str, int] = field(default_factory=dict)


def faithful(rules: str, words: str) -> str:
    """The sentences of the passages that share most with the question, in slightly other words."""
    asked = _ASKED.search(words)
    pairs = set(itertools.pairwise(asked[1] if asked else ""))
    said = []
    for number, text in _BLOCK.findall(words):
        sentences = [one.strip() for one in re.split(r"(?<=[。；！？\n])", text) if one.strip()]
        best = sorted(sentences, key=lambda one: -len(pairs & set(itertools.pairwise(one))))[:3]
        for one in sorted(best, key=sentences.index):
            bare = re.sub(r"^[（(]?[一二三四五六七八九十\d]+[)）.、．]+", "", one).rstrip(
                "。；！？"
            )
            said.append(f"{bare.replace('不少于', '至少').replace('严禁', '禁止')}[{number}]。")
    return "".join(said)


def careless(rules: str, words: str) -> str:
    """As the faithful one, but every sentence is followed by three wrong ones."""
    numbers = [number for number, _ in _BLOCK.findall(words)]
    said = []
    for one in re.findall(r"[^。]+。", faithful(rules, words)):
        said.append(one)
        said.append(re.sub(r"\d+(?=[^\]\d])", lambda match: str(int(match[0]) + 1), one))
        said.append(one.replace("[", "，并在全省范围内推广先进经验["))
        said.append(re.sub(r"\[\d+\]", f"[{numbers[-1] if numbers[0] in one else '9'}]", one))
    return "".join(one for at, one in enumerate(said) if at % 4 == 0 or one != said[at - at % 4])


async def run(one: QuestionSet, model: ModelSettings) -> Outcome:
    """Ask everything once."""
    with tempfile.TemporaryDirectory() as folder:
        async with opened(Settings(model=model), Path(folder)) as app:
            operations = app.desk.operations()
            paths: list[JsonValue] = [str(path) for path in one.documents]
            await operations["documents.add"]({"paths": paths}, Quiet())
            await operations["settle"]({}, Quiet())
            cases = read_cases(json.loads(one.questions.read_text("utf-8")))
            return await _asked(app, cases)


async def _asked(app: App, cases: Sequence[Case]) -> Outcome:
    answers: dict[tuple[str, tuple[Turn, ...]], Answer] = {}
    outcome = Outcome(counts=evaluate((), lambda question, previous: answers[question, ()]).counts)
    for case in cases:
        started = time.perf_counter()
        quoted = await app.library.quoted(case.question, case.previous, allowed=None, now=utc_now())
        answer, is_first = quoted, True
        async for answer in app.library.written(quoted):
            if is_first:
                outcome.first_words_ms.append((time.perf_counter() - started) * 1000)
                is_first = False
            if answer.text != quoted.text:
                outcome.unsupported += _doubtful(answer)
        outcome.whole_ms.append((time.perf_counter() - started) * 1000)
        outcome.written += answer.text != quoted.text
        outcome.shown += answer.text.count("]。") if answer.text != quoted.text else 0
        answers[case.question, case.previous] = answer
    texts = app.library.documents
    report = evaluate(
        cases, lambda question, previous: answers[question, tuple(previous)],
        lambda document: texts[document].text,
    )  # fmt: skip
    outcome.counts = report.counts
    outcome.lost = [
        f"{row.id} {row.missing}" for row in report.rows if row.answerable and row.missing
    ]
    writer = app.health_pages.usage.writer
    if writer is not None:
        outcome.fallbacks = dict(writer.calls.counters.troubles)
        outcome.dropped = dict(writer.calls.counters.dropped)
    return outcome


def _doubtful(answer: Answer) -> list[str]:
    """The second opinion: figures letter by letter, and the share of character pairs."""
    found = []
    for sentence in _SHOWN.findall(answer.text):
        numbers = [int(number) for number in re.findall(r"\[(\d+)\]", sentence)]
        words = _bare(re.sub(r"\[\d+\]", "", sentence))
        held = _bare("".join(answer.citations[n - 1].quote + answer.citations[n - 1].document
                             for n in numbers if n <= len(answer.citations)))  # fmt: skip
        figures = re.findall(r"[\d.]+|[一二三四五六七八九十百千万]{2,}", words)
        pairs = list(itertools.pairwise(re.sub(r"[^\w]", "", words)))
        shared = sum("".join(pair) in held for pair in pairs)
        if (
            not numbers
            or any(figure not in held for figure in figures)
            or (pairs and shared < _LEAST_SHARED * len(pairs))
        ):
            found.append(sentence)
    return found


def _bare(text: str) -> str:
    return re.sub(r"\s+|[，、；：,;:“”\"]", "", unicodedata.normalize("NFKC", text))


def _print(label: str, outcome: Outcome) -> None:
    counts = {name: getattr(outcome.counts, name) for name in (*_NO_WORSE, "with_forbidden")}
    print(f"  {label}: {json.dumps(counts)}")
    if outcome.first_words_ms:
        print(
            f"    written {outcome.written}, sentences shown {outcome.shown}, unsupported "
            f"{len(outcome.unsupported)}, first words median "
            f"{statistics.median(outcome.first_words_ms):.0f} ms, whole median "
            f"{statistics.median(outcome.whole_ms):.0f} ms"
        )
        print(f"    quoted because {outcome.fallbacks}, sentences dropped {outcome.dropped}")
    if outcome.lost:
        print(f"    not all said: {', '.join(outcome.lost)}")
    for sentence in outcome.unsupported[:5]:
        print(f"    unsupported: {sentence}")


def _costs(without: Outcome, with_model: Outcome) -> bool:
    lost = [n for n in _NO_WORSE if getattr(with_model.counts, n) < getattr(without.counts, n)]
    worse = with_model.counts.with_forbidden > without.counts.with_forbidden
    return bool(lost) or worse or bool(with_model.unsupported)


async def compare(model: ModelSettings | None, only: str | None = None) -> bool:
    """True when no model costs anything on any set."""
    is_good = True
    async with AsyncExitStack() as stack:
        models: list[tuple[str, ModelSettings]] = []
        if model is not None:
            models.append((model.name or "", model))
        else:
            stand_ins: dict[str, Say] = {"faithful": faithful, "careless": careless}
            for name, says in stand_ins.items():
                server = FakeModelServer(says=says, piece_chars=12)
                await server.start()
                stack.push_async_callback(server.stop)
                settings = ModelSettings(
                    name=f"openai:{name}", base_url=server.base_url, day_tokens=None
                )
                models.append((name, settings))
        for one in sets():
            if only not in (None, one.name):
                continue
            print(one.name, flush=True)
            without = await run(one, ModelSettings())
            _print("without", without)
            for name, settings in models:
                outcome = await run(one, settings)
                _print(name, outcome)
                is_good &= not _costs(without, outcome)
    return is_good


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--base-url", help="of a server that speaks like OpenAI")
    parser.add_argument("--name", default="openai:local")
    parser.add_argument("--timeout-s", type=float, default=60)
    parser.add_argument("--set", help="one of the question files alone")
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()
    model = None
    if arguments.base_url:
        model = ModelSettings(
            name=arguments.name, base_url=arguments.base_url, timeout_s=arguments.timeout_s,
            day_tokens=None,
        )  # fmt: skip
    is_good = asyncio.run(compare(model, arguments.set))
    return 1 if arguments.check and not is_good else 0


if __name__ == "__main__":
    sys.exit(main())
