"""How well draft tasks match gold tasks, one to one. Arguments: GOLD.json DRAFTS.json.

``DRAFTS.json`` maps a file's name to what ``yaodian tasks draft FILE --json`` prints for it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from dateutil.rrule import rrulestr

from knowledge.evaluation import longest_common, normalised

LEAST_COVERED = 0.5
ALWAYS_ALLOWED_CHARS = 40
WEEKS_OF_A_YEAR = range(52, 54)
YEAR = (datetime(2026, 1, 1), datetime(2026, 12, 31, 23, 59))  # noqa: DTZ001 - any one year


@dataclass(frozen=True, slots=True, kw_only=True)
class GoldTask:
    id: str
    file: str
    span: str
    is_requirement: bool
    accepted_rules: tuple[str | None, ...]
    per_year: int | None
    due_on: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    quote: str
    rrule: str | None
    due_on: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Counts; ``invented_rules`` are rules on found tasks whose text gives no interval."""

    requirements: int
    requirements_found: int
    reported: int
    reported_found: int
    drafts: int
    drafts_matched: int
    with_rule: int
    with_rule_found: int
    rules_right: int
    without_rule: int
    invented_rules: int
    unmatched_drafts_with_rule: int
    with_due: int
    due_right: int
    missed: tuple[str, ...]
    wrong_rules: tuple[str, ...]


def measure(drafts: Mapping[str, Sequence[Draft]], gold: Sequence[GoldTask]) -> Figures:
    """Match the drafts of each file with its gold tasks and count; other files are left out."""
    files = {task.file for task in gold}
    found: dict[str, Draft] = {}
    total = matched = loose_rules = 0
    for file in sorted(files):
        of_file = list(drafts.get(file, ()))
        pairs = _match(of_file, [task for task in gold if task.file == file])
        total, matched = total + len(of_file), matched + len(pairs)
        used = set(pairs.values())
        loose_rules += sum(bool(d.rrule) for at, d in enumerate(of_file) if at not in used)
        found |= {task_id: of_file[at] for task_id, at in pairs.items()}
    ruled = [task for task in gold if any(task.accepted_rules)]
    unruled = [task for task in gold if not any(task.accepted_rules)]
    wrong = tuple(t.id for t in ruled if t.id in found and not _is_rule_right(t, found[t.id]))
    dated = [task for task in gold if task.due_on is not None]
    required = [task for task in gold if task.is_requirement]
    reported = [task for task in gold if not task.is_requirement]
    ruled_found = sum(task.id in found for task in ruled)
    return Figures(
        requirements=len(required),
        requirements_found=sum(task.id in found for task in required),
        reported=len(reported),
        reported_found=sum(task.id in found for task in reported),
        drafts=total,
        drafts_matched=matched,
        with_rule=len(ruled),
        with_rule_found=ruled_found,
        rules_right=ruled_found - len(wrong),
        without_rule=len(unruled),
        invented_rules=sum(t.id in found and bool(found[t.id].rrule) for t in unruled),
        unmatched_drafts_with_rule=loose_rules,
        with_due=len(dated),
        due_right=sum(t.id in found and found[t.id].due_on == t.due_on for t in dated),
        missed=tuple(task.id for task in gold if task.id not in found),
        wrong_rules=wrong,
    )


def _match(drafts: Sequence[Draft], gold: Sequence[GoldTask]) -> dict[str, int]:
    """Gold id to draft, best covered first, the shorter quote before the longer."""
    candidates: list[tuple[float, int, int, int]] = []
    for task_at, task in enumerate(gold):
        span = normalised(task.span)
        for draft_at, draft in enumerate(drafts):
            quote = normalised(draft.quote)
            if len(quote) > max(ALWAYS_ALLOWED_CHARS, 2 * len(span)):
                continue
            covered = longest_common(span, quote) / len(span)
            if covered >= LEAST_COVERED:
                candidates.append((-covered, len(quote), task_at, draft_at))
    pairs: dict[str, int] = {}
    for _, _, task_at, draft_at in sorted(candidates):
        if gold[task_at].id not in pairs and draft_at not in pairs.values():
            pairs[gold[task_at].id] = draft_at
    return pairs


def _is_rule_right(task: GoldTask, draft: Draft) -> bool:
    if not draft.rrule:
        return None in task.accepted_rules
    if draft.rrule in task.accepted_rules:
        return True
    if task.per_year is None:
        return False
    fires = fires_in_a_year(draft.rrule)
    if task.per_year in WEEKS_OF_A_YEAR:
        return fires in WEEKS_OF_A_YEAR
    return fires == task.per_year


def fires_in_a_year(rule: str) -> int:
    """How often the rule comes round in one calendar year that it is counted from."""
    return len(rrulestr(rule, dtstart=YEAR[0]).between(*YEAR, inc=True))


def read_gold(path: Path) -> list[GoldTask]:
    return [
        GoldTask(
            id=task["id"],
            file=task["seed"],
            span=task["span"],
            is_requirement=task["basis"] == "requirement",
            accepted_rules=tuple(task["cadence_accept"]),
            per_year=task["per_year"],
            due_on=task["due"],
        )
        for task in json.loads(path.read_text(encoding="utf-8"))
    ]


def read_drafts(path: Path) -> dict[str, list[Draft]]:
    return {
        file: [Draft(quote=d["quote"], rrule=d["rrule"], due_on=d["due_on"]) for d in drafts]
        for file, drafts in json.loads(path.read_text(encoding="utf-8")).items()
    }


if __name__ == "__main__":
    figures = measure(read_drafts(Path(sys.argv[2])), read_gold(Path(sys.argv[1])))
    print(json.dumps(asdict(figures), ensure_ascii=False, indent=1))
