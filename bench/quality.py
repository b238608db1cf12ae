"""Answers over question files: evidence, completeness, honest refusals, verbatim quotes.

python -m bench.quality [--floors]

Always the project's held-out set; also the shared one where YAODIAN_SHARED points to it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import JsonValue

from bot.app import opened
from bot.config import Settings

HERE = Path(__file__).parent
HELDOUT = HERE.parent / "tests" / "heldout"


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionSet:
    """``floors`` are the least counts, or the most for what must stay rare."""

    name: str
    documents: tuple[Path, ...]
    questions: Path
    floors: Mapping[str, int]


def sets() -> list[QuestionSet]:
    found = [
        QuestionSet(
            name="heldout",
            documents=tuple(sorted((HELDOUT / "documents").iterdir())),
            questions=HELDOUT / "gold" / "qa.json",
            floors=json.loads((HERE / "floors.json").read_text("utf-8"))["heldout"],
        )
    ]
    shared = Path(os.environ.get("YAODIAN_SHARED", "/nonexistent"))
    if (shared / "gold" / "qa-dev.json").exists():
        found.append(
            QuestionSet(
                name="qa-dev",
                documents=tuple(sorted((shared / "seeds").glob("*.txt"))),
                questions=shared / "gold" / "qa-dev.json",
                floors=json.loads((HERE / "floors.json").read_text("utf-8"))["qa-dev"],
            )
        )
    return found


async def measure(one: QuestionSet) -> dict[str, int]:
    """Read the documents, ask everything, count."""
    with tempfile.TemporaryDirectory() as folder:
        async with opened(Settings(), Path(folder)) as app:
            operations = app.desk.operations()
            exchange = Quiet()
            paths: list[JsonValue] = [str(path) for path in one.documents]
            await operations["documents.add"]({"paths": paths}, exchange)
            await operations["settle"]({}, exchange)
            cases: JsonValue = json.loads(one.questions.read_text("utf-8"))
            report = await operations["evaluate"]({"cases": cases}, exchange)
    counts = report["counts"] if isinstance(report, dict) else None
    if not isinstance(counts, dict):
        raise TypeError("an evaluation has counts")
    return {name: int(str(count)) for name, count in counts.items()}


class Quiet:
    """An exchange nobody listens to."""

    async def progress(self, done: int, total: int, label: str) -> None: ...

    async def say(self, words: JsonValue) -> None: ...

    async def heard(self) -> JsonValue:
        return None


def below(counts: Mapping[str, int], floors: Mapping[str, int]) -> list[str]:
    """What has fallen; ``refused_wrongly`` and ``with_forbidden`` may not rise."""
    rare = {"refused_wrongly", "with_forbidden"}
    return [
        f"{name}: {counts[name]}, floor {floor}"
        for name, floor in floors.items()
        if (counts[name] > floor if name in rare else counts[name] < floor)
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--floors", action="store_true", help="fail below bench/floors.json")
    arguments = parser.parse_args()
    failed = False
    for one in sets():
        counts = asyncio.run(measure(one))
        print(one.name, json.dumps(counts))
        whole = {"verbatim_quotes": counts["quotes"]}
        for line in below(counts, {**one.floors, **whole}):
            print(f"  below the floor: {line}")
            failed = True
    return 1 if failed and arguments.floors else 0


if __name__ == "__main__":
    sys.exit(main())
