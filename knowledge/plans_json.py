"""Draft tasks and their diff as the JSON of ``yaodian tasks draft`` and ``tasks diff``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict

from knowledge.model import DraftTask
from knowledge.plan_diff import PlanDiff


class DraftJson(TypedDict):
    """One draft task; dates are ISO, ``rrule`` is RFC 5545 without DTSTART."""

    title: str
    quote: str
    locator: str
    responsible: str | None
    kind: str
    rrule: str | None
    due_on: str | None
    basis: str
    evidence_types: list[str]


ChangedJson = TypedDict("ChangedJson", {"from": DraftJson, "to": DraftJson, "what": list[str]})


class DiffJson(TypedDict):
    """What two plans differ in."""

    added: list[DraftJson]
    removed: list[DraftJson]
    changed: list[ChangedJson]
    same: int


def drafts_json(drafts: Sequence[DraftTask]) -> list[DraftJson]:
    """In reading order."""
    return [_draft(draft) for draft in drafts]


def diff_json(diff: PlanDiff) -> DiffJson:
    """Added, changed: in the order of the new plan; removed: of the old one."""
    return {
        "added": drafts_json(diff.added),
        "removed": drafts_json(diff.removed),
        "changed": [
            {
                "from": _draft(one.before),
                "to": _draft(one.after),
                "what": [change.value for change in one.what],
            }
            for one in diff.changed
        ],
        "same": diff.same,
    }


def _draft(draft: DraftTask) -> DraftJson:
    return {
        "title": draft.title,
        "quote": draft.quote,
        "locator": draft.locator,
        "responsible": draft.responsible,
        "kind": draft.kind.value,
        "rrule": draft.rrule,
        "due_on": draft.due_on.isoformat() if draft.due_on else None,
        "basis": draft.basis.value,
        "evidence_types": list(draft.evidence_types),
    }
