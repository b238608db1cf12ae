"""Draft tasks from documents and print how they match gold tasks.

python -m bench.tasks_quality GOLD.json FOLDER
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from bench.tasks_eval import Draft, Figures, GoldTask, measure, read_gold
from knowledge.planning import draft_tasks
from knowledge.reading import read_bytes


def drafts_of(folder: Path, files: Sequence[str]) -> dict[str, list[Draft]]:
    """What the project drafts from each file of ``folder``."""
    return {
        file: [
            Draft(
                quote=task.quote,
                rrule=task.rrule,
                due_on=task.due_on.isoformat() if task.due_on else None,
            )
            for task in draft_tasks(read_bytes((folder / file).read_bytes(), file))
        ]
        for file in files
    }


def figures_of(gold_file: Path, folder: Path) -> dict[str, Figures]:
    """For each file, and for all of them under the name ``all``."""
    gold = read_gold(gold_file)
    by_file: dict[str, list[GoldTask]] = {}
    for task in gold:
        by_file.setdefault(task.file, []).append(task)
    drafts = drafts_of(folder, sorted(by_file))
    return {"all": measure(drafts, gold)} | {
        file: measure(drafts, tasks) for file, tasks in by_file.items()
    }


def line_of(name: str, figures: Figures) -> str:
    """One file's figures, for a person."""
    parts = [
        f"{name}: requirements {_share(figures.requirements_found, figures.requirements)}",
        f"reported {_share(figures.reported_found, figures.reported)}",
        f"precision {_share(figures.drafts_matched, figures.drafts)}",
        f"rules {figures.rules_right}/{figures.with_rule}",
        f"invented {figures.invented_rules}",
        f"due {figures.due_right}/{figures.with_due}",
    ]
    return ", ".join(parts)


def _share(part: int, whole: int) -> str:
    return f"{part}/{whole}" + (f" = {part / whole:.3f}" if whole else "")


def main() -> None:
    figures = figures_of(Path(sys.argv[1]), Path(sys.argv[2]))
    for name, found in figures.items():
        print(line_of(name, found))
    print(json.dumps(asdict(figures["all"]), ensure_ascii=False, indent=1))


if __name__ == "__main__":
    main()
